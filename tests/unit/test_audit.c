/* The chain of the audit logs: what is changed, removed or put in between shows. */
#include "scratch.h"

#include "access/access.h"
#include "access/audit.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROWS 5

/* By sha256sum, of the text that audit.h describes:
 * printf '0:,4:1000,3:ann,0:,1:a,1:s,0:,7:{"x":1},' | sha256sum */
static void test_value(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	char got[AUDIT_CHAIN_CAP];
	const struct access_audit row = {.at = 1000,
					 .actor = BYTES_LIT("ann"),
					 .action = BYTES_LIT("a"),
					 .subject = BYTES_LIT("s"),
					 .after = BYTES_LIT("{\"x\":1}")};
	assert_int_equal(audit_chain(BYTES_NONE, &row, got, &e), 0);
	assert_string_equal(got,
			    "0cb637e1eb80b1f1f3ebc5f3f83322775d2763d8eda880e6ca62a821dc9fc6ad");
}

struct log {
	struct access_audit rows[ROWS]; /* oldest first */
	char chains[ROWS][AUDIT_CHAIN_CAP];
	size_t count;
};

static void build(struct log *l)
{
	struct err e = ERR_INIT;
	l->count = ROWS;
	for (size_t i = 0; i < ROWS; i++) {
		l->rows[i] = (struct access_audit){.id = (int64_t)i + 1,
						   .at = 100 + (int64_t)i,
						   .actor = BYTES_LIT("ann"),
						   .action = BYTES_LIT("role.assign")};
		assert_int_equal(audit_chain(i ? l->rows[i - 1].chain : BYTES_NONE, &l->rows[i],
					     l->chains[i], &e),
				 0);
		l->rows[i].chain = bytes_of(l->chains[i]);
	}
}

/* The number of the row that is broken; -1: whole from the first, 0: whole as far as it is kept. */
static int64_t verify(const struct log *l)
{
	struct err e = ERR_INIT;
	struct audit_check c = {.any = false};
	for (size_t i = l->count; i-- > 0;)
		assert_int_equal(audit_check_next(&c, &l->rows[i], &e), 0);
	assert_int_equal(audit_check_end(&c, &e), 0);
	return c.broken ? c.broken : c.whole ? -1 : 0;
}

static void test_changes(void **state)
{
	(void)state;
	struct log l;
	build(&l);
	assert_int_equal(verify(&l), -1);
	for (size_t i = 0; i < ROWS; i++) {
		build(&l);
		l.rows[i].actor = BYTES_LIT("bob");
		assert_int_equal(verify(&l), i + 1);
		build(&l);
		l.rows[i].at++;
		assert_int_equal(verify(&l), i + 1);
		/* A chain that is made anew for a changed row breaks the next one. */
		build(&l);
		l.rows[i].chain = BYTES_LIT("00");
		assert_int_equal(verify(&l), i + 1 < ROWS ? i + 2 : ROWS);
		/* One that lost its chain. */
		build(&l);
		l.rows[i].chain = BYTES_NONE;
		assert_int_equal(verify(&l), i + 1 < ROWS ? i + 2 : ROWS);
	}
	/* One taken out of the middle. */
	build(&l);
	memmove(&l.rows[2], &l.rows[3], 2 * sizeof l.rows[0]);
	l.count = ROWS - 1;
	assert_int_equal(verify(&l), 4);
	/* The oldest rows are removed as the log grows. */
	build(&l);
	memmove(&l.rows[0], &l.rows[2], 3 * sizeof l.rows[0]);
	l.count = 3;
	assert_int_equal(verify(&l), 0);
	/* Rows of an older program have no chain. */
	build(&l);
	struct err e = ERR_INIT;
	l.rows[0].chain = l.rows[1].chain = BYTES_NONE;
	for (size_t i = 2; i < ROWS; i++)
		assert_int_equal(audit_chain(l.rows[i - 1].chain, &l.rows[i], l.chains[i], &e), 0);
	assert_int_equal(verify(&l), -1);
}

static int store_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct access_actor by = {.name = BYTES_LIT("ann"), .peer = BYTES_LIT("::1")};
	struct arena *a = arg;
	struct log l = {.count = 3};
	const struct bytes subjects[] = {BYTES_LIT("s"), BYTES_LIT("s\xff\0t\xe2\x82"),
					 BYTES_LIT("s")};
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(access_audit(tx, &by, AUDIT_USER_ADD, subjects[i], BYTES_NONE,
					      BYTES_LIT("{\"n\": 1}"), e),
				 0);
	int64_t id = INT64_MAX;
	for (size_t i = 3; i-- > 0; id = l.rows[i].id)
		assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_CHANGES, id, a, &l.rows[i], e),
				 1);
	assert_int_equal(verify(&l), -1);
	assert_int_equal(l.rows[2].chain.len, 64);
	/* The bytes of no text are not kept, on any engine, and the chain is over what is. */
	assert_true(bytes_eq_lit(l.rows[1].subject, "s\xef\xbf\xbd\xef\xbf\xbdt\xef\xbf\xbd"
						    "\xef\xbf\xbd"));
	return 0;
}

static void test_store(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct arena a;
	char folder[SCRATCH_CAP], path[96];
	scratch_folder(folder, "audit");
	snprintf(path, sizeof path, "%s/plimsoll.db", folder);
	struct db *db = store_open(path, &e);
	assert_non_null(db);
	arena_init(&a, 1U << 20);
	assert_int_equal(db_run(db, DB_WRITE, store_tx, &a, &e), 0);
	arena_free(&a);
	db_close(db);
	scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_value),
					   cmocka_unit_test(test_changes),
					   cmocka_unit_test(test_store)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
