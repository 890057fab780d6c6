#include "scan/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "scan/engine_impl.h"

#include "store/attached.h"
#include "store/plan.h"
#include "store/event.h"
#include "store/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define END_TRIES 6U	   /* of writing a scan's end, over 8 s */
#define END_PAUSE_MS 250   /* before the second; doubled each time */
#define CHILD_DEATHS_MAX 3 /* a layer that kills its worker this often is poison */

struct engine *engine_new(const struct engine_options *o, struct err *e)
{
	struct engine *g = calloc(1, sizeof *g);
	if (!g) {
		err_set(e, ERR_NOMEM, "no memory for the scan engine");
		return NULL;
	}
	g->o = *o;
	if (g->o.scan_threads == 0)
		g->o.scan_threads = (unsigned)get_nprocs() + 1;
	if (g->o.scan_threads > 16)
		g->o.scan_threads = 16;
	if (g->o.recheck_ms <= 0)
		g->o.recheck_ms = ENGINE_STALE_MS;
	if (g->o.history_ms <= 0)
		g->o.history_ms = STORE_HISTORY_KEEP_MS;
	if (store_lease_owner(g->owner, e) < 0) {
		free(g);
		return NULL;
	}
	pthread_mutex_init(&g->scan_lock, NULL);
	pthread_mutex_init(&g->claim_lock, NULL);
	pthread_mutex_init(&g->switch_lock, NULL);
	(void)clock_cond_init(&g->scan_moved);
	/* A waiting writer must not starve while scans come and go. */
	pthread_rwlockattr_t rw;
	pthread_rwlockattr_init(&rw);
	pthread_rwlockattr_setkind_np(&rw, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&g->vdb_lock, &rw);
	pthread_rwlock_init(&g->rows_lock, &rw);
	pthread_rwlockattr_destroy(&rw);
	engine_layers_init(g);
	engine_watch_init(g);
	return g;
}

const struct tap *engine_tap(struct engine *g)
{
	return &g->tap;
}

void engine_set_registry(struct engine *g, struct registry *registry)
{
	g->o.registry = registry;
}

void engine_wake_scans(struct engine *g)
{
	pthread_mutex_lock(&g->scan_lock);
	g->scan_seq++;
	pthread_cond_broadcast(&g->scan_moved);
	pthread_mutex_unlock(&g->scan_lock);
}

static void wait_for(struct engine *g, uint64_t seen, int64_t ms)
{
	int64_t until = clock_steady_ms() + ms;
	pthread_mutex_lock(&g->scan_lock);
	while (g->scan_seq == seen && !atomic_load(&g->stopping)) {
		if (!clock_wait(&g->scan_moved, &g->scan_lock, until))
			break;
	}
	pthread_mutex_unlock(&g->scan_lock);
}

void engine_sleep(struct engine *g, unsigned ms)
{

	if (!atomic_load(&g->stopping))
		(void)usleep(ms * 1000);
}

struct claim {
	struct arena *arena;
	struct store_scan_turn turn;
	struct store_scan scan;
	int64_t next_ms;
};

static int claim_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct claim *c = arg;
	return store_scan_claim(tx, clock_wall_ms(), &c->turn, c->arena, &c->scan, &c->next_ms, e);
}

/* Is anything due? Without the writer's lock: idle servers write nothing. */
static int due_tx(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t *due = arg;
	struct db_stmt *s = db_query(
	    tx, "SELECT run_at FROM scan WHERE status = 0 ORDER BY run_at, id LIMIT 1", NULL, 0, e);
	if (!s)
		return -(int)e->code;
	*due = INT64_MAX;
	int r;
	while ((r = db_step(s, e)) > 0)
		*due = db_int(s, 0);
	db_done(s);
	return r;
}

struct ending {
	const struct store_scan *scan;
	enum store_scan_status status;
	struct bytes reason;
	int64_t run_at, retry_at; /* 0: not again by itself */
	bool is_off;		  /* the plan is: it did not run */
};

