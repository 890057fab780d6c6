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

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof "Candidate: CVE-" - 1,
    .wanted = {"active/CVE-2031-1"},
    .unwanted = {"active/00boilerplate", "active/CVE-2031-1.json"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
