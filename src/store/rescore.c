/* Reading and writing take turns: a read transaction computes a step's results into memory, a short write transaction keeps them. Memory: 8 bytes for each package,
 * set and image that is touched, the new checks of the changed packages, and a cache of a fixed size. */
#include "store/rescore.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define MATCH_BUDGET (64U << 20)   /* bytes for the matches of one package: a kernel has some 5,000 */
#define CACHE_MAX (24U << 20)      /* bytes of checks of packages and sets kept in memory */
#define LISTS_MAX ((size_t)1 << 30) /* bytes of the new checks of changed packages: some 4 a check */
#define IDS_MAX ((size_t)2 << 30)
#define SETS_STEP 128U	/* a write transaction of sets or images: a few milliseconds */
#define IMAGES_STEP 512U

/* ---- lists of checks by id ------------------------------------------------------------------------------------------------ */

struct rsc_lists {
	int64_t *keys; /* open addressing; 0 = free */
	size_t *at;    /* offset of a blob in data */
	size_t mask, used;
	struct buf data;
};

static size_t slot_of(const struct rsc_lists *l, int64_t key)
{
	size_t i = (size_t)(((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15)) >> 24) & l->mask;
	while (l->keys[i] && l->keys[i] != key)
		i = (i + 1) & l->mask;
	return i;
}

static void lists_close(struct rsc_lists *l)
{
	if (!l)
		return;
	free(l->keys);
	free(l->at);
	buf_free(&l->data);
	free(l);
}

static struct rsc_lists *lists_open(size_t max)
{
	struct rsc_lists *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->mask = 4095;
	l->keys = calloc(l->mask + 1, sizeof *l->keys);
	l->at = calloc(l->mask + 1, sizeof *l->at);
	buf_init(&l->data, max);
	if (l->keys && l->at)
		return l;
	lists_close(l);
	return NULL;
}

static void lists_clear(struct rsc_lists *l)
{
	memset(l->keys, 0, (l->mask + 1) * sizeof *l->keys);
	l->used = 0;
	buf_clear(&l->data);
}

static bool lists_grow(struct rsc_lists *l)
{
	struct rsc_lists bigger = {.mask = l->mask * 2 + 1};
	bigger.keys = calloc(bigger.mask + 1, sizeof *bigger.keys);
	bigger.at = calloc(bigger.mask + 1, sizeof *bigger.at);
	if (!bigger.keys || !bigger.at) {
		free(bigger.keys);
		free(bigger.at);
		return false;
	}
	for (size_t i = 0; i <= l->mask; i++) {
		if (!l->keys[i])
			continue;
		size_t at = slot_of(&bigger, l->keys[i]);
		bigger.keys[at] = l->keys[i];
		bigger.at[at] = l->at[i];
	}
	free(l->keys);
	free(l->at);
	l->keys = bigger.keys;
	l->at = bigger.at;
	l->mask = bigger.mask;
	return true;
}

static bool lists_find(const struct rsc_lists *l, int64_t key, struct bytes *ret)
{
	size_t i = slot_of(l, key);
	if (!l->keys[i])
		return false;
	struct cursor c = cur_of(bytes_from(buf_bytes(&l->data), l->at[i]));
	*ret = cur_blob(&c);
	return cur_ok(&c);
}

static bool lists_put(struct rsc_lists *l, int64_t key, struct bytes checks)
{
	if (l->used * 2 > l->mask && !lists_grow(l))
		return false;
	size_t i = slot_of(l, key), at = l->data.len;
	buf_put_blob(&l->data, checks);
	if (!buf_ok(&l->data))
		return false;
	l->used += !l->keys[i];
	l->keys[i] = key;
	l->at[i] = at;
	return true;
}

/* A cache forgets everything when it is full. */
static int cache_put(struct rsc_lists *l, int64_t key, struct bytes checks, struct err *e)
{
	if (l->data.len + checks.len + 16 > CACHE_MAX)
		lists_clear(l);
	return lists_put(l, key, checks) ? 0 : err_set(e, ERR_NOMEM, "no memory for the checks of a set");
}

/* ---- ids ------------------------------------------------------------------------------------------------------------------- */

