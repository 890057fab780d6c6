/* Housekeeping: the registry's life, the disk's reserve, and the thread that writes pulls and
 * collects garbage. */
#include "registry/registry_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/scope.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_MS 1000 /* pulls are written this often */
/* An idle session's memory and descriptor are given back after this. */
#define SESSION_IDLE_MS 300000
#define FIRST_GC_MS 60000	/* after the start */
#define FIRST_ORPHANS_MS 300000 /* likewise */
#define PRESSED_GC_MS 5000	/* between two passes while space is short */
/* Space counts as short so long after an upload was refused, unless a quarter of the disk is free.
 */
#define REFUSED_MS 600000
#define BALLAST_EVERY_MS 60000
#define BALLAST_MAX (UINT64_C(8) << 20) /* bytes: a full log and what a checkpoint of it adds */
#define RESERVE_PART_MAX (UINT64_C(1) << 30)

/* When the thread does what next, monotonic ms. */
struct house {
	int64_t gc_ms, orphans_ms, ballast_ms, last_gc_ms;
	bool said_pressed;
};

uint64_t registry_reserve(const struct registry_options *o, uint64_t all)
{
	uint64_t part = all / 100 < RESERVE_PART_MAX ? all / 100 : RESERVE_PART_MAX;
	uint64_t want = o->disk_reserve > part ? o->disk_reserve : part;
	return o->disk_reserve == 0 ? 0 : want < all / 8 ? want : all / 8;
}

/* A file system that does not say what it has has enough. */
static uint64_t space_left(struct registry *g, uint64_t *ret_all)
{
	struct err ignored = ERR_INIT;
	uint64_t left = UINT64_MAX;
	*ret_all = UINT64_MAX;
	(void)blobs_space(g->s->blobs, &left, ret_all, &ignored);
	return left;
}

int registry_space(struct registry *g, uint64_t n, struct err *e)
{
	if (g->s->o.disk_reserve == 0)
		return 0;
	uint64_t all, left = space_left(g, &all), reserve = registry_reserve(&g->s->o, all);
	if (left >= reserve && left - reserve >= n)
		return 0;
	g->s->refused_mono_ms = clock_steady_ms();
	g->s->pressed = true;
	int r = err_set(e, ERR_IO,
			"%llu MiB of the disk are left, of which %llu MiB are kept for deletions "
			"and housekeeping",
			(unsigned long long)(left >> 20), (unsigned long long)(reserve >> 20));
	e->sys = ENOSPC;
	return r;
}

void registry_look_at_space(struct registry *g)
{
	uint64_t all, left = space_left(g, &all), reserve = registry_reserve(&g->s->o, all);
	/* Who was refused gave back what it had written, and would be refused again. */
	bool refused = g->s->refused_mono_ms &&
		       clock_steady_ms() - g->s->refused_mono_ms < REFUSED_MS && left < all / 4;
	g->s->pressed = reserve && (left < reserve || refused);
}

static void look_at_space(struct registry *g, struct house *h, int64_t now)
{
	registry_look_at_space(g);
	uint64_t all, left = space_left(g, &all), reserve = registry_reserve(&g->s->o, all);
	uint64_t ballast = reserve / 8 < BALLAST_MAX ? reserve / 8 : BALLAST_MAX;
	struct err ignored = ERR_INIT;
	bool pressed = g->s->pressed;
	if (pressed != h->said_pressed)
		log_line(LOG_WARN,
			 pressed ? "%llu MiB of the disk are left: uploads must leave %llu MiB for "
				   "deletions and housekeeping"
				 : "%llu MiB of the disk are left, more than the %llu MiB that "
				   "uploads must leave",
			 (unsigned long long)(left >> 20), (unsigned long long)(reserve >> 20));
	h->said_pressed = pressed;
	if (now < h->ballast_ms)
		return;
	h->ballast_ms = now + BALLAST_EVERY_MS;
	if (reserve && left > reserve && left - reserve > 2 * ballast)
		(void)db_ballast_keep(g->s->db, ballast, &ignored);
}

