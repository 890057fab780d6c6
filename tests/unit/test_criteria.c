/* criteria: a truth table reasoned by hand, a row or more for each criterion; any and all; what a
 * check alone decides. And the reference page, which says what the table of fields says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/criteria.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		.ptr = (const uint8_t *)("" s), .len = sizeof(s) - 1                               \
	}
#define LIST(...)                                                                                  \
	{                                                                                          \
		(const struct bytes[]){__VA_ARGS__},                                               \
		    sizeof((const struct bytes[]){__VA_ARGS__}) / sizeof(struct bytes)             \
	}

static struct bytes cves[] = {TEXT("CVE-2023-1"), TEXT("CVE-2023-22")};
static struct bytes tags[] = {TEXT("latest"), TEXT("v1.4")};
static struct finding_match matches[] = {
    {.pkg = {.name = TEXT("libssl3"), .source_name = TEXT("openssl")}},
    {.pkg = {.name = TEXT("openssl"), .source_name = TEXT("openssl")}}};
static const struct finding it = {.check = {.id = 7,
					    .advisory = TEXT("DSA-5-1"),
					    .title = TEXT("Update for OpenSSL (DSA-5-1)"),
					    .category = TEXT("Debian"),
					    .cves = cves,
					    .cve_count = 2,
					    .severity = ADV_SEV_HIGH,
					    .cvss = {.version = CVSS_3_1, .base = 7.5},
					    .kev = true,
					    .epss = 0.25},
				  .status = ADV_FIXED,
				  .patchable = true,
				  .fixed = TEXT("3"),
				  .matches = matches,
				  .match_listed = 2,
				  .repository = TEXT("team/shop"),
				  .digest = TEXT("sha256:aa"),
				  .tags = tags,
				  .tag_count = 2,
				  .os = TEXT("debian:12")};
static const uint64_t ids[] = {6, 7}, other_ids[] = {6};

/* fits: of the finding above; bare: of one that has no score, no EPSS, no fix and no tag. check:
 * what the check alone leaves open. */
static const struct row {
	const char *what;
	struct criteria c;
	bool fits, bare, check;
} rows[] = {
    {"nothing", {.any = false}, true, true, true},
    {"nothing, any", {.any = true}, true, true, true},
    {"id", {.ids = ids, .id_count = 2}, true, true, true},
    {"other id", {.ids = other_ids, .id_count = 1}, false, false, false},
    {"CVE, other case", {.cves = LIST(TEXT("cve-2023-22"))}, true, true, true},
    {"advisory", {.cves = LIST(TEXT("x"), TEXT("dsa-5-1"))}, true, true, true},
    {"CVE's beginning", {.cves = LIST(TEXT("CVE-2023-2"))}, false, false, false},
    {"category", {.categories = LIST(TEXT("debian"))}, true, true, true},
    {"other category", {.categories = LIST(TEXT("Alpine"))}, false, false, false},
    {"not this category", {.not_categories = LIST(TEXT("DEBIAN"))}, false, false, false},
    {"not another category", {.not_categories = LIST(TEXT("Alpine"))}, true, true, true},
    {"text", {.text = TEXT("for openssl")}, true, true, true},
    {"text at the end", {.text = TEXT("5-1)")}, true, true, true},
    {"text past the end", {.text = TEXT("5-1)x")}, false, false, false},
    {"severity", {.severities = {[ADV_SEV_HIGH] = true}}, true, true, true},
    {"other severities",
     {.severities = {true, true, true, true, false, true}},
     false,
     false,
     false},
    {"EPSS below", {.epss_below = 0.3}, true, false, true},
    {"EPSS below its own", {.epss_below = 0.25}, false, false, false},
    {"score at least its own", {.cvss_min = 7.5}, true, false, true},
    {"score above", {.cvss_min = 7.6}, false, false, false},
    {"score below more", {.cvss_below = 7.6}, true, false, true},
    {"score below its own", {.cvss_below = 7.5}, false, false, false},
    {"score between", {.cvss_min = 7, .cvss_below = 8}, true, false, true},
    {"EPSS at least its own", {.epss_min = 0.25}, true, false, true},
    {"EPSS above", {.epss_min = 0.26}, false, false, false},
    {"exploited", {.kev = RECORD_YES}, true, true, true},
    {"not exploited", {.kev = RECORD_NO}, false, false, false},
    {"patchable", {.patchable = RECORD_YES}, true, false, true},
    {"not patchable", {.patchable = RECORD_NO}, false, true, true},
    {"fixed", {.fixed = RECORD_YES}, true, false, true},
    {"not fixed", {.fixed = RECORD_NO}, false, true, true},
    {"status", {.statuses = {[ADV_FIXED] = true}}, true, false, true},
    {"other status", {.statuses = {[ADV_AFFECTED] = true}}, false, true, true},
    {"package", {.packages = LIST(TEXT("libssl3"))}, true, false, true},
    {"source package", {.packages = LIST(TEXT("x"), TEXT("openssl"))}, true, false, true},
    {"package, other case", {.packages = LIST(TEXT("OpenSSL"))}, false, false, true},
    {"digest", {.digests = LIST(TEXT("sha256:aa"))}, true, true, true},
    {"other digest", {.digests = LIST(TEXT("sha256:a"))}, false, false, true},
    {"tag", {.tags = LIST(TEXT("v1.*"))}, true, false, true},
    {"other tag", {.tags = LIST(TEXT("v2.*"), TEXT("v1.?4"))}, false, false, true},
    {"repository", {.repositories = LIST(TEXT("team/*"))}, true, true, true},
    {"other repository", {.repositories = LIST(TEXT("team"))}, false, false, true},
    {"system", {.os = LIST(TEXT("debian:1?"))}, true, true, true},
    {"other system", {.os = LIST(TEXT("alpine:*"))}, false, false, true},
    {"all: one of two", {.kev = RECORD_YES, .cvss_min = 9}, false, false, false},
    {"any: one of two", {.any = true, .kev = RECORD_YES, .cvss_min = 9}, true, true, true},
    {"any: none of two", {.any = true, .kev = RECORD_NO, .cvss_min = 9}, false, false, false},
    {"any: the match may", {.any = true, .cvss_min = 9, .fixed = RECORD_YES}, true, false, true},
    {"all: the check cannot", {.cvss_min = 9, .fixed = RECORD_YES}, false, false, false},
};

