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

static void test_which_distribution(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/debian_version", "jessie/sid\n");
	tar_file(t, "etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\n");
	merge(&im);
	assert_true(bytes_eq_lit(im.out.distro.id, "ubuntu"));
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, -1, "no package database"));
	drop(&im);
	/* an os-release that names nothing does not hide a file that does */
	t = new_layer(&im);
	tar_file(t, "etc/os-release", "NAME=x\n");
	tar_file(t, "etc/alpine-release", "3.18.0\n");
	tar_file(t, "lib/apk/db/installed", APK("a", "1-r0"));
	merge(&im);
	assert_true(bytes_eq_lit(im.out.distro.id, "alpine"));
	drop(&im);
	/* CentOS Stream has the id of what was a rebuild of RHEL */
	static const char *const names[][3] = {
	    {"etc/os-release", "ID=\"centos\"\nVERSION_ID=\"8\"\nPRETTY_NAME=\"CentOS Stream 8\"\n",
	     "centos-stream:8"},
	    {"etc/centos-release", "CentOS Stream release 8\n", "centos-stream:8"},
	    {"etc/os-release", "ID=\"centos\"\nVERSION_ID=\"8\"\nPRETTY_NAME=\"CentOS Linux 8\"\n",
	     "centos:8"},
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		t = new_layer(&im);
		tar_file(t, names[i][0], names[i][1]);
		tar_file(t, "var/lib/rpmmanifest/container-manifest-2",
			 "p\t1-1\t1\t1\tCentOS\t(none)\t1\tx86_64\t0\tp-1-1.src.rpm\n");
		merge(&im);
		assert_true(bytes_eq_lit(im.out.packages[0].pkg.distro, names[i][2]));
		drop(&im);
	}
	t = new_layer(&im);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	merge(&im);
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, -1, "names the distribution"));
	assert_int_equal(im.out.packages[0].pkg.distro.len, 0);
	drop(&im);
}

/* Alpine's release is that of its repositories; what os-release says is left only when they agree.
 */
