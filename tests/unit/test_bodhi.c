#include "feed_case.h"

#define FEED "bodhi"
#define DOC(build)                                                                                      \
	"{\"updates\":[{\"alias\":\"FEDORA-1\",\"type\":\"security\",\"status\":\"stable\","            \
	"\"content_type\":\"rpm\",\"url\":\"https://x\",\"release\":{\"version\":\"43\",\"id_prefix\":" \
	"\"FEDORA\"},\"bugs\":[{\"title\":\"CVE-2031-1\"}],\"builds\":[{" build "}]}]}"
#define ADV "advisory bodhi FEDORA-1 Unknown\n alias CVE-2031-1\n reference ADVISORY https://x\n"
#define NONE "note FEDORA-1: record not used: no affected package\n"

static const struct feed_case cases[] = {
    {DOC("\"nvr\":\"a-b-1-2.fc43\",\"epoch\":2"),
     ADV " affected Fedora:43 a-b source fixed\n  0 introduced 0\n  0 fixed 2:1-2.fc43\n", 0},
    {DOC("\"nvr\":\"-1-2\""), NONE, 0},
    {DOC("\"nvr\":\"a\""), NONE, 0},
    {DOC("\"nvr\":7"), NONE, 0},
    {"{\"updates\":[1,{}]}", "", 0},
    {"{\"page\":1}", "", -ERR_FORMAT},
    {"[]", "", -ERR_FORMAT},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] = DOC("\"nvr\":\"a-1-2.fc43\",\"epoch\":2");

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {"updates.json"},
    .unwanted = {"updates.html"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
