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
	assert_true(f->wants(BYTES_LIT("nvdcve-2.0-2031.json")));
	assert_false(f->wants(BYTES_LIT("nvdcve-2.0-2031.meta")));
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