int engine_give_up(struct db_tx *tx, const struct store_scan *s, struct bytes reason, struct err *e)
{
	int64_t now = clock_wall_ms();
	if (ledger_image_put_state(tx, s->repository_id, s->digest, IMAGE_UNVERIFIED, reason, now,
				   e) < 0)
		return -(int)e->code;
	return store_scan_end(tx, s, STORE_SCAN_FAILED, reason, 0, now, e);
}

/* The plan is off: an image that was never scanned is Unverified for that reason; one that was
 * keeps its verdict. It counts as not scanned, so that it is when the plan is on again. If that
 * happened meanwhile, it found this scan open and added none: this one runs once more. */
static int end_off(struct db_tx *tx, const struct ending *n, struct err *e)
{
	struct arena a;
	struct ledger_image image = {.scanned_ms = 0};
	int64_t now = clock_wall_ms();
	int on = store_plan_is_on(tx, n->scan->repository_id, e);
	if (on != 0)
		return on < 0 ? on
			      : store_scan_end(tx, n->scan, STORE_SCAN_QUEUED, BYTES_NONE, now, now,
					       e);
	arena_init(&a, 8U << 20);
	int r = ledger_image_get(tx, n->scan->repository_id, n->scan->digest, &a, &image, e);
	if (r > 0 && image.scanned_ms == 0)
		r = ledger_image_put_state(tx, n->scan->repository_id, n->scan->digest,
					   IMAGE_UNVERIFIED, n->reason, 0, e);
	arena_free(&a);
	return r < 0 ? r
		     : store_scan_end(tx, n->scan, STORE_SCAN_UNSUPPORTED, n->reason, 0,
				      clock_wall_ms(), e);
}

static int end_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct ending *n = arg;
	int64_t now = clock_wall_ms();
	if (n->is_off)
		return end_off(tx, n, e);
	if (n->status == STORE_SCAN_FAILED) {
		if (engine_give_up(tx, n->scan, n->reason, e) < 0)
			return -(int)e->code;
		return n->retry_at ? store_scan_put_retry(tx, n->scan, n->retry_at, e)
				   : engine_notice_failed(tx, n->scan, n->reason, e);
	}
	if (n->status == STORE_SCAN_UNSUPPORTED &&
	    ledger_image_put_artifact(tx, n->scan->repository_id, n->scan->digest, n->reason, now,
				      e) < 0)
		return -(int)e->code;
	return store_scan_end(tx, n->scan, n->status, n->reason, n->run_at, now, e);
}

/* The database may fail for a moment, and a scan whose end is not written waits until its lease
 * runs out; it is renewed meanwhile. ERR_CONFLICT: it is not ours any more. */
static void write_end(struct engine *g, struct ending *n)
{
	for (unsigned tries = 1;; tries++) {
		struct err e = ERR_INIT;
		int r = db_run(g->o.db, DB_WRITE, end_tx, n, &e);
		if (r >= 0)
			return;
		bool last = r == -ERR_CONFLICT || tries == END_TRIES || atomic_load(&g->stopping);
		log_line(r == -ERR_CONFLICT ? LOG_DEBUG : LOG_ERROR, "scan %lld: its end: %s%s",
			 (long long)n->scan->id, e.msg, last ? "" : "; written again");
		if (last)
			return;
		int64_t until = clock_steady_ms() + ((int64_t)END_PAUSE_MS << (tries - 1));
		while (clock_steady_ms() < until && !atomic_load(&g->stopping))
			engine_sleep(g, 50);
	}
}

/* What is tried again: at once up to attempts times, seconds apart; then, minutes and hours apart,
 * retries times. What the image itself is to blame for stays as it is. A worker's death may be
 * either's fault. */
