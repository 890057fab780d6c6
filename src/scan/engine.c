#include "scan/engine.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/own.h"
#include "scan/engine_impl.h"
#include "store/event.h"
#include "store/generation.h"
#include "store/history.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define SCAN_BUDGET (1U << 30) /* bytes for one image: inventories, packages, matches */
#define CHILD_DEATHS_MAX 3     /* a layer that kills its worker this often is poison */

struct engine *engine_new(const struct engine_options *o, struct err *e)
{
	struct engine *g = calloc(1, sizeof *g);
	if (!g) {
		err_set(e, ERR_NOMEM, "no memory for the scan engine");
		return NULL;
	}
	g->o = *o;
	if (g->o.scan_threads == 0)
		g->o.scan_threads = (unsigned)get_nprocs();
	if (g->o.scan_threads > 16)
		g->o.scan_threads = 16;
	if (g->o.recheck_ms <= 0)
		g->o.recheck_ms = ENGINE_STALE_MS;
	if (g->o.history_ms <= 0)
		g->o.history_ms = HST_KEEP_MS;
	pthread_mutex_init(&g->scan_lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&g->scan_moved, &attr);
	pthread_condattr_destroy(&attr);
	/* A writer that waits must not wait for ever while scans come and go. */
	pthread_rwlockattr_t rw;
	pthread_rwlockattr_init(&rw);
	pthread_rwlockattr_setkind_np(&rw, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&g->vdb_lock, &rw);
	pthread_rwlockattr_destroy(&rw);
	engine_layers_init(g);
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
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&g->scan_lock);
	while (g->scan_seq == seen && !atomic_load(&g->stopping)) {
		if (pthread_cond_timedwait(&g->scan_moved, &g->scan_lock, &until) != 0)
			break;
	}
	pthread_mutex_unlock(&g->scan_lock);
}

void engine_sleep(struct engine *g, unsigned ms)
{

	if (!atomic_load(&g->stopping))
		(void)usleep(ms * 1000);
}

/* ---- scan threads ---------------------------------------------------------------------------------------------------- */

struct claim {
	struct arena *arena;
	struct scs_scan scan;
	int64_t next_ms;
};

static int claim_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct claim *c = arg;
	return scs_claim(tx, clock_wall_ms(), c->arena, &c->scan, &c->next_ms, e);
}

/* Is anything due? Without the writer's lock: idle servers write nothing. */
static int due_tx(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t *due = arg;
	struct db_stmt *s = db_query(tx, "SELECT run_at FROM scan WHERE status = 0 ORDER BY run_at, id LIMIT 1", NULL, 0, e);
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
	const struct scs_scan *scan;
	enum scs_status status;
	struct bytes reason;
	int64_t run_at;
};

static int end_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct ending *n = arg;
	int64_t now = clock_wall_ms();
	if (n->status == SCS_FAILED &&
	    ims_put_state(tx, n->scan->repository, n->scan->digest, IMS_UNVERIFIED, n->reason, now, e) < 0)
		return -(int)e->code;
	if (n->status == SCS_UNSUPPORTED &&
	    ims_put_artifact(tx, n->scan->repository, n->scan->digest, n->reason, now, e) < 0)
		return -(int)e->code;
	return scs_end(tx, n->scan, n->status, n->reason, n->run_at, now, e);
}

/* May the same scan succeed later? */
static bool can_help(enum err_code code, int64_t attempts)
{
	if (code == ERR_CHILD || code == ERR_TIMEOUT)
		return attempts < CHILD_DEATHS_MAX;
	return (code == ERR_IO || code == ERR_NOMEM || code == ERR_CANCELLED || code == ERR_CONFLICT) &&
	       attempts < SCS_ATTEMPTS_MAX;
}

static void settle(struct engine *g, const struct scs_scan *s, const struct err *why)
{
	struct err e = ERR_INIT;
	struct ending n = {.scan = s, .status = SCS_FAILED, .reason = bytes_of(why->msg), .run_at = clock_wall_ms()};
	if (why->code == ERR_CANCELLED && atomic_load(&g->stopping)) {
		n.status = SCS_QUEUED;
	} else if (can_help(why->code, s->attempts)) {
		n.status = SCS_QUEUED;
		n.run_at += INT64_C(1000) << (2 * (s->attempts - 1));
	}
	if (n.status == SCS_FAILED)
		atomic_fetch_add(&g->failed, 1);
	log_line(n.status == SCS_FAILED ? LOG_WARN : LOG_INFO, "scan %lld of %.*s@%.*s: %s%s", (long long)s->id,
		 BYTES_ARG(s->repository), BYTES_ARG(s->digest), why->msg,
		 n.status == SCS_FAILED ? "; given up" : "; tried again");
	if (db_run(g->o.db, DB_WRITE, end_tx, &n, &e) < 0)
		log_line(LOG_ERROR, "scan %lld: %s", (long long)s->id, e.msg); /* the lease runs out and it is taken again */
}

