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
	((size_t)1 << 30)	/* bytes of the new checks of changed packages: some 4 a check */
#define IMAGES_STEP 512U	/* a write transaction: a few milliseconds */
#define NAMES_STEP 512U		/* keys that are looked up together */
#define NAMES_BUDGET (4U << 20) /* bytes: their names */
#define PACKAGES_STEP 256U
#define PACKAGES_BUDGET (16U << 20) /* bytes: texts of packages that are read together */

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
	return r->run.stop && atomic_load(r->run.stop)
		   ? err_set(e, ERR_CANCELLED, "the switch of generations was interrupted")
		   : 0;
}

int rescore_hold(const struct rescore *r, struct db_tx *tx, struct err *e)
{
	return r->run.lease ? store_lease_renew(tx, r->run.lease, clock_wall_ms(), e) : 0;
}

/* Changed keys on their way to the packages that they touch. */
struct keys {
	struct rescore *r;
	struct db_tx *tx;
	struct arena arena; /* of the texts */
	struct bytes names[NAMES_STEP];
	struct bytes sources[NAMES_STEP * (MATCH_SOURCES_MAX + 1)]; /* names are among them */
	size_t name_count, source_count;
};

static int keys_flush(struct keys *k, struct err *e)
{
	int r = rescore_go_on(k->r, e);
	if (r == 0 && k->name_count)
		r = rescore_ids_collect(k->tx, "SELECT id FROM package WHERE name {IN $1}",
					DB_ARGS(DB_TEXTS(k->names, k->name_count)), &k->r->packages,
					e);
	if (r == 0 && k->source_count)
		r = rescore_ids_collect(k->tx, "SELECT id FROM package WHERE source_name {IN $1}",
					DB_ARGS(DB_TEXTS(k->sources, k->source_count)),
					&k->r->packages, e);
	k->name_count = k->source_count = 0;
	arena_free(&k->arena);
	arena_init(&k->arena, NAMES_BUDGET);
	return r;
}

/* Packages that a changed (ecosystem, name) may touch: by their name, their source's, and those of
 * other sources that records of the name are about as well. The ecosystem is not asked here:
 * matching again a package of another distribution gives what it had. */
static int on_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	struct keys *k = arg;
	bool ok;
	(void)ecosystem;
	k->r->keys++;
	if (k->name_count == NAMES_STEP && keys_flush(k, e) < 0)
		return -(int)e->code;
	struct bytes kept = arena_bytes(&k->arena, name, &ok);
	size_t n = ok ? match_sources_of(kept, &k->arena, k->sources + k->source_count) : SIZE_MAX;
	if (n == SIZE_MAX)
		return err_set(e, ERR_NOMEM, "no memory for names");
	k->source_count += n;
	k->sources[k->source_count++] = kept;
	k->names[k->name_count++] = kept;
	return 0;
}

static int changed_packages(struct rescore *r, struct db_tx *tx, struct err *e)
{
	struct keys *k = calloc(1, sizeof *k);
	if (!k)
		return err_set(e, ERR_NOMEM, "no memory for names");
	k->r = r;
	k->tx = tx;
	arena_init(&k->arena, NAMES_BUDGET);
	int rc = vdb_diff(r->old, r->now, on_key, k, e);
	if (rc >= 0)
		rc = keys_flush(k, e);
	arena_free(&k->arena);
	free(k);
	return rc;
}

/* The checks that a package will have. */
static int match_next(struct rescore *r, int64_t id, const struct pkg *p, struct buf *kept,
		      struct err *e)
{
	struct arena a;
	struct match *m = NULL;
	struct check_union all = {0};
	arena_init(&a, MATCH_BUDGET);
	int64_t n = match_package(r->now, p, &a, &m, e);
	int rc = n < 0 ? (int)n : 0;
	for (int64_t i = 0; i < n && rc == 0; i++)
		rc =
		    check_union_add_one(&all,
					(struct set_check){.id = m[i].check.id,
							   .severity = (uint8_t)m[i].check.severity,
							   .patchable = m[i].patchable},
					e);
	if (rc == 0)
		rc = check_union_put(&all, kept, e);
	if (rc == 0 && !rescore_lists_put(r->next, id, buf_bytes(kept)))
		rc = err_set(e, ERR_NOMEM, "no memory for the checks of a package");
	check_union_free(&all);
	arena_free(&a);
	return rc;
}

static int match_step(struct rescore *r, struct db_tx *tx, const int64_t *ids, size_t count,
		      struct buf *kept, struct err *e)
{
	struct arena a;
	arena_init(&a, PACKAGES_BUDGET);
	struct pkg *packages = arena_alloc(&a, count, sizeof *packages);
	int rc = packages ? package_get_many(tx, ids, count, &a, packages, e)
			  : err_set(e, ERR_NOMEM, "no memory for packages");
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = rescore_go_on(r, e);
		if (rc == 0)
			rc = match_next(r, ids[i], &packages[i], kept, e);
	}
	arena_free(&a);
	return rc;
}

static int packages_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct rescore *r = arg;
	struct buf kept;
	int rc = seen_epoch(tx, &r->epoch, e);
	if (rc == 0)
		rc = r->old ? changed_packages(r, tx, e)
			    : rescore_ids_collect(tx, "SELECT id FROM package", NULL, 0,
						  &r->packages, e);
	if (rc == 0)
		rc = rescore_ids_settle(&r->packages, e);
	buf_init(&kept, MATCH_BUDGET);
	size_t count = rescore_ids_count(&r->packages);
	for (size_t i = 0; i < count && rc == 0; i += PACKAGES_STEP)
		rc = match_step(r, tx, rescore_ids_all(&r->packages) + i,
				count - i < PACKAGES_STEP ? count - i : PACKAGES_STEP, &kept, e);
	buf_free(&kept);
	return rc;
}

