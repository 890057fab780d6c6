/* One answer for an image and an id: the reasons by hand, over a small database; memory that fails.
 */
#include "match/why.h"
#include "match_case.h"

#define DAY_MS INT64_C(86400000)
#define RANGE_OF(package)                                                                          \
	.ecosystem = "Debian:12", .name = (package), .events = "introduced 0",                     \
	.status = ADV_AFFECTED

static const struct sample records[] = {
    {.feed = "osv",
     .id = "CVE-2024-1",
     .ecosystem = "Debian:12",
     .name = "a",
     .events = "introduced 0,fixed 2",
     .status = ADV_FIXED},
    {.feed = "osv",
     .id = "CVE-2024-2",
     .ecosystem = "Debian:12",
     .name = "a",
     .events = "introduced 5,fixed 6",
     .status = ADV_FIXED},
    {.feed = "osv",
     .id = "CVE-2024-3",
     .ecosystem = "Debian:11",
     .name = "a",
     .events = "introduced 0",
     .status = ADV_AFFECTED},
    {.feed = "osv",
     .id = "CVE-2024-4",
     .ecosystem = "Debian:12",
     .name = "a",
     .events = "",
     .status = ADV_NOT_AFFECTED},
    {.feed = "osv",
     .id = "CVE-2024-5",
     .ecosystem = "Debian:12",
     .name = "b",
     .events = "introduced 0",
     .status = ADV_AFFECTED},
    {.feed = "osv",
     .id = "GHSA-aaaa-bbbb-cccc",
     .ecosystem = "Debian:12",
     .name = "c",
     .events = "introduced 0",
     .status = ADV_AFFECTED},
    /* rejected by who named it */
    {.feed = "cve5", .id = "CVE-2024-11", .modified_ms = 5, .withdrawn_ms = DAY_MS},
    {.feed = "osv", .id = "DSA-11-1", .alias = "CVE-2024-11", RANGE_OF("a")},
    /* rejected, for it is another one */
    {.feed = "cve5", .id = "CVE-2024-12", .alias = "CVE-2024-1", .withdrawn_ms = DAY_MS},
    {.feed = "osv", .id = "CVE-2024-12", RANGE_OF("a")},
    {.feed = "nvd", .id = "CVE-2024-13", .summary = "A duplicate.", .withdrawn_ms = DAY_MS},
    {.feed = "osv", .id = "CVE-2024-13", RANGE_OF("a")},
    /* rejected, and published again */
    {.feed = "cve5", .id = "CVE-2024-14", .modified_ms = 5, .withdrawn_ms = DAY_MS},
    {.feed = "nvd", .id = "CVE-2024-14", .modified_ms = 6, .cvss = "AV:N/AC:L/Au:N/C:P/I:N/A:N"},
    {.feed = "osv", .id = "CVE-2024-14", RANGE_OF("a")},
    /* no authority of CVEs */
    {.feed = "ubuntu-tracker", .id = "CVE-2024-15", .withdrawn_ms = 1},
    {.feed = "osv", .id = "CVE-2024-15", RANGE_OF("a")},
    /* a record that was taken back, and had packages before */
    {.feed = "osv", .id = "GHSA-dddd-eeee-ffff", .modified_ms = 1, RANGE_OF("a")},
    {.feed = "osv", .id = "GHSA-dddd-eeee-ffff", .modified_ms = 2, .withdrawn_ms = DAY_MS},
};

#define A1                                                                                         \
	{                                                                                          \
		.distro = "debian:12", .name = "a", .version = "1"                                 \
	}
#define A2                                                                                         \
	{                                                                                          \
		.distro = "debian:12", .name = "a", .version = "2"                                 \
	}
#define SOME                                                                                       \
	{                                                                                          \
		.distro = "debian:12", .name = "z", .version = "1"                                 \
	}
