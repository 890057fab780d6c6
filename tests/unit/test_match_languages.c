/* Packages of languages: records of several bodies about one vulnerability are one check. */
#include "match_case.h"

#include "pkg/linked.h"

#define NPM(row_id, row_alias)                                                                     \
	.id = (row_id), .ecosystem = "npm", .name = "anchor",                                      \
	.events = "introduced 0,fixed 2.0.0", .keyed = ADV_BY_BINARY, .status = ADV_FIXED,         \
	.alias = (row_alias)

static int64_t ask(struct db *d, const char *version, struct match **m)
{
	struct err e = ERR_INIT;
	struct pkg p = {.type = BYTES_LIT("npm"),
			.name = BYTES_LIT("anchor"),
			.version = bytes_of(version),
			.class = PKG_LANGUAGE};
	int64_t n = match_package(d->v, &p, &d->a, m, &e);
	assert_true(n >= 0);
	return n;
}

/* By the CVE; a record that names the GHSA alone is of the CVE that the GHSA's own record names. */
static const struct sample of_a_cve[] = {
    {NPM("GHSA-aaaa-bbbb-cccc", "CVE-2031-1")},
    {NPM("SNYK-1", "GHSA-aaaa-bbbb-cccc"), .feed = "other"},
    {NPM("NODE-1", "CVE-2031-1"), .feed = "third"},
    {NPM("CVE-2031-1", NULL), .feed = "fourth"},
};
/* Without a CVE anywhere, by the GHSA. */
static const struct sample of_a_ghsa[] = {
    {NPM("GHSA-aaaa-bbbb-cccc", NULL)},
    {NPM("RUSTSEC-2031-1", "GHSA-aaaa-bbbb-cccc"), .feed = "other"},
};
static const struct sample of_two[] = {
    {NPM("GHSA-aaaa-bbbb-cccc", NULL)},
    {NPM("GHSA-dddd-eeee-ffff", NULL)},
};

