/* Parsers of languages' packages: each golden case again with each allocation failing, and hostile
 * input. */
#include "torture.h"

#include "eco/program_scan.h"
#include "eco/program_text.h"
#include "golden.h"
#include "zip_make.h"

/* What a parser states, in a sink that needs no memory: what fails is the parser's. */
struct stated {
	size_t packages, others;
	uint64_t hash; /* of all, in its order */
};

static void see(struct stated *s, const struct bytes *said, size_t count)
{
	for (size_t i = 0; i < count; i++)
		s->hash = bytes_hash(said[i], s->hash + 1);
}

static int take_package(void *arg, const struct pkg *p, struct err *e)
{
	struct stated *s = arg;
	const struct bytes said[] = {p->type,	     p->name,	 p->version, p->arch,
				     p->source_name, p->license, p->distro,  p->qualifiers};
	(void)e;
	s->packages++;
	see(s, said, sizeof said / sizeof *said);
	return 0;
}

static int take_other(struct stated *s, struct bytes a, struct bytes b)
{
	const struct bytes said[] = {a, b};
	s->others++;
	see(s, said, 2);
	return 0;
}

static int take_note(void *arg, uint64_t off, const char *text, struct err *e)
{
	(void)off, (void)e;
	return take_other(arg, bytes_of(text), BYTES_NONE);
}

static int take_owns(void *arg, struct bytes name, struct bytes arch, struct bytes path,
		     struct err *e)
{
	(void)arch, (void)e;
	return take_other(arg, name, path);
}

static int take_license(void *arg, struct bytes name, struct bytes license, struct err *e)
{
	(void)e;
	return take_other(arg, name, license);
}

static int take_distro(void *arg, const struct pkg_distro *d, struct err *e)
{
	(void)e;
	return take_other(arg, d->id, d->version_id);
}

struct parse_case {
	const char *path;
	size_t row;
	struct bytes file;
	size_t budget; /* bytes of its arena */
	struct stated stated;
	bool is_spent;
};

static int parse_case(void *arg)
{
	struct parse_case *c = arg;
	struct arena a;
	struct err e = ERR_INIT;
	c->stated = (struct stated){0};
	const struct eco_sink sink = {.arg = &c->stated,
				      .package = take_package,
				      .owns = take_owns,
				      .license = take_license,
				      .distro = take_distro,
				      .note = take_note};
	arena_init(&a, c->budget);
	int r = eco_parsers[c->row]->parse(bytes_of(c->path), c->file, &sink, &a, &e);
	c->is_spent = arena_is_spent(&a);
	arena_free(&a);
	if (torture_hit || c->is_spent) {
		assert_int_equal(r, -ERR_NOMEM);
		assert_int_equal(e.code, ERR_NOMEM);
	}
	return r;
}

/* Less and less memory in the arena, whose blocks hold many allocations. Returns how often it was
 * spent. */
static unsigned long starve(struct parse_case *c)
{
	unsigned long rounds = 0;
	for (c->budget = 0;; c->budget += c->budget / 32 + 16) {
		int r = parse_case(c);
		if (!c->is_spent) {
			assert_int_equal(r, 0);
			return rounds;
		}
		rounds++;
	}
}

#define ENOUGH ((size_t)24 << 20)

static void assert_stated(const struct parse_case *c, const struct stated *whole)
{
	assert_int_equal(c->stated.packages, whole->packages);
	assert_int_equal(c->stated.others, whole->others);
	assert_true(c->stated.hash == whole->hash);
}

/* ERR_NOMEM, or all that is stated where memory suffices. Returns how often memory failed: 0 when
 * the parser allocates nothing. */