static const struct {
	const char *id;
	struct bench_pkg packages[2];
	bool unread, late;
	enum why_reason reason;
	const char *by; /* the record that decides for the first package explained */
} cases[] = {
    {"CVE-2024-1", {A1}, false, false, WHY_REPORTED, "CVE-2024-1"},
    {"cve-2024-1", {A1}, true, true, WHY_REPORTED, "CVE-2024-1"},
    {"CVE-2024-1", {A2}, false, false, WHY_FIXED, "CVE-2024-1"},
    /* One package that is affected is enough. */
    {"CVE-2024-1", {A2, A1}, false, false, WHY_REPORTED, "CVE-2024-1"},
    {"CVE-2024-2", {A2}, false, false, WHY_OUTSIDE, "CVE-2024-2"},
    {"CVE-2024-3", {A1}, false, false, WHY_NO_RECORD, ""},
    {"CVE-2024-4", {A1}, false, false, WHY_NOT_AFFECTED, "CVE-2024-4"},
    {"CVE-2024-5", {A1}, false, false, WHY_PACKAGE_ABSENT, NULL},
    {"CVE-2024-5", {A1}, true, false, WHY_NOT_READ, NULL},
    {"ghsa-AAAA-bbbb-cccc", {SOME}, false, false, WHY_PACKAGE_ABSENT, NULL},
    {"CVE-2024-11", {A1}, false, false, WHY_WITHDRAWN, "CVE-2024-11"},
    {"DSA-11-1", {A1}, false, false, WHY_WITHDRAWN, "CVE-2024-11"},
    {"CVE-2024-12", {A1}, false, false, WHY_REPORTED, "CVE-2024-12"},
    {"CVE-2024-13", {A1}, false, false, WHY_REPORTED, "CVE-2024-13"},
    {"CVE-2024-14", {A1}, false, false, WHY_REPORTED, "CVE-2024-14"},
    {"CVE-2024-15", {A1}, false, false, WHY_REPORTED, "CVE-2024-15"},
    {"GHSA-dddd-eeee-ffff", {A1}, true, false, WHY_WITHDRAWN, NULL},
    {"CVE-2024-9", {A1}, false, false, WHY_UNKNOWN_ID, NULL},
    {"CVE-2024-9", {A1}, false, true, WHY_DATABASE_OLD, NULL},
    {"CVE-2024-1",
     {{.distro = "stranger:1", .name = "a", .version = "1"}},
     false,
     false,
     WHY_NOT_COVERED,
     ""},
    {"CVE-2024-1",
     {{.distro = "debian:12", .name = "a", .version = "1", .third_party = true}},
     false,
     false,
     WHY_NOT_ASSESSED,
     ""},
    /* A stranger's package of another name says nothing of it. */
    {"CVE-2024-1",
     {{.distro = "debian:12", .name = "z", .version = "1", .third_party = true}, SOME},
     false,
     false,
     WHY_PACKAGE_ABSENT,
     NULL},
};

static int ask(struct db *d, size_t i, struct arena *a, struct why *ret, struct err *e)
{
	struct pkg packages[2];
	const struct pkg *list[2];
	size_t n = 0;
	for (; n < 2 && cases[i].packages[n].name; n++) {
		packages[n] = package(&cases[i].packages[n]);
		list[n] = &packages[n];
	}
	const struct why_input in = {.v = d->v,
				     .packages = list,
				     .package_count = n,
				     .id = bytes_of(cases[i].id),
				     .unread = cases[i].unread,
				     .now_ms = vdb_built_ms(d->v) + WHY_DATABASE_OLD_MS +
					       (cases[i].late ? 1 : 0)};
	return why_ask(&in, a, ret, e);
}

static void reasons(void **state)
{
	struct db d;
	(void)state;
	db_open(&d, records, sizeof records / sizeof *records);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		struct why why;
		assert_int_equal(ask(&d, i, &d.a, &why, &e), 0);
		if (why.reason != cases[i].reason)
			fail_msg("case %zu: %s", i, why_reason_word((int)why.reason));
		assert_int_equal(why.package_count > 0, cases[i].by != NULL);
		if (!cases[i].by)
			continue;
		assert_text(why.packages[0].x.advisory, cases[i].by);
		assert_true(why.packages[0].x.text.len > 0);
		if (*cases[i].by)
			assert_text(why.packages[0].x.feed,
				    why.reason == WHY_WITHDRAWN ? "cve5" : "osv");
	}
	for (int i = 0; i < WHY_REASON_COUNT; i++)
		assert_true(why_reason_word(i) && why_reason_text((enum why_reason)i));
	assert_null(why_reason_word(WHY_REASON_COUNT));
	db_close(&d);
}

static int ask_once(void *arg)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct why why;
	int r = 0;
	for (size_t i = 0; r == 0 && i < sizeof cases / sizeof *cases; i++) {
		arena_init(&a, 1U << 24);
		r = ask(arg, i, &a, &why, &e);
		assert_true(r == 0 ? why.reason == cases[i].reason : e.code == ERR_NOMEM);
		arena_free(&a);
	}
	return r;
}

static void memory_that_fails(void **state)
{
	struct db d;
	(void)state;
	db_open(&d, records, sizeof records / sizeof *records);
	assert_true(torture(ask_once, &d) > 10);
	db_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reasons),
					   cmocka_unit_test(memory_that_fails)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
