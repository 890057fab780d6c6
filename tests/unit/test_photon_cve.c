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
	assert_true(f->wants(BYTES_LIT("cve_data_photon5.0.json")));
	assert_false(f->wants(BYTES_LIT("cve_data.json")));
	assert_false(f->wants(BYTES_LIT("photon_versions.json")));
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
