/* Housekeeping: the registry's life, pulls noted in memory, garbage collection by rows, files nobody knows. Every step is small and safe to repeat: a crash
 * anywhere leaves work for the next pass, never a row without its file. */
#include "registry/registry_impl.h"

#include "base/clock.h"
#include "store/event.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEP 500U               /* rows of one transaction: writers wait no longer than that */
#define LIST_BUDGET (1U << 20)  /* bytes for one step's list */
#define TICK_MS 1000            /* pulls are written this often */
#define SESSION_IDLE_MS 300000  /* an idle session's memory and descriptor are given back after this */

/* ---- pulls ---- */

static void note_free(struct pull_note *n)
{
	free(n->repository);
	free(n->tag);
	free(n->actor);
	free(n->media_type);
	*n = (struct pull_note){.repository = NULL};
}

struct pulls_job {
	struct registry *g;
	const struct pull_note *notes;
	unsigned count;
};

static int write_pull(const struct rgs *t, const struct registry *g, const struct pull_note *n,
		      struct err *e)
{
	struct buf detail;
	int64_t id = rgs_repository_find(t, bytes_of(n->repository), e);
	int r = id <= 0 ? (int)id : rgs_manifest_exists(t, id, bytes_of(n->digest), e);
	if (r <= 0)
		return r; /* deleted meanwhile */
	r = rgs_manifest_pulled(t, id, bytes_of(n->digest), n->at, e);
	if (r < 0)
		return r;
	buf_init(&detail, 64);
	buf_printf(&detail, "{\"count\":%llu}", (unsigned long long)n->count);
	struct event ev = {.tenant_id = t->tenant,
			   .type = BYTES_LIT(EVENT_PULLED),
			   .registry = bytes_of(g->o.name),
			   .repository = bytes_of(n->repository),
			   .digest = bytes_of(n->digest),
			   .tag = bytes_of(n->tag),
			   .media_type = bytes_of(n->media_type),
			   .size = n->size,
			   .actor = bytes_of(n->actor),
			   .detail = buf_bytes(&detail),
			   .at = n->at};
	r = event_append(t->tx, &ev, e);
	buf_free(&detail);
	return r;
}

static int write_pulls(struct db_tx *tx, void *arg, struct err *e)
{
	struct pulls_job *j = arg;
	struct rgs t = registry_rgs(j->g, tx);
	int r = 0;
	for (unsigned i = 0; r >= 0 && i < j->count; i++)
		r = write_pull(&t, j->g, &j->notes[i], e);
	return r;
}

int registry_flush_pulls(struct registry *g, struct err *e)
{
	pthread_mutex_lock(&g->pull_lock);
	unsigned count = g->pull_count;
	struct pull_note *notes = count ? malloc(count * sizeof *notes) : NULL;
	if (notes) {
		memcpy(notes, g->pulls, count * sizeof *notes);
		g->pull_count = 0;
	}
	pthread_mutex_unlock(&g->pull_lock);
	if (!notes)
		return count ? err_set(e, ERR_NOMEM, "pulls: no memory") : 0;
	struct pulls_job j = {.g = g, .notes = notes, .count = count};
	int r = db_run(g->db, DB_WRITE_SOON, write_pulls, &j, e);
	for (unsigned i = 0; i < count; i++)
		note_free(&notes[i]);
	free(notes);
	return r < 0 ? r : 0;
}

static char *copy(struct bytes b)
{
	return strndup(b.len ? (const char *)b.ptr : "", b.len);
}

/* Under pull_lock: false when there is no room. */
static bool note(struct registry *g, struct bytes repository, const struct rgs_manifest *m,
		 struct bytes tag, struct bytes actor)
{
	for (unsigned i = 0; i < g->pull_count; i++) {
		struct pull_note *n = &g->pulls[i];
		if (bytes_eq(bytes_of(n->digest), m->digest) &&
		    bytes_eq(bytes_of(n->repository), repository) &&
		    bytes_eq(bytes_of(n->tag), tag)) {
			n->count++;
			n->at = clock_wall_ms();
			return true;
		}
	}
	if (g->pull_count == PULLS_MAX || m->digest.len >= DIGEST_TEXT_CAP)
		return false;
	struct pull_note n = {.repository = copy(repository),
			      .tag = copy(tag),
			      .actor = copy(actor),
			      .media_type = copy(m->media_type),
			      .size = m->size,
			      .count = 1,
			      .at = clock_wall_ms()};
	if (!n.repository || !n.tag || !n.actor || !n.media_type) {
		note_free(&n);
		return true; /* out of memory: the pull is not worth failing the reply for */
	}
	memcpy(n.digest, m->digest.ptr, m->digest.len);
	g->pulls[g->pull_count++] = n;
	return true;
}

