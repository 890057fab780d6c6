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

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {"vex/cve/2031/CVE-2031-1.json"},
    .unwanted = {"vex/usn/USN-1-1.json"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
