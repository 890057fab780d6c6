/* A set's next checks come from those it has: without what its changed packages lose, with what
 * they get. Only a set of which nothing is certain (the first database; one that an interrupted
 * switch prepared, maybe of another generation), of which most packages changed, or one of whose
 * packages lost something that a package without changes has too, is rebuilt from all of them.
 * Sets are looked at many at a time, and what they need is read with a question for each kind. */
#include "base/cursor.h"
#include "ledger/many.h"
#include "ledger/places.h"
#include "ledger/rescore_lists.h"

#include <stdlib.h>
#include <string.h>

#define SETS_STEP 128U /* a write transaction: a few milliseconds */
#define CHECKS_MAX (64U << 20)
#define RESULTS_MAX (256U << 20)

struct set_row {
	int64_t id;
	const struct rescore_pair *pairs; /* it, and its packages that changed; 0: all may have */
	size_t count;
	int64_t package_count;
	bool is_prepared; /* by a switch */
	bool is_whole;	  /* to be put together from all packages */
	struct bytes before;
};

/* Who has a check that a changed package loses. */
enum holders { HOLDERS_CHANGED = 1, HOLDERS_OTHERS };

struct step {
	struct rescore *r;
	const struct rescore_pair *pairs; /* ascending; all of a set */
	size_t count;
	struct arena arena;
	struct set_row sets[SETS_STEP];
	size_t set_count;
	int64_t ids[SETS_STEP];
	struct buf members; /* of whole sets */
	struct rescore_ids packages;
	struct check_union lost, got, all; /* of one set */
	struct rescore_ids unknown;	   /* checks of one set */
	struct places holders;		   /* of lost checks: enum holders */
	struct buf kept;		   /* scratch */
	struct buf results;		   /* id, blob: those that are to be written */
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the checks of sets");
}

static int changed_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct step *w = arg;
	const struct rescore *r = w->r;
	size_t n = r->old ? rescore_ids_count(&r->packages) : 0;
	bool all = !r->old && !r->is_of_rules;
	int rc = rescore_pairs_collect(tx, "SELECT id, 0 FROM package_set WHERE since > $1",
				       DB_ARGS(DB_I(all ? -1 : r->epoch)), &w->members, e);
	for (size_t i = 0; i < n && rc == 0; i += DB_LIST_MAX) {
		rc = rescore_go_on(r, e);
		if (rc == 0)
			rc = rescore_pairs_collect(
			    tx,
			    "SELECT set_id, package_id FROM set_package"
			    " WHERE package_id {IN $1}",
			    DB_ARGS(DB_INTS(rescore_ids_all(&r->packages) + i,
					    n - i < DB_LIST_MAX ? n - i : DB_LIST_MAX)),
			    &w->members, e);
	}
	return rc < 0 ? rc : rescore_pairs_settle(&w->members, e);
}

static int put_now(struct rescore *r, int64_t package, struct check_union *checks, struct buf *kept,
		   struct err *e)
{
	if (check_union_put(checks, kept, e) < 0)
		return -(int)e->code;
	check_union_clear(checks);
	return rescore_lists_put(r->cache, package, buf_bytes(kept)) ? 0 : no_memory(e);
}

/* Those of ids that the cache does not have. */
static int not_cached(struct rescore *r, const struct rescore_ids *ids, struct rescore_ids *out,
		      struct err *e)
{
	struct bytes known;
	for (size_t i = 0; i < rescore_ids_count(ids); i++) {
		int64_t id = rescore_ids_all(ids)[i];
		if (!rescore_lists_find(r->cache, id, &known))
			rescore_ids_add(out, id);
	}
	return rescore_ids_settle(out, e);
}

/* A list for each of the packages; those without a match get an empty one. */
static int read_now(struct rescore *r, struct db_tx *tx, const int64_t *ids, size_t count,
		    struct buf *kept, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT m.package_id, c.id, c.severity, m.patchable FROM package_match m"
		     " JOIN security_check c ON c.id = m.check_id WHERE m.package_id {IN $1}"
		     " ORDER BY m.package_id",
		     DB_ARGS(DB_INTS(ids, count)), e);
	struct check_union own = {0};
	size_t at = 0;
	int rc = s ? 0 : -(int)e->code;
	while (s && rc >= 0 && (rc = db_step(s, e)) > 0) {
		const struct set_check c = {.id = (uint64_t)db_int(s, 1),
					    .severity = (uint8_t)db_int(s, 2),
					    .patchable = db_int(s, 3) != 0};
		for (; rc >= 0 && at < count && ids[at] != db_int(s, 0); at++)
			rc = put_now(r, ids[at], &own, kept, e);
		if (rc >= 0)
			rc = check_union_add_one(&own, c, e);
	}
	db_done(s);
	for (; rc >= 0 && at < count; at++)
		rc = put_now(r, ids[at], &own, kept, e);
	check_union_free(&own);
	return rc < 0 ? rc : 0;
}