static unsigned long torture_folder(const char *id)
{
	char dir[4096];
	const char *source = getenv("PLIMSOLL_SOURCE");
	snprintf(dir, sizeof dir, "%s/tests/golden/%s", source ? source : ".", id);
	DIR *d = opendir(dir);
	unsigned long rounds = 0;
	assert_non_null(d);
	for (struct dirent *ent; (ent = readdir(d));) {
		struct buf input, expected;
		char path[256];
		if (ent->d_name[0] == '.')
			continue;
		assert_true(golden_read(dir, ent->d_name, "input", &input));
		assert_true(golden_read(dir, ent->d_name, "expected", &expected));
		struct bytes rest = buf_bytes(&expected), first = bytes_cut(&rest, '\n');
		snprintf(path, sizeof path, "%.*s", BYTES_ARG(bytes_from(first, 5)));
		struct parse_case c = {.path = path,
				       .row = golden_row(id, path),
				       .file = buf_bytes(&input),
				       .budget = ENOUGH};
		assert_string_equal(eco_table[c.row].id, id);
		torture_hit = false;
		assert_int_equal(parse_case(&c), 0);
		struct stated whole = c.stated;
		torture_left = 1;
		(void)parse_case(&c);
		torture_left = 0;
		if (torture_hit)
			rounds += torture(parse_case, &c);
		assert_stated(&c, &whole);
		torture_hit = false;
		rounds += starve(&c);
		assert_stated(&c, &whole);
		buf_free(&input);
		buf_free(&expected);
	}
	closedir(d);
	return rounds;
}

/* Parsers that need no memory: all that they state borrows from the file. */
static bool needs_none(const char *id)
{
	static const char *const ids[] = {"beam",	"beam-locks",	   "cocoapods-locks",
					  "conan",	"copyright",	   "dart",
					  "dart-locks", "haskell-locks",   "jvm",
					  "nix",	"node-text-locks", "rust-locks"};
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	return false;
}

/* Memory fails in each parser that needs some: a row whose cases need none proves nothing. */
static void test_torture(void **state)
{
	(void)state;
	for (size_t i = 0; i < eco_count; i++) {
		unsigned long rounds = torture_folder(eco_table[i].id);
		if ((rounds == 0) != needs_none(eco_table[i].id))
			fail_msg("%s: memory failed %lu times", eco_table[i].id, rounds);
	}
}

/* Names with an escape are copied: as many as fit, and no more. */
static void test_many_escapes(void **state)
{
	struct buf file;
	struct arena a;
	struct eco_catch c;
	(void)state;
	buf_init(&file, 16U << 20);
	buf_put_text(&file, "{\"libraries\":{");
	for (int i = 0; i < 100000; i++)
		buf_printf(&file, "%s\"\\u0041%060d/1\":{\"type\":\"package\"}", i ? "," : "", i);
	buf_put_text(&file, "}}");
	eco_catch_init(&c);
	arena_init(&a, 4U << 20);
	const struct eco_sink sink = eco_catch_sink(&c);
	assert_int_equal(
	    eco_nuget.parse(BYTES_LIT("a.deps.json"), buf_bytes(&file), &sink, &a, NULL),
	    -ERR_NOMEM);
	assert_true(arena_is_spent(&a));
	arena_free(&a);
	eco_catch_free(&c);
	buf_free(&file);
}

/* programs that go by in pieces */

struct found {
	bool excerpt, pointers, rust, cut;
};

/* What is found of file in pieces of that size; *ret_excerpt's bytes are out's. */
static struct found scan(struct bytes file, size_t piece, struct buf *out)
{
	static struct program_scan s;
	program_scan_init(&s);
	for (struct bytes rest = file; rest.len > 0; rest = bytes_from(rest, piece))
		program_scan_feed(&s, bytes_part(rest, 0, piece));
	assert_true(program_scan_end(&s));
	struct found f = {s.has_excerpt, s.has_pointers, s.has_rust, s.is_cut};
	buf_init(out, 8U << 20);
	buf_put(out, buf_bytes(&s.excerpt));
	program_scan_free(&s);
	return f;
}

/* A text that may itself be part of a version's, over and over: each place is looked at, and not
 * all that follows it again. Gone through for each place, these 4 MiB would take an hour. */
static void test_text_over_and_over(void **state)
{
	static struct program_text t;
	struct buf file;
	(void)state;
	buf_init(&file, 8U << 20);
	while (file.len < 4U << 20)
		buf_put_text(&file, "valkey");
	buf_put_text(&file, "9.1.0buildkitsandbox-1790000000");
	program_text_init(&t, BYTES_LIT("bin/valkey-server"));
	program_text_feed(&t, buf_bytes(&file));
	program_text_end(&t);
	assert_true(bytes_eq_lit(program_text_version(&t), "9.1.0"));
	buf_free(&file);
}

