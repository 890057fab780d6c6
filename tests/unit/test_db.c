/* db and event: values through and back, transactions, group commit, migrations, what a crash
 * leaves. */
#include "db/db.h"
#include "base/num.h"
#include "store/event.h"
#include "store/schema.h"

#include "base/own.h"

#include "server_store.h"
#include "scratch.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct db_migration steps_1[] = {
    {.number = 1,
     .what = "a table",
     .sql =
	 "CREATE TABLE thing(k TEXT NOT NULL PRIMARY KEY, v BIGINT, b {BLOB}, r DOUBLE PRECISION){NOROWID};"},
    {0}};
static const struct db_migration steps_2[] = {
    {.number = 1,
     .what = "a table",
     .sql =
	 "CREATE TABLE thing(k TEXT NOT NULL PRIMARY KEY, v BIGINT, b {BLOB}, r DOUBLE PRECISION){NOROWID};"},
    {.number = 2,
     .what = "a column",
     .sql = "ALTER TABLE thing ADD COLUMN w BIGINT NOT NULL DEFAULT 7;"},
    {0}};
static const struct db_migration steps_bad[] = {
    {.number = 1,
     .what = "a table",
     .sql =
	 "CREATE TABLE thing(k TEXT NOT NULL PRIMARY KEY, v BIGINT, b {BLOB}, r DOUBLE PRECISION){NOROWID};"},
    {.number = 2,
     .what = "a column",
     .sql = "ALTER TABLE thing ADD COLUMN w BIGINT; SELECT nonsense;"},
    {0}};
static const struct db_migration steps_gap[] = {{.number = 2, .what = "late", .sql = "SELECT 1"},
						{0}};

#define STORE                                                                                      \
	{                                                                                          \
		.module = "store", .steps = schema_store, .baseline = schema_store_baseline,       \
		.baseline_step = 4                                                                 \
	}
static const struct db_module rooms_1[] = {STORE, {.module = "thing", .steps = steps_1}};
static const struct db_module rooms_2[] = {STORE, {.module = "thing", .steps = steps_2}};
static const struct db_module rooms_bad[] = {STORE, {.module = "thing", .steps = steps_bad}};
static const struct db_module rooms_gap[] = {{.module = "gap", .steps = steps_gap}};

