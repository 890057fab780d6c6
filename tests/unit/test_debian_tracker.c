#include "feed_case.h"

#define FEED "debian-tracker"
#define DOC(releases)                                                                              \
	"{\"a\":{\"CVE-2024-1\":{\"description\":\"d\",\"scope\":\"local\",\"debianbug\":1,"       \
	"\"releases\":{" releases "}}}}"
#define REL(name, facts) "\"" name "\":{\"repositories\":{\"" name "\":\"9\"}," facts "}"
#define OPEN "\"status\":\"open\""
#define URGENCY(word) "\"urgency\":\"" word "\""
#define NODSA(reason) "\"nodsa\":\"Minor issue\",\"nodsa_reason\":\"" reason "\""
#define HEAD "advisory debian-tracker CVE-2024-1 Unknown\n details d\n"
#define SRC(release, state) " affected Debian:" release " a source " state "\n"
#define FROM0 "  0 introduced 0\n"

static const struct feed_case cases[] = {
    /* every release by its number */
    {DOC(REL("buster", OPEN) "," REL("bullseye", OPEN) "," REL("bookworm", OPEN) "," REL(
	 "trixie", OPEN) "," REL("forky", OPEN) "," REL("sid", OPEN)),
     HEAD SRC("10", "affected") FROM0 SRC("11", "affected") FROM0 SRC("12", "affected")
	 FROM0 SRC("13", "affected") FROM0 SRC("14", "affected") FROM0 SRC("sid", "affected") FROM0,
     0},
    {DOC(REL("bookworm",
	     "\"status\":\"resolved\",\"fixed_version\":\"1:2-3\"," URGENCY("not yet assigned"))),
     HEAD SRC("12", "fixed") FROM0 "  0 fixed 1:2-3\n", 0},
    /* "0": never affected, whatever the status says */
    {DOC(REL("bookworm", "\"status\":\"resolved\",\"fixed_version\":\"0\"")),
     HEAD SRC("12", "not_affected"), 0},
    {DOC(REL("bookworm", OPEN ",\"fixed_version\":\"0\"")), HEAD SRC("12", "not_affected"), 0},
    /* no advisory planned, and why */
    {DOC(REL("bookworm", OPEN "," NODSA("")) "," REL("bullseye", OPEN "," NODSA("ignored")) "," REL(
	 "buster", OPEN "," NODSA("postponed"))),
     HEAD SRC("12", "affected") FROM0 SRC("11", "will_not_fix") FROM0 SRC("10", "fix_deferred")
	 FROM0,
     0},
    /* a fix overrides it */
    {DOC(REL("bookworm", OPEN ",\"fixed_version\":\"2\"," NODSA("ignored"))),
     HEAD SRC("12", "fixed") FROM0 "  0 fixed 2\n", 0},
    {DOC(REL("buster", OPEN "," URGENCY("end-of-life"))), HEAD SRC("10", "end_of_life") FROM0, 0},
    /* urgencies: stars say that NVD was asked. The record has none: its id may be another
     * package's as well */
    {DOC(REL("bookworm", OPEN "," URGENCY("unimportant")) "," REL("sid",
								  OPEN "," URGENCY("medium**"))),
     HEAD " affected Debian:12 a source affected severity=unimportant\n" FROM0
	  " affected Debian:sid a source affected severity=medium**\n" FROM0,
     0},
    /* a release without an urgency: the most severe of the package's others */
    {DOC(REL("bookworm", OPEN "," URGENCY("not yet assigned")) "," REL(
	 "bullseye", OPEN "," URGENCY("low")) "," REL("sid", OPEN "," URGENCY("high"))),
     HEAD " affected Debian:12 a source affected severity=high\n" FROM0
	  " affected Debian:11 a source affected severity=low\n" FROM0
	  " affected Debian:sid a source affected severity=high\n" FROM0,
     0},
    /* what says nothing is counted */
    {DOC(REL("bookworm", "\"status\":\"undetermined\"") "," REL("warty", OPEN) "," REL("sid",
										       OPEN)),
     HEAD SRC("sid", "affected") FROM0 "note file: 1 release entries not used: undetermined\n"
				       "note file: 1 release entries not used: unknown release\n",
     0},
    {DOC(REL("bookworm", "\"status\":\"resolved\"")),
     "note file: 1 release entries not used: resolved without a fixed version, or of an unknown "
     "status\n"
     "note file: 1 records not used: nothing stated for any release\n",
     0},
    {"{\"a\":{\"TEMP-0000000-ABCDEF\":{\"releases\":{" REL("sid", OPEN) "}}}}",
     "advisory debian-tracker TEMP-0000000-ABCDEF Unknown\n" SRC("sid", "affected") FROM0, 0},
    /* the tracker's lists under the same name */
    {"[29 Mar 2023] DSA-5380-1 a - security update\n\t{CVE-2023-1393}\n\t[bullseye] - a 2:1.2-3\n",
     "advisory debian-lists DSA-5380-1 Unknown published=1680048000000 modified=1680048000000\n"
     " alias CVE-2023-1393\n summary a - security update\n reference ADVISORY "
     "https://security-tracker.debian.org/tracker/DSA-5380-1\n"
     " affected Debian:11 a source fixed\n  0 introduced 0\n  0 fixed 2:1.2-3\n",
     0},
    {"{}", "", 0},
    {"{\"a\":[]}", "", -ERR_FORMAT},
    {"[]", "", -ERR_FORMAT},
    {"{\"a\":{\"CVE-1\":{\"releases\":[]}}}", "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] = DOC(REL("bookworm", OPEN "," URGENCY("low\\u002a")) "," REL(
    "sid", "\"status\":\"resolved\",\"fixed_version\":\"2\""));

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