void registry_manifest_pulled(struct registry *g, struct bytes repository,
			      const struct rgs_manifest *m, struct bytes tag, struct bytes actor)
{
	struct err ignored = ERR_INIT;
	for (int i = 0; i < 2; i++) {
		pthread_mutex_lock(&g->pull_lock);
		bool done = note(g, repository, m, tag, actor);
		pthread_mutex_unlock(&g->pull_lock);
		if (done)
			return;
		(void)registry_flush_pulls(g, &ignored);
	}
}

/* ---- garbage ---- */

enum gc_step { GC_MARK, GC_SWEEP, GC_LIST, GC_FORGET, GC_KNOWN, GC_UPLOAD, GC_OLD, GC_DISCARD };
struct gc_job {
	struct registry *g;
	enum gc_step step;
	int64_t now_ms;
	struct arena a;
	struct rgs_texts keys;
	const char *key;
	struct bytes after;
	int64_t count;
};

static int gc_rows(struct db_tx *tx, void *arg, struct err *e)
{
	struct gc_job *j = arg;
	const struct registry_options *o = &j->g->o;
	struct rgs t = {.tx = tx, .tenant = o->tenant, .now_ms = j->now_ms};
	int64_t grace = j->now_ms - (int64_t)o->gc_grace_ms, r = 0;
	switch (j->step) {
	case GC_MARK:
		r = j->count = rgs_gc_mark(&t, grace, STEP, e);
		break;
	case GC_SWEEP:
		r = j->count = rgs_gc_sweep(&t, grace, STEP, &j->a, e);
		break;
	case GC_LIST:
		r = rgs_garbage_list(&t, j->now_ms - (int64_t)o->removal_delay_ms, STEP, &j->a,
				     &j->keys, e);
		j->count = (int64_t)j->keys.count;
		break;
	case GC_FORGET:
		for (size_t i = 0; r >= 0 && i < j->keys.count; i++)
			r = rgs_garbage_delete(&t, (const char *)j->keys.items[i].ptr, e);
		break;
	case GC_KNOWN:
		return rgs_key_known(&t, j->key, e);
	case GC_OLD:
		return rgs_upload_old(&t, j->now_ms - (int64_t)o->upload_expire_ms, j->after, &j->a,
				      &j->keys, e);
	case GC_DISCARD:
		return rgs_upload_discard(&t, bytes_of(j->key), e);
	case GC_UPLOAD:
		r = rgs_upload_delete(&t, bytes_of(j->key), e);
		break;
	}
	return r < 0 ? (int)r : 0;
}

/* One step until it finds nothing more; adds up in *count. */
static int gc_repeat(struct registry *g, enum gc_step step, int64_t now_ms, uint64_t *count,
		     struct err *e)
{
	for (;;) {
		struct gc_job j = {.g = g, .step = step, .now_ms = now_ms};
		arena_init(&j.a, LIST_BUDGET);
		int r = db_run(g->db, DB_WRITE, gc_rows, &j, e);
		arena_free(&j.a);
		if (r < 0)
			return r;
		*count += (uint64_t)j.count;
		if (j.count < (int64_t)STEP || g->stopping)
			return 0;
	}
}