/* What readers see of these packages into the cache. */
static int load_now(struct step *w, struct db_tx *tx, struct err *e)
{
	struct rescore_ids missing;
	buf_init(&missing.buf, RESCORE_IDS_MAX);
	int rc = rescore_ids_settle(&w->packages, e);
	if (rc == 0)
		rc = not_cached(w->r, &w->packages, &missing, e);
	size_t n = rescore_ids_count(&missing);
	for (size_t i = 0; rc == 0 && i < n; i += DB_LIST_MAX)
		rc = read_now(w->r, tx, rescore_ids_all(&missing) + i,
			      n - i < DB_LIST_MAX ? n - i : DB_LIST_MAX, &w->kept, e);
	buf_free(&missing.buf);
	return rc;
}

static size_t of_one_set(const struct rescore_pair *p, size_t count)
{
	size_t n = 1;
	while (n < count && p[n].id == p->id)
		n++;
	return n;
}

static void split(struct step *w)
{
	w->set_count = 0;
	for (size_t i = 0, n; i < w->count; i += n) {
		n = of_one_set(w->pairs + i, w->count - i);
		w->ids[w->set_count] = w->pairs[i].id;
		w->sets[w->set_count++] =
		    (struct set_row){.id = w->pairs[i].id, .pairs = w->pairs + i, .count = n};
	}
}

static int read_sets(struct step *w, struct db_tx *tx, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT id, since, package_count, checks FROM package_set"
				     " WHERE id {IN $1} ORDER BY id",
				     DB_ARGS(DB_INTS(w->ids, w->set_count)), e);
	int rc = s ? 0 : -(int)e->code;
	size_t n = 0;
	while (s && n < w->set_count && (rc = db_step(s, e)) > 0 && db_int(s, 0) == w->ids[n]) {
		struct set_row *set = &w->sets[n++];
		bool ok;
		set->is_prepared = db_int(s, 1) > w->r->epoch;
		set->package_count = db_int(s, 2);
		set->before = arena_bytes(&w->arena, db_bytes(s, 3), &ok);
		/* Its packages come first, if there are any: 0 is below all numbers. */
		set->is_whole =
		    set->pairs->other == 0 || (int64_t)set->count > set->package_count / 2;
		if (!ok) {
			rc = no_memory(e);
			break;
		}
	}
	db_done(s);
	if (rc >= 0 && n < w->set_count)
		rc =
		    err_set(e, ERR_INTERNAL, "package set %lld is not there", (long long)w->ids[n]);
	return rc < 0 ? rc : 0;
}

/* What is in b as it is goes from a. */
static void leave_others(struct check_union *a, const struct check_union *b)
{
	size_t n = 0;
	for (size_t i = 0, k = 0; i < a->count; i++) {
		const struct set_check *x = &a->items[i];
		while (k < b->count && b->items[k].id < x->id)
			k++;
		if (k == b->count || b->items[k].id != x->id ||
		    b->items[k].severity != x->severity || b->items[k].patchable != x->patchable)
			a->items[n++] = *x;
	}
	a->count = n;
}

/* What the changed packages of a set lose, and what they will have. */
static int lost_and_got(struct step *w, const struct set_row *set, struct err *e)
{
	struct bytes checks;
	int rc = 0;
	check_union_clear(&w->lost);
	check_union_clear(&w->got);
	for (size_t i = 0; rc == 0 && i < set->count; i++) {
		if (rescore_lists_find(w->r->cache, set->pairs[i].other, &checks))
			rc = check_union_add(&w->lost, checks, e);
		if (rc == 0 && rescore_lists_find(w->r->next, set->pairs[i].other, &checks))
			rc = check_union_add(&w->got, checks, e);
	}
	check_union_settle(&w->lost);
	check_union_settle(&w->got);
	leave_others(&w->lost, &w->got);
	return rc;
}

static bool is_changed(const struct rescore *r, int64_t package)
{
	const int64_t *all = rescore_ids_all(&r->packages);
	size_t low = 0, count = rescore_ids_count(&r->packages), high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (all[middle] < package)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && all[low] == package;
}

