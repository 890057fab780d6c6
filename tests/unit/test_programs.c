/* Compiled programs in layers: found by what they begin with, read in passing or in a second pass,
 * and what layers above make of them. The programs are the golden cases of go and rust. */
#include "torture.h"

#include "eco/program.h"
#include "golden.h"
#include "image_make.h"

#define MODULES(version)                                                                              \
	"golang/example.com/demo  PATH; golang/golang.org/x/text v0.3.5 PATH; golang/stdlib " version \
	" PATH"

static struct bytes program(const char *id, const char *name, struct buf *out)
{
	char dir[4096];
	const char *source = getenv("PLIMSOLL_SOURCE");
	snprintf(dir, sizeof dir, "%s/tests/golden/%s", source ? source : ".", id);
	assert_true(golden_read(dir, name, "input", out));
	return buf_bytes(out);
}

static void put_program(struct buf *t, const char *path, const char *id, const char *name)
{
	struct buf file;
	tar_put(t, path, '0', NULL, program(id, name, &file));
	buf_free(&file);
}

/* "type/name version path" of each package of a language, "; " between; want has PATH for path. */
static void assert_states(const struct image *im, const char *want, const char *path)
{
	struct buf have, wanted;
	buf_init(&have, 65536);
	buf_init(&wanted, 65536);
	for (const char *at = want; *at;) {
		bool is_path = strncmp(at, "PATH", 4) == 0;
		if (is_path)
			buf_put_text(&wanted, path);
		else
			buf_put_u8(&wanted, (uint8_t)*at);
		at += is_path ? 4 : 1;
	}
	for (size_t i = 0; i < im->out.package_count; i++) {
		const struct pkg *p = &im->out.packages[i].pkg;
		if (p->class == PKG_OS)
			continue;
		assert_int_equal(p->class, PKG_BINARY);
		buf_printf(&have, "%s%.*s/%.*s %.*s %.*s", have.len ? "; " : "", BYTES_ARG(p->type),
			   BYTES_ARG(p->name), BYTES_ARG(p->version), BYTES_ARG(p->path));
	}
	assert_string_equal(buf_cstr(&have), buf_cstr(&wanted));
	buf_free(&have);
	buf_free(&wanted);
}

static struct buf *debian(struct image *im)
{
	struct buf *t = new_layer(im);
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	return t;
}

static void test_read(void **state)
{
	static const struct {
		const char *id, *name, *want;
	} rows[] = {
	    {"go", "in-place", MODULES("1.20.3")},
	    {"go", "mach-o", MODULES("1.20.3")},
	    {"go", "pointers", MODULES("1.16")},
	    {"go", "pointers-32-big", MODULES("1.13.4")},
	    {"go", "pe", MODULES("1.17.13")},
	    {"rust", "elf", "cargo/adler 1.0.2 PATH; cargo/demo 0.1.0 PATH; cargo/mio 0.8.5 PATH"},
	    {"rust", "pe", "cargo/adler 1.0.2 PATH; cargo/demo 0.1.0 PATH; cargo/mio 0.8.5 PATH"},
	    {"graalvm", "elf",
	     "maven/io.netty:netty-codec-http2 4.1.104.Final PATH; maven/org.json:json 20211205 "
	     "PATH"},
	    {"graalvm", "symtab",
	     "maven/io.netty:netty-codec-http2 4.1.104.Final PATH; maven/org.json:json 20211205 "
	     "PATH"},
	    {"rust", "mach-o",
	     "cargo/adler 1.0.2 PATH; cargo/demo 0.1.0 PATH; cargo/mio 0.8.5 PATH"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct image im = {.count = 0};
		struct buf *t = debian(&im);
		put_program(t, "opt/app", rows[i].id, rows[i].name);
		tar_file(t, "opt/other",
			 "a text, longer than what is looked at of each file: it "
			 "is no program at all");
		merge(&im);
		assert_states(&im, rows[i].want, "opt/app");
		assert_int_equal(im.out.state, INV_ASSESSED);
		drop(&im);
	}
}

/* A second pass goes by the number of a member, not by its path: links of the layer do not matter.
 */
static void test_behind_link(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = debian(&im);
	(void)state;
	tar_put(t, "usr/bin", '5', NULL, BYTES_NONE);
	tar_put(t, "bin", '2', "usr/bin", BYTES_NONE);
	put_program(t, "bin/app", "go", "pointers");
	merge(&im);
	assert_states(&im, MODULES("1.16"), "usr/bin/app");
	drop(&im);
}

/* Where there is no second pass, or its file is too large for one, that is said. */
static void test_unread(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct image im = {.count = 1};
		struct err e = ERR_INIT;
		struct limits lim = LIMITS_DEFAULT;
		buf_init(&im.tars[0], 1U << 20);
		tar_file(&im.tars[0], "etc/os-release", DEBIAN);
		tar_file(&im.tars[0], "var/lib/dpkg/status", PKG("a", "1"));
		put_program(&im.tars[0], "opt/app", "go", "pointers");
		tar_end(&im.tars[0]);
		struct tar_source s = {.bytes = buf_bytes(&im.tars[0]),
				       .opens_max = turn == 0 ? 1 : 0};
		lim.wanted_file_max = turn == 0 ? lim.wanted_file_max : 200;
		struct layer_source src = {.reopen = layer_reopen, .arg = &s, .scratch_fd = -1};
		buf_init(&im.inventories[0], LIMIT_INVENTORY_MAX);
		arena_init(&im.a, (size_t)16 << 20);
		assert_int_equal(layer_index(&src, &lim, &im.inventories[0], &e), 0);
		assert_int_equal(layer_parse(buf_bytes(&im.inventories[0]), &im.a, &im.lays[0], &e),
				 0);
		assert_int_equal(merge_lays(im.lays, 1, &im.a, &im.out, &e), 0);
		assert_states(&im, "", "");
		assert_int_equal(im.out.state, INV_PARTIAL);
		assert_true(has_note(&im, 0, turn == 0 ? "second pass" : "files over 200"));
		drop(&im);
	}
}