/* Files first, rows after: a crash between the two leaves rows whose files are gone already, which is no error next time. */
static int gc_files(struct registry *g, int64_t now_ms, uint64_t *count, struct err *e)
{
	for (;;) {
		struct gc_job j = {.g = g, .step = GC_LIST, .now_ms = now_ms};
		arena_init(&j.a, LIST_BUDGET);
		int r = db_run(g->db, DB_READ, gc_rows, &j, e);
		for (size_t i = 0; r >= 0 && i < j.keys.count; i++) {
			char *key = arena_cstr(&j.a, j.keys.items[i]);
			if (!key)
				r = err_set(e, ERR_NOMEM, "garbage: no memory");
			else
				r = blobs_remove(g->blobs, key, e);
			j.keys.items[i] = bytes_of(key);
		}
		j.step = GC_FORGET;
		if (r >= 0 && j.keys.count)
			r = db_run(g->db, DB_WRITE_SOON, gc_rows, &j, e);
		*count += j.keys.count;
		bool more = j.keys.more;
		arena_free(&j.a);
		if (r < 0 || !more || g->stopping)
			return r;
	}
}

struct walk {
	struct registry *g;
	int64_t before_ms;
	uint64_t removed;
};

/* An upload file nobody wrote to for too long: the session goes, with or without a row. */
static int expire_upload(void *arg, const char *id, int64_t changed_ms, struct err *e)
{
	struct walk *w = arg;
	struct registry *g = w->g;
	if (changed_ms >= w->before_ms || !uploads_take_for_removal(g, id))
		return 0;
	struct gc_job j = {.g = g, .step = GC_UPLOAD, .key = id};
	int r = db_run(g->db, DB_WRITE_SOON, gc_rows, &j, e);
	if (r >= 0)
		r = blobs_upload_remove(g->blobs, id, e);
	w->removed++;
	return r;
}

/* One old session: without a file of its own it died between rename and transaction. */
static int discard_upload(struct registry *g, const char *id, int64_t now_ms, uint64_t *count,
			  struct err *e)
{
	if (blobs_upload_exists(g->blobs, id) || !uploads_take_for_removal(g, id))
		return 0;
	struct gc_job j = {.g = g, .step = GC_DISCARD, .now_ms = now_ms, .key = id};
	++*count;
	return db_run(g->db, DB_WRITE, gc_rows, &j, e);
}

static int discard_uploads(struct registry *g, int64_t now_ms, uint64_t *count, struct err *e)
{
	char after[BLOB_KEY_CAP] = "";
	for (bool more = true; more && !g->stopping;) {
		struct gc_job j = {
			.g = g, .step = GC_OLD, .now_ms = now_ms, .after = bytes_of(after)};
		arena_init(&j.a, LIST_BUDGET);
		int r = db_run(g->db, DB_READ, gc_rows, &j, e);
		for (size_t i = 0; r >= 0 && i < j.keys.count; i++) {
			if (!blobs_is_key(j.keys.items[i]))
				continue;
			memcpy(after, j.keys.items[i].ptr, j.keys.items[i].len);
			r = discard_upload(g, after, now_ms, count, e);
		}
		more = j.keys.more;
		arena_free(&j.a);
		if (r < 0)
			return r;
	}
	return 0;
}

static int remove_orphan(void *arg, const char *key, int64_t changed_ms, struct err *e)
{
	struct walk *w = arg;
	if (changed_ms >= w->before_ms)
		return 0;
	struct gc_job j = {.g = w->g, .step = GC_KNOWN, .key = key};
	int r = db_run(w->g->db, DB_READ, gc_rows, &j, e);
	if (r != 0)
		return r < 0 ? r : 0;
	w->removed++;
	return blobs_remove(w->g->blobs, key, e);
}

int registry_orphans(struct registry *g, int64_t now_ms, uint64_t *ret_removed, struct err *e)
{
	struct walk w = {.g = g, .before_ms = now_ms - (int64_t)g->o.orphan_ms};
	int r = 0;
	pthread_mutex_lock(&g->gc_lock);
	for (int folder = 0; r >= 0 && folder < 256 && !g->stopping; folder++)
		r = blobs_walk(g->blobs, folder, remove_orphan, &w, e);
	pthread_mutex_unlock(&g->gc_lock);
	*ret_removed = w.removed;
	return r;
}