#define SYMBOLS 200000U
#define NAMES_LEN (8U << 20)

/* A native image with as many exported symbols as fit, whose names do not end. Looked through for
 * each symbol, they would take an hour. */
static void test_names_without_end(void **state)
{
	static const char sections[] = "\0.dynsym\0.dynstr\0.names";
	const size_t at = 64, names_at = at + SYMBOLS * 24, table = names_at + NAMES_LEN;
	struct buf file;
	struct eco_catch c;
	(void)state;
	buf_init(&file, 32U << 20);
	buf_put(&file, BYTES_LIT("\x7f"
				 "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0\1\0\0\0"));
	buf_put_le64(&file, 0);
	buf_put_le64(&file, 64);
	buf_put_le64(&file, table + sizeof sections);
	buf_put_le32(&file, 0);
	for (size_t i = 0; i < 6; i++) /* header, segments, sections and their names */
		buf_put_le16(&file, ((uint16_t[]){64, 56, 0, 64, 3, 2})[i]);
	for (size_t i = 0; i < SYMBOLS; i++) {
		buf_put_le64(&file, 0);
		buf_put_le64(&file, 1);
		buf_put_le64(&file, 0);
	}
	for (size_t i = 0; i < NAMES_LEN; i++)
		buf_put_u8(&file, 's');
	buf_put(&file, (struct bytes){.ptr = (const uint8_t *)sections, .len = sizeof sections});
	const uint64_t rows[3][3] = {
	    {1, at, SYMBOLS * 24}, {9, names_at, NAMES_LEN}, {17, table, sizeof sections}};
	for (size_t i = 0; i < 3; i++) {
		buf_put_le32(&file, (uint32_t)rows[i][0]);
		buf_put_le32(&file, 1);
		buf_put_le64(&file, 0);
		buf_put_le64(&file, 0);
		buf_put_le64(&file, rows[i][1]);
		buf_put_le64(&file, rows[i][2]);
		for (size_t k = 0; k < 3; k++)
			buf_put_le64(&file, 0);
	}
	assert_true(buf_ok(&file));
	eco_catch_init(&c);
	assert_int_equal(eco_catch_parse_row(&c, ECO_GRAALVM, "app", buf_bytes(&file), NULL), 0);
	assert_int_equal(c.package_count + c.note_count, 0);
	eco_catch_free(&c);
	buf_free(&file);
}

#define PROGRAM_LEN 100000U

static void test_program_pieces(void **state)
{
	static const size_t pieces[] = {1, 16, 1000, 4096, 65536, PROGRAM_LEN};
	static uint8_t file[PROGRAM_LEN];
	const struct bytes b = {.ptr = file, .len = sizeof file};
	struct buf info, out;
	char dir[4096];
	const char *source = getenv("PLIMSOLL_SOURCE");
	(void)state;
	snprintf(dir, sizeof dir, "%s/tests/golden/go", source ? source : ".");
	assert_true(golden_read(dir, "excerpt", "input", &info));
	/* headers that mean nothing: all of it is looked at */
	for (size_t at = 8192 - 64; at < 8192 + 64; at += 16) {
		memset(file, 0, sizeof file);
		memcpy(file,
		       "\x7f"
		       "ELF",
		       4);
		memcpy(file + at - 32, "\xff Go buildinf:\x08\x02", 16); /* not one */
		memcpy(file + at, info.ptr, info.len);
		memcpy(file + at + 65536 + 3, ".dep-v0", 7);
		for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
			struct found f = scan(b, pieces[i], &out);
			assert_true(f.excerpt && f.rust && !f.pointers && !f.cut);
			assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&info)));
			buf_free(&out);
		}
	}
	/* not where it is aligned; cut by the end; more modules than are read */
	memset(file, 0, sizeof file);
	memcpy(file, "MZ", 2);
	memcpy(file + 40008, info.ptr, info.len);
	struct found f = scan(b, 4096, &out);
	assert_false(f.excerpt || f.pointers || f.cut);
	buf_free(&out);
	memcpy(file + sizeof file - 96, info.ptr, 96);
	f = scan(b, 4096, &out);
	assert_true(f.cut && !f.excerpt);
	buf_free(&out);
	memcpy(file + 48000, "\xff Go buildinf:\x08\x02", 16);
	memcpy(file + 48032, "\x06go1.20\xff\xff\xff\x7f", 11);
	memcpy(file + 48043, info.ptr + 32 + 1 + 28 + 2, 16); /* the modules' mark */
	f = scan(b, 4096, &out);
	assert_true(f.cut && !f.excerpt);
	buf_free(&out);
	buf_free(&info);
}

