/* inv_merge over layers made here: what an overlay of them shows. */
#include "torture.h"

#include "image_make.h"

/* "name version layer" of each package, sorted as they come, "; " between. */
static void assert_packages(const struct image *im, const char *want)
{
	struct buf have;
	buf_init(&have, 65536);
	for (size_t i = 0; i < im->out.package_count; i++) {
		const struct inv_package *p = &im->out.packages[i];
		buf_printf(&have, "%s%.*s %.*s %u", i ? "; " : "", BYTES_ARG(p->pkg.name),
			   BYTES_ARG(p->pkg.version), p->layer);
	}
	assert_string_equal(buf_cstr(&have), want);
	buf_free(&have);
}

static void test_layers_of_packages(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN "SUPPORT_END=2028-06-30\n");
	tar_file(t, "var/lib/dpkg/status",
		 PKG("a", "1") PKG("b", "1") PKG("gone", "1") PKG("back", "1"));
	t = new_layer(&im);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1") PKG("b", "2"));
	(void)new_layer(&im);
	t = new_layer(&im);
	tar_file(t, "var/lib/dpkg/status",
		 PKG("a", "1") PKG("b", "2") PKG("c", "1") PKG("back", "1"));
	merge(&im);
	assert_int_equal(im.out.state, INV_ASSESSED);
	assert_int_equal(im.out.note_count, 0);
	assert_packages(&im, "a 1 0; b 2 1; back 1 3; c 1 3");
	assert_true(bytes_eq_lit(im.out.packages[0].pkg.distro, "debian:12"));
	assert_true(bytes_eq_lit(im.out.distro.support_end, "2028-06-30"));
	assert_true(bytes_eq_lit(im.out.packages[0].pkg.namespace, "debian"));
	drop(&im);
}

