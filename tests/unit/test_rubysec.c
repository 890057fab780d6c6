#include "feed_case.h"

#define FEED "rubysec"
#define HEAD "gem: a\ncve: 2031-1\n"
#define ADV(rest) "advisory rubysec CVE-2031-1 Unknown\n affected RubyGems a binary" rest

static const struct feed_case cases[] = {
    {HEAD "patched_versions:\n- '>= 2'\n", ADV(" fixed\n  0 introduced 0\n  0 fixed 2\n"), 0},
    /* nothing is patched: all are affected */
    {HEAD, ADV(" affected\n  0 introduced 0\n"), 0},
    {HEAD "patched_versions:\n- '> 2'\n", ADV(" affected\n  0 introduced 0\n  0 last_affected 2\n"),
     0},
    {HEAD "patched_versions:\n- ~> 1.2\n- ~> 2.0.1\nunaffected_versions:\n- < 1.0\n",
     ADV(" fixed\n  0 introduced 1.0\n  0 fixed 1.2\n  1 introduced 2\n  1 fixed 2.0.1\n"
	 "  2 introduced 2.1\n"),
     0},
    /* runs that touch or overlap, in any order */
    {HEAD "patched_versions:\n- '>= 3'\n- '>= 2, < 3'\n- '>= 2.5'\n",
     ADV(" fixed\n  0 introduced 0\n  0 fixed 2\n"), 0},
    {HEAD "unaffected_versions:\n- <= 1.0\npatched_versions:\n- '>= 2'\n",
     ADV(" fixed\n  0 introduced 1.0.0.1\n  0 fixed 2\n"), 0},
    {HEAD "patched_versions:\n- '^2'\n",
     "note file: a requirement not used: not of RubyGems' form\n" ADV(
	 " affected\n  0 introduced 0\n"),
     0},
    {"engine: mri\ncve: 2031-1\n", "note file: record not used: about a Ruby engine, not a gem\n",
     0},
    {"cve: 2031-1\n", "note file: record not used: no gem\n", 0},
    {"gem: a\n", "note file: record not used: no id\n", 0},
    {"gem: &x a\n", "", -ERR_UNSUPPORTED},
    {"- a\n", "", -ERR_FORMAT},
    {"", "", -ERR_FORMAT},
};

static const char whole[] = HEAD
    "cvss_v3: 7.5\npatched_versions:\n- ~> 1.2.3, >= 1.2.3.1\nrelated:\n  url:\n  - https://x\n";

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof "gem:" - 1,
    .wanted = {"ruby-advisory-db-master/gems/rack/CVE-2031-1.yml", "gems/rack/CVE-2031-1.yml"},
    .unwanted = {"rubies/ruby/CVE-2031-1.yml", "gems/README.md"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
