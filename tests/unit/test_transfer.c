/* db_transfer: all rows into another database, whole or not at all. */
#include "scratch.h"

#include "db/transfer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 5000 /* more than two batches */

/* Each type, NULL, a key of two columns of different types, a table that refers to an earlier one
 * whose name comes later. */
static const struct db_migration steps[] = {
    {.number = 1,
     .what = "tables",
     .sql = "CREATE TABLE id_counter(name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL)"
	    "{NOROWID};"
	    "CREATE TABLE parent(id BIGINT NOT NULL PRIMARY KEY);"
	    "CREATE TABLE child(t TEXT NOT NULL, parent_id BIGINT NOT NULL REFERENCES parent(id),"
	    " small SMALLINT, b {BLOB}, r DOUBLE PRECISION, PRIMARY KEY(parent_id, t)){NOROWID};"
	    "CREATE TABLE own(id BIGINT NOT NULL PRIMARY KEY);"},
    {0}};
static const struct db_migration other_steps[] = {
    {.number = 1, .what = "tables", .sql = "CREATE TABLE parent(id BIGINT NOT NULL PRIMARY KEY);"},
    {.number = 2, .what = "another", .sql = "CREATE TABLE later(id BIGINT NOT NULL PRIMARY KEY);"},
    {0}};
static const struct db_module module = {.module = "kin", .steps = steps};
static const struct db_module other_module = {.module = "kin", .steps = other_steps};

struct place {
	char dir[64];
	struct db *from, *to;
	struct arena texts;
	struct err e;
};

static struct db *open_at(struct place *p, const char *name, const struct db_module *m)
{
	char path[96];
	const struct db_schema schema = {.modules = m, .count = 1};
	(void)snprintf(path, sizeof path, "%s/%s", p->dir, name);
	return db_open(path, &schema, &p->e);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	assert_non_null(p);
	scratch_folder(p->dir, "transfer");
	arena_init(&p->texts, 1U << 20);
	p->from = open_at(p, "from", &module);
	p->to = open_at(p, "to", &module);
	if (!p->from)
		fail_msg("%s", p->e.msg);
	assert_non_null(p->to);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	db_close(p->from);
	db_close(p->to);
	arena_free(&p->texts);
	scratch_remove(p->dir);
	free(p);
	return 0;
}

/* 5,000 children of parents 0 to 9: of one parent more than a batch would be cut within. */
static int fill(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	for (int i = 0; i < 10; i++) {
		if (db_exec(tx, "INSERT INTO parent(id) VALUES($1)", DB_ARGS(DB_I(i)), e) < 0)
			return -(int)e->code;
	}
	for (int i = 0; i < ROWS; i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "child %d", i);
		const struct db_value args[] = {
		    DB_T(bytes_of(text)), DB_I(i % 10), i % 3 ? DB_I(i % 100) : DB_NULL_OF(DB_INT),
		    i % 4 ? DB_B(((struct bytes){.ptr = (const uint8_t *)"\0\xff\n", .len = 3}))
			  : DB_NULL_OF(DB_BLOB),
		    DB_R(i / 8.0)};
		if (db_exec(tx,
			    "INSERT INTO child(t, parent_id, small, b, r) VALUES($1,$2,$3,$4,$5)",
			    args, 5, e) < 0)
			return -(int)e->code;
	}
	return db_exec(tx, "INSERT INTO own(id) VALUES(1)", NULL, 0, e) < 0 ? -(int)e->code : 0;
}

static int leave_rows(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return db_exec(tx, "INSERT INTO parent(id) VALUES(77)", NULL, 0, e) < 0 ||
		       db_exec(tx, "INSERT INTO own(id) VALUES(2)", NULL, 0, e) < 0
		   ? -(int)e->code
		   : 0;
}