static void test_whiteouts(void **state)
{
	/* what the second layer says, and whether a package is left */
	static const struct {
		const char *path;
		bool left;
	} cases[] = {
	    {"var/lib/dpkg/.wh.status", false},
	    {"var/lib/.wh.dpkg", false},
	    {".wh.var", false},
	    {"var/lib/dpkg/.wh..wh..opq", false},
	    {".wh..wh..opq", false},
	    {"var/lib/.wh..wh..opq", false},
	    {"var/lib/dpkg/.wh.status-old", true},
	    {"var/lib/dpkg/info/.wh..wh..opq", true},
	    {"var/li/.wh.b", true},
	    {"var/lib/.wh.dpk", true},
	    {"var/lib/.wh.dpkgs", true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image im = {.count = 0};
		tar_file(new_layer(&im), "var/lib/dpkg/status", PKG("a", "1"));
		tar_file(new_layer(&im), cases[i].path, "");
		merge(&im);
		if (im.out.package_count != cases[i].left)
			printf("%s\n", cases[i].path);
		assert_int_equal(im.out.package_count, cases[i].left);
		drop(&im);
	}
}

/* A whiteout hides lower layers only, not what its own layer brings. */
static void test_whiteout_beside_its_file(void **state)
{
	struct image im = {.count = 0};
	(void)state;
	tar_file(new_layer(&im), "var/lib/dpkg/status", PKG("a", "1"));
	struct buf *t = new_layer(&im);
	tar_file(t, "var/lib/dpkg/status", PKG("b", "1"));
	tar_file(t, "var/lib/dpkg/.wh..wh..opq", "");
	tar_file(t, "var/lib/dpkg/.wh.status", "");
	merge(&im);
	assert_packages(&im, "b 1 1");
	drop(&im);
}

static void test_file_takes_a_folders_place(void **state)
{
	struct image im = {.count = 0};
	(void)state;
	tar_file(new_layer(&im), "var/lib/dpkg/status", PKG("a", "1"));
	tar_file(new_layer(&im), "var/lib/dpkg", "now a file");
	merge(&im);
	assert_int_equal(im.out.package_count, 0);
	assert_int_equal(im.out.state, INV_NOTHING);
	drop(&im);
}

static void test_parts_by_name(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status.d/a", "Package: a\nVersion: 1\n");
	tar_file(t, "var/lib/dpkg/status.d/b", "Package: b\nVersion: 1\n");
	tar_file(t, "var/lib/dpkg/status.d/c", "Package: c\nVersion: 1\n");
	t = new_layer(&im);
	tar_file(t, "var/lib/dpkg/status.d/b", "Package: b\nVersion: 2\n");
	tar_file(t, "var/lib/dpkg/status.d/.wh.c", "");
	tar_file(t, "var/lib/dpkg/status.d/d", "Package: d\nVersion: 1\n");
	tar_file(t, "var/lib/dpkg/status.d/d.md5sums", "0123456789abcdef0123456789abcdef  usr/d\n");
	merge(&im);
	assert_packages(&im, "a 1 0; b 2 1; d 1 1");
	assert_true(bytes_eq_lit(im.out.packages[2].pkg.path, "var/lib/dpkg/status.d/d"));
	assert_true(bytes_eq_lit(inv_owner(im.lays, im.count, BYTES_LIT("/usr/d")), "d"));
	drop(&im);
}

/* lib -> usr/lib made in the first layer; the second writes through it, by either name. */
static void test_merged_usr(void **state)
{
	static const char *const ways[] = {"lib/apk/db/installed", "usr/lib/apk/db/installed"};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		tar_put(t, "lib", '2', "usr/lib", BYTES_NONE);
		tar_file(t, "usr/lib/apk/db/installed", APK("a", "1-r0") APK("b", "1-r0"));
		tar_file(t, "usr/lib/os-release", "ID=wolfi\nVERSION_ID=20230201\n");
		tar_put(t, "etc/os-release", '2', "../usr/lib/os-release", BYTES_NONE);
		tar_file(new_layer(&im), ways[i], APK("a", "1-r0") APK("b", "2-r0"));
		merge(&im);
		assert_packages(&im, "a 1-r0 0; b 2-r0 1");
		/* engines that unpack layers apart make a folder of the first name */
		assert_int_equal(im.out.state, i == 0 ? INV_PARTIAL : INV_ASSESSED);
		assert_int_equal(im.out.note_count, i == 0);
		assert_int_equal(has_note(&im, 1, "below a symbolic link of a lower layer"),
				 i == 0);
		assert_true(bytes_eq_lit(im.out.distro.id, "wolfi"));
		drop(&im);
	}
}

/* A whiteout that goes through a link of a lower layer. */
static void test_whiteout_through_a_link(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_put(t, "lib", '2', "usr/lib", BYTES_NONE);
	tar_file(t, "usr/lib/apk/db/installed", APK("a", "1-r0"));
	tar_file(new_layer(&im), "lib/apk/.wh.db", "");
	merge(&im);
	assert_int_equal(im.out.package_count, 0);
	drop(&im);
}

/* var/lib/dpkg -> /data/dpkg: found behind the link; without the link it is somebody else's. */
static void test_database_behind_a_link(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "data/dpkg/status", PKG("a", "1"));
	t = new_layer(&im);
	tar_put(t, "var/lib/dpkg", '2', "/data/dpkg", BYTES_NONE);
	merge(&im);
	assert_packages(&im, "a 1 1");
	drop(&im);
	t = new_layer(&im);
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "data/dpkg/status", PKG("a", "1"));
	merge(&im);
	assert_int_equal(im.out.package_count, 0);
	assert_true(has_note(&im, 0, "outside the root file system"));
	drop(&im);
}

/* The file itself is a link: followed where the target's own name tells what it is; else it is
 * said. */