static const struct patience {
	enum err_code code;
	int64_t attempts, retries;
} patience[] = {
    {ERR_CHILD, CHILD_DEATHS_MAX, 8},
    {ERR_TIMEOUT, CHILD_DEATHS_MAX, 2},
    {ERR_IO, STORE_SCAN_ATTEMPTS_MAX, INT64_MAX},
    {ERR_NOMEM, STORE_SCAN_ATTEMPTS_MAX, INT64_MAX},
    {ERR_CANCELLED, STORE_SCAN_ATTEMPTS_MAX, INT64_MAX},
    {ERR_CONFLICT, STORE_SCAN_ATTEMPTS_MAX, INT64_MAX},
    {ERR_INTERNAL, 1, INT64_MAX},
    {ERR_INTEGRITY, 1, INT64_MAX},
    {ERR_DAMAGED, 2, 0}, /* it may have been pushed again meanwhile, which asks for a scan of its
			    own only when none is open */
};

static int64_t retry_after_ms(int64_t retries)
{
	int64_t ms = INT64_C(60000) << (2 * (retries < 8 ? retries : 8));
	return ms < STORE_SCAN_RETRY_MAX_MS ? ms : STORE_SCAN_RETRY_MAX_MS;
}

static void plan(struct ending *n, enum err_code code, int64_t now)
{
	for (size_t i = 0; i < sizeof patience / sizeof *patience; i++) {
		const struct patience *p = &patience[i];
		if (p->code != code)
			continue;
		if (n->scan->attempts < p->attempts) {
			n->status = STORE_SCAN_QUEUED;
			n->run_at = now + (INT64_C(1000) << (2 * (n->scan->attempts - 1)));
		} else if (n->scan->retries < p->retries) {
			n->retry_at = now + retry_after_ms(n->scan->retries);
		}
	}
}

/* Nothing is wrong with a scan whose image was deleted under it. */
static bool is_deleted(struct engine *g, const struct store_scan *s)
{
	struct arena a;
	struct err e = ERR_INIT;
	struct bytes text, type;
	arena_init(&a, 8U << 20);
	int r = engine_read_manifest(g, s, &a, &text, &type, &e);
	arena_free(&a);
	return r == -ERR_NOT_FOUND;
}

static void settle(struct engine *g, const struct store_scan *s, const struct err *why)
{
	struct ending n = {.scan = s,
			   .status = STORE_SCAN_FAILED,
			   .reason = bytes_of(why->msg),
			   .run_at = clock_wall_ms()};
	bool deleted =
	    (why->code == ERR_NOT_FOUND || why->code == ERR_CONFLICT) && is_deleted(g, s);
	if (why->code == ERR_CANCELLED && atomic_load(&g->cut_short))
		n.status = STORE_SCAN_QUEUED;
	else if (!deleted)
		plan(&n, why->code, n.run_at);
	bool failed = n.status == STORE_SCAN_FAILED && !deleted;
	if (failed)
		atomic_fetch_add(&g->failed, 1);
	log_line(deleted  ? LOG_DEBUG
		 : failed ? LOG_WARN
			  : LOG_INFO,
		 "scan %lld of %.*s@%.*s: %s%s", (long long)s->id, BYTES_ARG(s->repository),
		 BYTES_ARG(s->digest), why->msg,
		 n.status == STORE_SCAN_QUEUED ? "; tried again"
		 : n.retry_at		       ? "; tried again later"
					       : "; given up");
	write_end(g, &n);
}

/* The plan of its subscription is off. */
static void end_by_plan(struct engine *g, const struct store_scan *s, struct arena *a,
			struct err *e)
{
	const char *why =
	    arena_printf(a, "the plan of subscription \"%.*s\" is off", BYTES_ARG(s->subscription));
	struct ending n = {.scan = s, .reason = bytes_of(why), .is_off = true};
	if ((!why && err_nomem(e) < 0) || db_run(g->o.db, DB_WRITE, end_tx, &n, e) < 0)
		settle(g, s, e);
}