static void say_pass(struct registry *g, const struct registry_gc_counts *n, int r,
		     const struct err *e)
{
	if (n->files || n->uploads || n->orphans)
		log_line(LOG_INFO,
			 "collection: %llu files removed, %llu bytes; %llu uploads given up",
			 (unsigned long long)n->files, (unsigned long long)n->bytes,
			 (unsigned long long)n->uploads);
	if (r < 0)
		log_line(LOG_WARN,
			 "collection: %llu things could not be done and will be tried again; the "
			 "first: %s",
			 (unsigned long long)n->failed, e->msg);
	pthread_mutex_lock(&g->s->health_lock);
	struct registry_health *h = &g->s->health;
	h->freed_bytes += n->bytes;
	h->freed_files += n->files;
	h->failed = n->failed;
	(void)snprintf(h->why, sizeof h->why, "%.255s", r < 0 ? e->msg : "");
	if (r >= 0) {
		h->last_pass_ms = clock_wall_ms();
		g->s->last_pass_mono_ms = clock_steady_ms();
	}
	pthread_mutex_unlock(&g->s->health_lock);
}

static void collect(struct registry *g, struct house *h, int64_t now)
{
	struct registry_gc_counts counts;
	struct err e = ERR_INIT;
	bool due = now >= h->gc_ms || (g->s->pressed && now - h->last_gc_ms >= PRESSED_GC_MS);
	if (g->s->o.gc_every_ms && due) {
		h->gc_ms = now + (int64_t)g->s->o.gc_every_ms;
		h->last_gc_ms = now;
		int r = registry_gc(g, clock_wall_ms(), &counts, &e);
		say_pass(g, &counts, r, &e);
	}
	if (now >= h->orphans_ms) {
		e = (struct err)ERR_INIT;
		h->orphans_ms = now + (int64_t)(g->s->o.orphan_ms / 4);
		if (registry_orphans(g, clock_wall_ms(), &counts, &e) < 0)
			log_line(LOG_WARN,
				 "files without a row: %llu could not be looked at or removed; the "
				 "first: %s",
				 (unsigned long long)counts.failed, e.msg);
		if (counts.orphans)
			log_line(LOG_INFO, "%llu files without a row removed, %llu bytes",
				 (unsigned long long)counts.orphans,
				 (unsigned long long)counts.bytes);
	}
}

static void house_pass(struct registry *g, struct house *h)
{
	struct err e = ERR_INIT;
	int64_t now = clock_steady_ms();
	if (registry_flush_pulls(g, &e) < 0)
		log_line(LOG_WARN, "pulls: %s", e.msg);
	e = (struct err)ERR_INIT;
	if (registries_load(g->s, &e) < 0 || registry_sweep(g, &e) < 0)
		log_line(LOG_WARN, "registries: %s", e.msg);
	uploads_close_idle(g, now - SESSION_IDLE_MS);
	look_at_space(g, h, now);
	collect(g, h, now);
}

static void *house(void *arg)
{
	struct registry *g = arg;
	int64_t start = clock_steady_ms();
	int64_t first =
	    (int64_t)g->s->o.gc_every_ms < FIRST_GC_MS ? (int64_t)g->s->o.gc_every_ms : FIRST_GC_MS;
	struct house h = {
	    .gc_ms = start + first, .orphans_ms = start + FIRST_ORPHANS_MS, .last_gc_ms = start};
	pthread_mutex_lock(&g->s->house_lock);
	while (!g->s->stopping) {
		(void)clock_wait(&g->s->house_wake, &g->s->house_lock, clock_steady_ms() + TICK_MS);
		if (g->s->stopping)
			break;
		pthread_mutex_unlock(&g->s->house_lock);
		house_pass(g, &h);
		pthread_mutex_lock(&g->s->house_lock);
	}
	pthread_mutex_unlock(&g->s->house_lock);
	return NULL;
}

int registry_start(struct registry *g, struct err *e)
{
	g->s->last_pass_mono_ms = clock_steady_ms();
	if (pthread_create(&g->s->house_thread, NULL, house, g) != 0)
		return err_set(e, ERR_NOMEM, "registry: no thread");
	g->s->house_running = true;
	if (g->s->o.scrub_rate == 0)
		return 0;
	if (pthread_create(&g->s->scrub_thread, NULL, scrub_main, g) != 0)
		return err_set(e, ERR_NOMEM, "registry: no thread");
	g->s->scrub_running = true;
	return 0;
}

struct totals_job {
	struct registry *g;
	bool damaged_only;
	struct registry_stored *ret;
};

static int totals(struct db_tx *tx, void *arg, struct err *e)
{
	struct totals_job *j = arg;
	struct store_registry t = {.tx = tx};
	int64_t n = store_care_count(&t, e);
	j->ret->damaged = n > 0 ? (uint64_t)n : 0;
	if (n < 0 || j->damaged_only)
		return n < 0 ? (int)n : 0;
	return store_stored_all(tx, &j->ret->all, e);
}

