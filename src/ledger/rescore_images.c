/* Images are counted again in steps: their sets' lists, their policies, and the facts that these
 * ask for are read, what they come to is written for the next epoch. */
#include "ledger/places.h"
#include "ledger/rescore_dates.h"
#include "ledger/rescore_lists.h"
#include "ledger/tally.h"

#include <stdlib.h>
#include <string.h>

#define IMAGES_STEP 512U	       /* a write transaction: a few milliseconds */
#define RESULTS_MAX ((size_t)64 << 20) /* bytes: what rules disable of the images of a step */

struct dirty {
	struct rescore *r;
	struct rescore_ids ids;
	struct rescore_ids sets; /* that hold what changed, for images with a policy */
};

struct image_step {
	struct rescore *r;
	const int64_t *ids; /* ascending */
	size_t count;
	struct buf pairs;    /* struct rescore_pair: image and set, by image */
	struct buf policies; /* the same: image and policy that readers see */
	struct check_union all;
	struct rescore_ids sets;
	struct places known; /* sets with checks that the tally knows */
	struct rescore_dates dates;
	struct arena arena; /* of results */
	struct image_counts_next results[IMAGES_STEP];
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a switch of generations");
}

/* Lists of sets into the cache. */
static int load_some(struct image_step *w, struct db_tx *tx, const int64_t *ids, size_t count,
		     struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT id, checks FROM package_set WHERE id {IN $1}",
				     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		struct bytes checks = db_bytes(s, 1);
		if (!rescore_lists_put(w->r->cache, db_int(s, 0), checks))
			r = err_set(e, ERR_NOMEM, "no memory for the checks of sets");
		if (r < 0)
			break;
	}
	db_done(s);
	return r;
}

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
	for (size_t i = 0; r == 0 && i < n; i += DB_LIST_MAX)
		r = load_some(w, tx, rescore_ids_all(&missing) + i,
			      n - i < DB_LIST_MAX ? n - i : DB_LIST_MAX, e);
	buf_free(&missing.buf);
	return r;
}