static void test_database_is_a_link(void **state)
{
	static const struct {
		const char *link, *target, *file;
		bool is_read;
	} cases[] = {
	    {"var/lib/dpkg/status", "/data/dpkg/status", "data/dpkg/status", true},
	    {"var/lib/dpkg/status", "../../../data/dpkg/status", "data/dpkg/status", true},
	    {"var/lib/dpkg/status", "/data/packages", "data/packages", false},
	    {"var/lib/dpkg/status", "/data/dpkg/status", "data/other", false},
	    {"var/lib/dpkg", "/data/debs", "data/debs/status", false},
	    {"var/lib/dpkg/status.d", "/data/parts", "data/parts/a", false},
	    {"var/lib/rpm", "../../usr/lib/sysimage/rpm", "data/other", false},
	    {"var/lib/rpm/rpmdb.sqlite", "/data/db", "data/db", false},
	    {"lib/apk/db", "/data/apk", "data/apk/installed", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image im = {.count = 0};
		char says[200];
		struct buf *t = new_layer(&im);
		tar_file(t, "etc/os-release", DEBIAN);
		tar_file(t, cases[i].file, PKG("a", "1"));
		t = new_layer(&im);
		tar_put(t, cases[i].link, '2', cases[i].target, BYTES_NONE);
		merge(&im);
		snprintf(says, sizeof says, "behind a link to %s, where nothing was read",
			 cases[i].target);
		assert_packages(&im, cases[i].is_read ? "a 1 1" : "");
		assert_int_equal(im.out.state, cases[i].is_read ? INV_ASSESSED : INV_PARTIAL);
		assert_int_equal(has_note(&im, 1, says), !cases[i].is_read);
		assert_int_equal(im.out.unread, !cases[i].is_read);
		drop(&im);
	}
	/* Links that lead nowhere beside a database that was read: nothing is missing. */
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	tar_put(t, "lib", '2', "usr/lib", BYTES_NONE);
	tar_put(t, "var/lib/dpkg/status.d", '2', "/gone", BYTES_NONE);
	merge(&im);
	assert_int_equal(im.out.state, INV_ASSESSED);
	assert_int_equal(im.out.note_count, 0);
	drop(&im);
}

static void test_links_in_circles(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_put(t, "var", '2', "var", BYTES_NONE);
	tar_put(t, "lib", '2', "usr", BYTES_NONE);
	tar_put(t, "usr", '2', "lib", BYTES_NONE);
	tar_put(t, "etc/os-release", '2', "../../../../etc/os-release", BYTES_NONE);
	tar_file(new_layer(&im), "lib/apk/db/installed", APK("a", "1-r0"));
	merge(&im);
	assert_int_equal(im.out.package_count, 0);
	drop(&im);
}

/* A folder of an upper layer takes the place of a lower link: what the link led to is not seen any
 * more. */
static void test_folder_takes_a_links_place(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_put(t, "lib", '2', "usr/lib", BYTES_NONE);
	tar_file(t, "usr/lib/apk/db/installed", APK("old", "1-r0"));
	t = new_layer(&im);
	tar_put(t, "lib", '5', NULL, BYTES_NONE);
	tar_file(t, "lib/apk/db/installed", APK("new", "1-r0"));
	merge(&im);
	/* both places hold a database now: the first in rank is believed, the other is mentioned */
	assert_packages(&im, "new 1-r0 1");
	assert_true(has_note(&im, 0, "a second package database"));
	drop(&im);
}

static void test_hard_links(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "data/dpkg/status", PKG("a", "1"));
	t = new_layer(&im);
	tar_put(t, "var/lib/dpkg/status", '1', "data/dpkg/status", BYTES_NONE);
	tar_file(new_layer(&im), "data/.wh.dpkg", "");
	merge(&im);
	assert_packages(&im, "a 1 1");
	drop(&im);
	/* to nothing that was read: said */
	tar_put(new_layer(&im), "var/lib/dpkg/status", '1', "nowhere", BYTES_NONE);
	merge(&im);
	assert_int_equal(im.out.package_count, 0);
	assert_true(has_note(&im, 0, "hard link to a file that was not read"));
	drop(&im);
}

/* What could not be read may hold what was not found: said apart from an image that holds nothing.
 */
