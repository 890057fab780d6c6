#include "ledger/rescore.h"

#include "base/clock.h"
#include "ledger/rescore_lists.h"
#include "store/seen.h"

#include <stdlib.h>
#include <string.h>

#define MATCH_BUDGET                                                                               \
	(64U << 20) /* bytes for the matches of one package: a kernel has some 5,000               \
		     */
#define LISTS_MAX                                                                                  \
	((size_t)1 << 30) /* bytes of the new checks of changed packages: some 4 a check */
#define IMAGES_STEP 512U  /* a write transaction: a few milliseconds */

void rescore_init(struct rescore *r, struct db *db, const struct vdb *old, const struct vdb *now)
{
	*r = (struct rescore){.db = db, .old = old, .now = now};
	buf_init(&r->packages.buf, RESCORE_IDS_MAX);
	buf_init(&r->sets.buf, RESCORE_IDS_MAX);
}

void rescore_free(struct rescore *r)
{
	buf_free(&r->packages.buf);
	buf_free(&r->sets.buf);
	rescore_lists_close(r->next);
	rescore_lists_close(r->cache);
	*r = (struct rescore){0};
}

int rescore_go_on(const struct rescore *r, struct err *e)
{
	return r->stop && atomic_load(r->stop)
		   ? err_set(e, ERR_CANCELLED, "the switch of generations was interrupted")
		   : 0;
}

struct keys {
	struct rescore *r;
	struct db_tx *tx;
};

/* Packages of other sources that records of name are about as well. */
static int on_sources(struct keys *k, struct bytes name, struct err *e)
{
	struct bytes sources[MATCH_SOURCES_MAX];
	struct arena a;
	arena_init(&a, MATCH_BUDGET);
	size_t n = match_sources_of(name, &a, sources);
	int r = n == SIZE_MAX ? err_set(e, ERR_NOMEM, "no memory for names") : 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = rescore_ids_collect(k->tx, "SELECT id FROM package WHERE source_name = $1",
					DB_ARGS(DB_T(sources[i])), &k->r->packages, e);
	arena_free(&a);
	return r;
}

/* Packages that a changed (ecosystem, name) may touch. The ecosystem is not asked here: matching
 * again a package of another distribution gives what it had. */
static int on_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	struct keys *k = arg;
	(void)ecosystem;
	k->r->keys++;
	if (rescore_go_on(k->r, e) < 0 ||
	    rescore_ids_collect(k->tx, "SELECT id FROM package WHERE name = $1",
				DB_ARGS(DB_T(name)), &k->r->packages, e) < 0 ||
	    rescore_ids_collect(k->tx, "SELECT id FROM package WHERE source_name = $1",
				DB_ARGS(DB_T(name)), &k->r->packages, e) < 0)
		return -(int)e->code;
	return on_sources(k, name, e);
}

static int64_t match_one(struct db_tx *tx, const struct vdb *now, int64_t package, struct arena *a,
			 struct match **ret, struct err *e)
{
	struct pkg p;
	int r = package_get(tx, package, a, &p, e);
	return r < 0 ? r : match_package(now, &p, a, ret, e);
}

static int match_next(struct rescore *r, struct db_tx *tx, int64_t package, struct buf *kept,
		      struct err *e)
{
	struct arena a;
	struct match *m = NULL;
	struct check_union all = {0};
	arena_init(&a, MATCH_BUDGET);
	int64_t n = match_one(tx, r->now, package, &a, &m, e);
	int rc = n < 0 ? (int)n : 0;
	for (int64_t i = 0; i < n && rc == 0; i++)
		rc = check_union_add_one(
		    &all,
		    (struct set_check){.id = m[i].check.id,
				       .severity = (uint8_t)m[i].check.severity},
		    e);
	if (rc == 0)
		rc = check_union_put(&all, kept, e);
	if (rc == 0 && !rescore_lists_put(r->next, package, buf_bytes(kept)))
		rc = err_set(e, ERR_NOMEM, "no memory for the checks of a package");
	check_union_free(&all);
	arena_free(&a);
	return rc;
}

static int packages_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct rescore *r = arg;
	struct keys k = {.r = r, .tx = tx};
	struct buf kept;
	int rc = seen_epoch(tx, &r->epoch, e);
	if (rc == 0)
		rc = r->old ? vdb_diff(r->old, r->now, on_key, &k, e)
			    : rescore_ids_collect(tx, "SELECT id FROM package", NULL, 0,
						  &r->packages, e);
	if (rc == 0)
		rc = rescore_ids_settle(&r->packages, e);
	buf_init(&kept, MATCH_BUDGET);
	for (size_t i = 0; i < rescore_ids_count(&r->packages) && rc == 0; i++) {
		rc = rescore_go_on(r, e);
		if (rc == 0)
			rc = match_next(r, tx, rescore_ids_all(&r->packages)[i], &kept, e);
	}
	buf_free(&kept);
	return rc;
}

