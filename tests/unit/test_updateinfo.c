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
	assert_true(f->wants(BYTES_LIT("x/repodata/00-updateinfo.xml.gz")));
	assert_true(f->wants(BYTES_LIT("updateinfo.xml")));
	assert_false(f->wants(BYTES_LIT("x/repodata/repomd.xml")));
	assert_false(f->wants(BYTES_LIT("updateinfo.json")));
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
