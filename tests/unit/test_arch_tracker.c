#include "feed_case.h"

#define FEED "arch-tracker"

static const struct feed_case cases[] = {
    {"[{\"name\":\"AVG-1\",\"status\":\"Vulnerable\",\"packages\":[\"a\"]}]",
     "advisory arch-tracker AVG-1 Unknown\n affected Arch Linux a binary affected\n  0 introduced 0\n",
     0},
    {"[{\"name\":\"AVG-1\",\"status\":\"Fixed\",\"fixed\":\"none\",\"packages\":[\"a\"]}]",
     "advisory arch-tracker AVG-1 Unknown\n affected Arch Linux a binary fixed\n  0 introduced 0\n"
     "  0 fixed none\nnote AVG-1: package a: \"none\" is not a version: it cannot be compared\n",
     0},
    {"[{\"name\":\"AVG-1\",\"status\":\"Vulnerable\",\"packages\":[]}]",
     "note AVG-1: record not used: no affected package\n", 0},
    {"[]", "", 0},
    {"[1]", "", -ERR_FORMAT},
    {"{}", "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] =
    "[{\"name\":\"AVG-1\",\"status\":\"Fixed\",\"fixed\":\"2\",\"packages\":[\"a\"],\"issues\":[\"CVE-2031-1\"],\"advisories\":[\"ASA-1\"]}]";

static void documents_give_what_they_say(void **state)
{
	(void)state;
	feed_check(FEED, cases, sizeof cases / sizeof *cases);
}

static void hostile_runs_end(void **state)
{
	(void)state;
	feed_prefixes(FEED, whole, sizeof whole - 1);
	feed_tortured(FEED, whole);
	feed_refused(FEED, whole);
}

static void only_documents_are_wanted(void **state)
{
	(void)state;
	const struct feed *f = feed_find(BYTES_LIT(FEED));
	assert_true(f->wants(BYTES_LIT("all.json")));
	assert_false(f->wants(BYTES_LIT("all.html")));
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
	    cmocka_unit_test(hostile_runs_end),
	    cmocka_unit_test(only_documents_are_wanted),
	    cmocka_unit_test(golden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
