/* layer_index over layers made here, and layer_parse of what it wrote and of what it never would.
 */
#include "torture.h"

#include "inventory/marks.h"
#include "inventory/writer.h"
#include "layer_make.h"

#include <unistd.h>

#define STATUS_A "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n"
#define STATUS_B "Package: b\nStatus: install ok installed\nVersion: 2\nArchitecture: amd64\n"

struct parsed {
	struct buf tar, inventory;
	struct arena a;
	struct lay lay;
	unsigned opened;
};

static void start(struct parsed *p)
{
	*p = (struct parsed){.opened = 0};
	buf_init(&p->tar, (size_t)64 << 20);
	arena_init(&p->a, (size_t)64 << 20);
}

/* End the archive, index it, parse the inventory. */
static void finish_from(struct parsed *p, int scratch_fd, unsigned opens_max)
{
	struct err e = ERR_INIT;
	tar_end(&p->tar);
	struct tar_source s = {.bytes = buf_bytes(&p->tar), .opens_max = opens_max};
	int r = index_tars(&s, scratch_fd, &p->inventory, &e);
	if (r == 0)
		r = layer_parse(buf_bytes(&p->inventory), &p->a, &p->lay, &e);
	if (r < 0)
		printf("%s\n", e.msg);
	assert_int_equal(r, 0);
	p->opened = s.opened;
}

static void finish(struct parsed *p)
{
	finish_from(p, -1, 0);
}

static void drop(struct parsed *p)
{
	buf_free(&p->tar);
	buf_free(&p->inventory);
	arena_free(&p->a);
}

static const struct layer_entry *entry_at(const struct lay *l, const char *path,
					  enum layer_kind kind)
{
	for (size_t i = 0; i < l->entry_count; i++) {
		if (l->entries[i].kind == kind && bytes_eq_lit(l->entries[i].path, path))
			return &l->entries[i];
	}
	return NULL;
}

static bool has_note(const struct lay *l, const char *part)
{
	for (size_t i = 0; i < l->note_count; i++) {
		if (bytes_find_bytes(l->notes[i].text, bytes_of(part)) < l->notes[i].text.len)
			return true;
	}
	return false;
}

static void assert_owner(const struct lay *l, const char *path, const char *owner)
{
	uint64_t hash = bytes_hash(bytes_of(path), 0);
	for (size_t i = 0; i < l->owned_count; i++) {
		if (l->owned[i].path_hash != hash)
			continue;
		assert_non_null(owner);
		assert_true(bytes_eq_lit(l->owners[l->owned[i].pkg].name, owner));
		return;
	}
	assert_null(owner);
}

static void test_plain_layer(void **state)
{
	struct parsed p;
	(void)state;
	start(&p);
	tar_put(&p.tar, "./var/lib/dpkg/", '5', NULL, BYTES_NONE);
	tar_file(&p.tar, "./var/lib/dpkg/status", STATUS_A "\n" STATUS_B);
	tar_file(&p.tar, "var/lib/dpkg/info/a:amd64.list", "/.\n/usr\n/usr/a\n");
	tar_file(&p.tar, "var/lib/dpkg/info/b.md5sums",
		 "0123456789abcdef0123456789abcdef  usr/b\n");
	tar_file(&p.tar, "/etc/os-release", "ID=debian\nVERSION_ID=12\n");
	tar_file(&p.tar, "usr/bin/tool", "content");
	finish(&p);
	assert_true(p.lay.complete);
	assert_int_equal(p.opened, 1);
	assert_int_equal(p.lay.member_count, 6);
	assert_int_equal(p.lay.out_len, p.tar.len);
	assert_int_equal(p.lay.in_len, p.tar.len);
	assert_true(bytes_eq_lit(p.lay.codec, "none"));
	assert_int_equal(p.lay.pkg_count, 2);
	const struct layer_entry *ent = entry_at(&p.lay, "var/lib/dpkg/status", LAYER_FILE);
	assert_non_null(ent);
	assert_int_equal(ent->pkg_count, 2);
	assert_int_equal(ent->merge, ECO_REPLACE);
	assert_true(bytes_eq_lit(p.lay.pkgs[ent->pkg_first].name, "a"));
	assert_true(bytes_eq_lit(p.lay.pkgs[ent->pkg_first].path, "var/lib/dpkg/status"));
	assert_non_null(entry_at(&p.lay, "var/lib/dpkg", LAYER_DIR));
	ent = entry_at(&p.lay, "etc/os-release", LAYER_FILE);
	assert_true(ent && ent->has_distro);
	assert_true(bytes_eq_lit(ent->distro.id, "debian"));
	assert_owner(&p.lay, "usr/a", "a:amd64");
	assert_owner(&p.lay, "usr/b", "b");
	assert_owner(&p.lay, "usr/bin/tool", NULL);
	assert_null(entry_at(&p.lay, "usr/bin/tool", LAYER_FILE));
	assert_int_equal(p.lay.note_count, 0);
	drop(&p);
}

