#define FEED_PATH "distro-info/debian.csv"
#include "feed_case.h"

#define FEED "end-of-life"
#define ADV(name) "advisory end-of-life debian " name " Unknown\n summary "
#define AFFECTED " affected end-of-life debian binary end_of_life"

static const struct feed_case cases[] = {
    /* distro-info-data: of this file's name; what third parties offer does not count */
    {"version,codename,series,created,release,eol,eol-lts,eol-elts\n"
     "1.1,Buzz,buzz,1993-08-16\n"
     "6.0,Squeeze,squeeze,2009-02-14,2011-02-06,2014-05-31,2016-02-29\n"
     "10,Buster,buster,,,2022-09-10,2024-06-30,2029-06-30\n"
     "31,Ends,soon,,,2031-13-01\n"
     "14,Forky,forky,2025-08-09,,\n",
     ADV("6") "distro-info-data\n" AFFECTED " vendor_id=LTS\n"
	      "  0 limit 2014-05-31\n  1 limit 2016-02-29\n  version 6\n" ADV(
		  "10") "distro-info-data\n" AFFECTED
			" vendor_id=LTS\n  0 limit 2022-09-10\n  1 limit 2024-06-30\n  version 10\n",
     0},
    /* endoflife.date before its API 1: truths say nothing of a day */
    {"[{\"cycle\":\"12\",\"eol\":\"2026-06-10\",\"extendedSupport\":\"2028-06-30\"},"
     "{\"cycle\":\"13\",\"eol\":false},{\"cycle\":\"11\",\"eol\":true},7,"
     "{\"cycle\":\"9\",\"eol\":\"2020-07-18\",\"extendedSupport\":true}]",
     ADV("12") "endoflife.date\n" AFFECTED " vendor_id=extended support\n"
	       "  0 limit 2026-06-10\n  1 limit 2028-06-30\n  version 12\n" ADV(
		   "9") "endoflife.date\n" AFFECTED "\n  0 limit 2020-07-18\n  version 9\n",
     0},
    /* its API 1: all products, of which operating systems count; a time that follows */
    {"{\"result\":[{\"releases\":[{\"name\":\"8\",\"eolFrom\":\"2029-05-31\",\"eoesFrom\":null}],"
     "\"labels\":{\"eoes\":\"ELS\"},\"category\":\"os\",\"name\":\"rocky-linux\"},"
     "{\"name\":\"python\",\"category\":\"lang\",\"releases\":[{\"name\":\"3\",\"eolFrom\":"
     "\"2030-01-01\"}]}],\"generated_at\":\"2031-01-02T00:00:00Z\"}",
     "advisory end-of-life rocky 8 Unknown modified=1925078400000\n summary endoflife.date\n"
     " affected end-of-life rocky binary end_of_life\n  0 limit 2029-05-31\n  version 8\n",
     0},
    {"{\"result\":{\"name\":\"ubuntu\",\"category\":\"os\",\"labels\":{\"eoes\":\"ESM\"},"
     "\"releases\":[{\"name\":\"24.04\",\"eolFrom\":\"2029-04-25\",\"eoesFrom\":\"2036-04-25\"}]}}",
     "advisory end-of-life ubuntu 24.04 Unknown\n summary endoflife.date\n"
     " affected end-of-life ubuntu binary end_of_life vendor_id=ESM\n"
     "  0 limit 2029-04-25\n  1 limit 2036-04-25\n  version 24.04\n",
     0},
    /* an end that is before the standard one is none */
    {"[{\"cycle\":\"1\",\"eol\":\"2026-06-10\",\"extendedSupport\":\"2025-06-30\"}]",
     ADV("1") "endoflife.date\n" AFFECTED "\n  0 limit 2026-06-10\n  version 1\n", 0},
    {"{\"message\":\"not found\"}", "", -ERR_FORMAT},
    {"{\"result\":[", "", -ERR_TRUNCATED},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] =
    "{\"result\":[{\"name\":\"ubuntu\",\"category\":\"os\",\"labels\":{\"eoes\":\"ESM\"},"
    "\"releases\":[{\"name\":\"24.04\",\"eolFrom\":\"2029-04-25\",\"eoesFrom\":\"2036-04-25\"}]}]}";

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {"distro-info/ubuntu.csv", "debian.json"},
    .unwanted = {"devuan.csv", "debian.md"},
};

/* Of the other form no prefix is short of anything: each line counts by itself. */
static void lists_of_distro_info_end(void **state)
{
	(void)state;
	feed_prefixes(FEED, cases[0].document, 0);
	feed_tortured(FEED, cases[0].document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	    cmocka_unit_test(lists_of_distro_info_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