static size_t lower_bound(const struct buf *pairs, int64_t id)
{
	const struct rescore_pair *all = rescore_pairs_all(pairs);
	size_t low = 0, high = rescore_pairs_count(pairs);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (all[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The number next to this one; 0 = there is none. */
static int64_t other_of(const struct buf *pairs, int64_t id, bool *ret_found)
{
	size_t at = lower_bound(pairs, id);
	const struct rescore_pair *all = rescore_pairs_all(pairs);
	*ret_found = at < rescore_pairs_count(pairs) && all[at].id == id;
	return *ret_found ? all[at].other : 0;
}

/* What the image has from the next epoch on: by other rules, or what it has. */
static int64_t policy_of(const struct image_step *w, int64_t image)
{
	bool found;
	int64_t policy = other_of(&w->r->policies, image, &found);
	return found ? policy : other_of(&w->policies, image, &found);
}

static int load_policies(struct image_step *w, struct db_tx *tx, struct err *e)
{
	struct rescore_ids ids;
	buf_clear(&w->policies);
	if (rescore_pairs_collect(tx,
				  "SELECT image_id, policy FROM image_seen WHERE image_id {IN $1}",
				  DB_ARGS(DB_INTS(w->ids, w->count)), &w->policies, e) < 0 ||
	    rescore_pairs_settle(&w->policies, e) < 0)
		return -(int)e->code;
	buf_init(&ids.buf, RESCORE_IDS_MAX);
	for (size_t i = 0; i < w->count; i++)
		rescore_ids_add(&ids, policy_of(w, w->ids[i]));
	int r = rescore_ids_settle(&ids, e);
	if (r == 0)
		r = tally_policies_read(w->r->tally, tx, rescore_ids_all(&ids),
					rescore_ids_count(&ids), e);
	buf_free(&ids.buf);
	return r;
}

/* What is known of the checks of images whose policy asks for it. */
static int load_checks(struct image_step *w, struct db_tx *tx, struct err *e)
{
	const struct rescore_pair *pairs = rescore_pairs_all(&w->pairs);
	size_t ignored;
	int r = 0;
	for (size_t i = 0; r == 0 && i < rescore_pairs_count(&w->pairs); i++) {
		struct bytes checks;
		uint64_t set = (uint64_t)pairs[i].other;
		if (!tally_asks_checks(w->r->tally, policy_of(w, pairs[i].id)) ||
		    places_find(&w->known, set, &ignored) ||
		    !rescore_lists_find(w->r->cache, pairs[i].other, &checks))
			continue;
		r = tally_want_kept(w->r->tally, checks, e);
		if (r == 0 && !places_put(&w->known, set, 1))
			r = no_memory(e);
	}
	return r < 0 ? r : tally_checks_read(w->r->tally, tx, e);
}

/* The matches of the sets of images whose policy asks for them. */
static int load_matches(struct image_step *w, struct db_tx *tx, struct err *e)
{
	const struct rescore_pair *pairs = rescore_pairs_all(&w->pairs);
	buf_clear(&w->sets.buf);
	for (size_t i = 0; i < rescore_pairs_count(&w->pairs); i++)
		if (tally_asks_matches(w->r->tally, policy_of(w, pairs[i].id)))
			rescore_ids_add(&w->sets, pairs[i].other);
	int r = rescore_ids_settle(&w->sets, e);
	return r < 0 ? r
		     : tally_sets_read(w->r->tally, tx, rescore_ids_all(&w->sets),
				       rescore_ids_count(&w->sets), e);
}

static int count_image(struct image_step *w, size_t at, size_t *pair, struct err *e)
{
	size_t count = rescore_pairs_count(&w->pairs);
	const struct rescore_pair *pairs = rescore_pairs_all(&w->pairs);
	struct image_counts_next *out = &w->results[at];
	int r = 0;
	check_union_clear(&w->all);
	buf_clear(&w->sets.buf);
	for (; r == 0 && *pair < count && pairs[*pair].id == w->ids[at]; (*pair)++) {
		struct bytes checks;
		rescore_ids_add(&w->sets, pairs[*pair].other);
		if (rescore_lists_find(w->r->cache, pairs[*pair].other, &checks))
			r = check_union_add(&w->all, checks, e);
	}
	*out = (struct image_counts_next){.image = w->ids[at]};
	if (r < 0)
		return r;
	if (!w->r->tally)
		check_union_count(&w->all, out->counted.counts.by);
	else if (rescore_ids_settle(&w->sets, e) < 0 ||
		 tally_image(w->r->tally,
			     &(struct tally_asked){.policy = policy_of(w, w->ids[at]),
						   .checks = &w->all,
						   .sets = rescore_ids_all(&w->sets),
						   .set_count = rescore_ids_count(&w->sets)},
			     &w->arena, &out->counted, e) < 0)
		return -(int)e->code;
	return rescore_dates_put(&w->dates, w->ids[at], &w->all, &w->arena, &out->counted, e);
}

static int images_compute_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct image_step *w = arg;
	buf_clear(&w->pairs);
	arena_free(&w->arena);
	arena_init(&w->arena, RESULTS_MAX);
	int r = rescore_pairs_collect(tx,
				      "SELECT image_id, set_id FROM image_set"
				      " WHERE image_id {IN $1}",
				      DB_ARGS(DB_INTS(w->ids, w->count)), &w->pairs, e);
	if (r == 0)
		r = rescore_pairs_settle(&w->pairs, e);
	if (r == 0)
		r = load_sets(w, tx, e);
	if (r == 0 && w->r->tally)
		r = load_policies(w, tx, e);
	if (r == 0 && w->r->tally)
		r = load_checks(w, tx, e);
	if (r == 0 && w->r->tally)
		r = load_matches(w, tx, e);
	if (r == 0)
		r = rescore_dates_load(&w->dates, tx, w->r, w->ids, w->count, e);
	for (size_t i = 0, pair = 0; i < w->count && r == 0; i++)
		r = count_image(w, i, &pair, e);
	return r;
}

static int images_keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct image_step *w = arg;
	int r = rescore_dates_write(&w->dates, tx, e);
	return r < 0 ? r : image_counts_put_next(tx, w->results, w->count, e);
}

/* Images that have one of these sets. */
static int collect_images(struct dirty *d, struct db_tx *tx, const char *text,
			  const struct rescore_ids *sets, struct err *e)
{
	size_t n = rescore_ids_count(sets);
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i += DB_LIST_MAX)
		r = rescore_ids_collect(tx, text,
					DB_ARGS(DB_INTS(rescore_ids_all(sets) + i,
							n - i < DB_LIST_MAX ? n - i : DB_LIST_MAX)),
					&d->ids, e);
	return r;
}

/* Rules ask for more than a set's own list says: sets with checks and matches that change. */
static int changed_facts(struct dirty *d, struct db_tx *tx, struct err *e)
{
#define SETS "SELECT DISTINCT sp.set_id FROM "
#define OF_MATCH " JOIN set_package sp ON sp.package_id = m.package_id WHERE "
	static const char *const texts[] = {
	    SETS "check_version c JOIN match_version m ON m.check_id = c.id" OF_MATCH
		 "c.since = $1 AND c.since > 0",
	    SETS "match_version m" OF_MATCH "m.since = $1 AND m.since > 0",
	    SETS "match_version m" OF_MATCH "m.until = $1 AND m.until > 0"};
	int r = 0;
	for (size_t i = 0; r == 0 && i < sizeof texts / sizeof *texts; i++)
		r = rescore_ids_collect(tx, texts[i], DB_ARGS(DB_I(d->r->epoch + 1)), &d->sets, e);
	return r < 0 ? r : rescore_ids_settle(&d->sets, e);
}

