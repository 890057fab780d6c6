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

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = 1,
    .wanted = {FEED_PATH, "community.yaml"},
    .unwanted = {"README.md", "domain.yaml"},
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
