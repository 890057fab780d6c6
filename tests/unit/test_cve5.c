#include "feed_case.h"

#define FEED "cve5"
#define META(more) "\"cveMetadata\":{\"cveId\":\"CVE-2024-1\"" more "}"
#define DOC(meta, containers)                                                                      \
	"{\"dataType\":\"CVE_RECORD\"," meta ",\"containers\":{" containers "}}"
#define V31 "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
#define METRIC(vector) "\"metrics\":[{\"cvssV3_1\":{\"vectorString\":\"" vector "\"}}]"

static const struct feed_case cases[] = {
    {DOC(META(), "\"cna\":{" METRIC(V31) "}"), "advisory cve5 CVE-2024-1 Unknown\n cvss " V31 "\n",
     0},
    /* the authority that named it has no vector: those of the others, each once */
    {DOC(META(), "\"cna\":{\"title\":\"t\",\"metrics\":[{\"other\":{}}]},\"adp\":[{" METRIC(
		     V31) "},{" METRIC(V31) "}]"),
     "advisory cve5 CVE-2024-1 Unknown\n summary t\n cvss " V31 "\n", 0},
    /* a score without its vector says nothing that can be checked */
    {DOC(META(), "\"cna\":{\"metrics\":[{\"cvssV3_1\":{\"baseScore\":9.8}}]}"), "", 0},
    /* a severity in words; SSVC is none */
    {DOC(META(), "\"cna\":{\"metrics\":[{\"other\":{\"type\":\"ssvc\",\"content\":{\"id\":"
		 "\"x\",\"value\":\"total\"}}},{\"other\":{\"content\":{\"value\":\"Moderate\"}}}"
		 "]}"),
     "advisory cve5 CVE-2024-1 Medium word=Moderate\n", 0},
    {DOC(META(), "\"cna\":{\"metrics\":[{\"other\":{\"content\":[1]}},{\"other\":7}]}"), "", 0},
    {DOC(META(",\"state\":\"REJECTED\""), "\"cna\":{" METRIC(V31) "}"),
     "advisory cve5 CVE-2024-1 Unknown withdrawn=1\nnote CVE-2024-1: record not used: "
     "withdrawn\n",
     0},
    /* the CVEs in its place */
    {DOC(META(
	     ",\"state\":\"REJECTED\",\"dateRejected\":\"2024-01-02\",\"dateUpdated\":\"2024-01-03\""),
	 "\"cna\":{\"rejectedReasons\":[{\"lang\":\"en\",\"value\":\"CVE-2024-1 is CVE-2024-22\"}],"
	 "\"replacedBy\":[\"CVE-2024-33\"]}"),
     "advisory cve5 CVE-2024-1 Unknown modified=1704240000000 withdrawn=1704153600000\n"
     " alias CVE-2024-22\n alias CVE-2024-33\n summary CVE-2024-1 is CVE-2024-22\n"
     "note CVE-2024-1: record not used: withdrawn\n",
     0},
    {DOC(META(), "\"cna\":{\"descriptions\":[{\"lang\":\"de\",\"value\":\"x\"},{\"lang\":"
		 "\"en-US\",\"value\":\"y\"}]," METRIC(V31) "}"),
     "advisory cve5 CVE-2024-1 Unknown\n details y\n cvss " V31 "\n", 0},
    {DOC(META(), ""), "", 0},
    /* shapes that no schema knows are passed over */
    {DOC(META(), "\"cna\":[1],\"adp\":{\"a\":1}"), "", 0},
    {DOC(META(), "\"cna\":{\"metrics\":[1,{\"cvssV3_1\":\"x\"}],\"problemTypes\":{}}"), "", 0},
    {"{\"dataType\":\"CVE_RECORD\",\"cveMetadata\":{\"cveId\":7}}",
     "note file: record not used: no CVE id\n", 0},
    {"{\"updated\":[]}", "note file: record not used: no CVE_RECORD\n", 0},
    {"[]", "", -ERR_FORMAT},
    {"{\"dataType\":\"CVE_RECORD\"", "", -ERR_TRUNCATED},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] = DOC(
    META(",\"datePublished\":\"2024-01-01\""),
    "\"cna\":{\"title\":\"\\n\"," METRIC(V31) ",\"problemTypes\":[{\"descriptions\":[{\"cweId\":"
					      "\"CWE-79\"}]}]},\"adp\":[{" METRIC(V31) "}]");

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {"cves/2024/0xxx/CVE-2024-0001.json", "CVE-2024-0001.json"},
    .unwanted = {"cves/deltaLog.json", "CVE-2024/readme.md", "CVE-2024/x.json"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