/* Sets with checks that enter CISA KEV, or leave it. */
static int changed_kev(struct dirty *d, struct db_tx *tx, struct err *e)
{
	static const char text[] =
	    SETS "check_version c JOIN check_version o ON o.id = c.id AND o.kev <> c.kev"
		 " AND o.until = $1 JOIN match_version m ON m.check_id = c.id" OF_MATCH
		 "c.since = $1 AND c.since > 0";
	int r = rescore_ids_collect(tx, text, DB_ARGS(DB_I(d->r->epoch + 1)), &d->sets, e);
	return r < 0 ? r : rescore_ids_settle(&d->sets, e);
}

static int dirty_images_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct dirty *d = arg;
	buf_clear(&d->ids.buf);
	buf_clear(&d->sets.buf);
	for (size_t i = 0; i < rescore_pairs_count(&d->r->policies); i++)
		rescore_ids_add(&d->ids, rescore_pairs_all(&d->r->policies)[i].id);
	int r = rescore_ids_collect(tx, "SELECT image_id FROM image_counts WHERE since > $1",
				    DB_ARGS(DB_I(d->r->epoch)), &d->ids, e);
	if (r == 0)
		r = collect_images(d, tx, "SELECT image_id FROM image_set WHERE set_id {IN $1}",
				   &d->r->sets, e);
	if (r == 0 && !d->r->is_of_rules)
		r = changed_kev(d, tx, e);
	if (r == 0)
		r = collect_images(d, tx, "SELECT image_id FROM image_set WHERE set_id {IN $1}",
				   &d->sets, e);
	buf_clear(&d->sets.buf);
	if (r == 0 && d->r->tally && !d->r->is_of_rules)
		r = changed_facts(d, tx, e);
	if (r == 0)
		r = collect_images(d, tx,
				   "SELECT s.image_id FROM image_set s JOIN image_counts n"
				   " ON n.image_id = s.image_id AND n.policy > 0"
				   " WHERE s.set_id {IN $1}",
				   &d->sets, e);
	return r == 0 ? rescore_ids_settle(&d->ids, e) : r;
}

static int has_policies_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct db_stmt *s = db_query(tx, "SELECT 1 FROM policy LIMIT 1", NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r;
}

static int open_tally(struct rescore *r, struct err *e)
{
	int has = db_run(r->db, DB_READ, has_policies_tx, NULL, e);
	if (has > 0 && !(r->tally = tally_open(r->epoch + 1)))
		return no_memory(e);
	return has < 0 ? has : 0;
}

int rescore_images(struct rescore *r, struct err *e)
{
	struct dirty d = {.r = r};
	struct image_step *w = calloc(1, sizeof *w);
	if (!w)
		return no_memory(e);
	w->r = r;
	buf_init(&w->pairs, RESCORE_IDS_MAX);
	buf_init(&w->policies, RESCORE_IDS_MAX);
	buf_init(&w->sets.buf, RESCORE_IDS_MAX);
	buf_init(&d.ids.buf, RESCORE_IDS_MAX);
	buf_init(&d.sets.buf, RESCORE_IDS_MAX);
	rescore_lists_clear(r->cache); /* it held packages */
	int rc = open_tally(r, e);
	if (rc >= 0)
		rc = db_run(r->db, DB_READ, dirty_images_tx, &d, e);
	r->images = rescore_ids_count(&d.ids);
	for (size_t i = 0; i < r->images && rc >= 0; i += w->count) {
		w->ids = rescore_ids_all(&d.ids) + i;
		w->count = r->images - i < IMAGES_STEP ? r->images - i : IMAGES_STEP;
		rc = db_run(r->db, DB_READ, images_compute_tx, w, e);
		if (rc >= 0)
			rc = rescore_keep(r, images_keep_tx, w, e);
	}
	buf_free(&d.ids.buf);
	buf_free(&d.sets.buf);
	buf_free(&w->pairs);
	buf_free(&w->policies);
	buf_free(&w->sets.buf);
	places_free(&w->known);
	arena_free(&w->arena);
	check_union_free(&w->all);
	rescore_dates_free(&w->dates);
	free(w);
	return rc < 0 ? rc : 0;
}
