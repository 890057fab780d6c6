/* tally: texts of checks are read when the first policy asks for them, also of checks that were
 * read before without; a policy that asks for severities alone needs no check at all. */
#include "scratch.h"

#include "ledger/tally.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char check_text[] =
    "INSERT INTO check_version(id, since, until, advisory, source_name, title, category, severity,"
    " vendor_severity, cvss_version, cvss_base, cvss_vector, kev, ransomware, published, modified,"
    " summary, details, cves, refs) VALUES(7, 0, 0, 'DSA-7', 'sudo', 'sudo: root', 'Debian', 5, 0,"
    " 0, 0, '', 1, 0, 0, 0, '', '', 'CVE-2019-7', ''), (8, 0, 0, 'DSA-8', 'vim', 'vim: crash',"
    " 'Debian', 2, 0, 0, 0, '', 0, 0, 0, 0, '', '', 'CVE-2019-8', ''), (9, 0, 0, 'ALAS-9', 'vim',"
    " 'vim: hang', 'Amazon', 2, 0, 0, 0, '', 0, 0, 0, 0, '', '', '', '')";

static struct policy policy_of(int64_t id, struct policy_rule *rule, struct err *e)
{
	assert_int_equal(rule_terms_settle(&rule->terms, e), 0);
	rule->rule = id;
	struct policy p = {.id = id, .rules = rule, .count = 1};
	policy_settle(&p);
	return p;
}

/* How many of checks the policy disables. */
static uint64_t disabled(struct tally *t, struct db_tx *tx, int64_t policy,
			 struct set_check *checks, size_t count, struct err *e)
{
	struct check_union all = {.items = checks, .count = count};
	struct image_counted counted;
	struct arena a;
	arena_init(&a, 1U << 16);
	assert_int_equal(tally_want(t, &all, e), 0);
	assert_int_equal(tally_checks_read(t, tx, e), 0);
	assert_int_equal(tally_image(t, &(struct tally_asked){.policy = policy, .checks = &all}, &a,
				     &counted, e),
			 0);
	arena_free(&a);
	return counted.counts.disabled;
}

static int texts_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct tally *t = tally_open(1);
	struct set_check checks[] = {{.id = 7, .severity = 5}, {.id = 8, .severity = 2}};
	struct set_check more[] = {{.id = 8, .severity = 2}, {.id = 9, .severity = 2}};
	struct bytes title = BYTES_LIT("CRASH"), cve = BYTES_LIT("cve-2019-7");
	struct bytes vendor = BYTES_LIT("Amazon");
	struct policy_rule rules[4] = {{.terms.what.c.kev = RECORD_YES},
				       {.terms.what.c.texts = {&title, 1}},
				       {.terms.what.c.cves = {&cve, 1}},
				       {.terms.what.c.categories = {&vendor, 1}}};
	(void)arg;
	assert_non_null(t);
	assert_int_equal(db_exec(tx, check_text, NULL, 0, e), 3);
	for (int64_t i = 0; i < 4; i++) {
		const struct policy p = policy_of(i + 1, &rules[i], e);
		if (i == 1)
			assert_int_equal(disabled(t, tx, 1, checks, 2, e), 1);
		assert_int_equal(tally_policy_add(t, &p, e), 0);
	}
	assert_int_equal(disabled(t, tx, 2, checks, 2, e), 1);
	assert_int_equal(disabled(t, tx, 3, checks, 2, e), 1);
	assert_int_equal(disabled(t, tx, 3, more, 2, e), 0);
	assert_int_equal(disabled(t, tx, 4, more, 2, e), 1);
	assert_int_equal(disabled(t, tx, 1, checks, 2, e), 1);
	tally_close(t);
	return 0;
}

