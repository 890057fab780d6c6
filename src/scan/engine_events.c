/* Events wake the scans. Those of blobs that were found damaged, or pushed again, are acted on here
 * and not in their transaction: tools that run without a server append them, too. The keeper renews
 * leases, takes over what died, and asks for rechecks. */
#include "scan/engine_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/event.h"

#define BATCH 200	 /* events a transaction: bounded work under the writer's lock */
#define CURSOR_STEP 1000 /* events of no interest between two writes of how far we came */
#define KEEPER_MS 10000	 /* a lease is renewed six times before it runs out */
#define RETRY_STEP 200	 /* scans that are asked for again, in one turn */
#define EVENT_BUDGET (8U << 20)

struct consume {
	int64_t at;	/* the last event that was looked at; -1 = none was yet */
	int64_t from;	/* where the next transaction begins */
	int64_t stored; /* the one on record */
	int64_t due_ms; /* when the next scan is due */
	size_t scans;	/* scans asked for */
	bool any;	/* there are events of ours after from */
};

static int on_damaged(struct db_tx *tx, const struct event *ev, struct err *e)
{
	const size_t around = sizeof EVENT_DAMAGED_DETAIL("") - 1, before = around - 2;
	struct bytes reason =
	    bytes_part(ev->detail, before, ev->detail.len > around ? ev->detail.len - around : 0);
	return ledger_image_put_state(tx, ev->repository_id, ev->digest, IMAGE_UNVERIFIED, reason,
				      ev->at, e);
}

static int on_event(struct db_tx *tx, const struct event *ev, struct consume *c, struct err *e)
{
	int64_t id;
	if (bytes_eq_lit(ev->type, EVENT_DAMAGED))
		return on_damaged(tx, ev, e);
	if (!bytes_eq_lit(ev->type, EVENT_MENDED))
		return 0;
	c->scans++;
	return store_scan_add(tx, ev->repository_id, ev->digest, BYTES_LIT("recheck"),
			      clock_wall_ms(), &id, e);
}

static int first_int(struct db_stmt *s, int64_t *ret, struct err *e)
{
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = db_int(s, 0);
	db_done(s);
	return r;
}

static int read_cursor(struct db_tx *tx, int64_t *ret, struct err *e)
{
	*ret = 0;
	return first_int(
	    db_query(tx, "SELECT last_event FROM event_cursor WHERE name = 'scan'", NULL, 0, e),
	    ret, e);
}

static int write_cursor(struct db_tx *tx, struct consume *c, struct err *e)
{
	int64_t n = db_exec(tx,
			    "INSERT INTO event_cursor(name, last_event) VALUES('scan', $1)"
			    " ON CONFLICT(name) DO UPDATE SET last_event = excluded.last_event",
			    DB_ARGS(DB_I(c->at)), e);
	if (n < 0)
		return (int)n;
	c->stored = c->at;
	return 0;
}

static int consume_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct consume *c = arg;
	int r = c->any;
	c->scans = 0;
	c->at = c->from;
	for (size_t i = 0; i < BATCH && r > 0; i++) {
		struct event ev;
		struct arena a;
		arena_init(&a, EVENT_BUDGET);
		r = event_next(tx, c->at, &VISIBILITY_ALL, &a, &ev, e);
		if (r > 0 && on_event(tx, &ev, c, e) < 0)
			r = -(int)e->code;
		else if (r > 0)
			c->at = ev.id;
		arena_free(&a);
	}
	return r < 0 ? r : write_cursor(tx, c, e);
}

/* What is there to do? 1 = something of ours happened, or so much else that the record must move:
 * without the writer's lock, for most events are of no interest here. */