static void ids_add(struct rsc_ids *l, int64_t id)
{
	buf_put(&l->buf, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
}

size_t rsc_ids_count(const struct rsc_ids *l)
{
	return l->buf.len / sizeof(int64_t);
}

const int64_t *rsc_ids_all(const struct rsc_ids *l)
{
	return (const int64_t *)(const void *)l->buf.ptr;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int ids_settle(struct rsc_ids *l, struct err *e)
{
	if (!buf_ok(&l->buf))
		return err_set(e, ERR_NOMEM, "no memory for a list of ids");
	int64_t *ids = (int64_t *)(void *)l->buf.ptr;
	size_t n = rsc_ids_count(l), kept = 0;
	if (n)
		qsort(ids, n, sizeof *ids, by_number);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	}
	l->buf.len = kept * sizeof *ids;
	return 0;
}

static int collect(struct db_tx *tx, const char *text, const struct db_value *args, size_t count, struct rsc_ids *out, struct err *e)
{
	struct db_stmt *s = db_query(tx, text, args, count, e);
	if (!s)
		return -(int)e->code;
	int r;
	while ((r = db_step(s, e)) > 0)
		ids_add(out, db_int(s, 0));
	db_done(s);
	return r;
}

/* ---- packages -------------------------------------------------------------------------------------------------------------- */

void rsc_init(struct rescore *r, struct db *db, const struct vdb *old, const struct vdb *now)
{
	*r = (struct rescore){.db = db, .old = old, .now = now};
	buf_init(&r->packages.buf, IDS_MAX);
	buf_init(&r->sets.buf, IDS_MAX);
}

void rsc_free(struct rescore *r)
{
	buf_free(&r->packages.buf);
	buf_free(&r->sets.buf);
	lists_close(r->next);
	lists_close(r->cache);
	*r = (struct rescore){0};
}

struct keys {
	struct rescore *r;
	struct db_tx *tx;
};

/* Packages that a changed (ecosystem, name) may touch. The ecosystem is not asked here: matching again a package of another distribution gives what it had. */
static int on_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	struct keys *k = arg;
	(void)ecosystem;
	k->r->keys++;
	if (collect(k->tx, "SELECT id FROM package WHERE name = $1", DB_ARGS(DB_T(name)), &k->r->packages, e) < 0 ||
	    collect(k->tx, "SELECT id FROM package WHERE source_name = $1", DB_ARGS(DB_T(name)), &k->r->packages, e) < 0)
		return -(int)e->code;
	return 0;
}

static int64_t match_one(struct db_tx *tx, const struct vdb *now, int64_t package, struct arena *a, struct match **ret, struct err *e)
{
	struct pkg p;
	int r = pks_get(tx, package, a, &p, e);
	return r < 0 ? r : match_package(now, &p, a, ret, e);
}

static int match_next(struct rescore *r, struct db_tx *tx, int64_t package, struct buf *kept, struct err *e)
{
	struct arena a;
	struct match *m = NULL;
	struct pks_union all = {0};
	arena_init(&a, MATCH_BUDGET);
	int64_t n = match_one(tx, r->now, package, &a, &m, e);
	int rc = n < 0 ? (int)n : 0;
	for (int64_t i = 0; i < n && rc == 0; i++)
		rc = pks_union_add_one(&all, (struct pks_check){.id = m[i].check.id, .severity = (uint8_t)m[i].check.severity}, e);
	if (rc == 0)
		rc = pks_union_put(&all, kept, e);
	if (rc == 0 && !lists_put(r->next, package, buf_bytes(kept)))
		rc = err_set(e, ERR_NOMEM, "no memory for the checks of a package");
	pks_union_free(&all);
	arena_free(&a);
	return rc;
}

static int packages_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct rescore *r = arg;
	struct keys k = {.r = r, .tx = tx};
	struct buf kept;
	int rc = cnt_epoch(tx, &r->epoch, e);
	if (rc == 0)
		rc = r->old ? vdb_diff(r->old, r->now, on_key, &k, e)
			    : collect(tx, "SELECT id FROM package", NULL, 0, &r->packages, e);
	if (rc == 0)
		rc = ids_settle(&r->packages, e);
	buf_init(&kept, MATCH_BUDGET);
	for (size_t i = 0; i < rsc_ids_count(&r->packages) && rc == 0; i++)
		rc = match_next(r, tx, rsc_ids_all(&r->packages)[i], &kept, e);
	buf_free(&kept);
	return rc;
}

int rsc_packages(struct rescore *r, struct err *e)
{
	r->next = lists_open(LISTS_MAX);
	r->cache = lists_open(CACHE_MAX);
	if (!r->next || !r->cache)
		return err_set(e, ERR_NOMEM, "no memory for a switch of generations");
	int rc = db_run(r->db, DB_READ, packages_tx, r, e);
	return rc < 0 ? rc : 0;
}