static void run_scan(struct engine *g, const struct scs_scan *s, struct arena *a)
{
	struct err e = ERR_INIT;
	enum scs_status status = SCS_COMPLETED;
	struct bytes reason = BYTES_NONE;
	int64_t from = clock_mono_us();
	if (engine_scan_image(g, s, &status, &reason, a, &e) < 0) {
		settle(g, s, &e);
		return;
	}
	if (status == SCS_UNSUPPORTED) {
		struct ending n = {.scan = s, .status = status, .reason = reason};
		atomic_fetch_add(&g->unsupported, 1);
		if (db_run(g->o.db, DB_WRITE, end_tx, &n, &e) < 0)
			log_line(LOG_ERROR, "scan %lld: %s", (long long)s->id, e.msg);
		return;
	}
	atomic_fetch_add(&g->completed, 1);
	log_line(LOG_INFO, "scan %lld of %.*s@%.*s (%.*s): completed in %lld us", (long long)s->id,
		 BYTES_ARG(s->repository), BYTES_ARG(s->digest), BYTES_ARG(s->trigger),
		 (long long)(clock_mono_us() - from));
}

static size_t running_add(struct engine *g, const struct scs_scan *s)
{
	size_t at = 0;
	pthread_mutex_lock(&g->scan_lock);
	while (at < ENGINE_THREADS_MAX - 1 && g->running[at].id)
		at++;
	g->running[at] = *s; /* only id and epoch are read: the runs may go away */
	pthread_mutex_unlock(&g->scan_lock);
	return at;
}

static void running_remove(struct engine *g, size_t at)
{
	pthread_mutex_lock(&g->scan_lock);
	g->running[at].id = 0;
	pthread_mutex_unlock(&g->scan_lock);
}

static void *scan_main(void *arg)
{
	struct engine *g = arg;
	while (!atomic_load(&g->stopping)) {
		struct err e = ERR_INIT;
		struct arena a;
		pthread_mutex_lock(&g->scan_lock);
		uint64_t seen = g->scan_seq;
		pthread_mutex_unlock(&g->scan_lock);
		arena_init(&a, SCAN_BUDGET);
		struct claim c = {.arena = &a, .next_ms = INT64_MAX};
		int r = db_run(g->o.db, DB_READ, due_tx, &c.next_ms, &e);
		if (r >= 0 && c.next_ms <= clock_wall_ms())
			r = db_run(g->o.db, DB_WRITE, claim_tx, &c, &e);
		else if (r >= 0)
			r = 0;
		if (r > 0) {
			size_t at = running_add(g, &c.scan);
			run_scan(g, &c.scan, &a);
			running_remove(g, at);
		} else if (r < 0) {
			log_line(LOG_ERROR, "scan queue: %s", e.msg);
		}
		arena_free(&a);
		if (r <= 0) {
			int64_t wait = c.next_ms == INT64_MAX ? 5000 : c.next_ms - clock_wall_ms();
			wait_for(g, seen, wait < 20 ? 20 : wait > 5000 ? 5000 : wait);
		}
	}
	return NULL;
}

/* ---- start and stop -------------------------------------------------------------------------------------------------- */

static int recover_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	int64_t n = scs_reap(tx, clock_wall_ms(), true, e);
	if (n < 0)
		return (int)n;
	/* What was given up on gets another chance: a restart is how a bad worker, a full disk or too
	 * little memory is put right. */
	n = db_exec(tx,
		    "INSERT INTO scan(repository, digest, trigger, status, attempts, run_at, lease_until,"
		    " lease_epoch, reason, queued_at, started_at, finished_at)"
		    " SELECT i.repository, i.digest, 'recheck', 0, 0, $1, 0, 0, '', $1, 0, 0 FROM " IMS_FROM
		    " WHERE n.rest = 3 AND 3 = (SELECT s.status FROM scan s WHERE s.repository = i.repository"
		    " AND s.digest = i.digest ORDER BY s.id DESC LIMIT 1)"
		    " ON CONFLICT(repository, digest) WHERE status IN (0, 1) DO NOTHING",
		    DB_ARGS(DB_I(clock_wall_ms())), e);
	return n < 0 ? (int)n : 0;
}

