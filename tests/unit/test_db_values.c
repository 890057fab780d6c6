/* db: lists as parameters, many rows in one call, numbers in blocks, schemas that begin at a
 * baseline. */
#include "scratch.h"

#include "db/db.h"

#include "base/own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct db_migration steps[] = {
    {.number = 1,
     .what = "tables",
     .sql = "CREATE TABLE id_counter(name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL)"
	    "{NOROWID};"
	    "CREATE TABLE thing(n BIGINT NOT NULL PRIMARY KEY, small SMALLINT, t TEXT, b {BLOB}, "
	    "r DOUBLE PRECISION){NOROWID};"},
    {.number = 2, .what = "a column", .sql = "ALTER TABLE thing ADD COLUMN late BIGINT;"},
    {0}};
/* What step 2 leaves, without coming from step 1: told apart by a row. */
static const char *const baseline[] = {
    "CREATE TABLE id_counter(name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL){NOROWID};",
    "CREATE TABLE thing(n BIGINT NOT NULL PRIMARY KEY, small SMALLINT, t TEXT, b {BLOB},"
    " r DOUBLE PRECISION, late BIGINT){NOROWID};"
    "INSERT INTO id_counter(name, value) VALUES('baseline', 1);",
    NULL};
static const struct db_migration steps_later[] = {
    {.number = 1, .what = "never run", .sql = "nonsense"},
    {.number = 2, .what = "never run", .sql = "nonsense"},
    {.number = 3,
     .what = "a row",
     .sql = "INSERT INTO id_counter(name, value) VALUES('step 3', 1);"},
    {0}};
static const struct db_module module = {.module = "thing", .steps = steps};
static const struct db_module module_later = {
    .module = "thing", .steps = steps_later, .baseline = baseline, .baseline_step = 2};

struct place {
	char dir[64], address[96];
	struct db *d;
	struct err e;
};

static struct db *open_with(struct place *p, const struct db_module *m)
{
	const struct db_schema schema = {.modules = m, .count = 1};
	p->d = db_open(p->address, &schema, &p->e);
	return p->d;
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	assert_non_null(p);
	scratch_folder(p->dir, "values");
	(void)snprintf(p->address, sizeof p->address, "%s/db", p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	db_close(p->d);
	scratch_remove(p->dir);
	free(p);
	return 0;
}

/* The sum of n over the rows that a text finds; -1 on error. */
static int64_t sum(struct db_tx *tx, const char *text, const struct db_value *args, size_t count,
		   struct err *e)
{
	struct db_stmt *s = db_query(tx, text, args, count, e);
	int64_t n = 0;
	int r = s ? 1 : -1;
	while (r > 0 && (r = db_step(s, e)) > 0)
		n += db_int(s, 0);
	db_done(s);
	return r < 0 ? -1 : n;
}

#define PUT "INSERT INTO thing(n, small, t, b, r) VALUES($1, $2, $3, $4, $5)"
#define ROWS 1000
static int put_many(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	static char texts[ROWS][16];
	static struct db_value rows[ROWS][5];
	for (int i = 0; i < ROWS; i++) {
		(void)snprintf(texts[i], sizeof texts[i], "t%d", i);
		rows[i][0] = DB_I(i + 1);
		rows[i][1] = DB_I(i % 3);
		rows[i][2] = DB_T(bytes_of(texts[i]));
		rows[i][3] = i % 2 ? DB_NULL_OF(DB_BLOB) : DB_B(bytes_of(texts[i]));
		rows[i][4] = i % 2 ? DB_N : DB_R(i / 2.0);
	}
	assert_int_equal(db_exec_many(tx, PUT, rows[0], 5, 0, e), 0);
	assert_int_equal(db_exec_many(tx, PUT, rows[0], 5, ROWS, e), ROWS);
	/* Rows that it changed, not calls. */
	const struct db_value to[] = {DB_I(0), DB_I(1), DB_I(7)};
	assert_int_equal(
	    db_exec_many(tx, "UPDATE thing SET late = 1 WHERE small = $1", to, 1, 3, e), 334 + 333);
	return 0;
}

static int put_twice(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	const struct db_value rows[] = {DB_I(5001), DB_N, DB_N, DB_N, DB_N,
					DB_I(3),    DB_N, DB_N, DB_N, DB_N,
					DB_I(5002), DB_N, DB_N, DB_N, DB_N};
	return (int)db_exec_many(tx, PUT, rows, 5, 3, e);
}

static int read_many(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	assert_int_equal(sum(tx, "SELECT count(*) FROM thing", NULL, 0, e), ROWS);
	assert_int_equal(
	    sum(tx, "SELECT count(*) FROM thing WHERE b IS NULL AND r IS NULL", NULL, 0, e),
	    ROWS / 2);
	struct db_stmt *s =
	    db_query(tx, "SELECT small, t, b, r, late FROM thing WHERE n = 9", NULL, 0, e);
	assert_non_null(s);
	assert_int_equal(db_step(s, e), 1);
	assert_int_equal(db_int(s, 0), 2);
	assert_true(bytes_eq_lit(db_bytes(s, 1), "t8") && bytes_eq_lit(db_bytes(s, 2), "t8"));
	assert_true(db_real(s, 3) == 4.0);
	assert_true(db_is_null(s, 4));
	assert_int_equal(db_step(s, e), 0);
	db_done(s);
	return 0;
}

static void many(void **state)
{
	struct place *p = *state;
	assert_non_null(open_with(p, &module));
	assert_int_equal(db_run(p->d, DB_WRITE, put_many, NULL, &p->e), 0);
	assert_int_equal(db_run(p->d, DB_WRITE, put_twice, NULL, &p->e), -ERR_CONFLICT);
	assert_int_equal(db_run(p->d, DB_READ, read_many, NULL, &p->e), 0);
}

static int ask_lists(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	static const char by_int[] = "SELECT n FROM thing WHERE n {IN $1} ORDER BY n";
	static const char by_small[] = "SELECT 1 FROM thing WHERE small {IN $2} AND n <= $1";
	static const char by_text[] = "SELECT n FROM thing WHERE t {IN $1}";
	static const char by_blob[] = "SELECT n FROM thing WHERE b {IN $1}";
	const int64_t ints[] = {3, 1000, 3, -4, 700000}, small[] = {2, 0};
	const struct bytes texts[] = {BYTES_LIT("t1"), BYTES_NONE, BYTES_LIT("t2"),
				      BYTES_LIT("x\"y,{}\\")};
	static int64_t all[DB_LIST_MAX + 1];
	assert_int_equal(sum(tx, by_int, DB_ARGS(DB_INTS(ints, 5)), e), 1003);
	assert_int_equal(sum(tx, by_int, DB_ARGS(DB_INTS(NULL, 0)), e), 0);
	assert_int_equal(sum(tx, by_int, DB_ARGS(DB_INTS(ints, 1)), e), 3);
	assert_int_equal(sum(tx, by_small, DB_ARGS(DB_I(30), DB_INTS(small, 2)), e), 20);
	assert_int_equal(sum(tx, by_text, DB_ARGS(DB_TEXTS(texts, 4)), e), 2 + 3);
	assert_int_equal(sum(tx, by_text, DB_ARGS(DB_TEXTS(NULL, 0)), e), 0);
	assert_int_equal(sum(tx, by_blob, DB_ARGS(DB_BLOBS(texts, 4)), e), 3);
	for (size_t i = 0; i <= DB_LIST_MAX; i++)
		all[i] = (int64_t)i;
	assert_int_equal(sum(tx, by_int, DB_ARGS(DB_INTS(all, DB_LIST_MAX)), e), ROWS * 1001 / 2);
	assert_int_equal(sum(tx, by_int, DB_ARGS(DB_INTS(all, DB_LIST_MAX + 1)), e), -1);
	assert_int_equal(e->code, ERR_LIMIT);
	assert_int_equal(
	    db_exec(tx, "DELETE FROM thing WHERE n {IN $1}", DB_ARGS(DB_INTS(ints, 5)), e), 2);
	return 0;
}

static int ask_wrongly(struct db_tx *tx, void *arg, struct err *e)
{
	return (int)sum(tx, arg, DB_ARGS(DB_INTS(NULL, 0)), e);
}

static void lists(void **state)
{
	struct place *p = *state;
	static const char *const wrong[] = {
	    "SELECT n FROM thing WHERE n {IN 1}", "SELECT n FROM thing WHERE n {IN $1",
	    "SELECT n FROM thing WHERE n {IN $}", "SELECT n FROM thing WHERE n {IN $1 }"};
	assert_non_null(open_with(p, &module));
	assert_int_equal(db_run(p->d, DB_WRITE, put_many, NULL, &p->e), 0);
	assert_int_equal(db_run(p->d, DB_WRITE, ask_lists, NULL, &p->e), 0);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "%s", wrong[i]);
		assert_int_equal(db_run(p->d, DB_READ, ask_wrongly, text, &p->e), -1);
		assert_int_equal(p->e.code, ERR_INTERNAL);
	}
}