int rsc_put_matches(struct db_tx *tx, const struct vdb *now, int64_t package, struct err *e)
{
	struct arena a;
	struct match *m = NULL;
	arena_init(&a, MATCH_BUDGET);
	int64_t n = match_one(tx, now, package, &a, &m, e);
	int r = n < 0 ? (int)n : pks_put_matches(tx, package, m, (size_t)n, e);
	arena_free(&a);
	return r;
}

/* ---- steps ----------------------------------------------------------------------------------------------------------------- */

/* Keep a step's results, and let those go first who waited meanwhile. */
static int keep(struct rescore *r, db_fn fn, void *arg, struct err *e)
{
	int64_t from = clock_mono_us();
	int rc = db_run(r->db, DB_WRITE_SOON, fn, arg, e);
	int64_t us = clock_mono_us() - from;
	if (us > r->held_us)
		r->held_us = us;
	db_yield(r->db);
	return rc < 0 ? rc : 0;
}

struct set_step {
	struct rescore *r;
	const int64_t *ids;
	size_t count;
	struct pks_union all;
	struct buf kept;    /* scratch */
	struct buf results; /* id, blob: those that are to be written */
};

static int package_checks(struct set_step *w, struct db_tx *tx, int64_t package, struct err *e)
{
	struct bytes checks;
	if (lists_find(w->r->next, package, &checks) || lists_find(w->r->cache, package, &checks))
		return pks_union_add(&w->all, checks, e);
	struct pks_union own = {0};
	struct db_stmt *s = db_query(tx,
				     "SELECT c.id, c.severity FROM package_match m JOIN security_check c ON c.id = m.check_id"
				     " WHERE m.package_id = $1", DB_ARGS(DB_I(package)), e);
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(s, e)) > 0)
		r = pks_union_add_one(&own, (struct pks_check){.id = (uint64_t)db_int(s, 0), .severity = (uint8_t)db_int(s, 1)}, e);
	db_done(s);
	if (r == 0)
		r = pks_union_put(&own, &w->kept, e);
	pks_union_free(&own);
	if (r == 0)
		r = pks_union_add(&w->all, buf_bytes(&w->kept), e);
	return r < 0 ? r : cache_put(w->r->cache, package, buf_bytes(&w->kept), e);
}

static int one_set(struct set_step *w, struct db_tx *tx, int64_t set, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT package_id FROM set_package WHERE set_id = $1", DB_ARGS(DB_I(set)), e);
	int r = s ? 0 : -(int)e->code;
	pks_union_clear(&w->all);
	while (r == 0 && (r = db_step(s, e)) > 0)
		r = package_checks(w, tx, db_int(s, 0), e);
	db_done(s);
	if (r == 0)
		r = pks_union_put(&w->all, &w->kept, e);
	if (r < 0)
		return r;
	s = db_query(tx, "SELECT 1 FROM package_set WHERE id = $1 AND (checks <> $2 OR since > $3)",
		     DB_ARGS(DB_I(set), DB_B(buf_bytes(&w->kept)), DB_I(w->r->epoch)), e);
	r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	if (r > 0) {
		ids_add(&w->r->sets, set);
		buf_put_le64(&w->results, (uint64_t)set);
		buf_put_blob(&w->results, buf_bytes(&w->kept));
	}
	return r < 0 ? r : 0;
}

static int sets_compute_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct set_step *w = arg;
	int r = 0;
	for (size_t i = 0; i < w->count && r == 0; i++)
		r = one_set(w, tx, w->ids[i], e);
	return r == 0 && !buf_ok(&w->results) ? err_set(e, ERR_NOMEM, "no memory for the checks of sets") : r;
}

static int sets_keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct set_step *w = arg;
	struct cursor c = cur_of(buf_bytes(&w->results));
	while (cur_left(&c)) {
		int64_t set = (int64_t)cur_le64(&c);
		struct bytes checks = cur_blob(&c);
		if (db_exec(tx, "UPDATE package_set SET checks = $2, since = $3 WHERE id = $1",
			    DB_ARGS(DB_I(set), DB_B(checks), DB_I(w->r->epoch + 1)), e) < 0)
			return -(int)e->code;
	}
	return 0;
}

struct dirty {
	struct rescore *r;
	struct rsc_ids ids;
};

static int dirty_sets_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct dirty *d = arg;
	/* What an interrupted switch prepared: maybe of another generation than this one. */
	int r = collect(tx, "SELECT id FROM package_set WHERE since > $1", DB_ARGS(DB_I(d->r->epoch)), &d->ids, e);
	for (size_t i = 0; i < rsc_ids_count(&d->r->packages) && r == 0; i++)
		r = collect(tx, "SELECT set_id FROM set_package WHERE package_id = $1",
			    DB_ARGS(DB_I(rsc_ids_all(&d->r->packages)[i])), &d->ids, e);
	return r == 0 ? ids_settle(&d->ids, e) : r;
}

