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

static void documents_give_what_they_say(void **state)
{
	(void)state;
	feed_check(FEED, cases, sizeof cases / sizeof *cases);
}

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

static void hostile_runs_end(void **state)
{
	(void)state;
	feed_prefixes(FEED, whole, 1);
	feed_tortured(FEED, whole);
	feed_refused(FEED, whole);
}

static void only_documents_are_wanted(void **state)
{
	(void)state;
	const struct feed *f = feed_find(BYTES_LIT(FEED));
	assert_true(f->wants(BYTES_LIT("drupal/core/CVE-2031-1.yaml")));
	assert_false(f->wants(BYTES_LIT("composer.json")));
}

static void golden(void **state)
{
	(void)state;
	feed_golden(FEED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(documents_give_what_they_say),
	    cmocka_unit_test(branches_past_the_limit_are_told),
	    cmocka_unit_test(hostile_runs_end),
	    cmocka_unit_test(only_documents_are_wanted),
	    cmocka_unit_test(golden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