static void test_last_member_wins(void **state)
{
	struct parsed p;
	(void)state;
	start(&p);
	tar_file(&p.tar, "var/lib/dpkg/status", STATUS_A);
	tar_file(&p.tar, "var/lib/dpkg/info/a.list", "/usr/old\n");
	tar_file(&p.tar, "./var/lib//dpkg/status", STATUS_B);
	tar_file(&p.tar, "var/lib/dpkg/info/a.list", "/usr/new\n");
	tar_file(&p.tar, "lib/apk/db/installed", "P:x\nV:1\n");
	tar_put(&p.tar, "lib/apk/db/installed", '6', NULL, BYTES_NONE);
	finish(&p);
	assert_int_equal(p.lay.pkg_count, 1);
	assert_true(bytes_eq_lit(p.lay.pkgs[0].name, "b"));
	assert_owner(&p.lay, "usr/old", NULL);
	assert_owner(&p.lay, "usr/new", "a");
	assert_null(entry_at(&p.lay, "lib/apk/db/installed", LAYER_FILE));
	assert_non_null(entry_at(&p.lay, "lib/apk/db/installed", LAYER_OTHER));
	drop(&p);
}

static void test_whiteouts_and_links(void **state)
{
	struct parsed p;
	(void)state;
	start(&p);
	tar_file(&p.tar, "var/lib/dpkg/.wh.status", "");
	tar_file(&p.tar, "var/lib/rpm/.wh..wh..opq", "");
	tar_file(&p.tar, ".wh..wh..opq", "");
	tar_file(&p.tar, ".wh..wh.plnk", "");
	tar_file(&p.tar, "a/.wh.", "");
	tar_file(&p.tar, "a/.wh...", "");
	tar_put(&p.tar, "lib", '2', "usr/lib", BYTES_NONE);
	tar_put(&p.tar, "anything", '2', "/opt/x", BYTES_NONE);
	tar_put(&p.tar, "usr/share/doc/x", '2', "y", BYTES_NONE);
	tar_put(&p.tar, "var/lib/rpm", '2', "../../usr/lib/sysimage/rpm", BYTES_NONE);
	tar_file(&p.tar, "usr/lib/apk", "a file where a folder is wanted");
	finish(&p);
	assert_non_null(entry_at(&p.lay, "var/lib/dpkg/status", LAYER_WHITEOUT));
	assert_non_null(entry_at(&p.lay, "var/lib/rpm", LAYER_OPAQUE));
	assert_non_null(entry_at(&p.lay, "", LAYER_OPAQUE));
	assert_true(bytes_eq_lit(entry_at(&p.lay, "lib", LAYER_SYMLINK)->target, "usr/lib"));
	assert_non_null(entry_at(&p.lay, "anything", LAYER_SYMLINK));
	assert_non_null(entry_at(&p.lay, "var/lib/rpm", LAYER_SYMLINK));
	assert_non_null(entry_at(&p.lay, "usr/lib/apk", LAYER_OTHER));
	assert_int_equal(p.lay.entry_count, 7);
	drop(&p);
}