static void test_release_of_repositories(void **state)
{
	static const struct {
		const char *os_release, *repositories, *want;
		bool told;
	} cases[] = {
	    {"3.19.1", "https://dl-cdn.alpinelinux.org/alpine/v3.19/main\n", "alpine:3.19.1",
	     false},
	    {"3.18.4", "https://dl-cdn.alpinelinux.org/alpine/v3.19/main\n", "alpine:3.19", true},
	    {"3.19.1", "https://dl-cdn.alpinelinux.org/alpine/edge/main\n", "alpine:edge", true},
	    {"3.19.1", "http://m/alpine/v3.19/main\n@edge http://m/alpine/edge/main\n",
	     "alpine:3.19.1", false},
	    {"3.1.2", "http://m/alpine/v3.19/main\n", "alpine:3.19", true},
	    {"3.20_alpha20240315", "http://m/alpine/edge/main\n", "alpine:3.20_alpha20240315",
	     false},
	    {"3.19.1", "/media/cdrom/apks\n", "alpine:3.19.1", false},
	    /* several: the image's own, then the others; the newest where none is its own */
	    {"3.19.1", "http://m/alpine/v3.19/main\nhttp://m/alpine/edge/testing\n",
	     "alpine:3.19.1:edge", true},
	    {"3.19.1", "http://m/alpine/v3.18/main\nhttp://m/alpine/v3.19/main\n",
	     "alpine:3.19.1:3.18", true},
	    {"3.17.1", "http://m/alpine/v3.18/main\nhttp://m/alpine/v3.19/main\n",
	     "alpine:3.19:3.18", true},
	    {"3.20_alpha20240315", "http://m/alpine/v3.19/main\nhttp://m/alpine/edge/main\n",
	     "alpine:3.20_alpha20240315:3.19", true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		char release[64];
		snprintf(release, sizeof release, "ID=alpine\nVERSION_ID=%s\n",
			 cases[i].os_release);
		tar_file(t, "etc/os-release", release);
		tar_file(t, "lib/apk/db/installed", APK("a", "1-r0"));
		t = new_layer(&im);
		tar_file(t, "etc/apk/repositories", cases[i].repositories);
		merge(&im);
		if (!bytes_eq_lit(im.out.packages[0].pkg.distro, cases[i].want))
			fail_msg("case %zu: %.*s", i, BYTES_ARG(im.out.packages[0].pkg.distro));
		assert_int_equal(has_note(&im, 1, "packages come from release") ||
				     has_note(&im, 1, "packages may come from release"),
				 cases[i].told);
		assert_int_equal(im.out.state, INV_ASSESSED);
		drop(&im);
	}
	/* another distribution with such a file keeps its own */
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	tar_file(t, "etc/os-release", "ID=wolfi\nVERSION_ID=20230201\n");
	tar_file(t, "lib/apk/db/installed", APK("a", "1-r0"));
	tar_file(t, "etc/apk/repositories", "http://m/alpine/edge/main\n");
	merge(&im);
	assert_true(bytes_eq_lit(im.out.packages[0].pkg.distro, "wolfi:20230201"));
	drop(&im);
}

#define SETS(list) "{\"content_sets\": [" list "]}"
#define EUS92 "\"rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2\""
#define MAIN9 "\"rhel-9-for-x86_64-baseos-rpms\""
#define PRO(service)                                                                               \
	"{\"attached\": true, \"services\": [{\"name\": \"" service "\", \"status\": "             \
	"\"enabled\"}]}"

/* What files say of product streams is part of what packages are. */
static void test_product_streams(void **state)
{
	static const char *const manifests = "root/buildinfo/content_manifests/base.json";
	static const char *const pro = "var/lib/ubuntu-advantage/status.json";
	static const struct {
		const char *os_release;
		const char *path[2], *text[2]; /* of the layers above */
		const char *want;
		bool told;
	} cases[] = {
	    {"ID=ubuntu\nVERSION_ID=18.04\n",
	     {pro},
	     {PRO("esm-infra")},
	     "ubuntu:18.04:esm-infra",
	     true},
	    {"ID=ubuntu\nVERSION_ID=18.04\n",
	     {pro, "var/lib/ubuntu-advantage/.wh.status.json"},
	     {PRO("esm-infra"), ""},
	     "ubuntu:18.04",
	     false},
	    {"ID=ubuntu\nVERSION_ID=18.04\n",
	     {pro, pro},
	     {PRO("esm-infra"), "{}"},
	     "ubuntu:18.04",
	     false},
	    {"ID=debian\nVERSION_ID=12\n", {pro}, {PRO("esm-infra")}, "debian:12", false},
	    {"ID=ubuntu\nVERSION_ID=\"18.04:x\"\n",
	     {pro},
	     {PRO("esm-apps")},
	     "ubuntu:18.04:esm-apps",
	     true},
	    /* the release's own stream alone says nothing; one manifest for each image it was built
	       on */
	    {"ID=rhel\nVERSION_ID=9.2\n", {manifests}, {SETS(MAIN9)}, "rhel:9.2", false},
	    {"ID=rhel\nVERSION_ID=9.2\n",
	     {manifests},
	     {SETS(EUS92)},
	     "rhel:9.2:rhel_eus:9.2",
	     true},
	    {"ID=rhel\nVERSION_ID=9.2\n",
	     {manifests, "root/buildinfo/content_manifests/top.json"},
	     {SETS(MAIN9), SETS(EUS92)},
	     "rhel:9.2:enterprise_linux:9,rhel_eus:9.2",
	     true},
	    {"ID=rhel\nVERSION_ID=9.2\n",
	     {manifests, "usr/share/buildinfo/content-sets.json"},
	     {SETS(EUS92), SETS(EUS92)},
	     "rhel:9.2:rhel_eus:9.2",
	     true},
	    {"ID=rhel\nVERSION_ID=9.2\nCPE_NAME=cpe:/o:redhat:rhel_eus:9.2::baseos\n",
	     {"x"},
	     {""},
	     "rhel:9.2:rhel_eus:9.2",
	     true},
	    {"ID=rhel\nVERSION_ID=9.2\nCPE_NAME=cpe:/o:redhat:enterprise_linux:9::baseos\n",
	     {"x"},
	     {""},
	     "rhel:9.2",
	     false},
	    {"ID=almalinux\nVERSION_ID=9.2\n", {manifests}, {SETS(EUS92)}, "almalinux:9.2", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		tar_file(t, "etc/os-release", cases[i].os_release);
		tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
		for (int k = 0; k < 2; k++)
			if (cases[i].path[k])
				tar_file(new_layer(&im), cases[i].path[k], cases[i].text[k]);
		merge(&im);
		if (!bytes_eq_lit(im.out.packages[0].pkg.distro, cases[i].want))
			fail_msg("case %zu: %.*s", i, BYTES_ARG(im.out.packages[0].pkg.distro));
		assert_int_equal(has_note(&im, -1, "product streams"), cases[i].told);
		assert_int_equal(im.out.state, INV_ASSESSED);
		drop(&im);
	}
	/* such a file names no distribution by itself */
	struct image im = {.count = 0};
	tar_file(new_layer(&im), pro, PRO("esm-infra"));
	merge(&im);
	assert_false(im.out.has_distro);
	assert_int_equal(im.out.state, INV_NOTHING);
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

static void test_third_party(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status",
		 PKG("a", "1") "Package: docker-ce\nVersion: 1\nStatus: install ok installed\n"
			       "Maintainer: Docker <support@docker.com>\n\n");
	merge(&im);
	assert_int_equal(im.out.third_party_count, 1);
	assert_false(im.out.packages[0].pkg.third_party);
	assert_true(im.out.packages[1].pkg.third_party);
	drop(&im);
	/* the vendor must be this distribution's own: Fedora's packages (EPEL) are foreign to an
	 * enterprise distribution */
	static const struct {
		const char *id, *vendor;
		bool foreign;
		const char *own; /* vendor of another package in the image */
	} cases[] = {
	    {"rhel", "Red Hat, Inc.", false, "Red Hat, Inc."},
	    {"rhel", "Fedora Project", true, "Red Hat, Inc."},
	    {"rocky", "Fedora Project", true, "Rocky Enterprise Software Foundation"},
	    {"fedora", "Fedora Project", false, "Fedora Project"},
	    {"rocky", "Rocky Enterprise Software Foundation", false, "Fedora Project"},
	    {"mariner", "Microsoft Corporation", false, "Somebody"},
	    {"rhel", "Remi's RPM repository", true, "Red Hat, Inc."},
	    {"almalinux", "(none)", true, "AlmaLinux"},
	    {"almalinux", "(none)", false, "(none)"},
	    {"almalinux", "In-house", false, "In-house"},
	    {"somethingelse", "Whoever", false, "Another"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char release[64], manifest[256];
		snprintf(release, sizeof release, "ID=%s\nVERSION_ID=9\n", cases[i].id);
		snprintf(manifest, sizeof manifest,
			 "p\t1-1\t1\t1\t%s\t(none)\t1\tx86_64\t0\tp-1-1.src.rpm\n"
			 "q\t1-1\t1\t1\t%s\t(none)\t1\tx86_64\t0\tq-1-1.src.rpm\n",
			 cases[i].vendor, cases[i].own);
		t = new_layer(&im);
		tar_file(t, "etc/os-release", release);
		tar_file(t, "var/lib/rpmmanifest/container-manifest-2", manifest);
		merge(&im);
		assert_int_equal(im.out.package_count, 2);
		assert_int_equal(im.out.packages[0].pkg.third_party, cases[i].foreign);
		drop(&im);
	}
}

/* Without a vendor: foreign only where the distribution's other packages state theirs. */
/* Files of languages that the image shows and no package owns; what a layer above removes, hides or
 * replaces is not there. */
static void test_languages(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
	tar_file(t, "var/lib/dpkg/status", PKG("python3-six", "1"));
	tar_file(t, "var/lib/dpkg/info/python3-six.list",
		 "/usr/lib/python3/dist-packages/six.egg-info\n/lib/old/x.jar\n");
	tar_file(t, "usr/lib/python3/dist-packages/six.egg-info", "");
	tar_file(t, "usr/lib/old/x.jar", "");
	merge(&im);
	assert_int_equal(im.out.language_count, 0);
	drop(&im);
	im = (struct image){.count = 0};
	t = new_layer(&im);
	tar_file(t, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	tar_file(t, "app/node_modules/a/package.json", "{}");
	tar_file(t, "app/node_modules/b/package.json", "{}");
	tar_file(t, "cache/x.jar", "");
	tar_file(t, "opt/y.jar", "");
	tar_file(t, "opq/z.jar", "");
	t = new_layer(&im);
	tar_file(t, "app/node_modules/.wh.b", "");
	tar_file(t, ".wh.cache", "");
	tar_file(t, "opq/.wh..wh..opq", "");
	tar_file(t, "opt/y.jar", "again");
	merge(&im);
	assert_int_equal(im.out.language_count, 2);
	assert_string_equal(im.out.languages[0].kind, "npm");
	assert_int_equal(im.out.languages[0].count, 1);
	assert_true(
	    bytes_eq_lit(im.out.languages[0].examples[0], "app/node_modules/a/package.json"));
	assert_string_equal(im.out.languages[1].kind, "Maven");
	assert_int_equal(im.out.languages[1].count, 1);
	assert_int_equal(im.out.state, INV_ASSESSED);
	drop(&im);
	/* more than a layer records */
	im = (struct image){.count = 0};
	t = new_layer(&im);
	for (int i = 0; i < 300; i++) {
		char path[64];
		(void)snprintf(path, sizeof path, "lib/%d.jar", i);
		tar_file(t, path, "");
	}
	merge(&im);
	assert_int_equal(im.out.languages[0].count, LAYER_LANGUAGES_MAX);
	assert_true(im.out.languages[0].more);
	drop(&im);
	/* and those that are recorded are gone: nothing is known of the others */
	im = (struct image){.count = 0};
	t = new_layer(&im);
	for (int i = 0; i < 300; i++) {
		char path[64];
		(void)snprintf(path, sizeof path, "lib/%d.jar", i);
		tar_file(t, path, "");
	}
	tar_file(new_layer(&im), ".wh.lib", "");
	merge(&im);
	assert_int_equal(im.out.language_count, 1);
	assert_true(im.out.languages[0].more);
	drop(&im);
}

/* Whose a language's file is: a package's that is installed, by a list that is not older than the
 * file. */
static void test_languages_owned(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
	tar_file(t, "var/lib/dpkg/status", PKG("npm", "1"));
	tar_file(t, "var/lib/dpkg/info/npm.list",
		 "/usr/lib/node_modules/npm/package.json\n/opt/b.jar\n");
	tar_file(t, "var/lib/dpkg/info/gone.list", "/opt/a.jar\n");
	tar_file(t, "usr/lib/node_modules/npm/package.json", "1");
	tar_file(t, "opt/a.jar", "");
	tar_file(t, "opt/b.jar", "");
	tar_put(t, "opt/c.jar", '2', "/data/c", BYTES_NONE);
	tar_put(t, "opt/d.jar", '2', "b.jar", BYTES_NONE);
	tar_file(new_layer(&im), "usr/lib/node_modules/npm/package.json", "2");
	merge(&im);
	assert_int_equal(im.out.language_count, 2);
	assert_string_equal(im.out.languages[0].kind, "Maven");
	assert_int_equal(im.out.languages[0].count, 2);
	assert_true(bytes_eq_lit(im.out.languages[0].examples[0], "opt/a.jar"));
	assert_true(bytes_eq_lit(im.out.languages[0].examples[1], "opt/c.jar"));
	assert_string_equal(im.out.languages[1].kind, "npm");
	assert_int_equal(im.out.languages[1].count, 1);
	drop(&im);
}

/* A list that claims what no package of a distribution may have owns nothing, nor does one by a
 * path that was never moved below usr. */
static void test_languages_claimed(void **state)
{
	static const char *const claimed[] = {"app/node_modules/a/package.json",
					      "home/x/a.jar",
					      "root/a.jar",
					      "srv/a.jar",
					      "tmp/a.jar",
					      "usr/local/lib/a.jar",
					      "usr/data/a.jar"};
	enum { COUNT = sizeof claimed / sizeof claimed[0] };
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
	tar_file(t, "var/lib/dpkg/status", PKG("bash", "1"));
	tar_file(
	    t, "var/lib/dpkg/info/bash.list",
	    "/app/node_modules/a/package.json\n/home/x/a.jar\n/root/a.jar\n/srv/a.jar\n/tmp/a.jar\n"
	    "/usr/local/lib/a.jar\n/data/a.jar\n");
	for (size_t i = 0; i < COUNT; i++)
		tar_file(t, claimed[i], "");
	merge(&im);
	size_t count = 0;
	for (size_t i = 0; i < im.out.language_count; i++)
		count += im.out.languages[i].count;
	assert_int_equal(count, COUNT);
	drop(&im);
}

/* Owners are looked for under layers that remove many file lists: the cost is counted and small. */
static void test_owner_steps(void **state)
{
	struct image im = {.count = 0};
	static struct lay lays[400];
	struct err e = ERR_INIT;
	char path[80];
	struct buf list;
	struct buf *t = new_layer(&im);
	(void)state;
	buf_init(&list, 65536);
	tar_file(t, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	for (int i = 0; i < 200; i++) {
		(void)snprintf(path, sizeof path, "usr/share/%d.jar", i);
		tar_file(t, path, "");
		buf_printf(&list, "/%s\n", path);
	}
	tar_file(t, "var/lib/dpkg/info/a.list", buf_cstr(&list));
	buf_free(&list);
	t = new_layer(&im);
	for (int i = 0; i < 20000; i++) {
		(void)snprintf(path, sizeof path, "var/lib/dpkg/info/.wh.q%d.list", i);
		tar_file(t, path, "");
	}
	merge(&im);
	lays[0] = im.lays[0];
	for (size_t i = 1; i < 400; i++)
		lays[i] = im.lays[1];
	assert_int_equal(merge_lays(lays, 400, &im.a, &im.out, &e), 0);
	assert_int_equal(im.out.language_count, 0);
	assert_int_equal(im.out.package_count, 1);
	assert_in_range(im.out.steps, 200 * 400, INV_STEP_MAX);
	drop(&im);
}

/* Builders that leave the Maintainer as it is: their versions tell. */
static void test_third_party_by_version(void **state)
{
	static const struct {
		const char *version;
		bool foreign;
	} rows[] = {
	    {"5.2.15-2+b2", false},
	    {"2.36-9+deb12u8.root.io.1", true},
	    {"15.5-1.pgdg120+1", true},
	    {"8.2.13-1+0~20231122.22+debian12~1.gbp1b2c3d", true},
	    {"2.9.14+dfsg-1.3+deb.sury.org+1", true},
	    {"1:10.11.6+maria~deb12", true},
	    {"3.11.4-1+jammy1", true},
	    {"2:27.0.0-0ubuntu1~cloud0", true},
	    {"1.25.3-1~bookworm", true},
	    {"7.0-1~bpo12+1", false},
	    {"3.0.13-1~deb12u1", false},
	    {"24.0.5-0ubuntu1~22.04.1", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		char status[300];
		(void)snprintf(
		    status, sizeof status,
		    "Package: a\nStatus: install ok installed\nVersion: %s\nArchitecture: all\n",
		    rows[i].version);
		tar_file(t, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
		tar_file(t, "var/lib/dpkg/status", status);
		merge(&im);
		if (im.out.packages[0].pkg.third_party != rows[i].foreign)
			fail_msg("%s", rows[i].version);
		drop(&im);
	}
}

static void test_no_vendor(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", "ID=amzn\nVERSION_ID=2\n");
	tar_file(t, "var/lib/rpmmanifest/container-manifest-2",
		 "a\t1-1.amzn2\t1\t1\tAmazon Linux\t(none)\t1\tx86_64\t0\ta-1-1.amzn2.src.rpm\n"
		 "b\t1-1.amzn2\t1\t1\t(none)\t(none)\t1\tx86_64\t0\tb-1-1.amzn2.src.rpm\n"
		 "c\t1-1\t1\t1\t(none)\t(none)\t1\tx86_64\t0\tc-1-1.src.rpm\n");
	merge(&im);
	assert_int_equal(im.out.package_count, 3);
	assert_false(im.out.packages[0].pkg.third_party);
	assert_false(im.out.packages[1].pkg.third_party);
	assert_true(im.out.packages[2].pkg.third_party);
	assert_int_equal(im.out.third_party_count, 1);
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

static int torture_run(void *arg)
{
	struct image *im = arg;
	struct arena a;
	struct inv_image out;
	arena_init(&a, (size_t)1 << 20);
	int r = merge_lays(im->lays, im->count, &a, &out, NULL);
	arena_free(&a);
	return r;
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
	    cmocka_unit_test(test_which_distribution),
	    cmocka_unit_test(test_release_of_repositories),
	    cmocka_unit_test(test_product_streams),
	    cmocka_unit_test(test_manifest_of_chisel),
	    cmocka_unit_test(test_third_party),
	    cmocka_unit_test(test_third_party_by_version),
	    cmocka_unit_test(test_languages),
	    cmocka_unit_test(test_languages_owned),
	    cmocka_unit_test(test_languages_claimed),
	    cmocka_unit_test(test_owner_steps),
	    cmocka_unit_test(test_no_vendor),
	    cmocka_unit_test(test_unread_and_incomplete),
	    cmocka_unit_test(test_nested_roots),
	    cmocka_unit_test(test_owners),
	    cmocka_unit_test(test_torture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
