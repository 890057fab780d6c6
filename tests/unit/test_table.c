/* The table for people: a row for each security check, worst first, in the terminal's width.
 * Expected texts are laid out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "report/cells.h"
#include "report/columns.h"
#include "report/formats.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		.ptr = (const uint8_t *)("" s), .len = sizeof(s) - 1                               \
	}

static struct bytes two_cves[] = {TEXT("CVE-2024-10"), TEXT("CVE-2024-9")};
static struct bytes kev_cve[] = {TEXT("CVE-2022-0778")};

#define MATCH(name_, version_, source_version_, fixed_, status_)                                   \
	{                                                                                          \
		.pkg = {.type = TEXT("deb"),                                                       \
			.name = TEXT(name_),                                                       \
			.version = TEXT(version_),                                                 \
			.source_version = TEXT(source_version_)},                                  \
		.fixed_version = TEXT(fixed_), .status = status_, .patchable = false               \
	}
/* 3.0-10 is newer than 3.0-9 by dpkg's order, not by that of bytes */
static struct finding_match openssl[] = {MATCH("openssl", "3.0-1+b2", "3.0-1", "3.0-10", ADV_FIXED),
					 MATCH("libssl3", "3.0-1", "3.0-1", "3.0-9", ADV_FIXED)};
static struct finding_match bash[] = {MATCH("bash", "5", "", "", ADV_WILL_NOT_FIX)};
static struct finding_match curl[] = {MATCH("curl", "7.1", "", "7.2", ADV_FIXED)};
static struct finding findings[] = {
    {.check = {.id = 1,
	       .advisory = TEXT("DSA-1-1"),
	       .source_name = TEXT("openssl"),
	       .category = TEXT("Debian"),
	       .cves = two_cves,
	       .cve_count = 2,
	       .severity = ADV_SEV_HIGH,
	       .epss = -1},
     .matches = openssl,
     .match_listed = 2},
    {.check = {.id = 2,
	       .advisory = TEXT("CVE-2024-77"),
	       .source_name = TEXT("bash"),
	       .severity = ADV_SEV_UNKNOWN,
	       .epss = -1},
     .matches = bash,
     .match_listed = 1},
    {.check = {.id = 3,
	       .advisory = TEXT("DSA-3-1"),
	       .source_name = TEXT("curl"),
	       .cves = kev_cve,
	       .cve_count = 1,
	       .kev = true,
	       .epss = 0.5,
	       .severity = ADV_SEV_LOW},
     .matches = curl,
     .match_listed = 1},
};
static int setup(void **state)
{
	(void)state;
	openssl[1].patchable = true;
	for (size_t i = 0; i < sizeof findings / sizeof *findings; i++)
		finding_settle(&findings[i]);
	return 0;
}

static const struct inv_image image = {.package_count = 4, .state = INV_ASSESSED};
static const struct assess assess = {.state = ASSESS_UNHEALTHY, .image = &image};
static const struct scan_input input = {.name = TEXT("x")};
static const struct report report = {
    .input = &input, .assess = &assess, .version = "0", .findings = findings, .finding_count = 3};

static char *table_of(const struct report *r)
{
	struct buf out;
	buf_init(&out, 1U << 16);
	assert_int_equal(table_put(r, &out, NULL), 0);
	char *text = strdup(buf_cstr(&out));
	buf_free(&out);
	assert_non_null(text);
	return text;
}

static void test_rows(void **state)
{
	(void)state;
	char *text = table_of(&report);
	assert_string_equal(
	    text, "x: Unhealthy, 4 packages\n"
		  "3 findings: 1 High, 1 Low, 1 Unknown. 1 is known to be exploited (KEV), 2 have "
		  "a fix; in 3 "
		  "source packages, 4 matches.\n"
		  "\n"
		  "Severity  KEV  Vulnerability  Package  Installed  Fixed in\n"
		  "High           CVE-2024-9 +1  openssl  3.0-1      3.0-10\n"
		  "Unknown        CVE-2024-77    bash     5          won't fix\n"
		  "Low       KEV  CVE-2022-0778  curl     7.1        7.2\n"
		  "\n"
		  "Upgrade openssl to 3.0-10: clears 1\n"
		  "Upgrade curl to 7.2: clears 1 (1 KEV), not in the image's own repositories\n"
		  "\n");
	free(text);
}