/* What an upper layer says, and whether the program is left. */
static void test_removed(void **state)
{
	static const struct {
		const char *path;
		char type;
		bool left;
	} cases[] = {
	    {"opt/.wh.app", '0', false}, {".wh.opt", '0', false}, {"opt/.wh..wh..opq", '0', false},
	    {"opt/app", '0', false},	 {"opt/app", '2', false}, {"opt/app", '5', false},
	    {"opt", '0', false},	 {"opt/app2", '0', true}, {"opt", '5', true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image im = {.count = 0};
		put_program(debian(&im), "opt/app", "go", "in-place");
		tar_put(new_layer(&im), cases[i].path, cases[i].type,
			cases[i].type == '2' ? "/nowhere" : NULL, BYTES_NONE);
		merge(&im);
		if ((im.out.package_count > 1) != cases[i].left)
			fail_msg("%s '%c'", cases[i].path, cases[i].type);
		drop(&im);
	}
}

static void test_hard_link(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = debian(&im);
	(void)state;
	put_program(t, "opt/app", "go", "pointers");
	tar_put(t, "opt/app2", '1', "opt/app", BYTES_NONE);
	tar_file(new_layer(&im), "opt/.wh.app", "");
	merge(&im);
	assert_states(&im, MODULES("1.16"), "opt/app");
	assert_int_equal(im.out.package_count, 4); /* by its other path; where it says it lies */
	drop(&im);
}

/* Twice in one layer: engines differ on which counts. */
static void test_twice(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = debian(&im);
	(void)state;
	put_program(t, "opt/app", "go", "in-place");
	tar_file(t, "opt/app", "#!/bin/sh\n");
	merge(&im);
	assert_states(&im, "", "");
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, 0, "more than one member has this path"));
	drop(&im);
}

static void test_owned(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = debian(&im);
	(void)state;
	tar_file(t, "var/lib/dpkg/info/a.list", "/usr\n/usr/bin/app\n");
	put_program(t, "usr/bin/app", "go", "in-place");
	put_program(t, "usr/local/bin/app", "rust", "elf");
	merge(&im);
	assert_states(&im, "cargo/adler 1.0.2 PATH; cargo/demo 0.1.0 PATH; cargo/mio 0.8.5 PATH",
		      "usr/local/bin/app");
	assert_true(
	    has_note(&im, -1, "3 of the Go modules belong to packages of the distribution"));
	assert_int_equal(im.out.state, INV_ASSESSED);
	drop(&im);
}

static void put_note_segment(struct buf *out, size_t off, size_t len)
{
	buf_put_le32(out, 4); /* PT_NOTE, readable */
	buf_put_le32(out, 4);
	buf_put_le64(out, off);
	buf_put_le64(out, 0);
	buf_put_le64(out, 0);
	buf_put_le64(out, len);
	buf_put_le64(out, len);
	buf_put_le64(out, 4);
}

/* ELF of 64 bits with segments of notes: empty ones, then one of two notes, of which the second
 * says text. gap: bytes in front of them. */