static int look_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct consume *c = arg;
	int64_t newest = 0, ours = 0;
	c->due_ms = INT64_MAX;
	if (c->at < 0 && read_cursor(tx, &c->stored, e) < 0)
		return -(int)e->code;
	if (c->at < c->stored)
		c->at = c->stored;
	if (event_last(tx, &newest, e) < 0 ||
	    first_int(db_query(tx,
			       "SELECT COALESCE(min(id), 0) FROM event WHERE id > $1"
			       " AND type IN ('" EVENT_DAMAGED "', '" EVENT_MENDED "')",
			       DB_ARGS(DB_I(c->at)), e),
		      &ours, e) < 0 ||
	    first_int(
		db_query(tx, "SELECT run_at FROM scan WHERE status = 0 ORDER BY run_at, id LIMIT 1",
			 NULL, 0, e),
		&c->due_ms, e) < 0)
		return -(int)e->code;
	c->any = ours > 0;
	c->from = c->any ? ours - 1 : newest;
	if (!c->any)
		c->at = newest;
	return c->any || newest - c->stored >= CURSOR_STEP;
}

void *engine_events_main(void *arg)
{
	struct engine *g = arg;
	struct consume c = {.at = -1};
	while (!atomic_load(&g->stopping)) {
		struct err e = ERR_INIT;
		uint64_t seen = event_seq(g->o.db);
		int r = db_run(g->o.db, DB_READ, look_tx, &c, &e), more = r;
		if (r > 0)
			r = db_run(g->o.db, DB_WRITE, consume_tx, &c, &e);
		if (r < 0)
			log_line(LOG_ERROR, "events: %s", e.msg);
		if (c.scans || c.due_ms <= clock_wall_ms())
			engine_wake_scans(g);
		if (more <= 0 || r < 0)
			(void)event_wait(g->o.db, seen, 1000);
		c.scans = 0;
	}
	return NULL;
}

static int keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct engine *g = arg;
	int64_t now = clock_wall_ms();
	for (size_t i = 0; i < ENGINE_THREADS_MAX; i++) {
		pthread_mutex_lock(&g->scan_lock);
		struct store_scan s = g->running[i];
		pthread_mutex_unlock(&g->scan_lock);
		if (s.id && store_scan_renew(tx, &s, now, e) < 0)
			return -(int)e->code;
	}
	int64_t moved = store_scan_mend_clock(tx, now, e);
	int64_t n = moved < 0 ? moved : store_scan_reap(tx, now, e);
	int64_t again = n < 0 ? n : store_scan_retry(tx, now, RETRY_STEP, e);
	return again < 0 ? (int)again : moved + n + again > 0;
}

/* Every image pulled within the window and checked too long ago. */
static int recheck_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct engine *g = arg;
	int64_t now = clock_wall_ms();
	int64_t n =
	    store_scan_recheck(tx, now - ENGINE_PULL_WINDOW_MS, now - g->o.recheck_ms, now, e);
	return n < 0 ? (int)n : n > 0;
}

void *engine_keeper_main(void *arg)
{
	struct engine *g = arg;
	int64_t next_recheck = 0;
	while (!atomic_load(&g->stopping)) {
		struct err e = ERR_INIT;
		/* What the last run left is looked at first, and no scan runs before. */
		if (!atomic_load(&g->settled)) {
			engine_sleep(g, 100);
			continue;
		}
		int r = db_run(g->o.db, DB_WRITE, keep_tx, g, &e);
		int r2 = 0;
		if (r >= 0 && atomic_load(&g->again_due))
			engine_ask_again(g);
		if (r >= 0 && clock_steady_ms() >= next_recheck) {
			r2 = db_run(g->o.db, DB_WRITE, recheck_tx, g, &e);
			engine_house(g);
			next_recheck = clock_steady_ms() + 3600000;
		}
		if (r < 0 || r2 < 0)
			log_line(LOG_ERROR, "keeper: %s", e.msg);
		if (r > 0 || r2 > 0)
			engine_wake_scans(g);
		for (int64_t until = clock_steady_ms() + KEEPER_MS;
		     clock_steady_ms() < until && !atomic_load(&g->stopping);)
			engine_sleep(g, 100);
	}
	return NULL;
}
