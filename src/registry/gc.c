/* Collection by rows, while people push and pull. Every step is small and safe to repeat: a crash
 * anywhere leaves work for the next pass, never a row without its file. What fails is left for the
 * next pass, too, and the rest of this one goes on. */
#include "registry/registry_impl.h"

#include "base/clock.h"

#include <string.h>

#define STEP 500U	       /* rows of one transaction: writers wait no longer than that */
#define LIST_BUDGET (1U << 20) /* bytes for one step's list */
#define HOLD_MAX_MS (INT64_C(3600) * 1000)
#define DAMAGED_KEEP_MS (INT64_C(7) * 86400000) /* files set aside are kept so long */
/* While the disk's reserve is touched: idle uploads end after this part of their time; blobs that
 * lost their last reference so long ago go without waiting for the grace time; and a file goes this
 * soon after its row. */
#define PRESSED_UPLOAD_PART 24
#define PRESSED_GRACE_MS 60000
#define PRESSED_REMOVAL_MS 5000

enum gc_step {
	GC_CLOCK,
	GC_MARK,
	GC_SWEEP,
	GC_LIST,
	GC_FORGET,
	GC_KNOWN,
	GC_UPLOAD,
	GC_OLD,
	GC_DISCARD,
	GC_HELD,
	GC_DAMAGED
};
struct gc_job {
	struct registry *g;
	enum gc_step step;
	int64_t now_ms;
	struct arena a;
	struct store_texts keys;
	const char *key;
	struct bytes after;
	int64_t count;
};

/* One pass over everything: what it did, and the first thing that it could not do. */
struct pass {
	struct registry *g;
	int64_t now_ms;
	int64_t before_ms; /* of the walk under way: files changed later are left alone */
	struct registry_gc_counts n;
	struct err first;
};

/* It goes on without what failed. */
static void missed(struct pass *p, struct err *e)
{
	if (p->n.failed++ == 0)
		p->first = *e;
	*e = (struct err)ERR_INIT;
}

