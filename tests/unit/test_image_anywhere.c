/* inv_merge: packages that files state wherever they lie (Python), or in folders of a folder
 * (Arch). */
#include "torture.h"

#include "image_make.h"

#define SITE "opt/venv/lib/python3.11/site-packages/"
#define DIST "usr/lib/python3/dist-packages/"
#define META(name, version) "Metadata-Version: 2.1\nName: " name "\nVersion: " version "\n\n"
#define ARCH_DESC(name, version) "%NAME%\n" name "\n\n%VERSION%\n" version "\n\n%ARCH%\nany\n"
#define LOCAL "var/lib/pacman/local/"

/* "type/name version layer path" of each package, as they come, "; " between. */
static void assert_packages(const struct image *im, const char *want)
{
	struct buf have;
	buf_init(&have, 65536);
	for (size_t i = 0; i < im->out.package_count; i++) {
		const struct inv_package *p = &im->out.packages[i];
		buf_printf(&have, "%s%.*s/%.*s %.*s %u %.*s", i ? "; " : "", BYTES_ARG(p->pkg.type),
			   BYTES_ARG(p->pkg.name), BYTES_ARG(p->pkg.version), p->layer,
			   BYTES_ARG(p->pkg.path));
	}
	assert_string_equal(buf_cstr(&have), want);
	buf_free(&have);
}

/* Each place is a package; what stays the same stays its first layer's; no distribution is put on
 * it. */
static void test_places(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	tar_file(t, SITE "Six-1.dist-info/METADATA", META("Six", "1"));
	tar_file(t, "srv/x/six-1.dist-info/METADATA", META("six", "1"));
	tar_file(t, "srv/x/six-1.dist-info/RECORD", "six.py,,\n");
	tar_file(t, "srv/old.egg-info", META("old", "2"));
	t = new_layer(&im);
	tar_file(t, SITE "Six-1.dist-info/METADATA", META("Six", "1") "Summary: again\n");
	tar_file(t, "srv/old.egg-info", META("old", "3"));
	merge(&im);
	assert_packages(&im, "deb/a 1 0 var/lib/dpkg/status; pypi/old 3 1 srv/old.egg-info; "
			     "pypi/six 1 0 " SITE "Six-1.dist-info/METADATA; "
			     "pypi/six 1 0 srv/x/six-1.dist-info/METADATA");
	assert_int_equal(im.out.state, INV_ASSESSED);
	assert_int_equal(im.out.language_count, 0);
	for (size_t i = 1; i < im.out.package_count; i++) {
		assert_int_equal(im.out.packages[i].pkg.class, PKG_LANGUAGE);
		assert_int_equal(im.out.packages[i].pkg.distro.len, 0);
		assert_int_equal(im.out.packages[i].pkg.namespace.len, 0);
	}
	drop(&im);
}