static void test_hard_link_to_what_went_by(void **state)
{
	struct parsed p;
	(void)state;
	start(&p);
	tar_file(&p.tar, "var/lib/dpkg/status-old", STATUS_A);
	tar_put(&p.tar, "var/lib/dpkg/status", '1', "./var/lib/dpkg/status-old", BYTES_NONE);
	finish(&p);
	assert_int_equal(p.opened, 2);
	assert_int_equal(p.lay.pkg_count, 1);
	assert_true(bytes_eq_lit(p.lay.pkgs[0].path, "var/lib/dpkg/status"));
	assert_non_null(entry_at(&p.lay, "var/lib/dpkg/status", LAYER_FILE));
	assert_null(entry_at(&p.lay, "var/lib/dpkg/status", LAYER_HARDLINK));
	drop(&p);
	/* refused the second time: the link stays, and a note says why */
	start(&p);
	tar_file(&p.tar, "var/lib/dpkg/status-old", STATUS_A);
	tar_put(&p.tar, "var/lib/dpkg/status", '1', "var/lib/dpkg/status-old", BYTES_NONE);
	finish_from(&p, -1, 1);
	assert_int_equal(p.lay.pkg_count, 0);
	assert_non_null(entry_at(&p.lay, "var/lib/dpkg/status", LAYER_HARDLINK));
	assert_true(has_note(&p.lay, "cannot be read again"));
	drop(&p);
	/* the file was replaced by a hard link before: what that shows is not known */
	start(&p);
	tar_file(&p.tar, "var/lib/dpkg/status-old", STATUS_A);
	tar_file(&p.tar, "data/other", STATUS_B);
	tar_put(&p.tar, "var/lib/dpkg/status-old", '1', "data/other", BYTES_NONE);
	tar_put(&p.tar, "var/lib/dpkg/status", '1', "var/lib/dpkg/status-old", BYTES_NONE);
	finish(&p);
	assert_int_equal(p.lay.pkg_count, 0);
	assert_non_null(entry_at(&p.lay, "var/lib/dpkg/status", LAYER_FILE));
	assert_true(entry_at(&p.lay, "var/lib/dpkg/status", LAYER_FILE)->note.len > 0);
	drop(&p);
	/* to a wanted file of the same layer: no second pass */
	start(&p);
	tar_file(&p.tar, "var/lib/dpkg/status.d/a", STATUS_A);
	tar_put(&p.tar, "var/lib/dpkg/status.d/b", '1', "var/lib/dpkg/status.d/a", BYTES_NONE);
	finish(&p);
	assert_int_equal(p.opened, 1);
	assert_non_null(entry_at(&p.lay, "var/lib/dpkg/status.d/b", LAYER_HARDLINK));
	drop(&p);
}

static void test_fields_too_long(void **state)
{
	static char text[1400];
	struct parsed p;
	(void)state;
	(void)snprintf(text, sizeof text, "Source: %01100d\n%s", 0, STATUS_A);
	start(&p);
	tar_file(&p.tar, "var/lib/dpkg/status", text);
	finish(&p);
	assert_int_equal(p.lay.pkg_count, 0);
	assert_int_equal(p.lay.note_count, 1);
	assert_int_equal(p.lay.notes[0].doubt, LAYER_DOUBT_OF_FILE);
	drop(&p);
}

static void test_bad_files_are_noted(void **state)
{
	static const uint8_t large[70000];
	struct parsed p;
	(void)state;
	start(&p);
	tar_file(&p.tar, "var/lib/rpm/Packages", "not a database");
	tar_file(&p.tar, "var/lib/dpkg/status",
		 "Package: a\nStatus: install ok installed\n\n" STATUS_B);
	tar_put(&p.tar, "etc/lsb-release", '0', NULL,
		(struct bytes){.ptr = large, .len = sizeof large});
	finish(&p);
	assert_true(p.lay.complete);
	assert_true(entry_at(&p.lay, "var/lib/rpm/Packages", LAYER_FILE)->note.len > 0);
	assert_int_equal(entry_at(&p.lay, "var/lib/dpkg/status", LAYER_FILE)->note.len, 0);
	assert_int_equal(p.lay.pkg_count, 1);
	assert_true(has_note(&p.lay, "without a version"));
	assert_true(entry_at(&p.lay, "etc/lsb-release", LAYER_FILE)->note.len > 0);
	drop(&p);
}

/* Every cut of a layer: a result that says it is incomplete, never a failure. */
static void test_cut_layers(void **state)
{
	struct parsed p;
	(void)state;
	start(&p);
	tar_file(&p.tar, "etc/os-release", "ID=debian\n");
	tar_file(&p.tar, "var/lib/dpkg/status", STATUS_A);
	tar_end(&p.tar);
	for (size_t n = 0; n < p.tar.len; n++) {
		struct arena a;
		struct lay lay;
		struct buf out;
		struct tar_source s = {.bytes = bytes_part(buf_bytes(&p.tar), 0, n)};
		arena_init(&a, 1U << 20);
		assert_int_equal(index_tars(&s, -1, &out, NULL), 0);
		assert_int_equal(layer_parse(buf_bytes(&out), &a, &lay, NULL), 0);
		if (n % 512 != 0 &&
		    n < 512 + 10) /* inside the first header or the file; padding may be missing */
			assert_false(lay.complete);
		if (!lay.complete)
			assert_true(lay.note_count > 0);
		arena_free(&a);
		buf_free(&out);
	}
	drop(&p);
}