int registry_gc(struct registry *g, int64_t now_ms, struct registry_gc_counts *ret, struct err *e)
{
	struct registry_gc_counts n = {.marked = 0};
	struct walk w = {.g = g, .before_ms = now_ms - (int64_t)g->o.upload_expire_ms};
	pthread_mutex_lock(&g->gc_lock);
	int r = blobs_walk(g->blobs, -1, expire_upload, &w, e);
	if (r >= 0)
		r = discard_uploads(g, now_ms, &w.removed, e);
	n.uploads = w.removed;
	/* Sweep before mark: what is marked now lives until the next pass. */
	if (r >= 0)
		r = gc_repeat(g, GC_SWEEP, now_ms, &n.collected, e);
	if (r >= 0)
		r = gc_repeat(g, GC_MARK, now_ms, &n.marked, e);
	if (r >= 0)
		r = gc_files(g, now_ms, &n.files, e);
	pthread_mutex_unlock(&g->gc_lock);
	*ret = n;
	return r;
}

/* ---- the thread ---- */

static void house_pass(struct registry *g, int64_t *next_gc_ms, int64_t *next_orphans_ms)
{
	struct err e = ERR_INIT;
	struct registry_gc_counts counts;
	uint64_t removed;
	int64_t now = clock_mono_ms();
	(void)registry_flush_pulls(g, &e);
	uploads_close_idle(g, now - SESSION_IDLE_MS);
	if (g->o.gc_every_ms && now >= *next_gc_ms) {
		*next_gc_ms = now + (int64_t)g->o.gc_every_ms;
		(void)registry_gc(g, clock_wall_ms(), &counts, &e);
	}
	if (now >= *next_orphans_ms) {
		*next_orphans_ms = now + INT64_C(7) * 86400000;
		(void)registry_orphans(g, clock_wall_ms(), &removed, &e);
	}
}

static void *house(void *arg)
{
	struct registry *g = arg;
	int64_t start = clock_mono_ms();
	int64_t next_gc_ms = start + 60000, next_orphans_ms = start + 300000;
	pthread_mutex_lock(&g->house_lock);
	while (!g->stopping) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += TICK_MS / 1000;
		(void)pthread_cond_timedwait(&g->house_wake, &g->house_lock, &until);
		if (g->stopping)
			break;
		pthread_mutex_unlock(&g->house_lock);
		house_pass(g, &next_gc_ms, &next_orphans_ms);
		pthread_mutex_lock(&g->house_lock);
	}
	pthread_mutex_unlock(&g->house_lock);
	return NULL;
}

int registry_start(struct registry *g, struct err *e)
{
	if (pthread_create(&g->house_thread, NULL, house, g) != 0)
		return err_set(e, ERR_NOMEM, "registry: no thread");
	g->house_running = true;
	return 0;
}

struct registry *registry_open(struct db *db, struct blobs *blobs, const struct tap *tap,
			       struct err *e)
{
	struct registry *g = calloc(1, sizeof *g);
	if (!g) {
		err_set(e, ERR_NOMEM, "registry: no memory");
		return NULL;
	}
	g->db = db;
	g->blobs = blobs;
	g->o = (struct registry_options)REGISTRY_OPTIONS_DEFAULT;
	if (tap) {
		g->tap = *tap;
		g->has_tap = true;
	}
	pthread_mutex_init(&g->upload_lock, NULL);
	pthread_mutex_init(&g->pull_lock, NULL);
	pthread_mutex_init(&g->house_lock, NULL);
	pthread_mutex_init(&g->gc_lock, NULL);
	pthread_cond_init(&g->house_wake, NULL);
	return g;
}

void registry_configure(struct registry *g, const struct registry_options *o)
{
	g->o = *o;
}

void registry_close(struct registry *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->house_lock);
	g->stopping = true;
	pthread_cond_signal(&g->house_wake);
	pthread_mutex_unlock(&g->house_lock);
	if (g->house_running)
		pthread_join(g->house_thread, NULL);
	struct err ignored = ERR_INIT;
	(void)registry_flush_pulls(g, &ignored);
	for (unsigned i = 0; i < g->pull_count; i++)
		note_free(&g->pulls[i]);
	uploads_close_all(g);
	pthread_mutex_destroy(&g->upload_lock);
	pthread_mutex_destroy(&g->pull_lock);
	pthread_mutex_destroy(&g->house_lock);
	pthread_mutex_destroy(&g->gc_lock);
	pthread_cond_destroy(&g->house_wake);
	free(g);
}