static void run_scan(struct engine *g, const struct store_scan *s, struct arena *a)
{
	struct err e = ERR_INIT;
	enum store_scan_status status = STORE_SCAN_COMPLETED;
	struct bytes reason = BYTES_NONE;
	int64_t from = clock_mono_us();
	int r = engine_scan_image(g, s, &status, &reason, a, &e);
	if (r < 0)
		settle(g, s, &e);
	else if (r == 1)
		end_by_plan(g, s, a, &e);
	if (r != 0)
		return;
	if (status == STORE_SCAN_UNSUPPORTED) {
		struct ending n = {.scan = s, .status = status, .reason = reason};
		atomic_fetch_add(&g->unsupported, 1);
		write_end(g, &n);
		return;
	}
	atomic_fetch_add(&g->completed, 1);
	log_line(LOG_INFO, "scan %lld of %.*s@%.*s (%.*s): completed in %.1f ms", (long long)s->id,
		 BYTES_ARG(s->repository), BYTES_ARG(s->digest), BYTES_ARG(s->trigger),
		 (double)(clock_mono_us() - from) / 1000);
}

static size_t running_add(struct engine *g, const struct store_scan *s)
{
	size_t at = 0;
	pthread_mutex_lock(&g->scan_lock);
	while (at < ENGINE_THREADS_MAX - 1 && g->running[at].id)
		at++;
	g->running[at] = *s;
	pthread_mutex_unlock(&g->scan_lock);
	return at;
}

static void running_remove(struct engine *g, size_t at)
{
	pthread_mutex_lock(&g->scan_lock);
	g->running[at].id = 0;
	pthread_mutex_unlock(&g->scan_lock);
}

/* Registries that have scans running, or had the last. */
static size_t served_registries(struct engine *g, int64_t served[ENGINE_THREADS_MAX + 1])
{
	size_t n = 0;
	served[n++] = g->last_registry;
	pthread_mutex_lock(&g->scan_lock);
	for (size_t i = 0; i < ENGINE_THREADS_MAX; i++) {
		if (g->running[i].id)
			served[n++] = g->running[i].registry_id;
	}
	pthread_mutex_unlock(&g->scan_lock);
	return n;
}

/* A repository may have all threads but one. */
static void full_repositories(struct engine *g, struct claim *c, int64_t full[ENGINE_THREADS_MAX])
{
	unsigned max = g->o.scan_threads > 1 ? g->o.scan_threads - 1 : 1;
	pthread_mutex_lock(&g->scan_lock);
	for (size_t i = 0; i < ENGINE_THREADS_MAX; i++) {
		unsigned same = 0;
		for (size_t k = 0; g->running[i].id && k <= i; k++)
			same += g->running[k].id &&
				g->running[k].repository_id == g->running[i].repository_id;
		if (same == max)
			full[c->turn.full_count++] = g->running[i].repository_id;
	}
	pthread_mutex_unlock(&g->scan_lock);
}

/* 1 = c->scan is ours, and *ret_at its place among those that run. */
static int claim(struct engine *g, struct claim *c, size_t *ret_at, struct err *e)
{
	int64_t full[ENGINE_THREADS_MAX], served[ENGINE_THREADS_MAX + 1];
	pthread_mutex_lock(&g->claim_lock);
	c->turn = (struct store_scan_turn){.owner = g->owner,
					   .after = g->last_repository,
					   .full = full,
					   .served = served,
					   .served_count = served_registries(g, served),
					   .look_from = &g->look_from};
	full_repositories(g, c, full);
	int r = atomic_load(&g->cut_short) ? 0 : db_run(g->o.db, DB_WRITE, claim_tx, c, e);
	if (r > 0) {
		g->last_repository = c->scan.repository_id;
		g->last_registry = c->scan.registry_id;
		*ret_at = running_add(g, &c->scan);
	}
	pthread_mutex_unlock(&g->claim_lock);
	return r;
}

