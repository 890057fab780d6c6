#define FEED_PATH "security-rejections-master/main.yaml"
#include "feed_case.h"

#define FEED "alpine-rejections"
#define ADV(cve, package)                                                                          \
	"advisory alpine-rejections " cve " Unknown\n affected Alpine:rejected " package           \
	" source not_affected\n"

static const struct feed_case cases[] = {
    {"keel:\n  - CVE-2031-1\n  - CVE-2031-2\nanchor:\n  - CVE-2031-1\n",
     ADV("CVE-2031-1", "keel") ADV("CVE-2031-2", "keel") ADV("CVE-2031-1", "anchor"), 0},
    {"# nothing\nkeel: [CVE-2031-1]\n", ADV("CVE-2031-1", "keel"), 0},
    {"keel: CVE-2031-1\nanchor:\n  - not-an-id\n",
     "note keel: package not used: no list\nnote anchor: entry not used: no CVE id\n", 0},
    {"keel:\n  - a: b\n", "note keel: entry not used: no CVE id\n", 0},
    {"- CVE-2031-1\n", "", -ERR_FORMAT},
    {"a: [\n", "", -ERR_FORMAT},
};

static const char whole[] = "keel:\n  - CVE-2031-1\n  - CVE-2031-2 # why\n";

static void documents_give_what_they_say(void **state)
{
	(void)state;
	feed_check(FEED, cases, sizeof cases / sizeof *cases);
}

static void hostile_runs_end(void **state)
{
	(void)state;
	feed_prefixes(FEED, whole, 1);
	feed_tortured(FEED, whole);
	feed_refused(FEED, whole);
}

static void its_files_are_wanted(void **state)
{
	(void)state;
	const struct feed *f = feed_find(BYTES_LIT(FEED));
	assert_true(f->wants(BYTES_LIT(FEED_PATH)));
	assert_true(f->wants(BYTES_LIT("community.yaml")));
	assert_false(f->wants(BYTES_LIT("README.md")));
	assert_false(f->wants(BYTES_LIT("domain.yaml")));
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
	    cmocka_unit_test(its_files_are_wanted),
	    cmocka_unit_test(golden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
