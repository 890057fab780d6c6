#define FEED_PATH "cve_data_photon5.0.json"
#include "feed_case.h"

#define FEED "photon-cve"
#define DOC(fixed, status)                                                                         \
	"[{\"cve_id\":\"CVE-2031-1\",\"pkg\":\"a\",\"cve_score\":7.5,\"res_ver\":\"" fixed         \
	"\",\"status\":\"" status "\"}]"
#define ADV "advisory photon-cve CVE-2031-1 Unknown\n"

static const struct feed_case cases[] = {
    {DOC("2-1.ph5", "Fixed"),
     ADV
     " affected Photon OS:5.0 a source fixed severity=High\n  0 introduced 0\n  0 fixed 2-1.ph5\n",
     0},
    {DOC("NA", "Not Fixed"),
     ADV " affected Photon OS:5.0 a source affected severity=High\n  0 introduced 0\n", 0},
    {DOC("NA", "Not Affected"), ADV " affected Photon OS:5.0 a source not_affected severity=High\n",
     0},
    {"[{\"cve_id\":\"CVE-2031-1\"}]", "note CVE-2031-1: record not used: no package\n", 0},
    {"[]", "", 0},
    {"{}", "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] = DOC("2-1.ph5", "Fixed");

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {"cve_data_photon5.0.json"},
    .unwanted = {"cve_data.json", "photon_versions.json"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