/* One number that every value of every row has its part in. */
static int sum_rows(struct db_tx *tx, void *arg, struct err *e)
{
	uint64_t *sum = arg;
	*sum = 0;
	struct db_stmt *s = db_query(tx,
				     "SELECT t, parent_id, small, b, r FROM child"
				     " ORDER BY parent_id, t",
				     NULL, 0, e);
	int r = s ? 1 : -(int)e->code;
	while (r == 1 && (r = db_step(s, e)) == 1) {
		struct bytes t = db_bytes(s, 0), b = db_bytes(s, 3);
		uint64_t row = (uint64_t)db_int(s, 1) * 31 + (uint64_t)db_int(s, 2) * 7 +
			       (uint64_t)(db_real(s, 4) * 8) * 3 +
			       (uint64_t)db_is_null(s, 2) * 1000003 +
			       (uint64_t)db_is_null(s, 3) * 2000003;
		for (size_t i = 0; i < t.len; i++)
			row = row * 131 + t.ptr[i];
		for (size_t i = 0; i < b.len; i++)
			row = row * 131 + b.ptr[i];
		*sum = *sum * 1000003 + row;
	}
	db_done(s);
	return r;
}

static int read_int(struct db_tx *tx, void *arg, struct err *e)
{
	const char *const *text = arg;
	struct db_stmt *s = db_query(tx, *text, NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	int n = r == 1 ? (int)db_int(s, 0) : -1;
	db_done(s);
	return n;
}

static int number(struct place *p, struct db *d, const char *text)
{
	return db_run(d, DB_READ, read_int, &text, &p->e);
}

static void test_all_rows(void **state)
{
	struct place *p = *state;
	static const char *const except[] = {"own", NULL};
	struct db_transfer t = {.except = except};
	uint64_t was = 0, is = 1;
	assert_int_equal(db_run(p->from, DB_WRITE, fill, NULL, &p->e), 0);
	assert_int_equal(db_run(p->to, DB_WRITE, leave_rows, NULL, &p->e), 0);
	assert_int_equal(db_transfer(p->from, p->to, &p->texts, &t, &p->e), 0);
	assert_int_equal(t.rows, ROWS + 10);
	assert_int_equal(t.tables, 3);
	assert_int_equal(db_run(p->from, DB_READ, sum_rows, &was, &p->e), 0);
	assert_int_equal(db_run(p->to, DB_READ, sum_rows, &is, &p->e), 0);
	assert_true(was == is);
	assert_int_equal(number(p, p->to, "SELECT count(*) FROM parent"), 10);
	/* What was there went, and what is left out stays. */
	assert_int_equal(number(p, p->to, "SELECT id FROM own"), 2);
	/* A second time is the same. */
	assert_int_equal(db_transfer(p->from, p->to, &p->texts, &t, &p->e), 0);
	assert_int_equal(number(p, p->to, "SELECT count(*) FROM child"), ROWS);
}

static int refuse(struct db_tx *to, void *arg, struct err *e)
{
	(void)to;
	(void)arg;
	return err_set(e, ERR_CONFLICT, "not this one");
}

static void test_nothing_when_it_fails(void **state)
{
	struct place *p = *state;
	struct db_transfer t = {.accept = refuse};
	assert_int_equal(db_run(p->from, DB_WRITE, fill, NULL, &p->e), 0);
	assert_int_equal(db_run(p->to, DB_WRITE, leave_rows, NULL, &p->e), 0);
	assert_int_equal(db_transfer(p->from, p->to, &p->texts, &t, &p->e), -ERR_CONFLICT);
	assert_string_equal(p->e.msg, "not this one");
	assert_int_equal(number(p, p->to, "SELECT id FROM parent"), 77);
	assert_int_equal(number(p, p->to, "SELECT count(*) FROM child"), 0);
}

static void test_other_schema(void **state)
{
	struct place *p = *state;
	struct db_transfer t = {.tables = 0};
	struct db *other = open_at(p, "other", &other_module);
	assert_non_null(other);
	assert_int_equal(db_transfer(p->from, other, &p->texts, &t, &p->e), -ERR_CONFLICT);
	db_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_all_rows, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_nothing_when_it_fails, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_other_schema, setup, teardown),
	};
	return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
