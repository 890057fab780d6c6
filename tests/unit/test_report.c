/* The reports for people: what a scan says that an inventory, which judges nothing, does not. */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report/formats.h"
#include "report/report.h"
#include "scan/assess.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		.ptr = (const uint8_t *)("" s), .len = sizeof(s) - 1                               \
	}

static struct inv_package packages[] = {
    {.pkg = {.type = TEXT("apk"),
	     .name = TEXT("musl"),
	     .version = TEXT("1.2.3-r4"),
	     .arch = TEXT("x86_64")},
     .layer = 1},
};
static struct inv_note notes[] = {
    {.layer = -1, .text = TEXT("packages found, but no file that names the distribution")},
    {.layer = 0, .path = TEXT("var/lib/rpm/Packages"), .text = TEXT("cut \033[2J off")},
};
static const struct inv_image image = {
    .has_distro = true,
    .distro = {.id = TEXT("alpine"), .name = TEXT("Alpine Linux v3.16")},
    .packages = packages,
    .package_count = 1,
    .notes = notes,
    .note_count = 2,
    .state = INV_PARTIAL};
static const struct assess assess = {.state = ASSESS_UNVERIFIED,
				     .reason = TEXT("there is no vulnerability database"),
				     .image = &image};
static const struct scan_input input = {.name = TEXT("an image.tar")};
static const struct report report = {.input = &input, .assess = &assess, .version = "0"};

static const char notes_text[] = "Note: packages found, but no file that names the distribution\n"
				 "Note: layer 1: var/lib/rpm/Packages: cut ?[2J off\n";

static void check(int (*put)(const struct report *, struct buf *, struct err *), const char *head)
{
	struct buf out, want;
	buf_init(&out, 1U << 16);
	buf_init(&want, 1U << 16);
	buf_put_text(&want, head);
	buf_put_text(&want, notes_text);
	assert_int_equal(put(&report, &out, NULL), 0);
	assert_string_equal(buf_cstr(&out), buf_cstr(&want));
	buf_free(&out);
	buf_free(&want);
}

static void test_inventory(void **state)
{
	(void)state;
	check(report_inventory_table, "an image.tar (Alpine Linux v3.16): 1 package\n"
				      "musl     1.2.3-r4  x86_64  layer 2\n");
}

static void test_scan(void **state)
{
	(void)state;
	check(table_put, "an image.tar (Alpine Linux v3.16): Unverified, 1 package\n"
			 "  there is no vulnerability database\n"
			 "0 findings.\n");
}