int rescore_packages(struct rescore *r, struct err *e)
{
	r->next = rescore_lists_open(LISTS_MAX);
	r->cache = rescore_lists_open(RESCORE_CACHE_MAX);
	if (!r->next || !r->cache)
		return err_set(e, ERR_NOMEM, "no memory for a switch of generations");
	int rc = db_run(r->db, DB_READ, packages_tx, r, e);
	return rc < 0 ? rc : 0;
}

/* Keep a step's results, and let those go first who waited meanwhile. */
int rescore_keep(struct rescore *r, db_fn fn, void *arg, struct err *e)
{
	if (rescore_go_on(r, e) < 0)
		return -(int)e->code;
	int64_t from = clock_mono_us();
	int rc = db_run(r->db, DB_WRITE_SOON, fn, arg, e);
	int64_t us = clock_mono_us() - from;
	if (us > r->held_us)
		r->held_us = us;
	db_yield(r->db);
	return rc < 0 ? rc : 0;
}

struct dirty {
	struct rescore *r;
	struct rescore_ids ids;
};

struct image_step {
	struct rescore *r;
	const int64_t *ids;
	size_t count;
	struct check_union all;
	struct image_counts_next results[IMAGES_STEP];
};

static int set_checks(struct image_step *w, struct db_tx *tx, int64_t set, struct err *e)
{
	struct bytes checks;
	if (rescore_lists_find(w->r->cache, set, &checks))
		return check_union_add(&w->all, checks, e);
	struct db_stmt *s =
	    db_query(tx, "SELECT checks FROM package_set WHERE id = $1", DB_ARGS(DB_I(set)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0) {
		r = check_union_add(&w->all, db_bytes(s, 0), e);
		if (r == 0)
			r = rescore_lists_cache(w->r->cache, set, db_bytes(s, 0), e);
	}
	db_done(s);
	return r;
}

static int images_compute_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct image_step *w = arg;
	int r = 0;
	for (size_t i = 0; i < w->count && r == 0; i++) {
		struct db_stmt *s = db_query(tx, "SELECT set_id FROM image_set WHERE image_id = $1",
					     DB_ARGS(DB_I(w->ids[i])), e);
		r = s ? 0 : -(int)e->code;
		check_union_clear(&w->all);
		while (r == 0 && (r = db_step(s, e)) > 0)
			r = set_checks(w, tx, db_int(s, 0), e);
		db_done(s);
		w->results[i].image = w->ids[i];
		check_union_count(&w->all, w->results[i].counts.by);
	}
	return r;
}

static int images_keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct image_step *w = arg;
	return image_counts_put_next(tx, w->results, w->count, e);
}

static int dirty_images_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct dirty *d = arg;
	int r = rescore_ids_collect(tx, "SELECT image_id FROM image_counts WHERE since > $1",
				    DB_ARGS(DB_I(d->r->epoch)), &d->ids, e);
	for (size_t i = 0; i < rescore_ids_count(&d->r->sets) && r == 0; i++)
		r = rescore_ids_collect(tx, "SELECT image_id FROM image_set WHERE set_id = $1",
					DB_ARGS(DB_I(rescore_ids_all(&d->r->sets)[i])), &d->ids, e);
	return r == 0 ? rescore_ids_settle(&d->ids, e) : r;
}

int rescore_images(struct rescore *r, struct err *e)
{
	struct dirty d = {.r = r};
	struct image_step *w = calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory for a switch of generations");
	w->r = r;
	buf_init(&d.ids.buf, RESCORE_IDS_MAX);
	rescore_lists_clear(r->cache); /* it held packages */
	int rc = db_run(r->db, DB_READ, dirty_images_tx, &d, e);
	r->images = rescore_ids_count(&d.ids);
	for (size_t i = 0; i < r->images && rc >= 0; i += w->count) {
		w->ids = rescore_ids_all(&d.ids) + i;
		w->count = r->images - i < IMAGES_STEP ? r->images - i : IMAGES_STEP;
		rc = db_run(r->db, DB_READ, images_compute_tx, w, e);
		if (rc >= 0)
			rc = rescore_keep(r, images_keep_tx, w, e);
	}
	buf_free(&d.ids.buf);
	check_union_free(&w->all);
	free(w);
	return rc < 0 ? rc : 0;
}