static void test_table(void **state)
{
	struct finding bare = it;
	(void)state;
	bare.check.cvss = (struct cvss_score){.version = CVSS_NONE};
	bare.check.epss = -1;
	bare.status = ADV_AFFECTED;
	bare.patchable = false;
	bare.fixed = BYTES_NONE;
	bare.match_listed = bare.tag_count = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		if (criteria_fits(&r->c, &it) != r->fits)
			fail_msg("%s: should be %d", r->what, r->fits);
		if (criteria_fits(&r->c, &bare) != r->bare)
			fail_msg("%s, bare: should be %d", r->what, r->bare);
		if (criteria_fits_check(&r->c, &it.check) != r->check)
			fail_msg("%s, check: should be %d", r->what, r->check);
		assert_int_equal(criteria_is_empty(&r->c), i < 2);
	}
}

static void test_globs(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} globs[] = {{"", "", true},
		     {"", "a", false},
		     {"*", "", true},
		     {"*", "a/b", true},
		     {"a*c", "abbc", true},
		     {"a*c", "abcd", false},
		     {"a*b*c", "aXbYbZc", true},
		     {"?", "", false},
		     {"a?c", "abc", true},
		     {"**a", "ba", true},
		     {"*ab", "aab", true},
		     {"[a]", "a", false}};
	(void)state;
	for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
		if (criteria_glob(bytes_of(globs[i].pattern), bytes_of(globs[i].text)) !=
		    globs[i].fits)
			fail_msg("%s of %s", globs[i].pattern, globs[i].text);
}

static void page_has(const char *name, const struct record_object *const *tables, size_t count)
{
	struct buf page, want;
	buf_init(&page, 1U << 20);
	const char *root = getenv("PLIMSOLL_SOURCE");
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/%s", root ? root : ".", name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	for (char line[4096]; fgets(line, sizeof line, f);)
		buf_put_text(&page, line);
	(void)fclose(f);
	for (size_t i = 0; i < count; i++) {
		buf_init(&want, 1U << 16);
		record_page_rows(&want, tables[i]);
		if (bytes_find_bytes(buf_bytes(&page), buf_bytes(&want)) >= page.len)
			fail_msg("%s lacks:\n%s", name, buf_cstr(&want));
		buf_free(&want);
	}
	buf_free(&page);
}

static void test_page(void **state)
{
	(void)state;
	page_has("docs/formats/report-json.md",
		 (const struct record_object *const[]){&finding_object, &finding_match_object}, 2);
	page_has("docs/api.md", (const struct record_object *const[]){&criteria_object}, 1);
}