static struct bytes noted_behind(unsigned empty, const char *text, size_t gap, struct buf *out)
{
	size_t len = strlen(text) + 1, notes = 12 + 4 + 4 + 12 + 4 + len;
	size_t head = 64 + (size_t)(empty + 1) * 56;
	buf_init(out, 1U << 20);
	buf_put(out, BYTES_LIT("\x7f"
			       "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0\1\0\0\0"));
	buf_put_le64(out, 0);  /* entry */
	buf_put_le64(out, 64); /* segments */
	buf_put_le64(out, 0);  /* sections */
	buf_put_le32(out, 0);  /* flags */
	buf_put_le16(out, 64); /* header */
	buf_put_le16(out, 56); /* one segment's */
	buf_put_le16(out, (uint16_t)(empty + 1));
	buf_put_le16(out, 0);
	buf_put_le16(out, 0);
	buf_put_le16(out, 0);
	for (unsigned i = 0; i < empty; i++)
		put_note_segment(out, head, 0);
	put_note_segment(out, head + gap, notes);
	for (size_t i = 0; i < gap; i++)
		buf_put_u8(out, 0x90);
	buf_put(out, BYTES_LIT("\4\0\0\0\4\0\0\0\3\0\0\0GNU\0abcd"));
	buf_put(out, BYTES_LIT("\4\0\0\0"));
	buf_put_le32(out, (uint32_t)len);
	buf_put(out, BYTES_LIT("\x7e\x1a\xfe\xca"
			       "FDO\0"));
	buf_put(out, (struct bytes){.ptr = (const uint8_t *)text, .len = len});
	return buf_bytes(out);
}

static struct bytes noted(const char *text, size_t gap, struct buf *out)
{
	return noted_behind(0, text, gap, out);
}

#define FEDORA_NOTE                                                                                 \
	"{\"type\":\"rpm\",\"name\":\"jq\",\"version\":\"1.7-1.fc40\",\"architecture\":\"x86_64\"," \
	"\"osCpe\":\"cpe:/o:fedoraproject:fedora:40\"}"
#define DEBIAN_NOTE                                                                                \
	"{\"type\":\"deb\",\"os\":\"debian\",\"name\":\"jq\",\"version\":\"1.6-2\","               \
	"\"architecture\":\"amd64\"}"

static const struct pkg *noted_package(const struct image *im)
{
	const struct pkg *found = NULL;
	for (size_t i = 0; i < im->out.package_count; i++)
		if (bytes_eq_lit(im->out.packages[i].pkg.name, "jq")) {
			assert_null(found);
			found = &im->out.packages[i].pkg;
		}
	return found;
}

/* Of segments of notes the first four are looked at: that there are more is said. */
static void test_many_note_segments(void **state)
{
	(void)state;
	for (unsigned empty = 3; empty <= 4; empty++) {
		struct image im = {.count = 0};
		struct buf file;
		tar_put(debian(&im), "opt/jq", '0', NULL,
			noted_behind(empty, FEDORA_NOTE, 0, &file));
		merge(&im);
		assert_int_equal(noted_package(&im) != NULL, empty == 3);
		assert_int_equal(has_note(&im, 0, "has more notes than are looked at"), empty == 4);
		drop(&im);
		buf_free(&file);
	}
}

/* A program of a distribution that no database owns is that distribution's package: of the one that
 * its note names, or, where the note leaves it to the image, of the image's release. */
static void test_note(void **state)
{
	static const struct {
		const char *text, *distro;
		size_t gap;
	} rows[] = {{FEDORA_NOTE, "fedora:40", 0},
		    {FEDORA_NOTE, "fedora:40", PROGRAM_PREFIX_LEN - 150}, /* across its end */
		    {FEDORA_NOTE, "fedora:40", 300000},
		    {DEBIAN_NOTE, "debian:12", 0}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct image im = {.count = 0};
		struct buf file, *t = debian(&im);
		tar_put(t, "opt/jq", '0', NULL, noted(rows[i].text, rows[i].gap, &file));
		merge(&im);
		const struct pkg *p = noted_package(&im);
		assert_non_null(p);
		assert_int_equal(p->class, PKG_OS);
		assert_true(bytes_eq_lit(p->distro, rows[i].distro));
		assert_true(bytes_eq_lit(p->path, "opt/jq"));
		buf_free(&file);
		drop(&im);
	}
}

/* An image of nothing but the program. */
static void test_note_alone(void **state)
{
	struct image im = {.count = 0};
	struct buf file;
	(void)state;
	tar_put(new_layer(&im), "jq", '0', NULL, noted(FEDORA_NOTE, 0, &file));
	merge(&im);
	assert_true(bytes_eq_lit(noted_package(&im)->distro, "fedora:40"));
	buf_free(&file);
	drop(&im);
}

static void test_note_owned(void **state)
{
	struct image im = {.count = 0};
	struct buf file, *t = debian(&im);
	(void)state;
	tar_file(t, "var/lib/dpkg/info/a.list", "/usr\n/usr/bin/jq\n");
	tar_put(t, "usr/bin/jq", '0', NULL, noted(DEBIAN_NOTE, 0, &file));
	merge(&im);
	assert_null(noted_package(&im));
	assert_true(has_note(&im, -1, "belong to packages of the distribution"));
	assert_int_equal(im.out.state, INV_ASSESSED);
	buf_free(&file);
	drop(&im);
}