/* What is due is of repositories that have their share: a scan that ends wakes the others. */
#define FULL_MS 1000

/* One scan, if any is due: how long to wait for the next, 0 = not at all. */
static int64_t scan_next(struct engine *g)
{
	struct err e = ERR_INIT;
	struct arena a;
	arena_init(&a, ENGINE_SCAN_BUDGET);
	struct claim c = {.arena = &a, .next_ms = INT64_MAX};
	size_t at = 0;
	bool due = false;
	int r = db_run(g->o.db, DB_READ, due_tx, &c.next_ms, &e);
	if (r >= 0 && c.next_ms <= clock_wall_ms()) {
		due = true;
		r = claim(g, &c, &at, &e);
	} else if (r >= 0) {
		r = 0;
	}
	if (r > 0) {
		run_scan(g, &c.scan, &a);
		running_remove(g, at);
		engine_wake_scans(g);
	} else if (r < 0) {
		log_line(LOG_ERROR, "scan queue: %s", e.msg);
	}
	arena_free(&a);
	int64_t left = c.next_ms == INT64_MAX ? 5000 : c.next_ms - clock_wall_ms();
	if (r > 0)
		return 0;
	return r < 0 || (due && left <= 0) ? FULL_MS : left < 20 ? 20 : left > 5000 ? 5000 : left;
}

static void *scan_main(void *arg)
{
	struct engine *g = arg;
	while (!atomic_load(&g->stopping)) {
		pthread_mutex_lock(&g->scan_lock);
		uint64_t seen = g->scan_seq;
		pthread_mutex_unlock(&g->scan_lock);
		int64_t wait =
		    atomic_load(&g->settled) && !atomic_load(&g->cut_short) ? scan_next(g) : 1000;
		if (wait)
			wait_for(g, seen, wait);
	}
	return NULL;
}

static int start_thread(struct engine *g, void *(*main)(void *), struct err *e)
{
	if (g->thread_count == ENGINE_THREADS_MAX ||
	    pthread_create(&g->threads[g->thread_count], NULL, main, g) != 0)
		return err_set(e, ERR_NOMEM, "a thread could not be started");
	g->thread_count++;
	return 0;
}

/* Another setting of what is attached: images are looked at again. */
static int setting_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct engine *g = arg;
	struct digest d;
	char text[DIGEST_TEXT_CAP + 16];
	digest_of(DIGEST_SHA256, g->o.attached_keys, &d);
	int n = snprintf(text, sizeof text, "%s ", attached_use_word((int)g->o.attached_use));
	digest_text(&d, text + n);
	int64_t asked = store_attached_setting(tx, bytes_of(text), clock_wall_ms(), e);
	return asked < 0 ? (int)asked : 0;
}