int rsc_sets(struct rescore *r, struct err *e)
{
	struct dirty d = {.r = r};
	struct set_step w = {.r = r};
	buf_init(&d.ids.buf, IDS_MAX);
	buf_init(&w.kept, 64U << 20);
	buf_init(&w.results, 256U << 20);
	int rc = db_run(r->db, DB_READ, dirty_sets_tx, &d, e);
	for (size_t i = 0; i < rsc_ids_count(&d.ids) && rc >= 0; i += w.count) {
		w.ids = rsc_ids_all(&d.ids) + i;
		w.count = rsc_ids_count(&d.ids) - i < SETS_STEP ? rsc_ids_count(&d.ids) - i : SETS_STEP;
		buf_clear(&w.results);
		rc = db_run(r->db, DB_READ, sets_compute_tx, &w, e);
		if (rc >= 0 && w.results.len)
			rc = keep(r, sets_keep_tx, &w, e);
	}
	buf_free(&d.ids.buf);
	buf_free(&w.kept);
	buf_free(&w.results);
	pks_union_free(&w.all);
	return rc < 0 ? rc : ids_settle(&r->sets, e);
}

/* ---- images ---------------------------------------------------------------------------------------------------------------- */

struct image_step {
	struct rescore *r;
	const int64_t *ids;
	size_t count;
	struct pks_union all;
	struct cnt_image results[IMAGES_STEP];
};

static int set_checks(struct image_step *w, struct db_tx *tx, int64_t set, struct err *e)
{
	struct bytes checks;
	if (lists_find(w->r->cache, set, &checks))
		return pks_union_add(&w->all, checks, e);
	struct db_stmt *s = db_query(tx, "SELECT checks FROM package_set WHERE id = $1", DB_ARGS(DB_I(set)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0) {
		r = pks_union_add(&w->all, db_bytes(s, 0), e);
		if (r == 0)
			r = cache_put(w->r->cache, set, db_bytes(s, 0), e);
	}
	db_done(s);
	return r;
}

static int images_compute_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct image_step *w = arg;
	int r = 0;
	for (size_t i = 0; i < w->count && r == 0; i++) {
		struct db_stmt *s = db_query(tx, "SELECT set_id FROM image_set WHERE image_id = $1", DB_ARGS(DB_I(w->ids[i])), e);
		r = s ? 0 : -(int)e->code;
		pks_union_clear(&w->all);
		while (r == 0 && (r = db_step(s, e)) > 0)
			r = set_checks(w, tx, db_int(s, 0), e);
		db_done(s);
		w->results[i].image = w->ids[i];
		pks_union_count(&w->all, w->results[i].counts.by);
	}
	return r;
}

static int images_keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct image_step *w = arg;
	return cnt_put_next(tx, w->results, w->count, e);
}

static int dirty_images_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct dirty *d = arg;
	int r = collect(tx, "SELECT image_id FROM image_counts WHERE since > $1", DB_ARGS(DB_I(d->r->epoch)), &d->ids, e);
	for (size_t i = 0; i < rsc_ids_count(&d->r->sets) && r == 0; i++)
		r = collect(tx, "SELECT image_id FROM image_set WHERE set_id = $1", DB_ARGS(DB_I(rsc_ids_all(&d->r->sets)[i])), &d->ids, e);
	return r == 0 ? ids_settle(&d->ids, e) : r;
}

int rsc_images(struct rescore *r, struct err *e)
{
	struct dirty d = {.r = r};
	struct image_step *w = calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory for a switch of generations");
	w->r = r;
	buf_init(&d.ids.buf, IDS_MAX);
	lists_clear(r->cache); /* it held packages */
	int rc = db_run(r->db, DB_READ, dirty_images_tx, &d, e);
	r->images = rsc_ids_count(&d.ids);
	for (size_t i = 0; i < r->images && rc >= 0; i += w->count) {
		w->ids = rsc_ids_all(&d.ids) + i;
		w->count = r->images - i < IMAGES_STEP ? r->images - i : IMAGES_STEP;
		rc = db_run(r->db, DB_READ, images_compute_tx, w, e);
		if (rc >= 0)
			rc = keep(r, images_keep_tx, w, e);
	}
	buf_free(&d.ids.buf);
	pks_union_free(&w->all);
	free(w);
	return rc < 0 ? rc : 0;
}