int rescore_packages(struct rescore *r, struct err *e)
{
	r->next = rescore_lists_open(LISTS_MAX);
	r->cache = rescore_lists_open(LISTS_MAX);
	if (!r->next || !r->cache)
		return err_set(e, ERR_NOMEM, "no memory for a switch of generations");
	int rc = db_run(r->db, DB_READ, packages_tx, r, e);
	return rc < 0 ? rc : 0;
}

struct keeping {
	const struct rescore *r;
	db_fn fn;
	void *arg;
};

static int keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct keeping *k = arg;
	return rescore_hold(k->r, tx, e) < 0 ? -(int)e->code : k->fn(tx, k->arg, e);
}

/* Keep a step's results, and yield to waiting writers. */
int rescore_keep(struct rescore *r, db_fn fn, void *arg, struct err *e)
{
	struct keeping k = {.r = r, .fn = fn, .arg = arg};
	if (rescore_go_on(r, e) < 0)
		return -(int)e->code;
	int64_t from = clock_mono_us();
	int rc = db_run(r->db, DB_WRITE_SOON, keep_tx, &k, e);
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
	const int64_t *ids; /* ascending */
	size_t count;
	struct buf pairs; /* struct rescore_pair: image and set, by image */
	struct check_union all;
	struct image_counts_next results[IMAGES_STEP];
};

/* The checks of all sets of the step into the cache, which forgets them only before a step. */
static int load_sets(struct image_step *w, struct db_tx *tx, struct err *e)
{
	size_t count = rescore_pairs_count(&w->pairs);
	const struct rescore_pair *pairs = rescore_pairs_all(&w->pairs);
	struct rescore_lists *cache = w->r->cache;
	struct rescore_ids missing;
	struct bytes known;
	buf_init(&missing.buf, RESCORE_IDS_MAX);
	rescore_lists_make_space(cache);
	for (size_t i = 0; i < count; i++) {
		if (!rescore_lists_find(cache, pairs[i].other, &known))
			rescore_ids_add(&missing, pairs[i].other);
	}
	int r = rescore_ids_settle(&missing, e);
	size_t n = rescore_ids_count(&missing);
	for (size_t i = 0; r == 0 && i < n; i += DB_LIST_MAX) {
		struct db_stmt *s =
		    db_query(tx, "SELECT id, checks FROM package_set WHERE id {IN $1}",
			     DB_ARGS(DB_INTS(rescore_ids_all(&missing) + i,
					     n - i < DB_LIST_MAX ? n - i : DB_LIST_MAX)),
			     e);
		r = s ? 0 : -(int)e->code;
		while (s && (r = db_step(s, e)) > 0) {
			if (!rescore_lists_put(cache, db_int(s, 0), db_bytes(s, 1))) {
				r = err_set(e, ERR_NOMEM, "no memory for the checks of sets");
				break;
			}
		}
		db_done(s);
	}
	buf_free(&missing.buf);
	return r;
}

static int count_image(struct image_step *w, size_t at, size_t *pair, struct err *e)
{
	size_t count = rescore_pairs_count(&w->pairs);
	const struct rescore_pair *pairs = rescore_pairs_all(&w->pairs);
	int r = 0;
	check_union_clear(&w->all);
	for (; r == 0 && *pair < count && pairs[*pair].id == w->ids[at]; (*pair)++) {
		struct bytes checks;
		if (rescore_lists_find(w->r->cache, pairs[*pair].other, &checks))
			r = check_union_add(&w->all, checks, e);
	}
	w->results[at].image = w->ids[at];
	if (r == 0)
		check_union_count(&w->all, w->results[at].counts.by);
	return r;
}

static int images_compute_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct image_step *w = arg;
	buf_clear(&w->pairs);
	int r = rescore_pairs_collect(tx,
				      "SELECT image_id, set_id FROM image_set"
				      " WHERE image_id {IN $1}",
				      DB_ARGS(DB_INTS(w->ids, w->count)), &w->pairs, e);
	if (r == 0)
		r = rescore_pairs_settle(&w->pairs, e);
	if (r == 0)
		r = load_sets(w, tx, e);
	for (size_t i = 0, pair = 0; i < w->count && r == 0; i++)
		r = count_image(w, i, &pair, e);
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
	size_t n = rescore_ids_count(&d->r->sets);
	int r = rescore_ids_collect(tx, "SELECT image_id FROM image_counts WHERE since > $1",
				    DB_ARGS(DB_I(d->r->epoch)), &d->ids, e);
	for (size_t i = 0; i < n && r == 0; i += DB_LIST_MAX)
		r = rescore_ids_collect(tx, "SELECT image_id FROM image_set WHERE set_id {IN $1}",
					DB_ARGS(DB_INTS(rescore_ids_all(&d->r->sets) + i,
							n - i < DB_LIST_MAX ? n - i : DB_LIST_MAX)),
					&d->ids, e);
	return r == 0 ? rescore_ids_settle(&d->ids, e) : r;
}

int rescore_images(struct rescore *r, struct err *e)
{
	struct dirty d = {.r = r};
	struct image_step *w = calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory for a switch of generations");
	w->r = r;
	buf_init(&w->pairs, RESCORE_IDS_MAX);
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
	buf_free(&w->pairs);
	check_union_free(&w->all);
	free(w);
	return rc < 0 ? rc : 0;
}
