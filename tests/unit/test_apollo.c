#include "feed_case.h"

#define FEED "apollo"
#define DOC(package)                                                                               \
	"{\"advisories\":[{\"name\":\"RLSA-1\",\"kind\":\"Security\",\"cves\":[{\"cve\":"          \
	"\"CVE-2031-1\"}],\"packages\":[{" package "}]}]}"
#define ADV "advisory apollo RLSA-1 Unknown\n alias CVE-2031-1\n"
#define NONE "note RLSA-1: record not used: no affected package\n"
#define OF10 "\"product_name\":\"Rocky Linux 10 x86_64\""

static const struct feed_case cases[] = {
    {DOC("\"nevra\":\"a-b-2:1-2.el10.x86_64.rpm\"," OF10),
     ADV " affected Rocky Linux:10 a-b binary fixed arches=x86_64\n  0 introduced 0\n  0 fixed "
	 "2:1-2.el10\n",
     0},
    {DOC("\"nevra\":\"a-0:1-2.src.rpm\"," OF10), NONE, 0},
    {DOC("\"nevra\":\"-0:1-2.x86_64.rpm\"," OF10), NONE, 0},
    {DOC("\"nevra\":\"0:1-2.x86_64.rpm\"," OF10), NONE, 0},
    {DOC("\"nevra\":\"a-0:.\"," OF10), NONE, 0},
    {DOC("\"nevra\":\"a\"," OF10), NONE, 0},
    {DOC("\"nevra\":7," OF10), NONE, 0},
    {DOC("\"nevra\":\"a-0:1-2.x86_64.rpm\",\"product_name\":\"Rocky Linux x86_64\""), NONE, 0},
    {"{\"advisories\":[1,{}]}", "", 0},
    {"{\"advisory\":{\"kind\":\"Bug Fix\"}}", "", 0},
    {"{\"page\":1}", "", -ERR_FORMAT},
    {"[]", "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] = DOC(
    "\"nevra\":\"a-1:1-2.el10.x86_64.rpm\",\"module_name\":\"m\",\"module_stream\":\"1\"," OF10);

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