/* hostile archives: a limit, a note, and what else there is is read */

#define MANIFEST "META-INF/MANIFEST.MF"

static void parse_jar(struct eco_catch *c, const char *path, struct bytes file)
{
	eco_catch_init(c);
	assert_int_equal(eco_catch_parse(c, path, file, NULL), 0);
}

static bool says(const struct eco_catch *c, const char *text)
{
	struct bytes notes = buf_bytes(&c->notes);
	return bytes_find_bytes(notes, bytes_of(text)) < notes.len;
}

static void test_jar_depth(void **state)
{
	struct zip_make z[8];
	struct bytes inner = BYTES_LIT("");
	struct eco_catch c;
	(void)state;
	/* The file itself and five in it are read: each is named "a-N.jar". */
	for (int i = 7; i >= 0; i--) {
		char name[16];
		snprintf(name, sizeof name, "a-%d.jar", i + 1);
		zip_make_init(&z[i]);
		if (i < 7)
			zip_make_add(&z[i], name, inner);
		inner = zip_make_end(&z[i]);
	}
	parse_jar(&c, "a-0.jar", inner);
	assert_int_equal(c.package_count, 6);
	assert_true(says(&c, "a-6.jar: more than 6 archives deep: not read"));
	assert_int_equal(c.note_count, 1);
	eco_catch_free(&c);
	for (int i = 0; i < 8; i++)
		zip_make_free(&z[i]);
}

/* 200 records of one archive that has 200 records of another: 40,000 archives in 40 KiB. */
static void test_jar_overlap(void **state)
{
	struct zip_make z[3];
	struct bytes inner = BYTES_NONE;
	struct eco_catch c;
	(void)state;
	for (int i = 0; i < 3; i++) {
		zip_make_init(&z[i]);
		uint64_t off = i ? zip_make_data(&z[i], "a.jar", inner) : 0;
		for (int k = 0; i && k < 200; k++)
			zip_make_record(&z[i], "a.jar", inner, 0, inner.len, off);
		if (i == 0)
			zip_make_add(&z[i], MANIFEST, BYTES_LIT("Implementation-Version: 1\n"));
		inner = zip_make_end(&z[i]);
	}
	parse_jar(&c, "x.jar", inner);
	assert_true(says(&c, "from here on not read: more than 10,000 archives"));
	assert_int_equal(c.note_count, 1);
	assert_true(c.package_count > 9000 && c.package_count <= 10000);
	eco_catch_free(&c);
	for (int i = 0; i < 3; i++)
		zip_make_free(&z[i]);
}

static void test_jar_lies(void **state)
{
	struct zip_make z;
	struct eco_catch c;
	struct bytes pom = BYTES_LIT("groupId=g\nartifactId=a\nversion=1\n");
	(void)state;
	zip_make_init(&z);
	uint64_t off = zip_make_data(&z, "b.jar", pom);
	zip_make_record(&z, "b.jar", pom, 8, 100U << 20, off);	 /* larger than is held */
	zip_make_record(&z, "c.jar", pom, 8, 500, off);		 /* no deflate */
	zip_make_record(&z, "d.jar", pom, 99, 500, off);	 /* no method of ours */
	zip_make_record(&z, "e.jar", pom, 0, pom.len, 1U << 30); /* outside */
	zip_make_record(&z, "x/pom.properties", pom, 0, 5, off); /* shorter than it is */
	/* twice the same path: both count */
	zip_make_record(&z, MANIFEST, BYTES_NONE, 0, 0, off);
	zip_make_add(&z, MANIFEST, BYTES_LIT("Implementation-Version: 7\n"));
	parse_jar(&c, "own.jar", zip_make_end(&z));
	assert_true(says(&c, "b.jar: compressed, and more than 24 MiB: not read"));
	assert_true(says(&c, "c.jar: "));
	assert_true(says(&c, "d.jar: "));
	assert_true(says(&c, "e.jar: "));
	assert_true(says(&c, "x/pom.properties: "));
	eco_catch_free(&c);
	zip_make_free(&z);
}

