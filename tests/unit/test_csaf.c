#include "feed_case.h"

#define FEED "csaf"
#define HEAD(more)                                                                                 \
	"\"document\":{\"category\":\"csaf_vex\",\"tracking\":{\"id\":\"CVE-2031-1\"" more "}}"
#define PRODUCT(id, helper)                                                                        \
	"{\"product\":{\"product_id\":\"" id "\",\"product_identification_helper\":{" helper "}}}"
#define PART(id, part, whole)                                                                      \
	"{\"full_product_name\":{\"product_id\":\"" id "\"},\"product_reference\":\"" part         \
	"\",\"relates_to_product_reference\":\"" whole "\"}"
#define TREE(branches, parts)                                                                      \
	"\"product_tree\":{\"branches\":[" branches "],\"relationships\":[" parts "]}"
#define STATUS(list, id)                                                                           \
	"\"vulnerabilities\":[{\"cve\":\"CVE-2031-1\",\"product_status\":{\"" list "\":[\"" id     \
	"\"]}}]"
#define RHEL PRODUCT("rhel", "\"cpe\":\"cpe:/o:redhat:enterprise_linux:9\"")
#define RPM(purl) PRODUCT("p", "\"purl\":\"pkg:rpm/redhat/" purl "\"")
#define IN_RHEL PART("rhel:p", "p", "rhel")
#define ADV "advisory csaf CVE-2031-1 Unknown\n"
#define UNKNOWN                                                                                    \
	"note CVE-2031-1: 1 products not used: the product tree does not say what they are\n"

static const struct feed_case cases[] = {
    {"{" HEAD("") "," TREE(RHEL "," RPM("a@1-2?arch=x86_64"), IN_RHEL) "," STATUS("fixed",
										  "rhel:p") "}",
     ADV " affected Red Hat:enterprise_linux:9 a binary fixed arches=x86_64\n  0 introduced 0\n"
	 "  0 fixed 1-2\n",
     0},
    /* the same members in another order */
    {"{" STATUS("known_affected", "rhel:p") "," TREE(RPM("a?arch=src") "," RHEL,
						     IN_RHEL) "," HEAD("") "}",
     ADV " affected Red Hat:enterprise_linux:9 a source affected\n  0 introduced 0\n", 0},
    /* a build that is not affected says nothing of those before it */
    {"{" HEAD("") "," TREE(RHEL "," RPM("a@1-2?arch=x86_64"),
			   IN_RHEL) "," STATUS("known_not_affected", "rhel:p") "}",
     "", 0},
    /* no module: a flatpak */
    {"{" HEAD("") "," TREE(RHEL "," RPM("a@1-2?rpmmod=rhel10"), IN_RHEL) "," STATUS("fixed",
										    "rhel:p") "}",
     "", 0},
    {"{" HEAD("") "," TREE(RHEL "," RPM("%zz"), IN_RHEL) "," STATUS("fixed", "rhel:p") "}", UNKNOWN,
     0},
    /* a part of itself */
    {"{" HEAD("") "," TREE(RHEL "," RPM("a@1-2"), PART("x", "p", "x")) "," STATUS("fixed", "x") "}",
     UNKNOWN, 0},
    {"{" HEAD(",\"status\":\"deleted\"") "}",
     "advisory csaf CVE-2031-1 Unknown withdrawn=1\nnote CVE-2031-1: record not used: withdrawn\n",
     0},
    {"{" HEAD("") "}", "note CVE-2031-1: record not used: no products\n", 0},
    {"{\"document\":{\"tracking\":{\"id\":\"x\"}}}", "", -ERR_FORMAT},
    {"{}", "note file: record not used: no tracking id\n", 0},
    {"[]", "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] = "{" HEAD("") "," TREE(
    RHEL "," RPM("a@1-2?arch=x86_64"),
    IN_RHEL) ",\"vulnerabilities\":[{\"cve\":"
	     "\"CVE-2031-1\",\"scores\":[{\"cvss_v3\":{\"vectorString\":\"CVSS:3.1/AV:N\"}}],"
	     "\"product_status\":{\"fixed\":[\"rhel:p\"]},\"remediations\":[{\"category\":\"vendor_fix\","
	     "\"url\":\"https://x/errata/RHSA-1:1\",\"product_ids\":[\"rhel:p\"]}]}]}";

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {"2031/cve-2031-1.json", "rhsa-2031_0008.json"},
    .unwanted = {"provider-metadata.json", "changes.csv"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