static int state_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct {
		struct arena *a;
		struct gen_state *s;
	} *w = arg;
	return gen_get(tx, w->a, w->s, e);
}

static int get_state(struct engine *g, struct arena *a, struct gen_state *ret, struct err *e)
{
	struct {
		struct arena *a;
		struct gen_state *s;
	} w = {a, ret};
	return db_run(g->o.db, DB_READ, state_tx, &w, e);
}

/* Open the generation the matches were made with; finish a switch that a crash interrupted. */
static int open_generation(struct engine *g, struct err *e)
{
	struct arena a;
	struct gen_state s = {0};
	arena_init(&a, 1U << 20);
	int r = get_state(g, &a, &s, e);
	const char *path = r >= 0 && s.current_path.len ? arena_cstr(&a, s.current_path) : NULL;
	const char *next = r >= 0 && s.next_path.len ? arena_cstr(&a, s.next_path) : NULL;
	if (path) {
		struct vdb *v = vdb_open(path, e);
		if (v && vdb_check(v, NULL, e) < 0) {
			vdb_close(v);
			v = NULL;
		}
		g->vdb = v;
		if (!v)
			log_line(LOG_WARN, "vulnerability database: %s; all packages are matched again with the next one", e->msg);
	}
	if (r >= 0 && next) {
		struct err why = ERR_INIT;
		if (engine_switch(g, next, &why) == 0)
			next = NULL;
		else
			log_line(LOG_WARN, "vulnerability database: an interrupted switch could not be finished: %s", why.msg);
	}
	arena_free(&a);
	if (g->vdb && !next)
		engine_sweep(g);
	return r;
}

static int start_thread(struct engine *g, void *(*main)(void *), struct err *e)
{
	if (g->thread_count == ENGINE_THREADS_MAX || pthread_create(&g->threads[g->thread_count], NULL, main, g) != 0)
		return err_set(e, ERR_NOMEM, "a thread could not be started");
	g->thread_count++;
	return 0;
}