/* Dates as the distributions publish them; the last day is a day of support. */
static const struct {
	const char *id, *version, *name, *stated, *now;
	const char *text; /* NULL: nothing is known; "": in full support */
} supports[] = {
    {"debian", "10", "", "", "2022-09-10T23:59:59Z", ""},
    {"debian", "10", "", "", "2022-09-11",
     "debian 10 is past its standard support, which ended on 2022-09-10: fixes come with LTS only, "
     "until 2024-06-30"},
    {"debian", "10", "", "", "2024-07-01",
     "debian 10 gets no more fixes: standard support ended on 2022-09-10, LTS on 2024-06-30"},
    {"debian", "9.13", "", "", "2030-01-01",
     "debian 9.13 gets no more fixes: standard support ended on 2020-07-18, LTS on 2022-06-30"},
    {"debian", "", "", "", "2030-01-01", NULL}, /* sid */
    {"ubuntu", "18.04", "", "", "2024-01-01",
     "ubuntu 18.04 is past its standard support, which ended on 2023-05-31: fixes come with Ubuntu "
     "Pro (and its Legacy add-on) only, until 2030-04-30"},
    {"ubuntu", "23.10", "", "", "2024-07-12",
     "ubuntu 23.10 gets no more fixes: support ended on 2024-07-11"},
    {"alpine", "3.1", "", "", "2016-01-01", ""},
    {"alpine", "3.10.9", "", "", "2021-05-02",
     "alpine 3.10.9 gets no more fixes: support ended on 2021-05-01"},
    {"alpine", "edge", "", "", "2030-01-01", NULL},
    {"rhel", "7.9", "", "", "2024-07-01",
     "rhel 7.9 is past its standard support, which ended on 2024-06-30: fixes come with Extended "
     "Life Cycle Support only, until 2028-06-30"},
    {"rhel", "10.0", "", "", "2026-01-01", ""},
    {"centos", "8", "CentOS Linux 8", "", "2022-01-01",
     "centos 8 gets no more fixes: support ended on 2021-12-31"},
    {"centos", "8", "CentOS Stream 8", "", "2022-01-01", ""},
    {"sles", "15.5", "", "", "2025-01-01",
     "sles 15.5 is past its standard support, which ended on 2024-12-31: fixes come with LTSS "
     "only, until 2027-12-31"},
    {"sles", "15.9", "", "", "2030-01-01", NULL},
    {"opensuse-leap", "15.1", "", "", "2021-02-03",
     "opensuse-leap 15.1 gets no more fixes: support ended on 2021-02-02"},
    {"amzn", "2018.03", "", "", "2024-01-01",
     "amzn 2018.03 gets no more fixes: standard support ended on 2020-12-31, maintenance support "
     "on 2023-12-31"},
    {"amzn", "2", "", "", "2024-01-01", ""},
    {"almalinux", "8.5", "", "", "2029-03-02",
     "almalinux 8.5 gets no more fixes: support ended on 2029-03-01"},
    {"rocky", "8.5", "", "", "2029-06-01",
     "rocky 8.5 gets no more fixes: support ended on 2029-05-31"},
    {"ol", "6.10", "", "", "2025-01-01",
     "ol 6.10 gets no more fixes: standard support ended on 2021-03-31, Extended Support on "
     "2024-12-31"},
    {"fedora", "36", "", "2020-01-01", "2023-05-16", ""}, /* the table knows it */
    {"fedora", "99", "", "2031-05-14", "2031-05-15",
     "fedora 99 gets no more fixes: support ended on 2031-05-14"},
    {"fedora", "99", "", "2031-05-14", "2031-05-14", ""},
    {"fedora", "99", "", "2031-13-45", "2032-01-01", NULL},
    {"fedora", "99", "", "soon", "2032-01-01", NULL},
    {"", "", "", "", "2032-01-01", NULL},
};

static void test_support(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof supports / sizeof supports[0]; i++) {
		struct support s;
		struct buf out;
		int64_t now;
		struct bytes id = bytes_of(supports[i].id), version = bytes_of(supports[i].version);
		assert_true(clock_parse_rfc3339(bytes_of(supports[i].now), &now));
		bool known = support_find(id, version, bytes_of(supports[i].name),
					  bytes_of(supports[i].stated), now, &s);
		if (known != (supports[i].text != NULL))
			fail_msg("case %zu: %s", i, known ? "known" : "not known");
		if (!known)
			continue;
		buf_init(&out, 4096);
		support_put_text(&out, id, version, &s);
		assert_string_equal(buf_cstr(&out), supports[i].text);
		buf_free(&out);
	}
}

