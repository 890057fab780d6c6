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

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {"all.json"},
    .unwanted = {"all.html"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