static void test_unread(void **state)
{
	struct image im = {.count = 0};
	(void)state;
	tar_file(new_layer(&im), "hello", "static");
	merge(&im);
	assert_int_equal(im.out.state, INV_NOTHING);
	assert_false(im.out.unread);
	drop(&im);
	/* a member whose header is no header: the layer ends there */
	struct buf *t = new_layer(&im);
	tar_file(t, "hello", "static");
	for (size_t i = 0; i < 512; i++)
		buf_put_u8(t, 'x');
	merge(&im);
	assert_int_equal(im.out.state, INV_NOTHING);
	assert_true(im.out.unread);
	assert_int_equal(im.out.absent_count, 0);
	drop(&im);
	/* a layer that is not there at all, between two that are */
	struct lay lays[4];
	tar_file(new_layer(&im), "etc/os-release", DEBIAN);
	tar_file(new_layer(&im), "var/lib/dpkg/status", PKG("a", "1"));
	merge(&im);
	assert_int_equal(im.out.state, INV_ASSESSED);
	assert_false(im.out.unread);
	lays[0] = im.lays[0];
	lays[1] = (struct lay){.absent = BYTES_LIT("layer one is not in the image")};
	lays[2] = im.lays[1];
	lays[3] = (struct lay){.absent = BYTES_LIT("layer three is not in the image")};
	struct err e = ERR_INIT;
	assert_int_equal(merge_lays(lays, 4, &im.a, &im.out, &e), 0);
	assert_packages(&im, "a 1 2");
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(im.out.unread);
	assert_int_equal(im.out.absent_count, 2);
	assert_true(bytes_eq_lit(im.out.absent, "layer one is not in the image"));
	assert_true(has_note(&im, 1, "layer one is not"));
	assert_true(has_note(&im, 3, "layer three is not"));
	assert_int_equal(im.out.note_count, 2);
	assert_int_equal(inv_owner(lays, 4, BYTES_LIT("bin/a")).len, 0);
	drop(&im);
}

/* A manifest of Chisel is a database; beside a status file each package is one, as that file has
 * it. */
static void test_manifest_of_chisel(void **state)
{
	static const char wall[] =
	    "{\"jsonwall\":\"1.0\"}\n"
	    "{\"kind\":\"content\",\"slice\":\"a_libs\",\"path\":\"/usr/lib/a\"}\n"
	    "{\"kind\":\"package\",\"name\":\"a\",\"version\":\"1\",\"arch\":\"all\"}\n"
	    "{\"kind\":\"package\",\"name\":\"b\",\"version\":\"1\",\"arch\":\"all\"}\n";
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", "ID=ubuntu\nVERSION_ID=24.04\n");
	tar_file(t, "var/lib/chisel/manifest.wall", wall);
	merge(&im);
	assert_packages(&im, "a 1 0; b 1 0");
	assert_true(has_note(&im, 0, "does not say which source packages"));
	assert_int_equal(im.out.state, INV_ASSESSED);
	assert_true(bytes_eq_lit(inv_owner(im.lays, im.count, BYTES_LIT("usr/lib/a")), "a"));
	drop(&im);
	t = new_layer(&im);
	tar_file(t, "etc/os-release", "ID=ubuntu\nVERSION_ID=24.04\n");
	tar_file(t, "var/lib/chisel/manifest.wall", wall);
	t = new_layer(&im);
	tar_file(t, "var/lib/dpkg/status",
		 "Package: b\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nSource: "
		 "src\n\n" PKG("c", "1"));
	merge(&im);
	assert_packages(&im, "a 1 0; b 1 1; c 1 1");
	assert_true(bytes_eq_lit(im.out.packages[1].pkg.source_name, "src"));
	drop(&im);
}

static void test_unread_and_incomplete(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	tar_file(t, "var/lib/rpm/Packages", "broken");
	merge(&im);
	assert_packages(&im, "a 1 0");
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, 0, "neither Berkeley DB hash"));
	drop(&im);
	/* replaced above, the broken file is nobody's business */
	t = new_layer(&im);
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", "nonsense\n");
	tar_file(new_layer(&im), "var/lib/dpkg/status", PKG("a", "1"));
	merge(&im);
	assert_int_equal(im.out.state, INV_ASSESSED);
	assert_int_equal(im.out.note_count, 0);
	im.lays[0].complete = false;
	assert_int_equal(merge_lays(im.lays, im.count, &im.a, &im.out, NULL), 0);
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, 0, "not read to its end"));
	drop(&im);
	assert_int_equal(merge_lays(NULL, 0, &im.a, &im.out, NULL), -ERR_NOMEM);
	arena_init(&im.a, 65536);
	assert_int_equal(merge_lays(NULL, 0, &im.a, &im.out, NULL), 0);
	assert_int_equal(im.out.state, INV_NOTHING);
	arena_free(&im.a);
}