/* Files over 1 MiB go through the scratch file, and give the same. */
static void test_scratch_file(void **state)
{
	struct parsed p;
	char name[] = "/tmp/plimsoll-layer-XXXXXX";
	(void)state;
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	unlink(name);
	struct buf status;
	buf_init(&status, (size_t)8 << 20);
	for (int i = 0; i < 30000; i++)
		buf_printf(
		    &status,
		    "Package: p%d\nStatus: install ok installed\nVersion: %d\nSource: s%d\n\n", i,
		    i, i);
	assert_true(status.len > 1U << 20);
	start(&p);
	tar_put(&p.tar, "var/lib/dpkg/status", '0', NULL, buf_bytes(&status));
	tar_file(&p.tar, "etc/os-release", "ID=debian\n");
	finish_from(&p, fd, 0);
	assert_int_equal(p.lay.pkg_count, 30000);
	assert_true(p.lay.complete);
	struct buf memory;
	struct tar_source s = {.bytes = buf_bytes(&p.tar)};
	assert_int_equal(index_tars(&s, -1, &memory, NULL), 0);
	assert_true(bytes_eq(buf_bytes(&memory), buf_bytes(&p.inventory)));
	buf_free(&memory);
	buf_free(&status);
	drop(&p);
	close(fd);
}

/* More than is recorded: bounded, and said. */
static void test_floods(void **state)
{
	struct parsed p;
	(void)state;
	start(&p);
	for (int i = 0; i < 70000; i++) {
		char path[64];
		snprintf(path, sizeof path, "x/.wh.f%d", i);
		tar_file(&p.tar, path, "");
	}
	tar_file(&p.tar, "var/lib/dpkg/status", STATUS_A);
	finish(&p);
	/* whiteouts where nothing is looked for are marks, not entries */
	assert_true(p.lay.complete);
	assert_int_equal(p.lay.entry_count, 1);
	assert_int_equal(marks_find(p.lay.marks, mark_path(BYTES_LIT("x/f69999"))), MARK_GONE);
	assert_int_equal(marks_find(p.lay.marks, mark_path(BYTES_LIT("x"))), MARK_IMPLIED);
	drop(&p);
	start(&p);
	for (int i = 0; i < 70000; i++) {
		char path[64];
		snprintf(path, sizeof path, "x/%d/dpkg/status", i);
		tar_file(&p.tar, path, "");
	}
	tar_file(&p.tar, "var/lib/dpkg/status", STATUS_A);
	finish(&p);
	assert_false(p.lay.complete);
	assert_true(has_note(&p.lay, "more files, links and whiteouts"));
	assert_true(p.lay.entry_count < 70000);
	/* what lies at a location finds room whatever came before */
	assert_non_null(entry_at(&p.lay, "var/lib/dpkg/status", LAYER_FILE));
	drop(&p);
	struct buf status;
	buf_init(&status, (size_t)32 << 20);
	for (int i = 0; i < 200000; i++)
		buf_printf(&status,
			   "Package: a-package-with-a-name-%d\nStatus: install ok installed\n"
			   "Version: 1.2.3-%d\n\n",
			   i, i);
	start(&p);
	tar_put(&p.tar, "var/lib/dpkg/status", '0', NULL, buf_bytes(&status));
	finish(&p);
	const struct layer_entry *ent = entry_at(&p.lay, "var/lib/dpkg/status", LAYER_FILE);
	assert_true(ent->note.len > 0);
	assert_true(ent->pkg_count > 10000 && ent->pkg_count < 200000);
	drop(&p);
	buf_clear(&status);
	for (int i = 0; i < 20000; i++)
		buf_put_text(&status, "Status: install ok installed\nVersion: 1\n\n");
	start(&p);
	tar_put(&p.tar, "var/lib/dpkg/status", '0', NULL, buf_bytes(&status));
	finish(&p);
	assert_true(p.lay.note_count < 1000);
	assert_true(has_note(&p.lay, "further notes"));
	drop(&p);
	buf_free(&status);
}