int engine_start(struct engine *g, const char *vdb, struct err *e)
{
	unsigned busy, slots;
	pool_load(g->o.pool, &busy, &slots);
	if (engine_generation_open(g, vdb, e) < 0 ||
	    db_run(g->o.db, DB_WRITE, setting_tx, g, e) < 0 ||
	    start_thread(g, engine_settle_main, e) < 0 ||
	    start_thread(g, engine_events_main, e) < 0 ||
	    start_thread(g, engine_keeper_main, e) < 0 || start_thread(g, engine_rules_main, e) < 0)
		return -(int)e->code;
	for (unsigned i = 0; i < slots && i < ENGINE_LAYER_THREADS_MAX; i++) {
		if (start_thread(g, engine_layers_main, e) < 0)
			return -(int)e->code;
	}
	for (unsigned i = 0; i < g->o.scan_threads; i++) {
		if (start_thread(g, scan_main, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

bool engine_is_settled(const struct engine *g)
{
	return atomic_load(&g->settled);
}

void engine_stop_soon(struct engine *g)
{
	atomic_store(&g->cut_short, true);
}

void engine_stop(struct engine *g)
{
	engine_stop_soon(g); /* first: what is cancelled is put back */
	atomic_store(&g->stopping, true);
	pool_stop(g->o.pool);
	engine_layers_stop(g);
	engine_wake_scans(g);
	event_wake(g->o.db);
	for (size_t i = 0; i < g->thread_count; i++)
		pthread_join(g->threads[i], NULL);
	g->thread_count = 0;
}

static int leave_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct engine *g = arg;
	int64_t now = clock_wall_ms();
	for (size_t i = 0; i < ENGINE_THREADS_MAX; i++) {
		pthread_mutex_lock(&g->scan_lock);
		struct store_scan s = g->running[i];
		pthread_mutex_unlock(&g->scan_lock);
		if (s.id &&
		    store_scan_end(tx, &s, STORE_SCAN_QUEUED, BYTES_NONE, now, now, e) < 0 &&
		    e->code != ERR_CONFLICT) /* it has ended meanwhile */
			return -(int)e->code;
	}
	return 0;
}

static void *leave_main(void *arg)
{
	struct engine *g = arg;
	struct err e = ERR_INIT;
	pthread_mutex_lock(&g->claim_lock); /* a scan that is being taken is among those that run */
	if (db_run(g->o.db, DB_WRITE, leave_tx, g, &e) < 0)
		log_line(LOG_ERROR, "scan queue: %s", e.msg);
	pthread_mutex_unlock(&g->claim_lock);
	return NULL;
}

/* On another thread: the writer may be in the hands of what does not end. */
void engine_leave(struct engine *g, unsigned ms)
{
	pthread_t thread;
	struct timespec until = {.tv_sec = clock_file_ms() / 1000 + ms / 1000 + 1};
	if (pthread_create(&thread, NULL, leave_main, g) == 0)
		(void)pthread_timedjoin_np(thread, NULL, &until);
}

void engine_free(struct engine *g)
{
	if (!g)
		return;
	vdb_close(g->vdb);
	pthread_rwlock_destroy(&g->vdb_lock);
	pthread_rwlock_destroy(&g->rows_lock);
	pthread_mutex_destroy(&g->scan_lock);
	pthread_mutex_destroy(&g->claim_lock);
	pthread_mutex_destroy(&g->switch_lock);
	pthread_cond_destroy(&g->scan_moved);
	pthread_mutex_destroy(&g->layer_lock);
	pthread_cond_destroy(&g->layer_moved);
	free(g);
}

struct now {
	const struct registry *registry;
	struct bytes repository, digest;
	int64_t id;
};

static int now_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct now *n = arg;
	struct arena a;
	struct ledger_image image;
	const struct store_registry t = {.tx = tx, .registry = registry_id(n->registry)};
	int64_t repository = store_repository_find(&t, n->repository, e);
	arena_init(&a, 4U << 20);
	int r = repository <= 0 ? (int)repository
				: ledger_image_get(tx, repository, n->digest, &a, &image, e);
	arena_free(&a);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such image");
	return r < 0 ? r
		     : store_scan_add(tx, repository, n->digest, BYTES_LIT("manual"),
				      clock_wall_ms(), &n->id, e);
}

int engine_scan_now(struct engine *g, const struct registry *registry, struct bytes repository,
		    struct bytes digest, int64_t *ret_scan, struct err *e)
{
	struct now n = {.registry = registry, .repository = repository, .digest = digest};
	int r = db_run(g->o.db, DB_WRITE, now_tx, &n, e);
	if (r < 0)
		return r;
	*ret_scan = n.id;
	engine_wake_scans(g);
	return 0;
}

struct engine_counts engine_counts_get(const struct engine *g)
{
	return (struct engine_counts){.completed = atomic_load(&g->completed),
				      .failed = atomic_load(&g->failed),
				      .unsupported = atomic_load(&g->unsupported),
				      .layers_live = atomic_load(&g->layers_live),
				      .layers_late = atomic_load(&g->layers_late)};
}
