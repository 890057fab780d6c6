/* tally: texts of checks are read when the first policy asks for them, also of checks that were
 * read before without. */
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
	char path[] = "/tmp/plimsoll-tally-XXXXXX", more[64];
	(void)state;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	(void)close(fd);
	struct db *db = store_open(path, &e);
	assert_non_null(db);
	if (db_run(db, DB_WRITE, texts_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	db_close(db);
	for (const char *const *s = (const char *const[]){"", "-wal", "-shm", NULL}; *s; s++) {
		(void)snprintf(more, sizeof more, "%s%s", path, *s);
		(void)unlink(more);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(texts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