int engine_start(struct engine *g, struct err *e)
{
	unsigned busy, slots;
	pool_load(g->o.pool, &busy, &slots);
	if (db_run(g->o.db, DB_WRITE, recover_tx, g, e) < 0 || open_generation(g, e) < 0 ||
	    start_thread(g, engine_events_main, e) < 0 || start_thread(g, engine_keeper_main, e) < 0)
		return -(int)e->code;
	for (unsigned i = 0; i < slots && i < 16; i++) {
		if (start_thread(g, engine_layers_main, e) < 0)
			return -(int)e->code;
	}
	for (unsigned i = 0; i < g->o.scan_threads; i++) {
		if (start_thread(g, scan_main, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

void engine_stop(struct engine *g)
{
	atomic_store(&g->stopping, true);
	engine_layers_stop(g);
	engine_wake_scans(g);
	event_wake(g->o.db);
	for (size_t i = 0; i < g->thread_count; i++)
		pthread_join(g->threads[i], NULL);
	g->thread_count = 0;
}

void engine_free(struct engine *g)
{
	if (!g)
		return;
	vdb_close(g->vdb);
	pthread_rwlock_destroy(&g->vdb_lock);
	pthread_mutex_destroy(&g->scan_lock);
	pthread_cond_destroy(&g->scan_moved);
	pthread_mutex_destroy(&g->layer_lock);
	pthread_cond_destroy(&g->layer_moved);
	free(g);
}

/* ---- generations ------------------------------------------------------------------------------------------------------ */

struct begin {
	struct bytes digest, path;
};

static int begin_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct begin *b = arg;
	return gen_begin(tx, b->digest, b->path, e);
}

/* Images that could not be verified may be verifiable now. */
static int again_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	int64_t n = db_exec(tx,
			    "INSERT INTO scan(repository, digest, trigger, status, attempts, run_at, lease_until,"
			    " lease_epoch, reason, queued_at, started_at, finished_at)"
			    " SELECT i.repository, i.digest, 'advisories', 0, 0, $1, 0, 0, '', $1, 0, 0 FROM " IMS_FROM
			    " WHERE " CNT_STATE " = 3 ON CONFLICT(repository, digest) WHERE status IN (0, 1) DO NOTHING",
			    DB_ARGS(DB_I(clock_wall_ms())), e);
	return n < 0 ? (int)n : 0;
}

/* A copy under the generation's own name, so that the caller's file may go away. */
static int keep_file(struct engine *g, const char *file, const char *digest, char path[4096], struct err *e)
{
	(void)snprintf(path, 4096, "%s/vdb-%s.vdb", g->o.vdb_dir, digest);
	if (strcmp(path, file) == 0)
		return 0;
	struct buf content;
	buf_init(&content, (size_t)8 << 30);
	int r = io_mkdirs(g->o.vdb_dir, e);
	if (r == 0)
		r = io_read_file(file, &content, e);
	if (r == 0)
		r = io_replace_file(path, buf_bytes(&content), 0600, e);
	buf_free(&content);
	return r;
}

int engine_switch(struct engine *g, const char *file, struct err *e)
{
	char path[4096], old_path[4096] = "";
	struct vdb *now = vdb_open(file, e);
	struct gen_result result;
	int r = now ? vdb_verify(now, e) : -(int)e->code;
	if (r == 0 && g->vdb && strcmp(vdb_digest(g->vdb), vdb_digest(now)) == 0) {
		vdb_close(now);
		return 0;
	}
	if (r == 0)
		r = keep_file(g, file, vdb_digest(now), path, e);
	struct begin b = {.digest = bytes_of(now ? vdb_digest(now) : NULL), .path = bytes_of(path)};
	if (r == 0)
		r = db_run(g->o.db, DB_WRITE, begin_tx, &b, e);
	if (r < 0) {
		vdb_close(now);
		return r;
	}
	pthread_rwlock_wrlock(&g->vdb_lock);
	struct vdb *old = g->vdb;
	if (old)
		(void)snprintf(old_path, sizeof old_path, "%s/vdb-%s.vdb", g->o.vdb_dir, vdb_digest(old));
	r = gen_switch(g->o.db, old, now, b.path, &result, e);
	if (r >= 0)
		g->vdb = now;
	pthread_rwlock_unlock(&g->vdb_lock);
	vdb_close(r >= 0 ? old : now);
	if (r < 0)
		return r;
	if (*old_path)
		(void)unlink(old_path);
	log_line(LOG_INFO, "vulnerability database %.12s: %llu keys, %llu packages, %llu sets, %llu images in %lld ms", b.digest.ptr,
		 (unsigned long long)result.keys, (unsigned long long)result.packages, (unsigned long long)result.sets,
		 (unsigned long long)result.images, (long long)(result.took_us / 1000));
	r = db_run(g->o.db, DB_WRITE, again_tx, NULL, e);
	engine_wake_scans(g);
	return r < 0 ? r : 0;
}

const struct vdb *engine_vdb_take(struct engine *g)
{
	pthread_rwlock_rdlock(&g->vdb_lock);
	if (!g->vdb)
		pthread_rwlock_unlock(&g->vdb_lock);
	return g->vdb;
}

void engine_vdb_give(struct engine *g, const struct vdb *v)
{
	if (v)
		pthread_rwlock_unlock(&g->vdb_lock);
}

struct now {
	struct bytes repository, digest;
	int64_t id;
};

static int now_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct now *n = arg;
	struct arena a;
	struct ims_image image;
	arena_init(&a, 4U << 20);
	int r = ims_get(tx, n->repository, n->digest, &a, &image, e);
	arena_free(&a);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such image");
	return r < 0 ? r : scs_add(tx, n->repository, n->digest, BYTES_LIT("manual"), clock_wall_ms(), &n->id, e);
}

int engine_scan_now(struct engine *g, struct bytes repository, struct bytes digest, int64_t *ret_scan, struct err *e)
{
	struct now n = {.repository = repository, .digest = digest};
	int r = db_run(g->o.db, DB_WRITE, now_tx, &n, e);
	if (r < 0)
		return r;
	*ret_scan = n.id;
	engine_wake_scans(g);
	return 0;
}

struct engine_counts engine_counts_get(const struct engine *g)
{
	return (struct engine_counts){.completed = atomic_load(&g->completed), .failed = atomic_load(&g->failed),
				      .unsupported = atomic_load(&g->unsupported),
				      .layers_live = atomic_load(&g->layers_live),
				      .layers_late = atomic_load(&g->layers_late)};
}
