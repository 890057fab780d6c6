#include "feed_case.h"

#define FEED "oval"
#define TESTS(operation)                                                                           \
	"<tests><t id='t'><object object_ref='o'/><state state_ref='s'/></t></tests><objects>"     \
	"<o id='o'><name>anchor</name></o></objects><states><s id='s'><evr operation='" operation  \
	"'>0:1-2</evr></s></states>"
#define DOC(definition, rest)                                                                      \
	"<oval_definitions><definitions>" definition "</definitions>" rest "</oval_definitions>"
#define DEFINITION(metadata, criteria)                                                             \
	"<definition class='vulnerability' id='d'><metadata><title>t</title>"                      \
	"<reference source='CVE' ref_id='CVE-2031-1'/>" metadata                                   \
	"</metadata><criteria operator='AND'>" criteria "</criteria></definition>"
#define EARLIER "<criterion comment='anchor is earlier than 1-2' test_ref='t'/>"
#define PHOTON "<criterion comment='Photon OS 4 is installed' test_ref='p'/>"
#define ADV "advisory oval CVE-2031-1 Unknown\n summary t\n"
#define NONE "note file: 1 definitions not used: no package of a known platform\n"

static const struct feed_case cases[] = {
    {DOC(DEFINITION("", PHOTON EARLIER), TESTS("less than")),
     ADV " affected Photon OS:4.0 anchor binary fixed\n  0 introduced 0\n  0 fixed 1-2\n", 0},
    /* up to a version that is affected itself: no fix */
    {DOC(DEFINITION("", PHOTON EARLIER), TESTS("less than or equal")),
     ADV " affected Photon OS:4.0 anchor binary affected\n  0 introduced 0\n", 0},
    {DOC(DEFINITION("", PHOTON EARLIER), TESTS("greater than")), NONE, 0},
    /* the test, or a part of it, is not there */
    {DOC(DEFINITION("", PHOTON EARLIER), ""), NONE, 0},
    {DOC(DEFINITION("", EARLIER), TESTS("less than")),
     "note file: 1 packages not used: of a platform that is not known\n" NONE, 0},
    {DOC("<definition class='vulnerability'/>", ""), NONE, 0},
    {"<oval_definitions/>", "", -ERR_FORMAT},
    {"<html/>", "", -ERR_FORMAT},
    {"<oval_definitions>", "", -ERR_TRUNCATED},
    {"<!DOCTYPE x><oval_definitions/>", "", -ERR_UNSUPPORTED},
    {"", "", -ERR_TRUNCATED},
};

static const char whole[] =
    DOC(DEFINITION("<advisory><severity>Low</severity><cve cwe='CWE-1'>CVE-2031-2</cve></advisory>",
		   PHOTON "<criteria operator='OR'>" EARLIER "</criteria>"),
	TESTS("less than"));

/* Microsoft's documents say in their file's name which release they are about. */
static void names_tell_the_release(void **state)
{
	static const char document[] =
	    DOC(DEFINITION("<patchable>Not Applicable</patchable>", EARLIER), TESTS("less than"));
	static const struct {
		const char *path, *want;
	} paths[] = {
	    {"x/azurelinux-3.0-oval.xml",
	     ADV " affected Azure Linux:3.0 anchor source not_affected\n"},
	    {"cbl-mariner-2.0-oval.xml",
	     ADV " affected CBL-Mariner:2.0 anchor source not_affected\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct feed_catch c;
		struct feed_sink sink = catch_sink(&c);
		struct arena a;
		struct err e = ERR_INIT;
		arena_init(&a, 1U << 20);
		assert_int_equal(
		    feed_find(BYTES_LIT(FEED))
			->import(bytes_of(paths[i].path), bytes_of(document), &sink, &a, &e),
		    0);
		assert_string_equal(buf_cstr(&c.text), paths[i].want);
		arena_free(&a);
		buf_free(&c.text);
	}
}

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof whole - 1,
    .wanted = {"oval/com.oracle.elsa-all.xml"},
    .unwanted = {"oval/feed.json"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	    cmocka_unit_test(names_tell_the_release),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
