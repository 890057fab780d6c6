/* inv_merge: files of languages that the image shows, and whose they are. */
#include "torture.h"

#include "image_make.h"

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
		 "/usr/lib/python3/dist-packages/six.egg-info\n/lib/old/x.nuspec\n");
	tar_file(t, "usr/lib/python3/dist-packages/six.egg-info", "");
	tar_file(t, "usr/lib/old/x.nuspec", "");
	merge(&im);
	assert_int_equal(im.out.language_count, 0);
	drop(&im);
	im = (struct image){.count = 0};
	t = new_layer(&im);
	tar_file(t, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	tar_file(t, "app/a/go.sum", "{}");
	tar_file(t, "app/b/go.sum", "{}");
	tar_file(t, "cache/x.nuspec", "");
	tar_file(t, "opt/y.nuspec", "");
	tar_file(t, "opq/z.nuspec", "");
	t = new_layer(&im);
	tar_file(t, "app/.wh.b", "");
	tar_file(t, ".wh.cache", "");
	tar_file(t, "opq/.wh..wh..opq", "");
	tar_file(t, "opt/y.nuspec", "again");
	merge(&im);
	assert_int_equal(im.out.language_count, 2);
	assert_string_equal(im.out.languages[0].kind, "Go");
	assert_int_equal(im.out.languages[0].count, 1);
	assert_true(bytes_eq_lit(im.out.languages[0].examples[0], "app/a/go.sum"));
	assert_string_equal(im.out.languages[1].kind, "NuGet");
	assert_int_equal(im.out.languages[1].count, 1);
	assert_int_equal(im.out.state, INV_ASSESSED);
	drop(&im);
}

static void test_languages_past_limit(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	/* more than a layer records */
	for (int i = 0; i < 300; i++) {
		char path[64];
		(void)snprintf(path, sizeof path, "lib/%d.nuspec", i);
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
		(void)snprintf(path, sizeof path, "lib/%d.nuspec", i);
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
	tar_file(t, "var/lib/dpkg/info/npm.list", "/usr/lib/npm/go.sum\n/usr/share/b.nuspec\n");
	tar_file(t, "var/lib/dpkg/info/gone.list", "/usr/share/a.nuspec\n");
	tar_file(t, "usr/lib/npm/go.sum", "1");
	tar_file(t, "usr/share/a.nuspec", "");
	tar_file(t, "usr/share/b.nuspec", "");
	tar_put(t, "usr/share/c.nuspec", '2', "/data/c", BYTES_NONE);
	tar_put(t, "usr/share/d.nuspec", '2', "b.nuspec", BYTES_NONE);
	tar_file(new_layer(&im), "usr/lib/npm/go.sum", "2");
	merge(&im);
	assert_int_equal(im.out.language_count, 2);
	assert_string_equal(im.out.languages[0].kind, "NuGet");
	assert_int_equal(im.out.languages[0].count, 2);
	assert_true(bytes_eq_lit(im.out.languages[0].examples[0], "usr/share/a.nuspec"));
	assert_true(bytes_eq_lit(im.out.languages[0].examples[1], "usr/share/c.nuspec"));
	assert_string_equal(im.out.languages[1].kind, "Go");
	assert_int_equal(im.out.languages[1].count, 1);
	drop(&im);
}

/* A list that claims what no package of a distribution may have owns nothing, nor does one by a
 * path that was never moved below usr. */
static void test_languages_claimed(void **state)
{
	static const char *const claimed[] = {
	    "app/a/go.sum", "home/x/a.nuspec",	      "root/a.nuspec",	  "srv/a.nuspec",
	    "tmp/a.nuspec", "usr/local/lib/a.nuspec", "usr/data/a.nuspec"};
	enum { COUNT = sizeof claimed / sizeof claimed[0] };
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
	tar_file(t, "var/lib/dpkg/status", PKG("bash", "1"));
	tar_file(t, "var/lib/dpkg/info/bash.list",
		 "/app/a/go.sum\n/home/x/a.nuspec\n/root/a.nuspec\n/srv/a.nuspec\n/tmp/a.nuspec\n"
		 "/usr/local/lib/a.nuspec\n/data/a.nuspec\n");
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
		(void)snprintf(path, sizeof path, "usr/share/%d.nuspec", i);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_languages),	    cmocka_unit_test(test_languages_past_limit),
	    cmocka_unit_test(test_languages_owned), cmocka_unit_test(test_languages_claimed),
	    cmocka_unit_test(test_owner_steps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
