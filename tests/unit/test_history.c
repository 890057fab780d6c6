/* history: which events and scans are pruned, and when a clock is not believed. */
#include "scratch.h"

#include "store/event.h"
#include "store/history.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int fill_history(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	for (int i = 1; i <= 2500; i++) {
		struct event ev = {.type = BYTES_LIT(EVENT_PUSHED), .at = i};
		if (event_append(tx, &ev, e) < 0)
			return -(int)e->code;
	}
	/* Image a: ended long ago, ended lately, queued. Image b: ended long ago once. Image c: 600
	 * ended ones. */
	static const char scan[] = "INSERT INTO scan(id, repository_id, digest, trigger, status, "
				   "attempts, run_at, lease_until, lease_epoch, reason,"
				   " queued_at, started_at, finished_at) VALUES($1, 1, $2, "
				   "'push', $3, 1, 0, 0, 0, '', 0, 0, $4)";
	const struct {
		int64_t id, status, finished;
		const char *digest;
	} rows[] = {{1, 2, 10, "a"}, {2, 3, 20, "a"}, {3, 2, 5000, "a"},
		    {4, 0, 0, "a"},  {5, 2, 10, "b"}, {6, 0, 0, "b"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (db_exec(tx, scan,
			    DB_ARGS(DB_I(rows[i].id), DB_B(bytes_of(rows[i].digest)),
				    DB_I(rows[i].status), DB_I(rows[i].finished)),
			    e) < 0)
			return -(int)e->code;
	}
	for (int i = 0; i < 600; i++) {
		if (db_exec(tx, scan,
			    DB_ARGS(DB_I(100 + i), DB_B(BYTES_LIT("c")), DB_I(4), DB_I(30)), e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int consumed(struct db_tx *tx, void *arg, struct err *e)
{
	const int64_t *upto = arg;
	return (int)db_exec(
	    tx,
	    "INSERT INTO event_cursor(name, last_event) VALUES('scan', $1), ('other', 2400)"
	    " ON CONFLICT(name) DO UPDATE SET last_event = excluded.last_event",
	    DB_ARGS(DB_I(*upto)), e);
}

struct left {
	int64_t events, first;
	char ids[64];
};
static int what_is_left(struct db_tx *tx, void *arg, struct err *e)
{
	struct left *l = arg;
	struct db_stmt *s = db_query(
	    tx, "SELECT (SELECT count(*) FROM event), (SELECT min(id) FROM event)", NULL, 0, e);
	int r = db_step(s, e);
	l->events = db_int(s, 0);
	l->first = db_int(s, 1);
	db_done(s);
	s = db_query(tx, "SELECT id FROM scan ORDER BY id LIMIT 20", NULL, 0, e);
	l->ids[0] = '\0';
	while ((r = db_step(s, e)) > 0) {
		size_t at = strlen(l->ids);
		(void)snprintf(l->ids + at, sizeof l->ids - at, "%s%lld", at ? " " : "",
			       (long long)db_int(s, 0));
	}
	db_done(s);
	return r;
}

static void history(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	char path[SCRATCH_CAP];
	scratch_file(path, "history");
	struct db *d = store_open(path, &e);
	if (!d)
		fail_msg("%s", e.msg);
	assert_int_equal(db_run(d, DB_WRITE, fill_history, NULL, &e), 0);
	struct store_history_rules rules = {.before_ms = 2300, .events_max = 1000000};
	struct store_history_result gone;
	struct left l;
	/* Nobody has taken an event: all stay. Of scans that ended before 2300 the newest of each
	 * image that has ended stays. */
	assert_int_equal(store_history_prune(d, &rules, &gone, &e), 0);
	assert_int_equal(gone.events, 0);
	assert_int_equal(gone.scans, 2 + 599);
	assert_true(db_run(d, DB_READ, what_is_left, &l, &e) >= 0);
	assert_int_equal(l.events, 2500);
	assert_string_equal(l.ids, "3 4 5 6 699");
	/* The slower consumer decides, and then the age. */
	int64_t upto = 1200;
	assert_int_equal(db_run(d, DB_WRITE, consumed, &upto, &e), 2);
	assert_int_equal(store_history_prune(d, &rules, &gone, &e), 0);
	assert_int_equal(gone.events, 1200);
	upto = 2500;
	assert_int_equal(db_run(d, DB_WRITE, consumed, &upto, &e), 2);
	assert_int_equal(store_history_prune(d, &rules, &gone, &e), 0);
	assert_int_equal(gone.events, 2299 - 1200);
	/* Too many: the oldest go although they are young, but none that somebody has yet to take
	 * (the other consumer is at 2400). */
	rules.events_max = 150;
	assert_int_equal(store_history_prune(d, &rules, &gone, &e), 0);
	assert_int_equal(gone.events, 2350 - 2299);
	rules.events_max = 10;
	assert_int_equal(store_history_prune(d, &rules, &gone, &e), 0);
	assert_true(db_run(d, DB_READ, what_is_left, &l, &e) >= 0);
	assert_int_equal(l.first, 2401);
	assert_int_equal(l.events, 100);
	db_close(d);
	scratch_file_remove(path);
}

/* A start a year ahead, a step while the program runs, back and forth: nothing may end for a day;
 * one that goes evenly for a day is believed again. */
static void clock_doubts(void **state)
{
	const int64_t day = INT64_C(86400000), keep = 90 * day, wall = INT64_C(1800000000000);
	struct store_history_clock c = {.asked = false};
	(void)state;
	assert_true(store_history_believes(&c, wall, 1000, wall - day, keep));
	assert_true(store_history_believes(&c, wall + day, 1000 + day, wall - day, keep));
	/* What the clock corrects itself by is no jump. */
	assert_true(store_history_believes(&c, wall + day + STORE_HISTORY_JUMP_MS, 1000 + day,
					   wall - day, keep));
	assert_false(
	    store_history_believes(&c, wall + 400 * day, 1000 + day, wall + 400 * day, keep));
	assert_false(store_history_believes(&c, wall + 400 * day + STORE_HISTORY_DOUBT_MS - 1,
					    1000 + day + STORE_HISTORY_DOUBT_MS - 1, wall, keep));
	assert_true(store_history_believes(&c, wall + 401 * day, 1000 + 2 * day, wall, keep));
	assert_false(store_history_believes(&c, wall + 2 * day, 1000 + 2 * day, wall, keep));
	c = (struct store_history_clock){.asked = false};
	assert_false(store_history_believes(&c, wall + 400 * day, 5, wall, keep));
	assert_false(store_history_believes(&c, wall + 400 * day, 6, wall + 400 * day, keep));
	assert_true(store_history_believes(&c, wall + 401 * day, 5 + day, wall + 400 * day, keep));
	c = (struct store_history_clock){.asked = false};
	assert_true(store_history_believes(&c, wall + 400 * day, 5, 0, keep)); /* an empty store */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(history),
					   cmocka_unit_test(clock_doubts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
