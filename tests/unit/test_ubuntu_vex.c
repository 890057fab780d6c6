#include "feed_case.h"

#define FEED "ubuntu-vex"
#define DOC(statements)                                                                            \
	"{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"statements\":[" statements "]}"
#define ABOUT(cve) "{\"vulnerability\":{\"name\":\"" cve "\"},"
#define PURL "pkg:deb/ubuntu/a@1?arch=source&distro=jammy"
#define OF(id) "\"products\":[{\"@id\":\"" id "\"}]}"
#define ADV "advisory ubuntu-vex CVE-2031-1 Unknown\n"

static const struct feed_case cases[] = {
    {DOC(ABOUT("CVE-2031-1") "\"status\":\"affected\"," OF(PURL)),
     ADV " affected Ubuntu:22.04:LTS a source affected\n  0 introduced 0\n", 0},
    /* what the archive holds today says nothing about what fixed it */
    {DOC(ABOUT("CVE-2031-1") "\"status\":\"fixed\"," OF(PURL)), "", 0},
    {DOC(ABOUT("CVE-2031-1") "\"status\":\"sunk\"," OF(PURL)), "", 0},
    /* a document is about one CVE; another one's statement is not taken for it */
    {DOC(ABOUT("CVE-2031-1") "\"status\":\"fixed\"}," ABOUT(
	 "CVE-2031-2") "\"status\":\"affected\"," OF(PURL)),
     "", 0},
    {DOC(ABOUT("CVE-2031-1") "\"status\":\"affected\"," OF("pkg:deb/ubuntu/%zz?arch=source")),
     "note CVE-2031-1: products not used: no package URLs\n", 0},
    {DOC(ABOUT("x") "\"status\":\"affected\"," OF(PURL)), "note file: record not used: no CVE id\n",
     0},
    {"{\"statements\":[]}", "", -ERR_FORMAT},
    {"[]", "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] =
    DOC(ABOUT("CVE-2031-1") "\"status\":\"affected\",\"action_statement\":\"deferred\"," OF(PURL));

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

static void only_records_are_wanted(void **state)
{
	(void)state;
	const struct feed *f = feed_find(BYTES_LIT(FEED));
	assert_true(f->wants(BYTES_LIT("vex/cve/2031/CVE-2031-1.json")));
	assert_false(f->wants(BYTES_LIT("vex/usn/USN-1-1.json")));
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