int registry_health_get(struct registry *g, bool with_stored, struct registry_health *ret,
			struct err *e)
{
	struct registry_stored stored = {.damaged = 0};
	struct totals_job j = {.g = g, .ret = &stored, .damaged_only = !with_stored};
	int r = db_run(g->s->db, DB_READ, totals, &j, e);
	if (r < 0)
		return r;
	pthread_mutex_lock(&g->s->health_lock);
	*ret = g->s->health;
	int64_t since = clock_steady_ms() - g->s->last_pass_mono_ms;
	pthread_mutex_unlock(&g->s->health_lock);
	ret->stored = stored;
	ret->disk_free = space_left(g, &ret->disk_all);
	ret->reserve = registry_reserve(&g->s->o, ret->disk_all);
	ret->is_late = g->s->house_running && g->s->o.gc_every_ms &&
		       since > 2 * (int64_t)g->s->o.gc_every_ms + FIRST_GC_MS + FIRST_ORPHANS_MS;
	return 0;
}

static int find_local(struct db_tx *tx, void *arg, struct err *e)
{
	struct registry *g = arg;
	g->id = store_scope_default(tx, e);
	return g->id > 0   ? 0
	       : g->id < 0 ? (int)g->id
			   : err_set(e, ERR_DAMAGED, "database: no registry \"%s\"", g->name);
}

static void free_all(struct registries *s)
{
	while (s->local) {
		struct registry *next = s->local->next;
		free(s->local->hosts);
		free(s->local);
		s->local = next;
	}
	free(s);
}

static void locks_init(struct registries *s)
{
	pthread_mutex_t *const locks[] = {&s->hosts_lock, &s->upload_lock, &s->pull_lock,
					  &s->house_lock, &s->gc_lock,	   &s->verify_lock,
					  &s->health_lock};
	for (size_t i = 0; i < sizeof locks / sizeof *locks; i++)
		pthread_mutex_init(locks[i], NULL);
	(void)clock_cond_init(&s->house_wake);
	pthread_cond_init(&s->verify_moved, NULL);
}

struct registry *registry_open(struct db *db, struct blobs *blobs, const struct tap *tap,
			       const struct registry_watch *watch, struct err *e)
{
	struct registries *s = calloc(1, sizeof *s);
	struct registry *g = s ? calloc(1, sizeof *g) : NULL;
	if (!g) {
		free(s);
		err_set(e, ERR_NOMEM, "registry: no memory");
		return NULL;
	}
	memcpy(g->name, STORE_REGISTRY_DEFAULT, sizeof STORE_REGISTRY_DEFAULT);
	g->s = s;
	s->local = g;
	s->db = db;
	s->blobs = blobs;
	s->o = (struct registry_options)REGISTRY_OPTIONS_DEFAULT;
	if (tap) {
		s->tap = *tap;
		s->has_tap = true;
	}
	if (watch) {
		s->watch = *watch;
		s->has_watch = true;
	}
	locks_init(s);
	if (db_run(db, DB_READ, find_local, g, e) < 0 || registries_load(s, e) < 0) {
		free_all(s);
		return NULL;
	}
	return g;
}

void registry_configure(struct registry *g, const struct registry_options *o)
{
	g->s->o = *o;
}

void registry_stop_soon(struct registry *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->s->house_lock);
	g->s->stopping = true;
	pthread_cond_broadcast(&g->s->house_wake);
	pthread_mutex_unlock(&g->s->house_lock);
	pthread_mutex_lock(&g->s->verify_lock);
	pthread_cond_broadcast(&g->s->verify_moved);
	pthread_mutex_unlock(&g->s->verify_lock);
}

void registry_close(struct registry *g)
{
	if (!g)
		return;
	registry_stop_soon(g);
	if (g->s->house_running)
		pthread_join(g->s->house_thread, NULL);
	if (g->s->scrub_running)
		pthread_join(g->s->scrub_thread, NULL);
	struct err ignored = ERR_INIT;
	(void)registry_flush_pulls(g, &ignored);
	for (unsigned i = 0; i < g->s->pull_count; i++)
		pulls_note_free(&g->s->pulls[i]);
	uploads_close_all(g);
	pthread_mutex_t *const locks[] = {&g->s->hosts_lock, &g->s->upload_lock, &g->s->pull_lock,
					  &g->s->house_lock, &g->s->gc_lock,	 &g->s->verify_lock,
					  &g->s->health_lock};
	for (size_t i = 0; i < sizeof locks / sizeof *locks; i++)
		pthread_mutex_destroy(locks[i]);
	pthread_cond_destroy(&g->s->house_wake);
	pthread_cond_destroy(&g->s->verify_moved);
	free_all(g->s);
}