/* Every report of an image whose release has ended says so, and none has a finding for it. */
static void test_support_in_reports(void **state)
{
	static const struct inv_image old = {
	    .has_distro = true,
	    .distro = {.id = TEXT("debian"), .version_id = TEXT("9"), .name = TEXT("Debian 9")},
	    .state = INV_ASSESSED};
	static const struct assess healthy = {.state = ASSESS_HEALTHY, .image = &old};
	static const struct {
		int (*put)(const struct report *, struct buf *, struct err *);
		const char *want;
	} puts[] = {
	    {table_put, "Support: debian 9 gets no more fixes: standard support ended on "
			"2020-07-18, LTS on 2022-06-30\n"},
	    {report_json_put,
	     "\"support\": {\n      \"state\": \"ended\",\n      \"standard_end\": "
	     "\"2020-07-18\",\n      \"extended\": \"LTS\",\n"
	     "      \"extended_end\": \"2022-06-30\",\n      \"source\": \"distro-info-data"},
	    {report_inventory_json, "\"support\": {"},
	    {sarif_put, "\"toolExecutionNotifications\": [\n            {\n              "
			"\"level\": \"warning\",\n              \"message\": {\n"
			"                \"text\": \"debian 9 gets no more fixes: "},
	};
	struct report r = {
	    .input = &input, .assess = &healthy, .version = "0", .now_ms = INT64_C(1700000000000)};
	(void)state;
	for (size_t i = 0; i < sizeof puts / sizeof puts[0]; i++) {
		for (int told = 1; told >= 0; told--) {
			struct buf out;
			r.now_ms = told ? INT64_C(1700000000000) : 0;
			buf_init(&out, 1U << 16);
			assert_int_equal(puts[i].put(&r, &out, NULL), 0);
			bool found =
			    bytes_find_bytes(buf_bytes(&out), bytes_of(puts[i].want)) < out.len;
			if (found != told)
				fail_msg("format %zu: %s", i, buf_cstr(&out));
			buf_free(&out);
		}
	}
}

static struct bytes cve = TEXT("CVE-2026-1");
static struct finding_match match = {.pkg = {.type = TEXT("apk"),
					     .name = TEXT("musl"),
					     .version = TEXT("1.2.3-r4"),
					     .path = TEXT("lib/apk/db/installed")},
				     .fixed_version = TEXT("1.2.3-r5"),
				     .purl = TEXT("pkg:apk/alpine/musl@1.2.3-r4"),
				     .layer = TEXT("sha256:00"),
				     .status = ADV_FIXED,
				     .remediation = TEXT("apk upgrade")};
static struct finding finding = {.check = {.id = 5,
					   .title = TEXT("a check of \"musl\""),
					   .category = TEXT("Alpine"),
					   .advisory = TEXT("CVE-2026-1"),
					   .source_name = TEXT("musl"),
					   .cves = &cve,
					   .cve_count = 1,
					   .severity = ADV_SEV_HIGH,
					   .epss = -1,
					   .epss_percentile = -1,
					   .summary = TEXT("s")},
				 .installed = TEXT("1.2.3-r4"),
				 .fixed = TEXT("1.2.3-r5"),
				 .status = ADV_FIXED,
				 .remediation = TEXT("apk upgrade"),
				 .matches = &match,
				 .match_listed = 1,
				 .match_count = 1};

/* The number is what code-scanning services show a word of: the finding's own severity decides, and
 * the score only where it lies in the same band (9.0, 7.0, 4.0, 0.1 begin GitHub's). */