struct place {
	char dir[64];
	char file[96];
	struct db *d;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	assert_non_null(p);
	scratch_folder(p->dir, "db");
	(void)snprintf(p->file, sizeof p->file, "%s/db", p->dir);
	struct err e = ERR_INIT;
	p->d = schema_open(p->file, rooms_1, 2, &e);
	assert_non_null(p->d);
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

#define SET "INSERT INTO thing(k,v,b,r) VALUES($1,$2,$3,$4)"
static int set(struct db_tx *tx, const char *key, int64_t v, struct err *e)
{
	return (int)db_exec(
	    tx, SET, DB_ARGS(DB_T(bytes_of(key)), DB_I(v), DB_B(BYTES_LIT("\0\1\xff")), DB_R(0.5)),
	    e);
}

struct lookup {
	const char *key;
	int64_t v;
	bool found;
};
static int get(struct db_tx *tx, void *arg, struct err *e)
{
	struct lookup *l = arg;
	struct db_stmt *s =
	    db_query(tx, "SELECT v FROM thing WHERE k=$1", DB_ARGS(DB_T(bytes_of(l->key))), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	l->found = r == 1;
	l->v = r == 1 ? db_int(s, 0) : 0;
	db_done(s);
	return r;
}

static bool has(struct db *d, const char *key)
{
	struct err e = ERR_INIT;
	struct lookup l = {.key = key};
	assert_true(db_run(d, DB_READ, get, &l, &e) >= 0);
	return l.found;
}

static int64_t count(struct db *d);
static int count_fn(struct db_tx *tx, void *arg, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT COUNT(*) FROM thing", NULL, 0, e);
	assert_non_null(s);
	assert_int_equal(db_step(s, e), 1);
	*(int64_t *)arg = db_int(s, 0);
	assert_int_equal(db_step(s, e), 0);
	db_done(s);
	return 0;
}
static int64_t count(struct db *d)
{
	struct err e = ERR_INIT;
	int64_t n = -1;
	assert_int_equal(db_run(d, DB_READ, count_fn, &n, &e), 0);
	return n;
}

static int values_write(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	assert_int_equal(set(tx, "a", INT64_MIN, e), 1);
	assert_int_equal(
	    db_exec(tx, SET, DB_ARGS(DB_T(BYTES_NONE), DB_N, DB_B(BYTES_NONE), DB_R(-1e300)), e),
	    1);
	return 42;
}
static int values_read(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct db_stmt *s = db_query(tx, "SELECT k,v,b,r FROM thing ORDER BY k", NULL, 0, e);
	assert_non_null(s);
	assert_int_equal(db_step(s, e), 1);
	assert_int_equal(db_bytes(s, 0).len, 0);
	assert_false(db_is_null(s, 0));
	assert_true(db_is_null(s, 1));
	assert_int_equal(db_int(s, 1), 0);
	assert_false(db_is_null(s, 2));
	assert_int_equal(db_bytes(s, 2).len, 0);
	assert_true(db_real(s, 3) < -9e299);
	assert_int_equal(db_step(s, e), 1);
	assert_true(bytes_eq_lit(db_bytes(s, 0), "a"));
	assert_true(db_int(s, 1) == INT64_MIN);
	assert_true(bytes_eq(db_bytes(s, 2), BYTES_LIT("\0\1\xff")));
	assert_int_equal(db_step(s, e), 0);
	db_done(s);
	return 0;
}
static void values(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	assert_int_equal(db_run(p->d, DB_WRITE, values_write, NULL, &e), 42);
	assert_int_equal(db_run(p->d, DB_READ, values_read, NULL, &e), 0);
}

static void file_mode(void **state)
{
	struct place *p = *state;
	struct stat st;
	FILES_ONLY("the file's mode");
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static int old_row(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return set(tx, "old", 3, e);
}
static int fails_late(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	assert_int_equal(set(tx, "gone", 1, e), 1);
	return err_set(e, ERR_DENIED, "no");
}
static int twice(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	assert_int_equal(set(tx, "once", 1, e), 1);
	return set(tx, "once", 2, e);
}
static void failures(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	assert_int_equal(db_run(p->d, DB_WRITE, fails_late, NULL, &e), -ERR_DENIED);
	assert_string_equal(e.msg, "no");
	assert_false(has(p->d, "gone"));
	assert_int_equal(db_run(p->d, DB_WRITE, twice, NULL, &e), -ERR_CONFLICT);
	assert_int_equal(count(p->d), 0);
	/* A reader cannot write. */
	assert_true(db_run(p->d, DB_READ, old_row, NULL, &e) < 0);
	assert_int_equal(count(p->d), 0);
}

static const struct {
	const char *text;
	size_t count;
} wrong_texts[] = {
    {"SELECT nothing FROM nowhere", 0},
    {"SELECT k FROM thing WHERE k=$1", 0},
    {"SELECT k FROM thing", 1},
    {"SELECT k FROM thing WHERE v=$2", 1},
    {"SELECT '{WHAT}'", 0},
};
static int wrong(struct db_tx *tx, void *arg, struct err *e)
{
	const size_t *i = arg;
	const struct db_value one = DB_I(1);
	assert_null(db_query(tx, wrong_texts[*i].text, &one, wrong_texts[*i].count, e));
	assert_int_equal(e->code, ERR_INTERNAL);
	return 0;
}
/* A statement while another one is open is refused, whatever it is; the open one goes on. */
static int nested(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	static const char text[] = "SELECT 1 FROM thing UNION ALL SELECT 2";
	const struct db_value one = DB_I(1);
	struct db_stmt *outer = db_query(tx, text, NULL, 0, e);
	assert_non_null(outer);
	assert_null(db_query(tx, text, NULL, 0, e));
	assert_int_equal(e->code, ERR_INTERNAL);
	assert_true(db_exec(tx, "DELETE FROM thing", NULL, 0, e) < 0);
	assert_true(db_exec_many(tx, "DELETE FROM thing WHERE v=$1", &one, 1, 1, e) < 0);
	assert_true(db_id_next(tx, "thing", e) < 0);
	assert_int_equal(db_step(outer, e), 1);
	db_done(outer);
	db_done(NULL);
	return db_exec(tx, "DELETE FROM thing WHERE v = $1", &one, 1, e) < 0 ? -1 : 0;
}
static void misuse(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	for (size_t i = 0; i < 2 * sizeof wrong_texts / sizeof *wrong_texts; i++) {
		size_t at = i % (sizeof wrong_texts / sizeof *wrong_texts);
		assert_int_equal(db_run(p->d, DB_READ, wrong, &at, &e), 0);
	}
	assert_int_equal(db_run(p->d, DB_WRITE, nested, NULL, &e), 0);
}

static int goes_on(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct err ignored = ERR_INIT;
	assert_int_equal(set(tx, "before", 1, e), 1);
	assert_true(db_exec(tx, "INSERT INTO nowhere VALUES(1)", NULL, 0, &ignored) < 0);
	return 0;
}
/* A transaction whose statement failed is nothing to build on: on a server it is never committed.
 */
static void failed_statement(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	int r = db_run(p->d, DB_WRITE, goes_on, NULL, &e);
	assert_int_equal(has(p->d, "before"), r >= 0);
	assert_true(r < 0 || !server_store_is_used());
}

/* Many threads: every success is there, every failure left nothing, ids are all different. */
#define THREADS 8
#define ROUNDS 60
struct job {
	struct db *d;
	int thread, round;
	bool fail;
	int64_t id;
};
static int one_job(struct db_tx *tx, void *arg, struct err *e)
{
	struct job *j = arg;
	char key[32];
	(void)snprintf(key, sizeof key, "%d/%d", j->thread, j->round);
	if (set(tx, key, j->round, e) < 0)
		return -(int)e->code;
	j->id = db_id_next(tx, "job", e);
	if (j->id < 0)
		return (int)j->id;
	return j->fail ? err_set(e, ERR_CANCELLED, "as asked") : 0;
}
static int64_t seen_ids[THREADS][ROUNDS];
static void *work(void *arg)
{
	struct job *j = arg;
	for (j->round = 0; j->round < ROUNDS; j->round++) {
		struct err e = ERR_INIT;
		j->fail = j->round % 5 == 4;
		int r = db_run(j->d, DB_WRITE, one_job, j, &e);
		if (r != (j->fail ? -ERR_CANCELLED : 0))
			return j;
		seen_ids[j->thread][j->round] = j->fail ? 0 : j->id;
		char key[32];
		(void)snprintf(key, sizeof key, "%d/%d", j->thread, j->round);
		struct lookup l = {.key = key};
		if (db_run(j->d, DB_READ, get, &l, &e) < 0 || l.found == j->fail)
			return j;
	}
	return NULL;
}
static void many_writers(void **state)
{
	struct place *p = *state;
	pthread_t t[THREADS];
	struct job jobs[THREADS];
	for (int i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){.d = p->d, .thread = i};
		assert_int_equal(pthread_create(&t[i], NULL, work, &jobs[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *bad = NULL;
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
	int64_t good = THREADS * (ROUNDS - ROUNDS / 5);
	assert_int_equal(count(p->d), good);
	int64_t *ids = &seen_ids[0][0];
	qsort(ids, THREADS * ROUNDS, sizeof *ids, num_cmp_i64);
	for (size_t i = THREADS * ROUNDS - (size_t)good; i < THREADS * ROUNDS; i++) {
		assert_true(ids[i] > 0);
		assert_true(i == 0 || ids[i] != ids[i - 1]);
	}
}

/* A process killed without warning: what db_run acknowledged is there afterwards. */
static void killed(void **state)
{
	struct place *p = *state;
	int pipes[2];
	db_close(p->d);
	p->d = NULL;
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	if (child == 0) {
		struct err e = ERR_INIT;
		struct job j = {.d = schema_open(p->file, rooms_1, 2, &e), .thread = 1};
		for (j.round = 0; j.d; j.round++) {
			if (db_run(j.d, DB_WRITE, one_job, &j, &e) < 0 ||
			    write(pipes[1], &j.round, sizeof j.round) < 0)
				break;
		}
		_exit(1);
	}
	close(pipes[1]);
	int last = -1, n = 0;
	while (n++ < 25)
		assert_int_equal(read(pipes[0], &last, sizeof last), sizeof last);
	kill(child, SIGKILL);
	while (read(pipes[0], &last, sizeof last) == (ssize_t)sizeof last)
		n++;
	close(pipes[0]);
	waitpid(child, NULL, 0);
	struct err e = ERR_INIT;
	p->d = schema_open(p->file, rooms_1, 2, &e);
	assert_non_null(p->d);
	for (int i = 0; i <= last; i++) {
		char key[32];
		(void)snprintf(key, sizeof key, "1/%d", i);
		assert_true(has(p->d, key));
	}
	assert_in_range(count(p->d), (uintmax_t)last + 1, (uintmax_t)last + 2);
}

static int new_column(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct db_stmt *s = db_query(tx, "SELECT v,w FROM thing WHERE k='old'", NULL, 0, e);
	if (!s)
		return -(int)e->code;
	assert_int_equal(db_step(s, e), 1);
	assert_int_equal(db_int(s, 0), 3);
	assert_int_equal(db_int(s, 1), 7);
	db_done(s);
	return 0;
}
static void migrations(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	assert_int_equal(db_run(p->d, DB_WRITE, old_row, NULL, &e), 1);
	assert_true(db_run(p->d, DB_READ, new_column, NULL, &e) < 0);
	db_close(p->d);
	/* A step that fails leaves the schema as it was. */
	p->d = schema_open(p->file, rooms_bad, 2, &e);
	assert_null(p->d);
	assert_non_null(strstr(e.msg, "step 2 (a column)"));
	p->d = schema_open(p->file, rooms_2, 2, &e);
	assert_non_null(p->d);
	assert_int_equal(db_run(p->d, DB_READ, new_column, NULL, &e), 0);
	db_close(p->d);
	/* Again: nothing to do. An older program: refused. */
	p->d = schema_open(p->file, rooms_2, 2, &e);
	assert_non_null(p->d);
	db_close(p->d);
	p->d = schema_open(p->file, rooms_1, 2, &e);
	assert_null(p->d);
	assert_int_equal(e.code, ERR_UNSUPPORTED);
	p->d = schema_open(p->file, rooms_gap, 1, &e);
	assert_null(p->d);
	assert_int_equal(e.code, ERR_INTERNAL);
}

static void not_a_database(void **state)
{
	FILES_ONLY("a file that is no database");
	struct place *p = *state;
	struct err e = ERR_INIT;
	char path[128];
	(void)snprintf(path, sizeof path, "%s/junk", p->dir);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		(void)fputs("this is no database ", f);
	fclose(f);
	assert_null(store_open(path, &e));
	assert_int_equal(e.code, ERR_DAMAGED);
	(void)snprintf(path, sizeof path, "%s/no/such/folder", p->dir);
	assert_null(store_open(path, &e));
	assert_int_equal(e.code, ERR_IO);
}

/* The schema that ships opens, twice. */
static void real_schema(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char path[128];
	(void)snprintf(path, sizeof path, "%s/real", p->dir);
	for (int i = 0; i < 2; i++) {
		struct db *d = store_open(path, &e);
		if (!d)
			print_message("%s\n", e.msg);
		assert_non_null(d);
		assert_int_equal(db_checkpoint(d, &e), 0);
		db_close(d);
	}
}

static int append(struct db_tx *tx, void *arg, struct err *e)
{
	struct event *ev = arg;
	int r = event_append(tx, ev, e);
	if (r < 0)
		return r;
	return ev->size == 13 ? err_set(e, ERR_CANCELLED, "unlucky") : 0;
}
struct next {
	int64_t after;
	struct arena a;
	struct event ev;
	int64_t last;
};
static int next_event(struct db_tx *tx, void *arg, struct err *e)
{
	struct next *n = arg;
	assert_int_equal(event_last(tx, &n->last, e), 0);
	return event_next(tx, n->after, &VISIBILITY_ALL, &n->a, &n->ev, e);
}
static int prune(struct db_tx *tx, void *arg, struct err *e)
{
	return (int)event_prune(tx, *(int64_t *)arg, 1000, e);
}
static void events(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	/* Events are cut to what is visible, so all of the store's tables are needed. */
	db_close(p->d);
	(void)snprintf(p->file, sizeof p->file, "%s/store", p->dir);
	p->d = store_open(p->file, &e);
	assert_non_null(p->d);
	uint64_t seq = event_seq(p->d);
	assert_int_equal(event_wait(p->d, seq, 1), seq);
	struct event ev = {.registry_id = 1,
			   .type = BYTES_LIT(EVENT_PUSHED),
			   .registry = BYTES_LIT("main"),
			   .repository = BYTES_LIT("a/b"),
			   .digest = BYTES_LIT("sha256:00"),
			   .tag = BYTES_LIT("latest"),
			   .media_type = BYTES_LIT("m"),
			   .size = 12,
			   .actor = BYTES_LIT("ann"),
			   .detail = BYTES_NONE,
			   .at = 77};
	assert_int_equal(db_run(p->d, DB_WRITE, append, &ev, &e), 0);
	assert_int_not_equal(event_wait(p->d, seq, 0), seq);
	seq = event_seq(p->d);
	ev.size = 13;
	assert_int_equal(db_run(p->d, DB_WRITE, append, &ev, &e), -ERR_CANCELLED);
	assert_int_equal(event_seq(p->d), seq);
	ev.size = 14;
	assert_int_equal(db_run(p->d, DB_WRITE, append, &ev, &e), 0);

	struct next n = {.after = 0};
	arena_init(&n.a, 1 << 16);
	assert_int_equal(db_run(p->d, DB_READ, next_event, &n, &e), 1);
	assert_true(bytes_eq_lit(n.ev.type, "pushed"));
	assert_true(bytes_eq_lit(n.ev.repository, "a/b"));
	assert_true(bytes_eq_lit(n.ev.tag, "latest"));
	assert_true(bytes_eq_lit(n.ev.actor, "ann"));
	assert_int_equal(n.ev.size, 12);
	assert_int_equal(n.ev.at, 77);
	n.after = n.ev.id;
	assert_int_equal(db_run(p->d, DB_READ, next_event, &n, &e), 1);
	assert_int_equal(n.ev.size, 14);
	assert_true(n.ev.id > n.after);
	assert_int_equal(n.last, n.ev.id);
	n.after = n.ev.id;
	assert_int_equal(db_run(p->d, DB_READ, next_event, &n, &e), 0);
	int64_t upto = n.last - 1;
	assert_int_equal(db_run(p->d, DB_WRITE, prune, &upto, &e), 1);
	assert_int_equal(db_run(p->d, DB_WRITE, prune, &upto, &e), 0);
	arena_free(&n.a);
}

struct limit {
	unsigned ms;
	bool gone;
	unsigned asked;
};

static bool is_gone(void *arg)
{
	struct limit *l = arg;
	l->asked++;
	return l->gone;
}

/* Counts for a minute, if it is let. */
static int count_tx(struct db_tx *tx, void *arg, struct err *e)
{
	db_limit(tx, ((struct limit *)arg)->ms, is_gone, arg);
	int64_t n = db_exec(tx,
			    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
			    "i < 1000000000) SELECT count(*) FROM n",
			    NULL, 0, e);
	return n < 0 ? (int)n : 0;
}

/* More than a look at the limit apart. */
static int short_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	int64_t n = db_exec(tx,
			    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
			    "i < 20000) SELECT count(*) FROM n",
			    NULL, 0, e);
	return n < 0 ? (int)n : 0;
}

static void limits(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct limit none = {.ms = 600000}, late = {.ms = 20}, gone = {.ms = 600000, .gone = true};
	assert_int_equal(db_run(p->d, DB_READ, count_tx, &late, &e), -ERR_TIMEOUT);
	assert_true(late.asked > 0);
	assert_int_equal(db_run(p->d, DB_READ, count_tx, &gone, &e), -ERR_TIMEOUT);
	assert_int_equal(gone.asked, 1);
	/* The connection is as good as before, and has no limit. */
	assert_int_equal(db_run(p->d, DB_READ, short_tx, NULL, &e), 0);
	db_stop(p->d);
	assert_int_equal(db_run(p->d, DB_READ, count_tx, &none, &e), -ERR_TIMEOUT);
	assert_int_equal(none.asked, 0);
	assert_int_equal(db_run(p->d, DB_READ, short_tx, NULL, &e), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(values),		 T(file_mode),	  T(failures), T(misuse),
	    T(failed_statement), T(many_writers), T(killed),   T(migrations),
	    T(not_a_database),	 T(real_schema),  T(events),   T(limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