static int64_t ago(int64_t now_ms, uint64_t ms)
{
	return now_ms - (int64_t)ms;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int gc_rows(struct db_tx *tx, void *arg, struct err *e)
{
	struct gc_job *j = arg;
	const struct registry_options *o = &j->g->s->o;
	struct store_registry t = {.tx = tx, .now_ms = j->now_ms};
	bool pressed = j->g->s->pressed;
	int64_t grace = ago(j->now_ms, o->gc_grace_ms), r = 0;
	int64_t freed = pressed ? ago(j->now_ms, smaller(o->gc_grace_ms, PRESSED_GRACE_MS)) : 0;
	uint64_t delay =
	    pressed ? smaller(o->removal_delay_ms, PRESSED_REMOVAL_MS) : o->removal_delay_ms;
	switch (j->step) {
	case GC_CLOCK:
		r = store_gc_clock(&t, e);
		break;
	case GC_MARK:
		r = j->count = store_gc_mark(&t, grace, freed, STEP, e);
		break;
	case GC_SWEEP:
		r = j->count = store_gc_sweep(&t, grace, freed, STEP, &j->a, e);
		break;
	case GC_DAMAGED:
		r = j->count = store_care_forget(&t, grace, STEP, e);
		break;
	case GC_LIST:
		r = store_garbage_list(&t, ago(j->now_ms, delay), j->after, STEP, &j->a, &j->keys,
				       e);
		break;
	case GC_FORGET:
		for (size_t i = 0; r >= 0 && i < j->keys.count; i++) {
			if (j->keys.items[i].len)
				r = store_garbage_delete(&t, (const char *)j->keys.items[i].ptr, e);
		}
		break;
	case GC_KNOWN:
		return store_key_known(&t, j->key, e);
	case GC_OLD:
		return store_upload_old(&t, ago(j->now_ms, o->upload_expire_ms), j->after, &j->a,
					&j->keys, e);
	case GC_DISCARD:
		return store_upload_discard(&t, bytes_of(j->key), e);
	case GC_UPLOAD:
		r = store_upload_delete(&t, bytes_of(j->key), e);
		break;
	case GC_HELD:
		return store_is_held(&t, HOLD_MAX_MS, e);
	}
	return r < 0 ? (int)r : 0;
}

/* One step until it finds nothing more; adds up in *count. */
static void gc_repeat(struct pass *p, enum gc_step step, uint64_t *count, struct err *e)
{
	for (int64_t last = STEP; last == (int64_t)STEP && !p->g->s->stopping;) {
		struct gc_job j = {.g = p->g, .step = step, .now_ms = p->now_ms};
		arena_init(&j.a, LIST_BUDGET);
		int r = db_run(p->g->s->db, DB_WRITE, gc_rows, &j, e);
		arena_free(&j.a);
		last = j.count;
		if (r < 0) {
			missed(p, e);
			return;
		}
		*count += (uint64_t)j.count;
	}
}

/* Whether something, such as a backup, needs the existing files. Unknown counts as yes. */
static bool is_held(struct pass *p, struct err *e)
{
	struct gc_job j = {.g = p->g, .step = GC_HELD, .now_ms = clock_wall_ms()};
	int r = db_run(p->g->s->db, DB_READ, gc_rows, &j, e);
	if (r < 0)
		missed(p, e);
	p->n.held = p->n.held || r > 0;
	return r != 0;
}

static int remove_file(struct pass *p, const char *key, struct err *e)
{
	struct blobs_stat st;
	int there = blobs_stat(p->g->s->blobs, key, &st, e);
	int r = there < 0 ? there : blobs_remove(p->g->s->blobs, key, e);
	if (r < 0)
		return r;
	p->n.files++;
	p->n.bytes += there ? st.size : 0;
	return 0;
}

/* Files first, rows after: a crash between the two leaves rows whose files no longer exist, which
 * is no error next time. */
static int gc_files_step(struct pass *p, char after[BLOB_KEY_CAP], struct gc_job *j, struct err *e)
{
	size_t gone = 0;
	int r = db_run(p->g->s->db, DB_READ, gc_rows, j, e);
	for (size_t i = 0; r >= 0 && i < j->keys.count; i++) {
		char *key = arena_cstr(&j->a, j->keys.items[i]);
		if (!key)
			return err_set(e, ERR_NOMEM, "garbage: no memory");
		if (blobs_is_key(j->keys.items[i]))
			memcpy(after, key, BLOB_KEY_CAP);
		j->keys.items[i] = bytes_of(key);
		if (remove_file(p, key, e) < 0) {
			missed(p, e);
			j->keys.items[i] = BYTES_NONE;
		} else {
			gone++;
		}
	}
	j->step = GC_FORGET;
	return r >= 0 && gone ? db_run(p->g->s->db, DB_WRITE_SOON, gc_rows, j, e) : r;
}

static void gc_files(struct pass *p, struct err *e)
{
	char after[BLOB_KEY_CAP] = "";
	for (bool more = true; more && !p->g->s->stopping && !is_held(p, e);) {
		struct gc_job j = {
		    .g = p->g, .step = GC_LIST, .now_ms = p->now_ms, .after = bytes_of(after)};
		arena_init(&j.a, LIST_BUDGET);
		int r = gc_files_step(p, after, &j, e);
		more = r >= 0 && j.keys.more;
		arena_free(&j.a);
		if (r < 0)
			missed(p, e);
	}
}

/* An upload file that was not written to for too long: the session ends, with or without a row. */
static int expire_upload(void *arg, const char *id, int64_t changed_ms, struct err *e)
{
	struct pass *p = arg;
	struct registry *g = p->g;
	if (g->s->stopping || changed_ms >= p->before_ms || !uploads_take_for_removal(g, id))
		return 0;
	struct gc_job j = {.g = g, .step = GC_UPLOAD, .key = id};
	int r = db_run(g->s->db, DB_WRITE_SOON, gc_rows, &j, e);
	if (r >= 0)
		r = blobs_upload_remove(g->s->blobs, id, e);
	if (r < 0)
		missed(p, e);
	else
		p->n.uploads++;
	return 0;
}

/* One old session: without a file of its own it died between rename and transaction. */
static int discard_upload(struct pass *p, const char *id, struct err *e)
{
	struct registry *g = p->g;
	if (blobs_upload_exists(g->s->blobs, id) || !uploads_take_for_removal(g, id))
		return 0;
	struct gc_job j = {.g = g, .step = GC_DISCARD, .now_ms = p->now_ms, .key = id};
	p->n.uploads++;
	return db_run(g->s->db, DB_WRITE, gc_rows, &j, e);
}

static void discard_uploads(struct pass *p, struct err *e)
{
	char after[BLOB_KEY_CAP] = "";
	for (bool more = true; more && !p->g->s->stopping;) {
		struct gc_job j = {
		    .g = p->g, .step = GC_OLD, .now_ms = p->now_ms, .after = bytes_of(after)};
		arena_init(&j.a, LIST_BUDGET);
		int r = db_run(p->g->s->db, DB_READ, gc_rows, &j, e);
		for (size_t i = 0; r >= 0 && i < j.keys.count; i++) {
			if (!blobs_is_key(j.keys.items[i]))
				continue;
			memcpy(after, j.keys.items[i].ptr, j.keys.items[i].len);
			if (discard_upload(p, after, e) < 0)
				missed(p, e);
		}
		more = r >= 0 && j.keys.more;
		arena_free(&j.a);
		if (r < 0)
			missed(p, e);
	}
}

static int remove_orphan(void *arg, const char *key, int64_t changed_ms, struct err *e)
{
	struct pass *p = arg;
	if (p->g->s->stopping || changed_ms >= p->before_ms)
		return 0;
	struct gc_job j = {.g = p->g, .step = GC_KNOWN, .key = key};
	int r = db_run(p->g->s->db, DB_READ, gc_rows, &j, e);
	if (r == 0 && (r = remove_file(p, key, e)) == 0)
		p->n.orphans++;
	if (r < 0)
		missed(p, e);
	return 0;
}

static int remove_damaged(void *arg, const char *key, int64_t changed_ms, struct err *e)
{
	struct pass *p = arg;
	if (changed_ms < p->before_ms && blobs_damaged_remove(p->g->s->blobs, key, e) < 0)
		missed(p, e);
	return 0;
}

static void walk(struct pass *p, int folder, int64_t before_ms, blobs_walk_fn fn, struct err *e)
{
	p->before_ms = before_ms;
	if (blobs_walk(p->g->s->blobs, folder, p->now_ms, fn, p, e) < 0)
		missed(p, e);
}

static int pass_end(struct pass *p, struct registry_gc_counts *ret, struct err *e)
{
	*ret = p->n;
	if (p->n.failed == 0)
		return 0;
	*e = p->first;
	return -(int)p->first.code;
}

int registry_orphans(struct registry *g, int64_t now_ms, struct registry_gc_counts *ret,
		     struct err *e)
{
	struct pass p = {.g = g, .now_ms = now_ms};
	pthread_mutex_lock(&g->s->gc_lock);
	for (int folder = 0; folder < 256 && !g->s->stopping && !is_held(&p, e); folder++)
		walk(&p, folder, ago(now_ms, g->s->o.orphan_ms), remove_orphan, e);
	pthread_mutex_unlock(&g->s->gc_lock);
	return pass_end(&p, ret, e);
}

int registry_gc(struct registry *g, int64_t now_ms, struct registry_gc_counts *ret, struct err *e)
{
	struct pass p = {.g = g, .now_ms = now_ms};
	struct gc_job clock = {.g = g, .step = GC_CLOCK, .now_ms = now_ms};
	registry_look_at_space(g);
	uint64_t expire = g->s->pressed ? g->s->o.upload_expire_ms / PRESSED_UPLOAD_PART
					: g->s->o.upload_expire_ms,
		 forgotten = 0;
	pthread_mutex_lock(&g->s->gc_lock);
	if (db_run(g->s->db, DB_WRITE_SOON, gc_rows, &clock, e) < 0)
		missed(&p, e);
	walk(&p, BLOBS_UPLOADS, ago(now_ms, expire), expire_upload, e);
	discard_uploads(&p, e);
	/* Sweep before mark: what is marked now lives until the next pass. */
	gc_repeat(&p, GC_SWEEP, &p.n.collected, e);
	gc_repeat(&p, GC_MARK, &p.n.marked, e);
	gc_repeat(&p, GC_DAMAGED, &forgotten, e);
	gc_files(&p, e);
	walk(&p, BLOBS_DAMAGED, g->s->pressed ? now_ms : now_ms - DAMAGED_KEEP_MS, remove_damaged,
	     e);
	pthread_mutex_unlock(&g->s->gc_lock);
	return pass_end(&p, ret, e);
}
