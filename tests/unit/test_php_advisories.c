#include "feed_case.h"

#define FEED "php-advisories"
#define DOC(versions)                                                                              \
	"cve: CVE-2031-1\nlink: \"https://x\"\nbranches:\n  1.x:\n    versions: " versions         \
	"\nreference: composer://a/b\n"
#define ADV "advisory php-advisories CVE-2031-1 Unknown\n reference ADVISORY https://x\n"

static const struct feed_case cases[] = {
    {DOC("['<1.2']"), ADV " affected Packagist a/b binary fixed\n  0 introduced 0\n  0 fixed 1.2\n",
     0},
    {DOC("['1.2']"),
     ADV " affected Packagist a/b binary affected\n  0 introduced 1.2\n  0 last_affected 1.2\n", 0},
    {DOC("['>=1.2']"), ADV " affected Packagist a/b binary affected\n  0 introduced 1.2\n", 0},
    {DOC("['~1']"),
     "note file: a branch not used: its versions are no range\n"
     "note file: record not used: no versions\n",
     0},
    {"cve: CVE-2031-1\nreference: https://x\n",
     "note file: record not used: no package of Composer\n", 0},
    {"a: [\n", "", -ERR_FORMAT},
    {"", "", -ERR_FORMAT},
};

static const char whole[] = DOC("['>=1.0','<1.2']");

static void branches_past_the_limit_are_told(void **state)
{
	struct buf text;
	struct feed_catch c;
	struct err e = ERR_INIT;
	(void)state;
	buf_init(&text, 1U << 20);
	buf_put_text(&text, "cve: CVE-2031-1\nreference: composer://a/b\nbranches:\n");
	for (int i = 0; i < 256; i++)
		buf_printf(&text, "  %d.x:\n    versions: ['%d.0']\n", i, i);
	assert_int_equal(feed_run(FEED, buf_bytes(&text), &c, &e), 0);
	assert_int_equal(c.notes, 1);
	assert_non_null(strstr(buf_cstr(&c.text), "branches not used: there are more than 255"));
	buf_free(&c.text);
	buf_free(&text);
}

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = 1,
    .wanted = {"drupal/core/CVE-2031-1.yaml"},
    .unwanted = {"composer.json"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	    cmocka_unit_test(branches_past_the_limit_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