static void test_hostile_paths(void **state)
{
	struct parsed p;
	(void)state;
	start(&p);
	tar_file(&p.tar, "../../../var/lib/dpkg/status", STATUS_A);
	tar_file(&p.tar, "etc/../../etc/os-release", "ID=debian\n");
	tar_put(&p.tar, "lib/apk/db/installed", '1', "../../../..", BYTES_NONE);
	finish(&p);
	assert_non_null(entry_at(&p.lay, "var/lib/dpkg/status", LAYER_FILE));
	assert_non_null(entry_at(&p.lay, "etc/os-release", LAYER_FILE));
	assert_null(entry_at(&p.lay, "lib/apk/db/installed", LAYER_HARDLINK));
	drop(&p);
}

/* Every prefix of an inventory and every byte of it changed: refused or sound, never a read past
 * its end. */
static void test_parse_distrusts(void **state)
{
	struct parsed p;
	(void)state;
	start(&p);
	tar_file(&p.tar, "var/lib/dpkg/status", STATUS_A);
	tar_file(&p.tar, "var/lib/dpkg/info/a.list", "/usr/x\n/usr/y\n");
	tar_file(&p.tar, "etc/os-release", "ID=debian\n");
	tar_put(&p.tar, "lib", '2', "usr/lib", BYTES_NONE);
	tar_file(&p.tar, "var/lib/rpm/Packages", "bad");
	finish(&p);
	for (size_t n = 0; n < p.inventory.len; n++) {
		struct arena a;
		struct lay lay;
		uint8_t *copy = malloc(n ? n : 1);
		memcpy(copy, p.inventory.ptr, n);
		arena_init(&a, 1U << 20);
		assert_int_equal(layer_parse((struct bytes){.ptr = copy, .len = n}, &a, &lay, NULL),
				 -ERR_FORMAT);
		arena_free(&a);
		free(copy);
	}
	for (size_t n = 0; n < p.inventory.len * 4; n++) {
		static const uint8_t values[] = {0x00, 0xff, 0x7f, 0x01};
		struct arena a;
		struct lay lay;
		uint8_t *copy = malloc(p.inventory.len);
		memcpy(copy, p.inventory.ptr, p.inventory.len);
		copy[n / 4] = values[n % 4];
		arena_init(&a, 1U << 20);
		int r = layer_parse((struct bytes){.ptr = copy, .len = p.inventory.len}, &a, &lay,
				    NULL);
		assert_true(r == 0 || r == -ERR_FORMAT);
		for (size_t i = 0; r == 0 && i < lay.entry_count; i++) {
			if (lay.entries[i].kind == LAYER_FILE)
				assert_true(lay.entries[i].pkg_first + lay.entries[i].pkg_count <=
					    lay.pkg_count);
		}
		arena_free(&a);
		free(copy);
	}
	drop(&p);
}

static int torture_run(void *arg)
{
	struct parsed *p = arg;
	struct tar_source s = {.bytes = buf_bytes(&p->tar)};
	struct arena a;
	struct lay lay;
	struct buf out;
	arena_init(&a, 1U << 20);
	int r = index_tars(&s, -1, &out, NULL);
	if (r == 0)
		r = layer_parse(buf_bytes(&out), &a, &lay, NULL);
	arena_free(&a);
	buf_free(&out);
	return r;
}

static void test_torture(void **state)
{
	struct parsed p;
	(void)state;
	start(&p);
	tar_file(&p.tar, "var/lib/dpkg/status-old", STATUS_A);
	tar_put(&p.tar, "var/lib/dpkg/status", '1', "var/lib/dpkg/status-old", BYTES_NONE);
	tar_file(&p.tar, "var/lib/dpkg/info/a.list", "/usr/x\n/usr/y\n");
	tar_file(&p.tar, "etc/lsb-release", "DISTRIB_ID=\"A\\b\"\n");
	tar_put(&p.tar, "lib", '2', "usr/lib", BYTES_NONE);
	tar_file(&p.tar, "x/.wh.y", "");
	tar_end(&p.tar);
	torture(torture_run, &p);
	buf_free(&p.tar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain_layer),
	    cmocka_unit_test(test_last_member_wins),
	    cmocka_unit_test(test_whiteouts_and_links),
	    cmocka_unit_test(test_hard_link_to_what_went_by),
	    cmocka_unit_test(test_fields_too_long),
	    cmocka_unit_test(test_bad_files_are_noted),
	    cmocka_unit_test(test_cut_layers),
	    cmocka_unit_test(test_scratch_file),
	    cmocka_unit_test(test_floods),
	    cmocka_unit_test(test_hostile_paths),
	    cmocka_unit_test(test_parse_distrusts),
	    cmocka_unit_test(test_torture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