static void records_of_one_vulnerability_are_one_check(void **state)
{
	const struct {
		const struct sample *rows;
		size_t n;
		int64_t want;
		const char *advisory;
	} cases[] = {
	    {of_a_cve, 4, 1, "CVE-2031-1"},
	    {of_a_ghsa, 2, 1, "GHSA-aaaa-bbbb-cccc"},
	    {of_two, 2, 2, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct db d;
		struct match *m;
		db_open(&d, cases[i].rows, cases[i].n);
		assert_int_equal(ask(&d, "1.0.0", &m), cases[i].want);
		if (cases[i].advisory)
			assert_true(bytes_eq_lit(m->check.advisory, cases[i].advisory));
		assert_int_equal(ask(&d, "2.0.0", &m), 0);
		db_close(&d);
	}
}

static const struct sample malicious[] = {
    {.id = "MAL-2031-1",
     .ecosystem = "npm",
     .name = "anchor",
     .events = "introduced 0",
     .keyed = ADV_BY_BINARY,
     .status = ADV_AFFECTED,
     .severity = ADV_SEV_CRITICAL},
};

static void malicious_packages_are_a_category(void **state)
{
	struct db d;
	struct match *m;
	(void)state;
	db_open(&d, malicious, 1);
	assert_int_equal(ask(&d, "1.0.0", &m), 1);
	assert_true(bytes_eq_lit(m->check.category, MATCH_MALICIOUS));
	assert_int_equal(m->check.severity, ADV_SEV_CRITICAL);
	assert_true(bytes_eq_lit(m->check.advisory, "MAL-2031-1"));
	assert_true(bytes_has_prefix_lit(m->remediation, "Remove the package: "));
	assert_false(m->patchable);
	db_close(&d);
}

/* Alpine's records have no text; an erratum's is about other CVEs as well. */
static const struct sample texts[] = {
    {.feed = "alpine-secdb",
     .id = "CVE-2031-1",
     .ecosystem = "Alpine:v3.19",
     .name = "anchor",
     .events = "introduced 0,fixed 2-r0",
     .status = ADV_FIXED,
     .silent = true},
    {.feed = "nvd",
     .id = "CVE-2031-1",
     .ecosystem = "none",
     .name = "none",
     .events = "introduced 0",
     .summary = "A rope is freed twice"},
    {.id = "RLSA-2031:1",
     .ecosystem = "none",
     .name = "none",
     .events = "introduced 0",
     .alias = "CVE-2031-1",
     .summary = "several"},
};

static void texts_of_the_cve_are_borrowed(void **state)
{
	struct db d;
	struct match *m;
	const struct bench_pkg p = {
	    .type = "apk", .distro = "alpine:3.19.1", .name = "anchor", .version = "1-r0"};
	(void)state;
	db_open(&d, texts, 3);
	assert_int_equal(matches(&d, &p, &m), 1);
	assert_true(bytes_eq_lit(m->check.summary, "A rope is freed twice"));
	db_close(&d);
}

/* Go: a record that names packages counts only for programs that have something of one of them,
 * where that is known; records of others about the same CVE follow it. */
#define GO_ROW(row_id, row_alias, packages)                                                        \
	.id = (row_id), .ecosystem = "Go", .name = "example.com/m",                                \
	.events = "introduced 0,fixed 2.0.0", .keyed = ADV_BY_BINARY, .status = ADV_FIXED,         \
	.alias = (row_alias), .module = (packages)
static const struct sample of_packages[] = {
    {GO_ROW("GO-2031-1", "CVE-2031-1", "example.com/m/a example.com/m/b")},
    {GO_ROW("GHSA-aaaa-bbbb-cccc", "CVE-2031-1", NULL)},
    {GO_ROW("GO-2031-2", "CVE-2031-2", NULL)},
    {GO_ROW("GHSA-dddd-eeee-ffff", "CVE-2031-3", NULL)},
};

static void packages_that_are_not_linked_are_not_affected(void **state)
{
	struct linked other = {.count = 0}, second = {.count = 0};
	char without[LINKED_CAP], with[LINKED_CAP];
	struct db d;
	(void)state;
	linked_add(&other, BYTES_LIT("example.com/m/c"));
	linked_put(&other, without);
	linked_add(&second, BYTES_LIT("example.com/m/c"));
	linked_add(&second, BYTES_LIT("example.com/m/b"));
	linked_put(&second, with);
	const struct {
		const char *qualifiers, *version;
		int64_t want;
		enum match_outcome outcome;
		enum match_by by;
	} cases[] = {
	    {without, "v1.0.0", 2, MATCH_NOT_AFFECTED, MATCH_BY_UNLINKED},
	    {with, "v1.0.0", 3, MATCH_AFFECTED, MATCH_BY_OTHER},
	    {"", "v1.0.0", 3, MATCH_AFFECTED, MATCH_BY_OTHER},
	    {"linked_packages=odd", "v1.0.0", 2, MATCH_NOT_AFFECTED, MATCH_BY_UNLINKED},
	    {"linked_packages=none", "v1.0.0", 3, MATCH_AFFECTED, MATCH_BY_OTHER},
	    {without, "v2.0.0", 0, MATCH_NOT_AFFECTED, MATCH_BY_FIX},
	};
	db_open(&d, of_packages, sizeof of_packages / sizeof *of_packages);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		struct match *m;
		struct match_explanation x;
		const struct pkg p = {.type = BYTES_LIT("golang"),
				      .name = BYTES_LIT("example.com/m"),
				      .source_name = BYTES_LIT("example.com/m"),
				      .version = bytes_of(cases[i].version),
				      .source_version = bytes_of(cases[i].version),
				      .qualifiers = bytes_of(cases[i].qualifiers),
				      .class = PKG_BINARY};
		assert_int_equal(match_package(d.v, &p, &d.a, &m, &e), cases[i].want);
		assert_int_equal(match_explain_full(d.v, &p, BYTES_LIT("CVE-2031-1"), &d.a, &x, &e),
				 0);
		assert_int_equal(x.outcome, cases[i].outcome);
		assert_int_equal(x.by, cases[i].by);
		bool said = bytes_find_bytes(x.text, BYTES_LIT("none of the vulnerable functions "
							       "is linked")) < x.text.len;
		assert_int_equal(said, cases[i].by == MATCH_BY_UNLINKED);
	}
	db_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_of_one_vulnerability_are_one_check),
	    cmocka_unit_test(malicious_packages_are_a_category),
	    cmocka_unit_test(texts_of_the_cve_are_borrowed),
	    cmocka_unit_test(packages_that_are_not_linked_are_not_affected),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