/* What is none of Java's, and what is nothing. */
static void test_jar_others(void **state)
{
	struct eco_catch c;
	(void)state;
	parse_jar(&c, "a-1.rar", BYTES_LIT("Rar!\x1a\7\0"));
	assert_int_equal(c.package_count + c.note_count, 0);
	eco_catch_free(&c);
	parse_jar(&c, "a-1.jar", BYTES_NONE);
	assert_int_equal(c.package_count + c.note_count, 0);
	eco_catch_free(&c);
	parse_jar(&c, "a-1.jar", BYTES_LIT("not one"));
	assert_int_equal(c.package_count, 0);
	assert_int_equal(c.note_count, 1);
	eco_catch_free(&c);
}

/* "FILE NAME | manifest" and what the archive is by them. */
static void test_jar_names(void **state)
{
	static const struct {
		const char *path, *manifest, *want;
	} rows[] = {
	    {"log4j-1.2.17.jar", "", "log4j:log4j 1.2.17"},
	    {"kafka_2.13-3.0.0.jar", "", "org.apache.kafka:kafka_2.13 3.0.0"},
	    {"commons-math3-3.2.jar", "", "commons-math3 3.2"},
	    {"bcprov-jdk15on-1.60.jar", "", "org.bouncycastle:bcprov-jdk15on 1.60"},
	    {"netty-x-4.1.77.Final-linux-x86_64.jar",
	     "Implementation-Version: 4.1.77.Final\nBundle-SymbolicName: io.netty.netty-x\n",
	     "io.netty:netty-x 4.1.77.Final"},
	    {"axis.jar", "implementation-version: 1.4 1855 April 22 2006\n",
	     "org.apache.axis:axis 1.4"},
	    {"plugin.hpi",
	     "Group-Id: org.jenkins-ci.plugins\nImplementation-Title: git\n"
	     "Plugin-Version: 4.11\n",
	     "org.jenkins-ci.plugins:git 4.11"},
	    {"test.jar",
	     "Implementation-Title: Spring Framework\nImplementation-Version: 2.5\n"
	     "Bundle-SymbolicName: org.example.core;x:=y\n",
	     "org.example:core 2.5"},
	    {"org.eclipse.sisu.inject-0.3.5.jar", "",
	     "org.eclipse.sisu:org.eclipse.sisu.inject 0.3.5"},
	    {"app.jar", "Implementation-Title: app\n", NULL},
	    {"a b-1.jar", "", NULL},
	    {"x-1.0.jar", "Name: y\n\nImplementation-Vendor-Id: org.late\n", "x 1.0"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct zip_make z;
		struct eco_catch c;
		char want[300] = "";
		zip_make_init(&z);
		zip_make_add(&z, MANIFEST, bytes_of(rows[i].manifest));
		parse_jar(&c, rows[i].path, zip_make_end(&z));
		if (rows[i].want) {
			struct bytes version = bytes_of(rows[i].want);
			struct bytes name = bytes_cut(&version, ' ');
			snprintf(want, sizeof want, "maven\t%.*s\t%.*s\t\t%.*s\t%.*s\t\t\n",
				 BYTES_ARG(name), BYTES_ARG(version), BYTES_ARG(name),
				 BYTES_ARG(version));
		}
		assert_string_equal(buf_cstr(&c.packages), want);
		eco_catch_free(&c);
		zip_make_free(&z);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_torture),	      cmocka_unit_test(test_text_over_and_over),
	    cmocka_unit_test(test_names_without_end), cmocka_unit_test(test_many_escapes),
	    cmocka_unit_test(test_program_pieces),    cmocka_unit_test(test_jar_depth),
	    cmocka_unit_test(test_jar_overlap),	      cmocka_unit_test(test_jar_lies),
	    cmocka_unit_test(test_jar_others),	      cmocka_unit_test(test_jar_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
