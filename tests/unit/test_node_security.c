#define FEED_PATH "security-wg-main/vuln/core/17.json"
#include "feed_case.h"

#define FEED "node-security"
#define CORE(vulnerable, patched)                                                                  \
	"{\"cve\":[\"CVE-2031-1\"],\"vulnerable\":\"" vulnerable "\",\"patched\":\"" patched "\"}"
#define ADV "advisory node-security CVE-2031-1 Unknown\n"
#define FIXED " affected Bitnami node binary fixed\n"
#define OPEN " affected Bitnami node binary affected\n"
#define NOTE "note " FEED_PATH ": "

static const struct feed_case cases[] = {
    {CORE("18.x", "^18.19.1"), ADV FIXED "  0 introduced 18.0.0\n  0 fixed 18.19.1\n", 0},
    /* in any order; what is patched of other lines says nothing of a line without a fix */
    {CORE("8.x || 6.x || 7.x", "^8.1.4 || ^6.11.1"),
     ADV FIXED "  0 introduced 6.0.0\n  0 fixed 6.11.1\n  1 introduced 7.0.0\n  1 limit 8.0.0\n"
	       "  2 introduced 8.0.0\n  2 fixed 8.1.4\n",
     0},
    /* several fixes in one run */
    {CORE("<= 10", "^6.14.4 || ^8.11.4 || >= 10.9.0"),
     ADV FIXED "  0 introduced 0\n  0 fixed 6.14.4\n  1 introduced 7.0.0\n  1 fixed 8.11.4\n"
	       "  2 introduced 9.0.0\n  2 fixed 10.9.0\n",
     0},
    /* a patched version alone stands for those after it */
    {CORE("4.x", "4.4.2"), ADV FIXED "  0 introduced 4.0.0\n  0 fixed 4.4.2\n", 0},
    {CORE("8.5.0", "^8.6.0"), ADV OPEN "  0 introduced 8.5.0\n  0 last_affected 8.5.0\n", 0},
    {CORE(">=6.0.0 <6.2.0", ""), ADV OPEN "  0 introduced 6.0.0\n  0 limit 6.2.0\n", 0},
    {CORE("*", ""), ADV OPEN "  0 introduced 0\n", 0},
    {CORE("^0.10.0", "^0.10.48"), ADV FIXED "  0 introduced 0.10.0\n  0 fixed 0.10.48\n", 0},
    {CORE("4.x", "*"), ADV OPEN "  0 introduced 4.0.0\n  0 limit 5.0.0\n", 0},
    {CORE("4.x", ">=4.0.0"), NOTE "record not used: no affected package\n", 0},
    {CORE("perhaps", "^8.6.0"), NOTE "record not used: not a range of npm's\n", 0},
    {"{\"cve\":[\"CVE-2031-1\"]}", NOTE "record not used: no vulnerable versions\n", 0},
    /* two CVEs are no aliases; without any the number names it */
    {"{\"cve\":[\"CVE-2031-1\",\"CVE-2031-2\",7],\"vulnerable\":\"4.x\",\"severity\":\"high\"}",
     "advisory node-security CVE-2031-1 High word=high\n" OPEN
     "  0 introduced 4.0.0\n  0 limit 5.0.0\n"
     "advisory node-security CVE-2031-2 High word=high\n" OPEN
     "  0 introduced 4.0.0\n  0 limit 5.0.0\n",
     0},
    {"{\"cve\":[],\"vulnerable\":\"4.x\"}",
     "advisory node-security NSWG-CORE-17 Unknown\n" OPEN "  0 introduced 4.0.0\n  0 limit 5.0.0\n",
     0},
    /* a package */
    {"{\"id\":31,\"module_name\":\"reed\",\"cves\":[\"CVE-2031-3\"],\"vulnerable_versions\":"
     "\"<=0.4.10\",\"patched_versions\":\">=0.4.11\",\"publish_date\":\"2031-01-02\","
     "\"references\":\"https://x\",\"title\":\"t\","
     "\"cvss_vector\":\"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}",
     "advisory node-security NSWG-ECO-31 Unknown published=1925078400000\n alias CVE-2031-3\n"
     " summary t\n cvss CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\n reference WEB https://x\n"
     " affected npm reed binary affected\n  0 introduced 0\n  0 last_affected 0.4.10\n",
     0},
    {"{\"1\":" CORE("4.x", "^4.1.0") ",\"2\":{}}",
     ADV FIXED "  0 introduced 4.0.0\n  0 fixed 4.1.0\n"
	       "note 2: record not used: no vulnerable versions\n",
     0},
    {"[]", "", -ERR_FORMAT},
    {"{\"1\":{", "", -ERR_TRUNCATED},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] = "{\"1\":" CORE("<= 10 || 11.x", "^6.14.4 || ^8.11.4 || >= 10.9.0") "}";

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {FEED_PATH, "vuln/npm/1.json"},
    .unwanted = {"vuln/core/index.json", "vuln/deps/1.json", "vuln/npm/1.yaml"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
