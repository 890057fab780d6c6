#include "feed_case.h"

#define FEED "updateinfo"
#define DOC(id, release)                                                                           \
	"<updates><update type='security'><id>" id "</id><references><reference id='CVE-2031-1'"   \
	" href='https://x'/></references><pkglist><collection><module name='' stream=''/>"         \
	"<package name='a' version='15' release='" release "' epoch='0'/></collection></pkglist>"  \
	"</update></updates>"
#define ADV(id)                                                                                    \
	"advisory updateinfo " id " Unknown\n alias CVE-2031-1\n reference ADVISORY https://x\n"
#define AFFECTED(ecosystem, from, release)                                                         \
	" affected " ecosystem " a binary fixed\n  0 introduced " from "\n  0 fixed 15-" release   \
	"\n"
#define OTHER "note file: 1 packages not used: their release names no distribution that is known\n"

static const struct feed_case cases[] = {
    {DOC("ALAS2-2031-1", "1.amzn2"), ADV("ALAS2-2031-1") AFFECTED("Amazon Linux:2", "0", "1.amzn2"),
     0},
    /* extras begin at the version in their name, or name none */
    {DOC("ALAS2POSTGRESQL14-2031-1", "1.amzn2"),
     ADV("ALAS2POSTGRESQL14-2031-1") AFFECTED("Amazon Linux:2", "14", "1.amzn2"), 0},
    {DOC("ALAS2DOCKER-2031-1", "1.amzn2"),
     ADV("ALAS2DOCKER-2031-1") AFFECTED("Amazon Linux:2", "0", "1.amzn2"), 0},
    {DOC("ALAS-2031-1", "1.amzn1"), ADV("ALAS-2031-1") AFFECTED("Amazon Linux:1", "0", "1.amzn1"),
     0},
    {DOC("ALSA-2031:1", "1.module_el9.4.0+1"),
     ADV("ALSA-2031:1") AFFECTED("AlmaLinux:9", "0", "1.module_el9.4.0+1"), 0},
    {DOC("ELSA-2031-1", "1.el8_9"), ADV("ELSA-2031-1") AFFECTED("Oracle Linux:8", "0", "1.el8_9"),
     0},
    /* whose it is, its release does not say */
    {DOC("XYSA-2031-1", "1.el8"), OTHER, 0},
    {DOC("ALAS2-2031-1", "1"), OTHER, 0},
    {DOC("", "1.amzn2"), OTHER, 0},
    {"<updates><update type='security'><id>RLSA-1</id></update></updates>",
     "note RLSA-1: record not used: no affected package\n", 0},
    {"<updates/>", "", 0},
    {"<updateinfo/>", "", -ERR_FORMAT},
    {"<updates>", "", -ERR_TRUNCATED},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] = DOC("ALAS2-2031-1", "1.amzn2");

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {"x/repodata/00-updateinfo.xml.gz", "updateinfo.xml"},
    .unwanted = {"x/repodata/repomd.xml", "updateinfo.json"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
