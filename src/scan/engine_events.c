/* Events of the registry become images and scans; the keeper renews leases, takes over what died,
 * and asks for rechecks. */
#include "scan/engine_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "oci/manifest.h"
#include "store/event.h"

#define BATCH 200	/* events a transaction: bounded work under the writer's lock */
#define KEEPER_MS 10000 /* a lease is renewed six times before it runs out */
#define RETRY_STEP 200	/* scans that are asked for again, in one turn */
#define EVENT_BUDGET (8U << 20)

struct consume {
	struct engine *g;
	size_t count; /* events taken */
	size_t scans; /* scans asked for */
};

/* Images are what has findings. An index is known by its type and never listed; an artifact's
 * config must be read first, so its scan takes it from the list. */
static int on_pushed(struct db_tx *tx, const struct event *ev, const char *trigger,
		     struct consume *c, struct err *e)
{
	int64_t id;
	bool is_image = !oci_is_index_type(ev->media_type);
	if ((is_image && store_image_add(tx, ev->repository, ev->digest, ev->at, e) < 0) ||
	    store_scan_add(tx, ev->repository, ev->digest, bytes_of(trigger), clock_wall_ms(), &id,
			   e) < 0)
		return -(int)e->code;
	c->scans++;
	return 0;
}

static int on_pulled(struct db_tx *tx, const struct event *ev, struct consume *c, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "UPDATE image SET pulled_at = $3 WHERE repository = $1 AND digest = $2"
		     " RETURNING scanned_at",
		     DB_ARGS(DB_T(ev->repository), DB_T(ev->digest), DB_I(ev->at)), e);
	int64_t scanned = -1, id;
	int r;
	if (!s)
		return -(int)e->code;
	while ((r = db_step(s, e)) > 0)
		scanned = db_int(s, 0);
	db_done(s);
	if (r < 0 || scanned < 0 || ev->at - scanned < ENGINE_STALE_MS)
		return r;
	c->scans++;
	return store_scan_add(tx, ev->repository, ev->digest, BYTES_LIT("pull"), clock_wall_ms(),
			      &id, e);
}

static int on_event(struct db_tx *tx, const struct event *ev, struct consume *c, struct err *e)
{
	if (bytes_eq_lit(ev->type, EVENT_PUSHED))
		return on_pushed(tx, ev, "push", c, e);
	if (bytes_eq_lit(ev->type, EVENT_IMPORTED))
		return on_pushed(tx, ev, "import", c, e);
	if (bytes_eq_lit(ev->type, EVENT_PULLED))
		return on_pulled(tx, ev, c, e);
	if (bytes_eq_lit(ev->type, EVENT_DAMAGED)) {
		const size_t around = sizeof EVENT_DAMAGED_DETAIL("") - 1, before = around - 2;
		struct bytes reason = bytes_part(
		    ev->detail, before, ev->detail.len > around ? ev->detail.len - around : 0);
		return store_image_put_state(tx, ev->repository, ev->digest, IMAGE_UNVERIFIED,
					     reason, ev->at, e);
	}
	if (bytes_eq_lit(ev->type, EVENT_MENDED)) {
		int64_t id;
		c->scans++;
		return store_scan_add(tx, ev->repository, ev->digest, BYTES_LIT("recheck"),
				      clock_wall_ms(), &id, e);
	}
	if (bytes_eq_lit(ev->type, EVENT_DELETED) && !ev->tag.len)
		return store_image_delete(tx, ev->repository, ev->digest, e);
	return 0;
}

static int read_cursor(struct db_tx *tx, int64_t *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT last_event FROM event_cursor WHERE name = 'scan'", NULL, 0, e);
	if (!s)
		return -(int)e->code;
	*ret = 0;
	int r;
	while ((r = db_step(s, e)) > 0)
		*ret = db_int(s, 0);
	db_done(s);
	return r;
}

static int consume_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct consume *c = arg;
	int64_t last = 0;
	c->count = c->scans = 0;
	if (read_cursor(tx, &last, e) < 0)
		return -(int)e->code;
	struct arena a;
	int r = 0;
	while (c->count < BATCH) {
		struct event ev;
		arena_init(&a, EVENT_BUDGET);
		r = event_next(tx, last, &a, &ev, e);
		if (r > 0) {
			int rc = on_event(tx, &ev, c, e);
			last = ev.id;
			r = rc < 0 ? rc : r;
		}
		arena_free(&a);
		if (r <= 0)
			break;
		c->count++;
	}
	if (r < 0 || c->count == 0)
		return r;
	int64_t n = db_exec(tx,
			    "INSERT INTO event_cursor(name, last_event) VALUES('scan', $1)"
			    " ON CONFLICT(name) DO UPDATE SET last_event = excluded.last_event",
			    DB_ARGS(DB_I(last)), e);
	return n < 0 ? (int)n : 0;
}

/* Is there anything to consume? A look without the writer's lock. */
static int peek_tx(struct db_tx *tx, void *arg, struct err *e)
{
	bool *any = arg;
	int64_t last = 0, newest = 0;
	if (read_cursor(tx, &last, e) < 0 || event_last(tx, &newest, e) < 0)
		return -(int)e->code;
	*any = newest > last;
	return 0;
}

void *engine_events_main(void *arg)
{
	struct engine *g = arg;
	while (!atomic_load(&g->stopping)) {
		struct err e = ERR_INIT;
		struct consume c = {.g = g};
		bool any = false;
		uint64_t seen = event_seq(g->o.db);
		int r = db_run(g->o.db, DB_READ, peek_tx, &any, &e);
		if (r >= 0 && any)
			r = db_run(g->o.db, DB_WRITE, consume_tx, &c, &e);
		if (r < 0)
			log_line(LOG_ERROR, "events: %s", e.msg);
		if (c.scans)
			engine_wake_scans(g);
		if (!any || r < 0)
			(void)event_wait(g->o.db, seen, 1000);
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
	int64_t n = moved < 0 ? moved : store_scan_reap(tx, now, false, e);
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
		if (r >= 0 && clock_mono_ms() >= next_recheck) {
			r2 = db_run(g->o.db, DB_WRITE, recheck_tx, g, &e);
			engine_house(g);
			next_recheck = clock_mono_ms() + 3600000;
		}
		if (r < 0 || r2 < 0)
			log_line(LOG_ERROR, "keeper: %s", e.msg);
		if (r > 0 || r2 > 0)
			engine_wake_scans(g);
		for (int waited = 0; waited < KEEPER_MS && !atomic_load(&g->stopping);
		     waited += 100)
			engine_sleep(g, 100);
	}
	return NULL;
}
