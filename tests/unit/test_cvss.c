/* CVSS: worked examples of the specifications, every row of the shared score tables, and what is no
 * vector. */
#include "corpus.h"
#include "match/cvss.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static int checked_rows;

static const struct {
	const char *vector, *version;
	double base;
	enum adv_severity severity;
} cases[] = {
    /* v2 guide §3.3.1 to §3.3.3 */
    {"AV:N/AC:L/Au:N/C:N/I:N/A:C", "2.0", 7.8, ADV_SEV_HIGH},
    {"AV:N/AC:L/Au:N/C:C/I:C/A:C", "2.0", 10.0, ADV_SEV_HIGH},
    {"(AV:L/AC:H/Au:N/C:C/I:C/A:C)", "2.0", 6.2, ADV_SEV_MEDIUM},
    /* optional metrics need not be complete, and do not count for the base score */
    {"AV:N/AC:L/Au:N/C:P/I:P/A:P/CDP:N", "2.0", 7.5, ADV_SEV_HIGH},
    {"AV:N/AC:L/Au:N/C:P/I:P/A:P/AR:H", "2.0", 7.5, ADV_SEV_HIGH},
    {"AV:L/AC:H/Au:M/C:N/I:N/A:N", "2.0", 0.0, ADV_SEV_NEGLIGIBLE},
    /* v3 examples document: CVE-2013-1937, CVE-2014-0160; published scores of CVE-2021-44228 */
    {"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", "3.1", 6.1, ADV_SEV_MEDIUM},
    {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "3.1", 7.5, ADV_SEV_HIGH},
    {"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "3.0", 10.0, ADV_SEV_CRITICAL},
    {"CVSS:3.1/A:N/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/E:H/MA:H", "3.1", 0.0, ADV_SEV_NEGLIGIBLE},
    /* v4 specification §8 and its calculator */
    {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", "4.0", 10.0,
     ADV_SEV_CRITICAL},
    {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", "4.0", 0.0,
     ADV_SEV_NEGLIGIBLE},
    {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:X/U:Clear", "4.0", 9.3,
     ADV_SEV_CRITICAL},
};

static const char *const not_vectors[] = {
    "",
    "/",
    "()",
    "CVSS:3.1",
    "CVSS:3.1/",
    "AV:N",
    "AV:N/AC:L/Au:N/C:P/I:P",
    "AV:N/AC:L/Au:N/C:P/I:P/A:P/",
    "AV:N/AC:L/Au:N/C:P/I:P/A:P/A:P",
    "av:n/ac:l/au:n/c:p/i:p/a:p",
    "(AV:N/AC:L/Au:N/C:P/I:P/A:P",
    "CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
    "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H ",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H//",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H:H",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:X",
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:L/SC:N/SI:N/SA:N",
    "CVSS:4.0/AV:F/AC:L/AT:N/PR:N/UI:N/VC:N/VI:L/VA:N/SC:N/SI:N/SA:N",
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N/E:A/E:X",
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:S/SI:H/SA:H",
};

static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cvss_score s;
		if (!cvss_parse(bytes_of(cases[i].vector), &s))
			fail_msg("%s is called invalid", cases[i].vector);
		assert_string_equal(cvss_version_text(s.version), cases[i].version);
		if (fabs(s.base - cases[i].base) > 1e-9)
			fail_msg("%s: %f, not %.1f", cases[i].vector, s.base, cases[i].base);
		assert_int_equal(cvss_severity(s), cases[i].severity);
	}
	assert_int_equal(cvss_severity((struct cvss_score){.version = CVSS_NONE}), ADV_SEV_UNKNOWN);
	assert_string_equal(cvss_version_text(CVSS_NONE), "");
}

