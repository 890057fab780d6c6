#include "feed_case.h"

#define FEED "kev"
#define DOC(entries) "{\"title\":\"t\",\"vulnerabilities\":[" entries "]}"

static const struct feed_case cases[] = {
    {"{\"count\":1,\"vulnerabilities\":[{\"cveID\":\"CVE-2021-44228\",\"vulnerabilityName\":"
     "\"Log4Shell\",\"dateAdded\":\"2021-12-10\","
     "\"requiredAction\":\"Update\",\"knownRansomwareCampaignUse\":\"Known\",\"cwes\":[\"CWE-1\"]}]"
     "}",
     "exploit CVE-2021-44228 kev=1 ransomware=1 lists=8 added=1639094400000 name=Log4Shell action=Update\n",
     0},
    {DOC("{\"cveID\":\"CVE-1\",\"knownRansomwareCampaignUse\":\"Unknown\"},{\"cveID\":\"CVE-2\","
	 "\"dateAdded\":\"soon\"}"),
     "exploit CVE-1 kev=1 ransomware=0 lists=8\nexploit CVE-2 kev=1 ransomware=0 lists=8\n", 0},
    {DOC("{\"cveID\":\"CVE-1\"},{\"cveID\":null},{}"),
     "exploit CVE-1 kev=1 ransomware=0 lists=8\nnote vulnerabilities[1]: record not used: no CVE id\n"
     "note vulnerabilities[2]: record not used: no CVE id\n",
     0},
    {"{\"title\":\"CISA Catalog\",\"vulnerabilities\":[{\"cveID\":\"CVE-1\"}]}",
     "exploit CVE-1 kev=1 ransomware=0 lists=1\n", 0},
    /* a catalogue that holds less than it says */
    {"{\"vulnerabilities\":[{\"cveID\":\"CVE-1\"}],\"count\":2}",
     "exploit CVE-1 kev=1 ransomware=0 lists=8\nnote file: KEV announces 2 entries and has 1\n", 0},
    /* VulnCheck's form, and ENISA's */
    {"[{\"cve\":[\"CVE-1\",\"CVE-2\"],\"date_added\":\"2021-12-10T00:00:00Z\",\"required_action\":"
     "\"Update\",\"knownRansomwareCampaignUse\":\"Known\"}]",
     "exploit CVE-1 kev=1 ransomware=1 lists=2 added=1639094400000 action=Update\n"
     "exploit CVE-2 kev=1 ransomware=1 lists=2 added=1639094400000 action=Update\n",
     0},
    {"[{\"cveID\":\"CVE-1\",\"vulnerabilityName\":\"-\",\"dateReported\":\"10/12/21\"},"
     "{\"cveID\":\"CVE-2\",\"dateReported\":\"1/2\"},{\"cve\":\"CVE-3\"}]",
     "exploit CVE-1 kev=1 ransomware=0 lists=4 added=1639094400000\nexploit CVE-2 kev=1 ransomware=0 lists=4\n"
     "note vulnerabilities[2]: record not used: no CVE id\n",
     0},
    /* Due dates: 2021-12-24; a leap day; none stated; a time, which is its day; and what no day
       is, which is noted */
    {"{\"title\":\"CISA Catalog\",\"vulnerabilities\":[{\"cveID\":\"CVE-1\",\"dueDate\":"
     "\"2021-12-24\"},{\"cveID\":\"CVE-2\",\"dueDate\":\"2024-02-29\"},{\"cveID\":\"CVE-3\","
     "\"dueDate\":\"\"},{\"cveID\":\"CVE-4\",\"dueDate\":null}]}",
     "exploit CVE-1 kev=1 ransomware=0 lists=1 due=1640304000000 by=1\n"
     "exploit CVE-2 kev=1 ransomware=0 lists=1 due=1709164800000 by=1\n"
     "exploit CVE-3 kev=1 ransomware=0 lists=1\nexploit CVE-4 kev=1 ransomware=0 lists=1\n",
     0},
    {"[{\"cve\":[\"CVE-1\"],\"dueDate\":\"2021-12-24T18:30:00Z\"},{\"cveID\":\"CVE-2\","
     "\"dateReported\":\"10/12/21\",\"dueDate\":\"tbc\"}]",
     "exploit CVE-1 kev=1 ransomware=0 lists=2 due=1640304000000 by=2\n"
     "exploit CVE-2 kev=1 ransomware=0 lists=4 added=1639094400000\n",
     0},
    {DOC("{\"cveID\":\"CVE-1\",\"dueDate\":\"2023-02-29\"},{\"cveID\":\"CVE-2\",\"dueDate\":"
	 "\"24/12/21\"},{\"cveID\":\"CVE-3\",\"dueDate\":\"0021-12-24\"},{\"dueDate\":\"soon\"}"),
     "note vulnerabilities[0]: due date not used: no date\nexploit CVE-1 kev=1 ransomware=0 lists=8\n"
     "note vulnerabilities[1]: due date not used: no date\nexploit CVE-2 kev=1 ransomware=0 lists=8\n"
     "note vulnerabilities[2]: due date not used: no date\nexploit CVE-3 kev=1 ransomware=0 lists=8\n"
     "note vulnerabilities[3]: record not used: no CVE id\n",
     0},
    {DOC(""), "", 0},
    {"{}", "", -ERR_FORMAT},
    {"{\"vulnerabilities\":{}}", "", -ERR_FORMAT},
    {DOC("1"), "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] = DOC(
    "{\"cveID\":\"CVE-2021-\\u0034\",\"vulnerabilityName\":\"\\n\",\"dateAdded\":\"2021-12-10\",\"dueDate\":"
    "\"2021-12-24\"},{\"cveID\":\"CVE-2\",\"dueDate\":\"x\"}");

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
