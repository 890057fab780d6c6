/* db on a server whose connections are ended again and again: each change that was acknowledged is
 * there once, and none that was not is there twice. */
#include "db/db.h"

#include "server_store.h"
#include "scratch.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 4
#define ROUNDS 60
#define KILLS_MIN 20

static const struct db_migration steps[] = {
    {.number = 1,
     .what = "a table",
     .sql = "CREATE TABLE thing(n BIGINT NOT NULL PRIMARY KEY, v BIGINT NOT NULL){NOROWID};"
	    "INSERT INTO thing(n, v) VALUES(0, 0);"},
    {0}};
static const struct db_module module = {.module = "thing", .steps = steps};
static const struct db_schema schema = {.modules = &module, .count = 1};

static struct db *db;
static _Atomic int working = THREADS, kills;

static int add(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return (int)db_exec(tx, "UPDATE thing SET v = v + 1 WHERE n = 0", NULL, 0, e);
}

static void *work(void *arg)
{
	int *done = arg;
	for (int i = 0; i < ROUNDS || kills < KILLS_MIN; i++) {
		struct err e = ERR_INIT;
		int r = db_run(db, DB_WRITE, add, NULL, &e);
		if (r != 1)
			print_message("%s\n", e.msg);
		*done += r == 1;
		if (r != 1)
			break;
	}
	working--;
	return NULL;
}

static int kill_others(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct db_stmt *s = db_query(tx,
				     "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
				     " WHERE pid <> pg_backend_pid() AND datname ="
				     " current_database() AND application_name = 'plimsoll'",
				     NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		r = (int)db_int(s, 0);
	db_done(s);
	return r;
}

static int read_value(struct db_tx *tx, void *arg, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT v FROM thing WHERE n = 0", NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*(int64_t *)arg = db_int(s, 0);
	db_done(s);
	return r;
}

static void once(void **state)
{
	(void)state;
	char path[SCRATCH_CAP];
	struct err e = ERR_INIT;
	pthread_t t[THREADS];
	int done[THREADS] = {0}, sum = 0;
	int64_t value = 0;
	if (!server_store_is_used())
		skip();
	scratch_folder(path, "lost");
	db = db_open(path, &schema, &e);
	struct db *killer = db_attach_only(path, &schema, &e);
	if (!db || !killer)
		fail_msg("%s", e.msg);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, work, &done[i]), 0);
	while (working > 0) {
		struct err own = ERR_INIT;
		int n = db_run(killer, DB_READ, kill_others, NULL, &own);
		kills += n > 0;
		(void)usleep(50000); /* some work between two ends */
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(t[i], NULL), 0);
		assert_true(done[i] >= ROUNDS);
		sum += done[i];
	}
	assert_int_equal(db_run(db, DB_READ, read_value, &value, &e), 1);
	assert_int_equal(value, sum);
	db_close(killer);
	db_close(db);
	scratch_remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(once)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