static int ask_holders(struct step *w, struct db_tx *tx, const int64_t *checks, size_t count,
		       struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT check_id, package_id FROM package_match"
				     " WHERE check_id {IN $1}",
				     DB_ARGS(DB_INTS(checks, count)), e);
	int rc = s ? 0 : -(int)e->code;
	while (s && rc >= 0 && (rc = db_step(s, e)) > 0)
		if (!is_changed(w->r, db_int(s, 1)) &&
		    !places_put(&w->holders, (uint64_t)db_int(s, 0), HOLDERS_OTHERS))
			rc = no_memory(e);
	db_done(s);
	return rc;
}

/* 1 = a package without changes has one of the lost checks, which may be in any set. An advisory is
 * about one source: mostly all that have it are looked at again together. */
static int others_have(struct step *w, struct db_tx *tx, struct err *e)
{
	size_t who;
	int rc = 0;
	buf_clear(&w->unknown.buf);
	for (size_t i = 0; rc == 0 && i < w->lost.count; i++) {
		if (places_find(&w->holders, w->lost.items[i].id, &who))
			continue;
		rescore_ids_add(&w->unknown, (int64_t)w->lost.items[i].id);
		if (!places_put(&w->holders, w->lost.items[i].id, HOLDERS_CHANGED))
			rc = no_memory(e);
	}
	if (rc == 0)
		rc = rescore_ids_settle(&w->unknown, e);
	size_t n = rescore_ids_count(&w->unknown);
	for (size_t i = 0; rc == 0 && i < n; i += DB_LIST_MAX)
		rc = ask_holders(w, tx, rescore_ids_all(&w->unknown) + i,
				 n - i < DB_LIST_MAX ? n - i : DB_LIST_MAX, e);
	for (size_t i = 0; rc == 0 && i < w->lost.count; i++)
		if (places_find(&w->holders, w->lost.items[i].id, &who) && who == HOLDERS_OTHERS)
			rc = 1;
	return rc;
}

/* Those of gone, ascending as all are, go from all. */
static void take_out(struct check_union *all, const struct check_union *gone)
{
	size_t n = 0;
	for (size_t i = 0, k = 0; i < all->count; i++) {
		while (k < gone->count && gone->items[k].id < all->items[i].id)
			k++;
		if (k == gone->count || gone->items[k].id != all->items[i].id)
			all->items[n++] = all->items[i];
	}
	all->count = n;
}

/* A set's next checks, in w->all: kept when they are others, or were prepared. */
static int keep_result(struct step *w, const struct set_row *set, struct err *e)
{
	if (check_union_put(&w->all, &w->kept, e) < 0)
		return -(int)e->code;
	if (!set->is_prepared && bytes_eq(set->before, buf_bytes(&w->kept)))
		return 0;
	rescore_ids_add(&w->r->sets, set->id);
	buf_put_le64(&w->results, (uint64_t)set->id);
	buf_put_blob(&w->results, buf_bytes(&w->kept));
	return buf_ok(&w->results) ? 0 : no_memory(e);
}

/* The sets that need no other packages than those that changed; the rest is whole. */
static int from_before(struct step *w, struct db_tx *tx, struct err *e)
{
	buf_clear(&w->packages.buf);
	for (size_t i = 0; i < w->set_count; i++) {
		for (size_t k = 0; !w->sets[i].is_whole && k < w->sets[i].count; k++)
			rescore_ids_add(&w->packages, w->sets[i].pairs[k].other);
	}
	int rc = load_now(w, tx, e);
	for (size_t i = 0; rc == 0 && i < w->set_count; i++) {
		struct set_row *set = &w->sets[i];
		if (set->is_whole)
			continue;
		rc = lost_and_got(w, set, e);
		if (rc == 0)
			rc = others_have(w, tx, e);
		set->is_whole = rc > 0;
		if (rc != 0) {
			rc = rc < 0 ? rc : 0;
			continue;
		}
		check_union_clear(&w->all);
		rc = check_union_add(&w->all, set->before, e);
		take_out(&w->all, &w->lost);
		for (size_t k = 0; rc == 0 && k < w->got.count; k++)
			rc = check_union_add_one(&w->all, w->got.items[k], e);
		if (rc == 0)
			rc = keep_result(w, set, e);
	}
	return rc;
}

static int read_members(struct step *w, struct db_tx *tx, struct err *e)
{
	size_t n = 0;
	struct bytes known;
	buf_clear(&w->members);
	buf_clear(&w->packages.buf);
	for (size_t i = 0; i < w->set_count; i++) {
		if (w->sets[i].is_whole)
			w->ids[n++] = w->sets[i].id;
	}
	int rc = n == 0 ? 0
			: rescore_pairs_collect(tx,
						"SELECT set_id, package_id FROM set_package"
						" WHERE set_id {IN $1}",
						DB_ARGS(DB_INTS(w->ids, n)), &w->members, e);
	if (rc == 0)
		rc = rescore_pairs_settle(&w->members, e);
	for (size_t i = 0; rc == 0 && i < rescore_pairs_count(&w->members); i++) {
		int64_t package = rescore_pairs_all(&w->members)[i].other;
		if (!rescore_lists_find(w->r->next, package, &known))
			rescore_ids_add(&w->packages, package);
	}
	return rc;
}

