#include "feed_case.h"

#define FEED "debian-lists"
#define HEAD "[29 Mar 2023] DSA-5380-1 a - security update\n"
#define ADV                                                                                        \
	"advisory debian-lists DSA-5380-1 Unknown published=1680048000000 "                        \
	"modified=1680048000000\n"
#define REST                                                                                       \
	" summary a - security update\n reference ADVISORY "                                       \
	"https://security-tracker.debian.org/tracker/DSA-5380-1\n"
#define FIXED " affected Debian:11 a source fixed\n  0 introduced 0\n  0 fixed 2:1.2-3\n"

static const struct feed_case cases[] = {
    {HEAD "\t{CVE-2023-1393 CVE-2023-1394}\n\t[bullseye] - a 2:1.2-3\n\tNOTE: x\n",
     ADV " alias CVE-2023-1393\n alias CVE-2023-1394\n" REST FIXED, 0},
    /* no braces, spaces for tabs, no line end, CR LF, empty lines */
    {HEAD "        [bullseye] - a 2:1.2-3", ADV REST FIXED, 0},
    {"\n" HEAD "\n \t[bullseye] - a 2:1.2-3\r\n\n", ADV REST FIXED, 0},
    /* states in the place of a version */
    {HEAD "\t[buster] - a <not-affected> (reason)\n\t[stretch] - a <unfixed>\n\t[jessie] - a "
	  "<end-of-life>\n"
	  "\t[wheezy] - a <no-dsa> (x)\n\t[squeeze] - a <ignored>\n\t[sid] - a <postponed>\n",
     ADV REST " affected Debian:10 a source not_affected\n affected Debian:9 a source affected\n  "
	      "0 introduced 0\n"
	      " affected Debian:8 a source end_of_life\n  0 introduced 0\n affected Debian:7 a "
	      "source affected\n  0 introduced 0\n"
	      " affected Debian:6.0 a source will_not_fix\n  0 introduced 0\n affected Debian:sid "
	      "a source fix_deferred\n  0 introduced 0\n",
     0},
    /* what is not understood is told, and the rest goes on */
    {HEAD "\tnonsense\n\t[warty] - a 1\n\t[bullseye] a 1\n\t[bullseye] - a\n\t[bullseye] - a "
	  "<maybe>\n\t[bullseye] - a <undetermined>\n\t{CVE-1\n\t[bullseye] - a 2:1.2-3\n",
     "note line 2: line not understood\nnote line 3: unknown release\nnote line 4: line not "
     "understood\n"
     "note line 5: line not understood\nnote line 6: entry not used: unknown state\n"
     "note line 7: entry not used: undetermined\nnote line 8: line not understood\n" ADV REST FIXED,
     0},
    {"\t[bullseye] - a 1\nDSA-1 x\n" HEAD "[1 Feb 2000] DSA-2 b\n\t[bullseye] - a 2:1.2-3\n",
     "note line 1: line outside a block\nnote line 2: line not understood\nnote line 3: record not "
     "used: no package\n"
     "advisory debian-lists DSA-2 Unknown published=949363200000 modified=949363200000\n summary "
     "b\n"
     " reference ADVISORY https://security-tracker.debian.org/tracker/DSA-2\n" FIXED,
     0},
    /* a date that is none is not stated */
    {"[29 Foo 2023] DLA-1-1 a\n\t[bullseye] - a 2:1.2-3\n",
     "advisory debian-lists DLA-1-1 Unknown\n summary a\n reference ADVISORY "
     "https://security-tracker.debian.org/tracker/DLA-1-1\n" FIXED,
     0},
    {"", "", -ERR_FORMAT},
    {"{\"not\":\"a list\"}\n", "note line 1: line not understood\n", -ERR_FORMAT},
};

static const char whole[] =
    HEAD "\t{CVE-2023-1393 CVE-2023-1394}\n\t[bullseye] - a 2:1.2-3\n\t[buster] - a <unfixed>\n";
/* Any prefix that holds the first package is a list of its own. */

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = 90,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