static void test_not_vectors(void **state)
{
	(void)state;
	struct cvss_score s;
	for (size_t i = 0; i < sizeof(not_vectors) / sizeof(not_vectors[0]); i++)
		if (cvss_parse(bytes_of(not_vectors[i]), &s))
			fail_msg("%s was taken", not_vectors[i]);
	assert_false(cvss_parse(BYTES_LIT("AV:N/AC:L/Au:N/C:P/I:P/A:P\0"), &s));
	/* Every prefix of a vector whose last metric is required is none. */
	static const char whole[] = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H";
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		assert_false(
		    cvss_parse((struct bytes){.ptr = (const uint8_t *)whole, .len = n}, &s));
	size_t len = 1 << 20;
	uint8_t *huge = malloc(len);
	assert_non_null(huge);
	memset(huge, '/', len);
	assert_false(cvss_parse((struct bytes){.ptr = huge, .len = len}, &s));
	memset(huge, 'A', len);
	assert_false(cvss_parse((struct bytes){.ptr = huge, .len = len}, &s));
	free(huge);
}

static void check_table(const char *name)
{
	struct buf text;
	if (!corpus_read(name, &text))
		text.len = 0;
	for (struct bytes rest = buf_bytes(&text); rest.len > 0;) {
		struct bytes row = bytes_cut(&rest, '\n');
		struct bytes version = bytes_cut(&row, '\t'), vector = bytes_cut(&row, '\t'),
			     base = bytes_cut(&row, '\t');
		struct cvss_score s;
		char got[32];
		if (version.len == 0 || version.ptr[0] == '#')
			continue;
		if (!cvss_parse(vector, &s))
			fail_msg("%.*s is called invalid", BYTES_ARG(vector));
		snprintf(got, sizeof(got), "%.1f", s.base);
		if (!bytes_eq_lit(base, got) ||
		    !bytes_eq_lit(version, cvss_version_text(s.version)))
			fail_msg("%.*s: %s, not %.*s", BYTES_ARG(vector), got, BYTES_ARG(base));
		checked_rows++;
	}
	buf_free(&text);
}

static void test_tables(void **state)
{
	(void)state;
	static const char *const tables[] = {"cvss/v2-simple.tsv", "cvss/v30-simple.tsv",
					     "cvss/v31-simple.tsv", "cvss/v40-simple.tsv",
					     "cvss/pandatix.tsv"};
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		check_table(tables[i]);
}

/* Rows that the table calls valid while their own note names the rule they break
 * (docs/formats/cvss.md). */
static bool is_mislabelled(struct bytes note)
{
	static const char *const notes[] = {"AV has no valid value F", "E defined more than once",
					    "ui is not a valid metric abbreviation",
					    "CVSS v4.0 prefix is missing",
					    "mandatory VA is missing"};
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (bytes_has_suffix_lit(note, notes[i]))
			return true;
	return false;
}

/* One row calls a v2 vector too short that leaves optional metrics out; the specification has no
 * such rule, and other rows take them. */
static bool is_disputed(struct bytes vector)
{
	return bytes_eq_lit(vector, "AV:A/AC:L/Au:N/C:C/I:C/A:C/CDP:H/TD:H/CR:H");
}

static void test_validity(void **state)
{
	(void)state;
	struct buf text;
	if (!corpus_read("cvss/valid.tsv", &text))
		text.len = 0;
	for (struct bytes rest = buf_bytes(&text); rest.len > 0;) {
		struct bytes row = bytes_cut(&rest, '\n');
		struct bytes vector = bytes_cut(&row, '\t'), word = bytes_cut(&row, '\t');
		struct cvss_score s;
		(void)bytes_cut(&row, '\t');
		if (bytes_has_prefix_lit(vector, "#") || is_disputed(vector))
			continue;
		bool want = bytes_eq_lit(word, "valid") && !is_mislabelled(row);
		if (cvss_parse(vector, &s) != want)
			fail_msg("'%.*s' should be %s", BYTES_ARG(vector),
				 want ? "valid" : "invalid");
	}
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_examples),
	    cmocka_unit_test(test_not_vectors),
	    cmocka_unit_test(test_tables),
	    cmocka_unit_test(test_validity),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed == 0 && checked_rows == 0) {
		puts("the shared score tables are absent: rows not checked");
		return 77;
	}
	return failed;
}