/* RFC 4180: quotes are doubled; what has no column is left out. */
static void test_csv(void **state)
{
	struct finding_match m = {
	    .pkg = {.name = TEXT("a\"b,c")}, .status = ADV_FIXED, .patchable = true};
	struct buf out;
	(void)state;
	buf_init(&out, 4096);
	record_csv_header(&out, &finding_match_object);
	assert_string_equal(buf_cstr(&out),
			    "package,installed_version,fixed_version,status,patchable,arch,"
			    "source_name,source_version,layer,layer_created_by,origin,path,purl,"
			    "remediation");
	buf_clear(&out);
	record_csv_row(&out, &finding_match_object, &m);
	assert_string_equal(buf_cstr(&out), "\"a\"\"b,c\",\"\",\"\",\"fixed\",true,\"\",\"\",\"\","
					    "\"\",\"\",,\"\",\"\",\"\"");
	/* what a terminal obeys does not reach it; the texts' own characters and lines do */
	buf_clear(&out);
	record_csv_cell(&out, BYTES_LIT("\x1b[31m\xc2\x9bm \xe2\x80\xae\x7f\xc3\xa9\xff\t\n"));
	assert_string_equal(
	    buf_cstr(&out),
	    "\"\xef\xbf\xbd[31m\xef\xbf\xbdm \xef\xbf\xbd\xef\xbf\xbd\xc3\xa9\xff\t\n\"");
	buf_free(&out);
}

#define RANDOM_LEN 200U

/* As the words say it: which of the glob's fronts fits which of the text's. */
static bool fits_plainly(struct bytes glob, struct bytes text)
{
	static bool fits[RANDOM_LEN + 1][RANDOM_LEN + 1];
	for (size_t g = 0; g <= glob.len; g++)
		for (size_t t = 0; t <= text.len; t++) {
			uint8_t c = g ? glob.ptr[g - 1] : 0;
			fits[g][t] = g == 0	? t == 0
				     : c == '*' ? fits[g - 1][t] || (t && fits[g][t - 1])
						: t && fits[g - 1][t - 1] &&
						      (c == '?' || c == text.ptr[t - 1]);
		}
	return fits[glob.len][text.len];
}

/* Of few characters, so that much almost fits; texts that are made of the glob do fit. */
static void test_random_globs(void **state)
{
	uint32_t seed = 1;
	size_t yes = 0;
	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint8_t glob[RANDOM_LEN], text[RANDOM_LEN];
		struct bytes g = {glob, 0}, t = {text, 0};
		seed = seed * 1664525U + 1013904223U;
		size_t len = (seed >> 8) % RANDOM_LEN;
		const char *marks = round % 3 ? "aaaaaaab?*" : "aab?****";
		while (g.len < len) {
			seed = seed * 1664525U + 1013904223U;
			glob[g.len++] = (uint8_t)marks[(seed >> 8) % strlen(marks)];
		}
		for (size_t i = 0; i < g.len && t.len < RANDOM_LEN; i++) {
			seed = seed * 1664525U + 1013904223U;
			size_t times = glob[i] == '*' ? (seed >> 8) % 4 : 1;
			while (times-- && t.len < RANDOM_LEN)
				text[t.len++] = glob[i] == 'a' || glob[i] == 'b' ? glob[i] : 'a';
		}
		if (round % 2 && t.len)
			text[(seed >> 8) % t.len] ^= 3;
		bool want = fits_plainly(g, t);
		yes += want;
		if (criteria_glob(g, t) != want)
			fail_msg("glob %.*s of %.*s", (int)g.len, (char *)glob, (int)t.len,
				 (char *)text);
	}
	assert_in_range(yes, 5000, 15000);
}

#define LONG_LEN ((size_t)16 << 20)

/* Texts that almost fit everywhere: by going back, 500 steps for each byte, which takes minutes. */
static void test_long_globs(void **state)
{
	static const char *const parts[] = {"a", "a?", "??????a"};
	uint8_t *text = malloc(LONG_LEN);
	(void)state;
	assert_non_null(text);
	memset(text, 'a', LONG_LEN);
	for (size_t k = 0; k < 3; k++) {
		struct buf glob;
		struct bytes all = {text, LONG_LEN};
		buf_init(&glob, 4096);
		buf_put_u8(&glob, '*');
		while (glob.len < 500)
			buf_put_text(&glob, parts[k]);
		buf_put_text(&glob, "b*c");
		assert_false(criteria_glob(buf_bytes(&glob), all));
		text[LONG_LEN - 9] = 'b';
		assert_false(criteria_glob(buf_bytes(&glob), all));
		text[LONG_LEN - 1] = 'c';
		assert_true(criteria_glob(buf_bytes(&glob), all));
		memset(text + LONG_LEN - 9, 'a', 9);
		buf_free(&glob);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),	 cmocka_unit_test(test_globs),
	    cmocka_unit_test(test_random_globs), cmocka_unit_test(test_long_globs),
	    cmocka_unit_test(test_page),	 cmocka_unit_test(test_csv)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
