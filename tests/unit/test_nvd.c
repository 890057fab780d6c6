#include "feed_case.h"

#define FEED "nvd"
#define METRIC(type)                                                                               \
	"\"cvssMetricV31\":[{\"type\":\"" type                                                     \
	"\",\"cvssData\":{\"vectorString\":\"CVSS:3.1/AV:N\"}}]"

static const struct feed_case cases[] = {
    {"{\"cve\":{\"id\":\"CVE-2031-1\",\"metrics\":{" METRIC("Secondary") "}}}",
     "advisory nvd CVE-2031-1 Unknown\n cvss CVSS:3.1/AV:N\n", 0},
    {"{\"vulnerabilities\":[{\"cve\":{\"id\":\"x\"}},1,{\"cve\":2}]}",
     "note file: record not used: no CVE id\nnote file: record not used: no CVE id\n", 0},
    {"{\"vulnerabilities\":[{\"cve\":{\"id\":\"CVE-2031-1\"}}]}", "", 0},
    {"{\"error\":1}", "", -ERR_FORMAT},
    {"[]", "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] =
    "{\"vulnerabilities\":[{\"cve\":{\"id\":\"CVE-2031-1\",\"published\":\"2031-01-01T00:00:00.0\",\"metrics\":{" METRIC(
	"Primary") "},\"weaknesses\":[{\"description\":[{\"value\":\"CWE-1\"}]}],\"references\":[{\"url\":\"https://x\"}],\"descriptions\":[{\"lang\":\"en\",\"value\":\"t\"}]}}]}";

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {"nvdcve-2.0-2031.json"},
    .unwanted = {"nvdcve-2.0-2031.meta"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