static void test_columns(void **state)
{
	struct report r = report;
	(void)state;
	assert_int_equal(report_columns_parse(bytes_of("id, cvss,binary,epss"), r.style.columns,
					      &r.style.column_count, NULL),
			 0);
	char *text = table_of(&r);
	assert_non_null(strstr(text, "\nVulnerability  CVSS  Found in    EPSS\n"
				     "CVE-2024-9 +1        libssl3 +1\n"
				     "CVE-2024-77          bash\n"
				     "CVE-2022-0778        curl        50.00%\n"));
	free(text);
	size_t columns[REPORT_COLUMNS_MAX], count;
	struct err e = ERR_INIT;
	assert_int_equal(report_columns_parse(bytes_of("id,sevrity"), columns, &count, &e),
			 -ERR_FORMAT);
	assert_non_null(strstr(e.msg, "\"sevrity\" is not one of severity, kev"));
	assert_int_equal(report_columns_parse(bytes_of(""), columns, &count, &e), -ERR_FORMAT);
}

/* No line is wider than the terminal, whatever strangers name their packages. */
static void test_width(void **state)
{
	struct finding f = findings[0];
	struct report r = report;
	(void)state;
	f.check.source_name =
	    bytes_of("a-\xe6\xbc\xa2\xe5\xad\x97-source-package-with-a-long-name\x1b[2J");
	f.installed = bytes_of("1:20240101.0123456789abcdef0123456789abcdef-1ubuntu0.22.04.1");
	f.fixed = f.installed;
	r.findings = &f;
	r.finding_count = 1;
	for (size_t width = 80; width < 200; width += 20) {
		r.style.width = width;
		char *text = table_of(&r);
		assert_null(strchr(text, '\x1b'));
		for (char *line = text; *line; line = strchr(line, '\n') + 1) {
			struct bytes one = {.ptr = (uint8_t *)line, .len = strcspn(line, "\n")};
			assert_true(cells_width(one) <= width);
		}
		free(text);
	}
	r.style.wide = true;
	char *text = table_of(&r);
	assert_non_null(
	    strstr(text, "1:20240101.0123456789abcdef0123456789abcdef-1ubuntu0.22.04.1"));
	free(text);
}

/* Columns by UAX #11 and the code charts. */
static void test_cells(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *cut; /* to 4, in UTF-8 */
	} rows[] = {
	    {"", 0, "    "},
	    {"abc", 3, "abc "},
	    {"abcd", 4, "abcd"},
	    {"abcde", 5, "abc\xe2\x80\xa6"},
	    {"\xc3\xa9t\xc3\xa9", 3, "\xc3\xa9t\xc3\xa9 "},		 /* été */
	    {"e\xcc\x81t", 2, "e\xcc\x81t  "},				 /* e, combining acute, t */
	    {"\xe6\xbc\xa2\xe5\xad\x97", 4, "\xe6\xbc\xa2\xe5\xad\x97"}, /* two ideographs */
	    {"\xe6\xbc\xa2\xe5\xad\x97x", 5,
	     "\xe6\xbc\xa2\xe2\x80\xa6 "}, /* half an ideograph is none */
	    {"\xff\xfe", 2, "??  "},	   /* no UTF-8 */
	    {"a\xe2\x80\xae", 2, "a?  "},  /* right-to-left override */
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out;
		buf_init(&out, 1024);
		assert_int_equal(cells_width(bytes_of(rows[i].text)), rows[i].width);
		cells_put(&out, bytes_of(rows[i].text), (struct cells_style){.width = 4});
		assert_string_equal(buf_cstr(&out), rows[i].cut);
		buf_free(&out);
	}
}

static void test_wrapped(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 1024);
	cells_put_wrapped(&out, bytes_of("one two three four"), 9, 2);
	assert_string_equal(buf_cstr(&out), "one two\n  three\n  four\n");
	buf_clear(&out);
	cells_put_wrapped(&out, bytes_of("one two"), 0, 2);
	assert_string_equal(buf_cstr(&out), "one two\n");
	buf_free(&out);
}

static void test_empty(void **state)
{
	struct report r = report;
	(void)state;
	r.finding_count = 0;
	r.hidden_count = 1;
	char *text = table_of(&r);
	assert_string_equal(text,
			    "x: Unhealthy, 4 packages\n0 findings. 1 more is hidden by filters.\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),    cmocka_unit_test(test_columns),
	    cmocka_unit_test(test_width),   cmocka_unit_test(test_cells),
	    cmocka_unit_test(test_wrapped), cmocka_unit_test(test_empty)};
	return cmocka_run_group_tests(tests, setup, NULL);
}