static int take_ids(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	assert_int_equal(db_ids_take(tx, "a", 5, e), 1);
	assert_int_equal(db_ids_take(tx, "b", 1, e), 1);
	assert_int_equal(db_id_next(tx, "a", e), 6);
	assert_int_equal(db_ids_take(tx, "a", 1000000, e), 7);
	assert_int_equal(db_id_next(tx, "a", e), 1000007);
	return 0;
}

static int take_and_fail(struct db_tx *tx, void *arg, struct err *e)
{
	*(int64_t *)arg = db_ids_take(tx, "a", 10, e);
	return err_set(e, ERR_CANCELLED, "as asked");
}

static void ids(void **state)
{
	struct place *p = *state;
	int64_t first = 0, again = 0;
	assert_non_null(open_with(p, &module));
	assert_int_equal(db_run(p->d, DB_WRITE, take_ids, NULL, &p->e), 0);
	assert_int_equal(db_run(p->d, DB_WRITE, take_and_fail, &first, &p->e), -ERR_CANCELLED);
	assert_int_equal(db_run(p->d, DB_WRITE, take_and_fail, &again, &p->e), -ERR_CANCELLED);
	assert_int_equal(first, 1000008);
	assert_int_equal(again, first);
}

static int counters(struct db_tx *tx, void *arg, struct err *e)
{
	*(int64_t *)arg = sum(tx, "SELECT count(*) FROM id_counter", NULL, 0, e);
	return 0;
}

/* An empty database begins at the baseline, one that has steps does not. */
static void baselines(void **state)
{
	struct place *p = *state;
	int64_t rows = 0;
	for (int i = 0; i < 2; i++) {
		assert_non_null(open_with(p, &module_later));
		assert_int_equal(db_run(p->d, DB_READ, counters, &rows, &p->e), 0);
		assert_int_equal(rows, 2);
		db_close(p->d);
	}
	(void)snprintf(p->address, sizeof p->address, "%s/older", p->dir);
	assert_non_null(open_with(p, &module));
	db_close(p->d);
	assert_non_null(open_with(p, &module_later));
	assert_int_equal(db_run(p->d, DB_READ, counters, &rows, &p->e), 0);
	assert_int_equal(rows, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(many), T(lists), T(ids), T(baselines)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