/* One set from all its packages; *at: of the members. */
static int one_whole(struct step *w, const struct set_row *set, size_t *at, struct err *e)
{
	const struct rescore_pair *members = rescore_pairs_all(&w->members);
	size_t count = rescore_pairs_count(&w->members);
	int rc = 0;
	check_union_clear(&w->all);
	for (; rc == 0 && *at < count && members[*at].id == set->id; (*at)++) {
		struct bytes checks;
		if (rescore_lists_find(w->r->next, members[*at].other, &checks) ||
		    rescore_lists_find(w->r->cache, members[*at].other, &checks))
			rc = check_union_add(&w->all, checks, e);
	}
	return rc < 0 ? rc : keep_result(w, set, e);
}

static int from_all(struct step *w, struct db_tx *tx, struct err *e)
{
	int rc = read_members(w, tx, e);
	if (rc == 0)
		rc = load_now(w, tx, e);
	for (size_t i = 0, at = 0; rc == 0 && i < w->set_count; i++) {
		if (w->sets[i].is_whole)
			rc = one_whole(w, &w->sets[i], &at, e);
	}
	return rc;
}

static int compute_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct step *w = arg;
	arena_init(&w->arena, RESULTS_MAX);
	rescore_lists_make_space(w->r->cache);
	split(w);
	int rc = rescore_go_on(w->r, e);
	if (rc == 0)
		rc = read_sets(w, tx, e);
	if (rc == 0)
		rc = from_before(w, tx, e);
	if (rc == 0)
		rc = from_all(w, tx, e);
	arena_free(&w->arena);
	return rc;
}

static int keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct step *w = arg;
	struct cursor c = cur_of(buf_bytes(&w->results));
	struct many put = {.tx = tx,
			   .columns = 3,
			   .text = "UPDATE package_set SET checks = $2, since = $3 WHERE id = $1"};
	int rc = 0;
	while (rc == 0 && cur_left(&c)) {
		int64_t set = (int64_t)cur_le64(&c);
		const struct db_value values[] = {DB_I(set), DB_B(cur_blob(&c)),
						  DB_I(w->r->epoch + 1)};
		rc = many_add(&put, values, e);
	}
	return many_end(&put, rc, e);
}

static int all_sets(struct step *w, const struct rescore_pair *pairs, size_t count, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < count && rc >= 0; i += w->count) {
		w->pairs = pairs + i;
		w->count = 0;
		for (unsigned sets = 0; sets < SETS_STEP && i + w->count < count; sets++)
			w->count += of_one_set(w->pairs + w->count, count - i - w->count);
		buf_clear(&w->results);
		rc = db_run(w->r->db, DB_READ, compute_tx, w, e);
		if (rc >= 0 && w->results.len)
			rc = rescore_keep(w->r, keep_tx, w, e);
	}
	return rc;
}

static void step_free(struct step *w)
{
	buf_free(&w->members);
	buf_free(&w->packages.buf);
	buf_free(&w->unknown.buf);
	places_free(&w->holders);
	buf_free(&w->kept);
	buf_free(&w->results);
	check_union_free(&w->lost);
	check_union_free(&w->got);
	check_union_free(&w->all);
	free(w);
}

int rescore_sets(struct rescore *r, struct err *e)
{
	struct buf changed;
	struct step *w = calloc(1, sizeof *w);
	if (!w)
		return no_memory(e);
	w->r = r;
	buf_init(&w->members, RESCORE_IDS_MAX);
	buf_init(&w->packages.buf, RESCORE_IDS_MAX);
	buf_init(&w->unknown.buf, RESCORE_IDS_MAX);
	buf_init(&w->kept, CHECKS_MAX);
	buf_init(&w->results, RESULTS_MAX);
	int rc = db_run(r->db, DB_READ, changed_tx, w, e);
	changed = w->members;
	buf_init(&w->members, RESCORE_IDS_MAX);
	if (rc >= 0)
		rc = all_sets(w, rescore_pairs_all(&changed), rescore_pairs_count(&changed), e);
	buf_free(&changed);
	step_free(w);
	return rc < 0 ? rc : rescore_ids_settle(&r->sets, e);
}
