#include "feed_case.h"

#define FEED "alpine-secdb"
#define DB(packages)                                                                               \
	"{\"distroversion\":\"v3.19\",\"reponame\":\"main\",\"packages\":[" packages "]}"
#define PKG(fixes) "{\"pkg\":{\"name\":\"a\",\"secfixes\":{" fixes "}}}"
#define ADV(id) "advisory alpine-secdb " id " Unknown\n"
#define FIXED(version)                                                                             \
	" affected Alpine:v3.19 a source fixed\n  0 introduced 0\n  0 fixed " version "\n"

static const struct feed_case cases[] = {
    {DB(PKG("\"1.2-r3\":[\"CVE-2024-1\"]")), ADV("CVE-2024-1") FIXED("1.2-r3"), 0},
    /* "0": never affected; a real version says otherwise */
    {DB(PKG("\"0\":[\"CVE-2024-1\"]")),
     ADV("CVE-2024-1") " affected Alpine:v3.19 a source not_affected\n", 0},
    {DB(PKG("\"0\":[\"CVE-2024-1\"],\"1-r1\":[\"CVE-2024-1\"]")), ADV("CVE-2024-1") FIXED("1-r1"),
     0},
    /* a fix that had to be repeated */
    {DB(PKG("\"2-r0\":[\"CVE-2024-1\",\"CVE-2024-2\"],\"1-r0\":[\"CVE-2024-1\"]")),
     ADV("CVE-2024-1") FIXED("2-r0") FIXED("1-r0") ADV("CVE-2024-2") FIXED("2-r0"), 0},
    /* several ids and remarks in one entry; the CVE is the id */
    {DB(PKG("\"1\":[\"XSA-248 CVE-2017-17566 (+ regression fix)\"]")),
     ADV("CVE-2017-17566") " alias XSA-248\n" FIXED("1"), 0},
    /* an id that is about several CVEs makes them no aliases of each other */
    {DB(PKG("\"4.9.1-r3\":[\"CVE-2017-5753 CVE-2017-5715 XSA-254\"]")),
     ADV("CVE-2017-5715") FIXED("4.9.1-r3") ADV("CVE-2017-5753") FIXED("4.9.1-r3"), 0},
    {DB(PKG("\"1\":[\"GNUTLS-SA-2020-06-03\",\"GHSA-qjjm-abcd-efgh\",\"CVE_2019-2426\"]")),
     ADV("CVE-2019-2426") FIXED("1") ADV("GHSA-qjjm-abcd-efgh") FIXED("1")
	 ADV("GNUTLS-SA-2020-06-03") FIXED("1"),
     0},
    {DB(PKG("\"1\":[\"wnpa-sec-2017-18\"]")), ADV("wnpa-sec-2017-18") FIXED("1"), 0},
    {DB(PKG("\"1\":[\"CVE-2024-1 on x86-64\"]")), ADV("CVE-2024-1") FIXED("1"), 0},
    {DB(PKG("\"1\":[\"(none)\"]")), "note a: entry not used: no id in it\n", 0},
    {DB("{\"pkg\":{\"secfixes\":{\"1\":[\"CVE-2024-1\"]}}}"),
     "note packages: package not used: no name\n", 0},
    /* nothing fixed, and types that are not kept */
    {DB(PKG("")), "", 0},
    {DB(PKG("\"1\":null,\"2\":[null,\"CVE-2024-1\"]")),
     "note a: entry not used: no id in it\n" ADV("CVE-2024-1") FIXED("2"), 0},
    /* the release may stand behind the packages, or follow from where the packages are */
    {"{\"packages\":[" PKG("\"1\":[\"CVE-2024-1\"]") "],\"distroversion\":\"edge\"}",
     ADV("CVE-2024-1") " affected Alpine:edge a source fixed\n  0 introduced 0\n  0 fixed 1\n", 0},
    {"{\"urlprefix\":\"https://packages.wolfi.dev\",\"packages\":[" PKG(
	 "\"1\":[\"CVE-2024-1\"]") "]}",
     ADV("CVE-2024-1") " affected Wolfi a source fixed\n  0 introduced 0\n  0 fixed 1\n", 0},
    {"{\"urlprefix\":\"https://packages.cgr.dev/chainguard\",\"packages\":[" PKG(
	 "\"1\":[\"CVE-2024-1\"]") "]}",
     ADV("CVE-2024-1") " affected Chainguard a source fixed\n  0 introduced 0\n  0 fixed 1\n", 0},
    {"{\"urlprefix\":\"https://elsewhere.example\",\"packages\":[]}", "", -ERR_FORMAT},
    {"{\"distroversion\":\"v3.19\"}", "", -ERR_FORMAT},
    {"{\"distroversion\":\"v3.19\",\"packages\":{}}", "", -ERR_FORMAT},
    {"[]", "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] =
    DB(PKG("\"1-r0\":[\"CVE-2024-1 X-1\",\"CVE_2024-2\"],\"0\":[\"CVE-2024-\\u0033\"]"));

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
