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
	assert_true(f->wants(BYTES_LIT("updates.json")));
	assert_false(f->wants(BYTES_LIT("updates.html")));
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