static void texts(void **state)
{
	struct err e = ERR_INIT;
	char path[SCRATCH_CAP];
	(void)state;
	scratch_file(path, "tally");
	struct db *db = store_open(path, &e);
	assert_non_null(db);
	if (db_run(db, DB_WRITE, texts_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	db_close(db);
	scratch_file_remove(path);
}

/* What a policy asks of a check beyond its severity, which a set's own list says. */
static void what_is_asked(void **state)
{
	uint64_t id = 7;
	struct bytes word = BYTES_LIT("x");
	const struct rule_terms severity_alone[] = {
	    {.what.severity_below = ADV_SEV_HIGH},
	    {.what.c.severities = {[ADV_SEV_LOW] = true}},
	    {.what.c.patchable = RECORD_NO},
	    {.what.c.fixed = RECORD_NO},
	    {.what.c.statuses = {[ADV_FIXED] = true}},
	    {.what.c.packages = {&word, 1}},
	    {.what.c.patchable = RECORD_NO, .ends.fix_available = true},
	    {.what.c.patchable = RECORD_NO, .ends.severity_min = ADV_SEV_HIGH}};
	const struct rule_terms more[] = {{.what.c.ids = &id, .what.c.id_count = 1},
					  {.what.c.cves = {&word, 1}},
					  {.what.c.categories = {&word, 1}},
					  {.what.c.not_categories = {&word, 1}},
					  {.what.c.texts = {&word, 1}},
					  {.what.c.text = word},
					  {.what.c.cvss_below = 6.5},
					  {.what.c.cvss_min = 6.5},
					  {.what.c.epss_below = 0.5},
					  {.what.c.epss_min = 0.5},
					  {.what.c.kev = RECORD_NO},
					  {.what.c.patchable = RECORD_NO, .ends.kev = true},
					  {.what.c.patchable = RECORD_NO, .ends.epss_min = 0.5}};
	struct err e = ERR_INIT;
	(void)state;
	for (size_t i = 0; i < sizeof severity_alone / sizeof *severity_alone; i++) {
		struct rule_terms t = severity_alone[i];
		assert_int_equal(rule_terms_settle(&t, &e), 0);
		assert_false(rule_asks_check(&t, false));
	}
	for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
		struct rule_terms t = more[i];
		assert_int_equal(rule_terms_settle(&t, &e), 0);
		assert_true(rule_asks_check(&t, false));
		assert_int_equal(rule_asks_check(&t, true), t.ends.kev || t.ends.epss_min > 0);
	}
}

/* Without a row of the checks having been read: by the severities of the set's list. */
static void severity_alone(void **state)
{
	struct err e = ERR_INIT;
	struct tally *t = tally_open(1);
	struct set_check checks[] = {{.id = 7, .severity = ADV_SEV_CRITICAL},
				     {.id = 8, .severity = ADV_SEV_LOW},
				     {.id = 9, .severity = ADV_SEV_LOW},
				     {.id = 10, .severity = ADV_SEV_UNKNOWN}};
	struct check_union all = {.items = checks, .count = 4};
	struct policy_rule rule = {.terms.what.severity_below = ADV_SEV_HIGH,
				   .terms.ends.severity_min = ADV_SEV_CRITICAL};
	const struct policy p = policy_of(1, &rule, &e);
	struct image_counted got;
	struct arena a;
	(void)state;
	arena_init(&a, 1U << 16);
	assert_int_equal(tally_policy_add(t, &p, &e), 0);
	assert_false(tally_asks_checks(t, 1));
	assert_int_equal(
	    tally_image(t, &(struct tally_asked){.policy = 1, .checks = &all}, &a, &got, &e), 0);
	assert_int_equal(got.counts.disabled, 2);
	assert_int_equal(got.counts.by[ADV_SEV_CRITICAL], 1);
	assert_int_equal(got.counts.by[ADV_SEV_UNKNOWN], 1);
	assert_true(!checks[0].disabled && checks[1].disabled && checks[2].disabled &&
		    !checks[3].disabled);
	arena_free(&a);
	tally_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(what_is_asked),
					   cmocka_unit_test(severity_alone)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