static void test_nested_roots(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	tar_file(t, "rootfs/lib/apk/db/installed", APK("x", "1-r0"));
	tar_file(t, "rootfs/etc/os-release", "ID=alpine\n");
	merge(&im);
	assert_packages(&im, "a 1 0");
	assert_true(bytes_eq_lit(im.out.distro.id, "debian"));
	assert_true(has_note(&im, 0, "outside the root file system"));
	drop(&im);
}

static void test_owners(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "var/lib/dpkg/info/a:amd64.list", "/usr/lib/a\n/usr/lib/shared\n");
	tar_file(t, "var/lib/dpkg/info/b.list", "/usr/lib/b\n");
	t = new_layer(&im);
	tar_file(t, "var/lib/dpkg/info/.wh.b.list", "");
	tar_file(t, "var/lib/dpkg/info/c.list", "/usr/lib/shared\n");
	merge(&im);
	assert_true(bytes_eq_lit(inv_owner(im.lays, 2, BYTES_LIT("usr/lib/a")), "a:amd64"));
	assert_true(bytes_eq_lit(inv_owner(im.lays, 2, BYTES_LIT("usr/lib/shared")), "c"));
	assert_int_equal(inv_owner(im.lays, 2, BYTES_LIT("usr/lib/b")).len, 0);
	assert_true(bytes_eq_lit(inv_owner(im.lays, 1, BYTES_LIT("usr/lib/b")), "b"));
	assert_int_equal(inv_owner(im.lays, 2, BYTES_LIT("usr/lib/none")).len, 0);
	drop(&im);
	/* apk states all files anew */
	tar_file(new_layer(&im), "lib/apk/db/installed",
		 "P:a\nV:1\nF:usr\nR:a\n\nP:b\nV:1\nF:usr\nR:b\n\n");
	tar_file(new_layer(&im), "lib/apk/db/installed", "P:a\nV:1\nF:usr\nR:a\n\n");
	merge(&im);
	assert_true(bytes_eq_lit(inv_owner(im.lays, 2, BYTES_LIT("usr/a")), "a"));
	assert_int_equal(inv_owner(im.lays, 2, BYTES_LIT("usr/b")).len, 0);
	drop(&im);
}

static void test_torture(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_put(t, "lib", '2', "usr/lib", BYTES_NONE);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1") "broken\n");
	t = new_layer(&im);
	tar_file(t, "lib/apk/db/installed", APK("x", "1-r0"));
	tar_file(t, "var/lib/dpkg/status.d/b", "Package: b\nVersion: 1\n");
	merge(&im);
	torture(torture_run, &im);
	drop(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_layers_of_packages),
	    cmocka_unit_test(test_whiteouts),
	    cmocka_unit_test(test_whiteout_beside_its_file),
	    cmocka_unit_test(test_file_takes_a_folders_place),
	    cmocka_unit_test(test_parts_by_name),
	    cmocka_unit_test(test_merged_usr),
	    cmocka_unit_test(test_whiteout_through_a_link),
	    cmocka_unit_test(test_database_behind_a_link),
	    cmocka_unit_test(test_database_is_a_link),
	    cmocka_unit_test(test_links_in_circles),
	    cmocka_unit_test(test_folder_takes_a_links_place),
	    cmocka_unit_test(test_hard_links),
	    cmocka_unit_test(test_unread),
	    cmocka_unit_test(test_manifest_of_chisel),
	    cmocka_unit_test(test_unread_and_incomplete),
	    cmocka_unit_test(test_nested_roots),
	    cmocka_unit_test(test_owners),
	    cmocka_unit_test(test_torture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