/* The layer ends inside the program. */
static void test_cut(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = debian(&im), file;
	(void)state;
	struct bytes b = program("go", "pe", &file);
	assert_true(b.len > 1024); /* more than the end marker that follows now */
	tar_put(t, "opt/app", '0', NULL, b);
	t->len -= (b.len + 511) / 512 * 512;
	merge(&im);
	assert_states(&im, "", "");
	assert_int_equal(im.out.state, INV_PARTIAL);
	buf_free(&file);
	drop(&im);
}

/* Of each output of Nix's store one file stands for it, and it is stated once. */
static void test_store(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = debian(&im);
	size_t count = 0;
	(void)state;
	tar_file(t, "nix/store/0123456789abcdfghijklmnpqrsvwxyz-bash-5.2-p15/bin/bash", "a");
	tar_file(t, "nix/store/0123456789abcdfghijklmnpqrsvwxyz-bash-5.2-p15/bin/sh", "b");
	tar_file(t, "nix/store/1123456789abcdfghijklmnpqrsvwxyz-jq-1.7/bin/jq", "c");
	tar_file(t, "nix/store/2123456789abcdfghijklmnpqrsvwxyz-hook/nix", "d");
	merge(&im);
	for (size_t i = 0; i < im.out.package_count; i++)
		count += bytes_eq_lit(im.out.packages[i].pkg.type, "nix");
	assert_int_equal(count, 2);
	assert_int_equal(im.out.state, INV_ASSESSED);
	drop(&im);
}

/* Each row of known programs has a golden case: a file of its name that states its program. */
static bool has_case(const char *name, const char *file)
{
	char dir[4096], line[256];
	const char *source = getenv("PLIMSOLL_SOURCE");
	bool found = false;
	snprintf(dir, sizeof dir, "%s/tests/golden/known", source ? source : ".");
	DIR *d = opendir(dir);
	assert_non_null(d);
	snprintf(line, sizeof line, "package generic\t%s\t", name);
	for (struct dirent *ent; !found && (ent = readdir(d));) {
		struct buf expected;
		if (ent->d_name[0] == '.')
			continue;
		assert_true(golden_read(dir, ent->d_name, "expected", &expected));
		struct bytes rest = buf_bytes(&expected), path = bytes_cut(&rest, '\n');
		struct bytes base = bytes_from(path, bytes_find_last(path, '/') + 1);
		struct bytes want = bytes_of(file);
		bool star = bytes_has_suffix_lit(want, "*");
		found = bytes_has_prefix(rest, bytes_of(line)) &&
			(star ? bytes_has_prefix(base, bytes_part(want, 0, want.len - 1))
			      : bytes_eq(base, want));
		buf_free(&expected);
	}
	closedir(d);
	return found;
}

static void test_known_rows(void **state)
{
	static const char *const rows[][2] = {
#define NAMED(name, file, ...) {name, file},
#define BARE(name, file, ...) {name, file},
#include "eco/known.inc"
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!has_case(rows[i][0], rows[i][1]))
			fail_msg("%s in %s has no golden case", rows[i][0], rows[i][1]);
}

static int torture_layer(void *arg)
{
	struct tar_source *s = arg;
	struct buf out;
	struct err e = ERR_INIT;
	s->opened = 0;
	int r = index_tars(s, -1, &out, &e);
	buf_free(&out);
	return r;
}

static void test_torture(void **state)
{
	struct buf t, file;
	(void)state;
	buf_init(&t, 1U << 20);
	put_program(&t, "opt/a", "go", "in-place");
	put_program(&t, "opt/b", "go", "pointers");
	put_program(&t, "opt/c", "rust", "elf");
	tar_put(&t, "opt/e", '0', NULL, noted(FEDORA_NOTE, 0, &file));
	buf_free(&file);
	tar_put(&t, "opt/d", '1', "opt/a", BYTES_NONE);
	tar_end(&t);
	struct tar_source s = {.bytes = buf_bytes(&t)};
	torture(torture_layer, &s);
	buf_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),
	    cmocka_unit_test(test_behind_link),
	    cmocka_unit_test(test_unread),
	    cmocka_unit_test(test_removed),
	    cmocka_unit_test(test_twice),
	    cmocka_unit_test(test_hard_link),
	    cmocka_unit_test(test_owned),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_torture),
	    cmocka_unit_test(test_note),
	    cmocka_unit_test(test_many_note_segments),
	    cmocka_unit_test(test_note_alone),
	    cmocka_unit_test(test_note_owned),
	    cmocka_unit_test(test_known_rows),
	    cmocka_unit_test(test_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