/* What an upper layer says, and whether the package is left. */
static void test_removed(void **state)
{
	static const struct {
		const char *path;
		char type;
		bool left;
	} cases[] = {
	    {"opt/a/x-1.dist-info/.wh.METADATA", '0', false},
	    {"opt/a/.wh.x-1.dist-info", '0', false},
	    {"opt/.wh.a", '0', false},
	    {".wh.opt", '0', false},
	    {"opt/a/.wh..wh..opq", '0', false},
	    {"opt/a", '0', false},		 /* a file in the folder's place */
	    {"opt/a/x-1.dist-info", '2', false}, /* a link to nowhere */
	    {"opt/a/x-1.dist-info", '5', true},
	    {"opt/a/.wh.y", '0', true},
	    {"opt/a/x-1.dist-info/RECORD", '0', true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image im = {.count = 0};
		tar_file(new_layer(&im), "opt/a/x-1.dist-info/METADATA", META("x", "1"));
		tar_put(new_layer(&im), cases[i].path, cases[i].type,
			cases[i].type == '2' ? "/nowhere" : NULL, BYTES_NONE);
		merge(&im);
		if (im.out.package_count != cases[i].left)
			fail_msg("%s", cases[i].path);
		drop(&im);
	}
}

/* Of a package of the distribution: not a second time. Not so when the distribution's package is
 * another vendor's, is gone, or pip put a newer one in its place. */
static void test_owned(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status",
		 PKG("python3-six",
		     "1.16.0-4") "Package: docker-x\nStatus: install ok installed\nVersion: 1\n"
				 "Maintainer: Docker <support@docker.com>\n\n");
	tar_file(t, "var/lib/dpkg/info/python3-six.list",
		 "/usr\n/" DIST "six-1.egg-info\n/" DIST "two-1.egg-info\n"
		 "/opt/o/o-1.egg-info\n");
	tar_file(t, "var/lib/dpkg/info/docker-x.list", "/opt/d/d-1.egg-info\n");
	tar_file(t, "var/lib/dpkg/info/gone.list", "/opt/g/g-1.egg-info\n");
	tar_file(t, DIST "six-1.egg-info", META("six", "1"));
	tar_file(t, DIST "two-1.egg-info", META("two", "1"));
	tar_file(t, "opt/d/d-1.egg-info", META("d", "1"));
	tar_file(t, "opt/g/g-1.egg-info", META("g", "1"));
	tar_file(t, "opt/o/o-1.egg-info", META("o", "1")); /* Debian puts nothing there */
	tar_file(t, "opt/p/p-1.egg-info", META("p", "1"));
	t = new_layer(&im);
	tar_file(t, DIST "six-1.egg-info", META("six", "1"));
	tar_file(t, DIST "two-1.egg-info", META("two", "2"));
	merge(&im);
	assert_packages(&im, "deb/docker-x 1 0 var/lib/dpkg/status; "
			     "deb/python3-six 1.16.0-4 0 var/lib/dpkg/status; "
			     "pypi/d 1 0 opt/d/d-1.egg-info; pypi/g 1 0 opt/g/g-1.egg-info; "
			     "pypi/o 1 0 opt/o/o-1.egg-info; pypi/p 1 0 opt/p/p-1.egg-info; "
			     "pypi/two 2 1 " DIST "two-1.egg-info");
	assert_true(
	    has_note(&im, -1, "1 of the Python packages belong to packages of the distribution"));
	drop(&im);
}

static void test_unread(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	tar_file(t, "opt/b-1.dist-info/METADATA", "Name: b\n");
	merge(&im);
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, 0, "no package version"));
	drop(&im);
}

/* A name that cannot be looked up as it is written, or that is none: said where a package is
 * installed. */