static void test_sarif_numbers(void **state)
{
	static const struct {
		enum adv_severity severity;
		double score; /* <0: none */
		const char *level, *number;
	} rows[] = {
	    {ADV_SEV_LOW, 9.8, "note", "3.9"},	     {ADV_SEV_NEGLIGIBLE, 9.8, "note", "0.1"},
	    {ADV_SEV_HIGH, 9.8, "error", "8.9"},     {ADV_SEV_CRITICAL, 4.3, "error", "9.0"},
	    {ADV_SEV_MEDIUM, 5.3, "warning", "5.3"}, {ADV_SEV_MEDIUM, -1, "warning", "5.5"},
	    {ADV_SEV_CRITICAL, 10, "error", "10.0"}, {ADV_SEV_LOW, 0, "note", "0.1"},
	    {ADV_SEV_UNKNOWN, -1, "warning", "0.0"}, {ADV_SEV_HIGH, -1, "error", "8.0"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct finding f = finding;
		struct report r = report;
		struct buf out;
		char want[64], level[64];
		f.check.severity = rows[i].severity;
		if (rows[i].score >= 0)
			f.check.cvss =
			    (struct cvss_score){.version = CVSS_3_1, .base = rows[i].score};
		r.findings = &f;
		r.finding_count = 1;
		(void)snprintf(want, sizeof want, "\"security-severity\": \"%s\"", rows[i].number);
		(void)snprintf(level, sizeof level, "\"level\": \"%s\"", rows[i].level);
		buf_init(&out, 1U << 16);
		assert_int_equal(sarif_put(&r, &out, NULL), 0);
		if (!strstr(buf_cstr(&out), want) || !strstr(buf_cstr(&out), level))
			fail_msg("row %zu: %s", i, buf_cstr(&out));
		buf_free(&out);
	}
}

/* RFC 3986: what is no "pchar" is encoded, each byte of UTF-8 by itself. */
static void test_sarif_uris(void **state)
{
	static const char *const rows[][2] = {
	    {"var/lib/dpkg/status.d/a b", "var/lib/dpkg/status.d/a%20b"},
	    {"d/100%", "d/100%25"},
	    {"d/x#y?z", "d/x%23y%3Fz"},
	    {"c:/libstdc++6", "c%3A/libstdc++6"},
	    {"[a]\\\"<>^`{|}", "%5Ba%5D%5C%22%3C%3E%5E%60%7B%7C%7D"},
	    {"caf\303\251", "caf%C3%A9"},
	    {"a~b_c-d.e@1,2;k=v!$&'()*", "a~b_c-d.e@1,2;k=v!$&'()*"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct finding f = finding;
		struct report r = report;
		struct buf out;
		char want[200];
		struct finding_match m = match;
		m.pkg.path = bytes_of(rows[i][0]);
		f.matches = &m;
		r.findings = &f;
		r.finding_count = 1;
		(void)snprintf(want, sizeof want, "\"uri\": \"%s\"", rows[i][1]);
		buf_init(&out, 1U << 16);
		assert_int_equal(sarif_put(&r, &out, NULL), 0);
		if (!strstr(buf_cstr(&out), want))
			fail_msg("%s: %s", rows[i][0], buf_cstr(&out));
		buf_free(&out);
	}
}

struct format_case {
	int (*put)(const struct report *r, struct buf *out, struct err *e);
	const struct report *report;
	char *want;
};

static int put_once(void *arg)
{
	struct format_case *c = arg;
	struct err e = ERR_INIT;
	struct buf out;
	buf_init(&out, 1U << 20);
	int r = c->put(c->report, &out, &e);
	if (r < 0)
		assert_int_equal(e.code, ERR_NOMEM);
	else if (c->want)
		assert_true(bytes_eq(buf_bytes(&out), bytes_of(c->want)));
	else
		c->want = strdup(buf_cstr(&out));
	buf_free(&out);
	return r;
}

static void test_memory(void **state)
{
	(void)state;
	struct report full = report;
	full.findings = &finding;
	full.finding_count = 1;
	full.template =
	    BYTES_LIT("{{image.name}} has these findings:\n{{#findings}}{{id}} {{.|json}}\n"
		      "{{#matches}}{{purl|url}}{{/matches}}{{/findings}}");
	struct format_case cases[24] = {{.put = report_inventory_json},
					{.put = report_inventory_table}};
	size_t n = 2;
	for (size_t i = 0; i < report_count && n < 24; i++)
		cases[n++].put = report_table[i].put;
	for (size_t i = 0; i < n; i++) {
		cases[i].report = &full;
		assert_int_equal(put_once(&cases[i]), 0);
		assert_true(strlen(cases[i].want) > 40);
		assert_true(torture(put_once, &cases[i]) > 0);
		free(cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_inventory),	  cmocka_unit_test(test_scan),
	    cmocka_unit_test(test_support),	  cmocka_unit_test(test_support_in_reports),
	    cmocka_unit_test(test_sarif_numbers), cmocka_unit_test(test_sarif_uris),
	    cmocka_unit_test(test_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
