#include "feed_case.h"

#define FEED "ubuntu-tracker"
#define ID "Candidate: CVE-2031-1\n"
#define ADV "advisory ubuntu-tracker CVE-2031-1 Unknown\n"

static const struct feed_case cases[] = {
    {ID "jammy_a: needed\n", ADV " affected Ubuntu:22.04:LTS a source affected\n  0 introduced 0\n",
     0},
    /* no release with the package, or series that no image has */
    {ID "jammy_a: DNE\nupstream_a: released (1)\nvivid/ubuntu-core_a: needed\n", "", 0},
    /* of the words behind a version, none is one */
    {ID "hardy_a: released (1.0-1 , universe)\n",
     ADV " affected Ubuntu:8.04:LTS a source fixed\n  0 introduced 0\n  0 fixed 1.0-1\n", 0},
    /* the service's name is in the ecosystem */
    {ID "realtime/jammy_linux: needed\n",
     ADV " affected Ubuntu:Pro:Realtime:22.04:LTS linux source affected\n  0 introduced 0\n", 0},
    {ID "focal_a: released (pending)\n",
     ADV " affected Ubuntu:20.04:LTS a source fixed\n  0 introduced 0\n  0 fixed pending\n"
	 "note CVE-2031-1: package a: \"pending\" is not a version: it cannot be compared\n",
     0},
    {ID "Priority: untriaged\nDescription:\n ** REJECT ** a duplicate\njammy_a: needed\n",
     "advisory ubuntu-tracker CVE-2031-1 Unknown withdrawn=1\n"
     "note CVE-2031-1: record not used: withdrawn\n",
     0},
    {ID, "", 0},
    {"PublicDate: unknown\n", "", -ERR_FORMAT},
    {"Candidate: x\njammy_a: needed\n", "", -ERR_FORMAT},
    {"", "", -ERR_FORMAT},
};

static const char whole[] = ID "PublicDate: 2031-01-01 00:00:00 UTC\nReferences:\n http://x\n"
			       "Description:\n a\n b\nPriority: high\nPriority_a: low\nCVSS:\n"
			       " nvd: CVSS:3.1/AV:N\njammy_a: released (1)\n"
			       "trusty/esm_a: ignored (end-of-life)\n";

static void documents_give_what_they_say(void **state)
{
	(void)state;
	feed_check(FEED, cases, sizeof cases / sizeof *cases);
}

static void hostile_runs_end(void **state)
{
	(void)state;
	feed_prefixes(FEED, whole, sizeof "Candidate: CVE-" - 1);
	feed_tortured(FEED, whole);
	feed_refused(FEED, whole);
}

static void only_records_are_wanted(void **state)
{
	(void)state;
	const struct feed *f = feed_find(BYTES_LIT(FEED));
	assert_true(f->wants(BYTES_LIT("active/CVE-2031-1")));
	assert_false(f->wants(BYTES_LIT("active/00boilerplate")));
	assert_false(f->wants(BYTES_LIT("active/CVE-2031-1.json")));
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
	    cmocka_unit_test(only_records_are_wanted),
	    cmocka_unit_test(golden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