static void test_odd_names(void **state)
{
	static const struct {
		const char *path, *file, *note; /* note: a part of it, NULL: none */
	} cases[] = {
	    {"app/node_modules/a/package.json", "{\"name\":\"a\\u0000\",\"version\":\"1\"}",
	     "name or version is none"},
	    {"app/node_modules/a/package.json", "{\"name\":\"a\",\"version\":\"1\\u0007\"}",
	     "name or version is none"},
	    {"app/node_modules/a/package.json", "{\"name\":\"b\",\"version\":\"1\"}", NULL},
	    {"app/node_modules/a/package.json", "{\"type\":\"module\"}", NULL},
	    {"app/node_modules/a/esm/package.json", "{\"name\":\"a b\",\"version\":\"1\"}", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		tar_file(t, "etc/os-release", DEBIAN);
		tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
		tar_file(t, cases[i].path, cases[i].file);
		merge(&im);
		bool noted = cases[i].note && has_note(&im, 0, cases[i].note);
		if (noted != (cases[i].note != NULL) ||
		    im.out.state != (noted ? INV_PARTIAL : INV_ASSESSED))
			fail_msg("%zu: %d", i, (int)im.out.state);
		drop(&im);
	}
}

/* Links where files would state packages: what they lead to was read by its own name, or is said.
 */
static void test_links(void **state)
{
	static const struct {
		const char *link, *target, *file; /* file: what is there beside it */
		bool upper;			  /* the link lies in a layer of its own */
		bool doubt;
	} rows[] = {
	    {"srv/a-1.dist-info/METADATA", "../b-1.dist-info/METADATA",
	     "srv/b-1.dist-info/METADATA", false, false},
	    {"srv/a-1.dist-info/METADATA", "../b-1.dist-info/METADATA",
	     "srv/b-1.dist-info/METADATA", true, false},
	    {"srv/a-1.dist-info/METADATA", "/store/x", "store/x", false, true},
	    {"srv/a-1.dist-info/METADATA", "/store/x", "store/x", true, true},
	    {"srv/a-1.dist-info/METADATA", "/store/x", "store/y", false, false},
	    {"srv/a-1.dist-info/METADATA", "METADATA", "store/y", false, false},
	    {"srv/a-1.egg-info", "/store/x", "store/x", false, true},
	    {"srv/a-1.dist-info", "/store/c-1.dist-info", "store/c-1.dist-info/METADATA", false,
	     false},
	    {"srv/a-1.dist-info", "/store/c", "store/c/METADATA", false, true},
	    {"srv/a-1.dist-info", "/store/c", "store/c/METADATA", true, true},
	    {"srv/a-1.dist-info", "/store/c", "store/c/RECORD", false, false},
	    {"srv/a-1.dist-info", "/store/d", "store/c/METADATA", false, false},
	    {"srv/app/node_modules", "/deps/node_modules", "deps/node_modules/a/package.json",
	     false, false},
	    {"srv/app/node_modules", "/deps/all", "deps/all/a/package.json", true, true},
	    {"srv/app/node_modules", "/deps/all", "deps/some/a/package.json", true, false},
	    {"srv/app/node_modules/a", "../../lib/a", "srv/lib/a/package.json", false, false},
	    {"srv/app/node_modules/a/package.json", "/store/x", "store/x", false, true},
	    {"srv/vendor/composer/installed.json", "/store/x", "store/x", false, true},
	    {"srv/specifications/a-1.gemspec", "/store/x", "store/x", false, true},
	    {"srv/notes.txt", "/store/x", "store/x", false, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		tar_file(t, "etc/os-release", DEBIAN);
		tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
		tar_file(t, rows[i].file,
			 strstr(rows[i].file, "json") ? "{\"name\":\"a\",\"version\":\"1\"}"
						      : META("b", "1"));
		tar_put(rows[i].upper ? new_layer(&im) : t, rows[i].link, '2', rows[i].target,
			BYTES_NONE);
		merge(&im);
		if ((im.out.state != INV_ASSESSED) != rows[i].doubt ||
		    has_note(&im, rows[i].upper, "may be stated behind a link") != rows[i].doubt)
			fail_msg("%s to %s (%s): %.*s", rows[i].link, rows[i].target, rows[i].file,
				 BYTES_ARG(im.out.doubt));
		drop(&im);
	}
}

/* Hard links: to a file of the same layer, read in a second pass; to one of a lower layer, read
 * only when its own name says what it is. */
static void test_hard_links(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	tar_file(t, "store/x", META("x", "1"));
	tar_file(t, "store/y-1.dist-info/METADATA", META("y", "1"));
	tar_put(t, "srv/x-1.dist-info/METADATA", '1', "store/x", BYTES_NONE);
	t = new_layer(&im);
	tar_put(t, "srv/y-1.dist-info/METADATA", '1', "store/y-1.dist-info/METADATA", BYTES_NONE);
	merge(&im);
	assert_packages(&im, "deb/a 1 0 var/lib/dpkg/status; "
			     "pypi/x 1 0 srv/x-1.dist-info/METADATA; "
			     "pypi/y 1 0 store/y-1.dist-info/METADATA");
	assert_int_equal(im.out.state, INV_ASSESSED);
	t = new_layer(&im);
	tar_put(t, "srv/z-1.dist-info/METADATA", '1', "store/x", BYTES_NONE);
	merge(&im);
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, 2, "hard link to a file that was not read"));
	drop(&im);
}

/* A file of the distribution's that cannot be read is that package's matter. */
static void test_owned_unread(void **state)
{
	for (int owned = 0; owned < 2; owned++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		(void)state;
		tar_file(t, "etc/os-release", DEBIAN);
		tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
		tar_file(t, "var/lib/dpkg/info/a.list",
			 owned ? "/usr/lib/node_modules/a/package.json\n/" DIST "b-1.egg-info\n/"
				 "usr/lib/c-1.egg-info\n"
			       : "/usr\n");
		tar_file(t, "usr/lib/node_modules/a/package.json", "{");
		tar_file(t, DIST "b-1.egg-info", "Name: b\n");
		tar_put(t, "usr/lib/c-1.egg-info", '2', "store", BYTES_NONE);
		tar_file(t, "usr/lib/store", "");
		merge(&im);
		assert_int_equal(im.out.state, owned ? INV_ASSESSED : INV_PARTIAL);
		drop(&im);
	}
}

#define ARCH_RELEASE "ID=arch\nNAME=\"Arch Linux\"\nBUILD_ID=rolling\n"

static void test_arch(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", ARCH_RELEASE);
	tar_file(t, LOCAL "ALPM_DB_VERSION", "9\n");
	tar_file(t, LOCAL "a-1-1/desc", ARCH_DESC("a", "1-1"));
	tar_file(t, LOCAL "a-1-1/files", "%FILES%\nusr/\nusr/lib/p-1.egg-info\n");
	tar_file(t, LOCAL "b-1-1/desc", ARCH_DESC("b", "1-1"));
	tar_file(t, LOCAL "c-1-1/desc", ARCH_DESC("c", "1-1"));
	tar_file(t, "usr/lib/p-1.egg-info", META("p", "1"));
	t = new_layer(&im);
	tar_file(t, LOCAL ".wh.b-1-1", "");
	tar_file(t, LOCAL "b-2-1/desc", ARCH_DESC("b", "2-1"));
	tar_file(t, LOCAL ".wh.c-1-1", "");
	merge(&im);
	assert_int_equal(im.out.state, INV_ASSESSED);
	assert_packages(&im, "alpm/a 1-1 0 " LOCAL "a-1-1/desc; alpm/b 2-1 1 " LOCAL "b-2-1/desc");
	assert_true(bytes_eq_lit(im.out.packages[0].pkg.namespace, "arch"));
	assert_true(bytes_eq_lit(im.out.packages[0].pkg.distro, "arch:"));
	drop(&im);
	/* its list of files goes with the package */
	t = new_layer(&im);
	tar_file(t, LOCAL "a-1-1/desc", ARCH_DESC("a", "1-1"));
	tar_file(t, LOCAL "a-1-1/files", "%FILES%\nusr/lib/p-1.egg-info\n");
	tar_file(t, "usr/lib/p-1.egg-info", META("p", "1"));
	t = new_layer(&im);
	tar_file(t, LOCAL ".wh.a-1-1", "");
	tar_file(t, LOCAL "a-2-1/desc", ARCH_DESC("a", "2-1"));
	merge(&im);
	assert_packages(&im, "alpm/a 2-1 1 " LOCAL "a-2-1/desc; pypi/p 1 0 usr/lib/p-1.egg-info");
	drop(&im);
}

/* The database behind a link, as everywhere. */
static void test_arch_behind_link(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", ARCH_RELEASE);
	tar_put(t, "var/lib/pacman", '2', "/data/pacman", BYTES_NONE);
	tar_file(t, "data/pacman/local/a-1-1/desc", ARCH_DESC("a", "1-1"));
	merge(&im);
	assert_packages(&im, "alpm/a 1-1 0 data/pacman/local/a-1-1/desc");
	drop(&im);
	t = new_layer(&im);
	tar_file(t, "etc/os-release", ARCH_RELEASE);
	tar_file(t, LOCAL "a-1-1/desc", ARCH_DESC("a", "1-1"));
	tar_put(t, LOCAL "b-1-1/desc", '2', "/store/b", BYTES_NONE);
	tar_file(t, "store/b", ARCH_DESC("b", "1-1"));
	merge(&im);
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, 0, "a link where files state packages"));
	drop(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places),	     cmocka_unit_test(test_removed),
	    cmocka_unit_test(test_odd_names),	     cmocka_unit_test(test_owned),
	    cmocka_unit_test(test_unread),	     cmocka_unit_test(test_arch),
	    cmocka_unit_test(test_arch_behind_link), cmocka_unit_test(test_links),
	    cmocka_unit_test(test_hard_links),	     cmocka_unit_test(test_owned_unread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
