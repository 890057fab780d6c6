/* A set's next checks come from those it has: without what its changed packages lose and no other
 * of its packages has, with what they get. Only a set of which nothing is certain (the first
 * database; one that an interrupted switch prepared, maybe of another generation), or of which most
 * packages changed, is put together from all of them. */
#include "ledger/rescore_lists.h"

#include <stdlib.h>
#include <string.h>

#define SETS_STEP 128U /* a write transaction: a few milliseconds */
#define CHECKS_MAX (64U << 20)
#define RESULTS_MAX (256U << 20)

/* A set and a package of it that changed; package 0: put the set together anew. */
struct pair {
	int64_t set, package;
};

struct changed {
	struct rescore *r;
	struct buf pairs; /* struct pair */
};

struct step {
	struct rescore *r;
	const struct pair *pairs; /* ascending; all of a set */
	size_t count;
	struct check_union now, lost,
	    got; /* of one set: as readers see it; of its changed packages, before and after */
	struct check_union all;
	struct buf kept;    /* scratch */
	struct buf results; /* id, blob: those that are to be written */
};

static int collect(struct db_tx *tx, const char *text, int64_t arg, int64_t package,
		   struct buf *pairs, struct err *e)
{
	struct db_stmt *s = db_query(tx, text, DB_ARGS(DB_I(arg)), e);
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(s, e)) > 0) {
		struct pair p = {.set = db_int(s, 0), .package = package};
		buf_put(pairs, (struct bytes){.ptr = (const uint8_t *)&p, .len = sizeof p});
		r = buf_ok(pairs) ? 0 : err_set(e, ERR_NOMEM, "no memory for the sets of a switch");
	}
	db_done(s);
	return r;
}

static int by_set(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int d = (x->set > y->set) - (x->set < y->set);
	return d ? d : (x->package > y->package) - (x->package < y->package);
}

static int changed_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct changed *c = arg;
	const struct rescore *r = c->r;
	int rc = r->old
		     ? collect(tx, "SELECT id FROM package_set WHERE since > $1", r->epoch, 0,
			       &c->pairs, e)
		     : collect(tx, "SELECT id FROM package_set WHERE id > $1", 0, 0, &c->pairs, e);
	for (size_t i = 0; r->old && i < rescore_ids_count(&r->packages) && rc == 0; i++) {
		int64_t package = rescore_ids_all(&r->packages)[i];
		rc = rescore_go_on(r, e);
		if (rc == 0)
			rc = collect(tx, "SELECT set_id FROM set_package WHERE package_id = $1",
				     package, package, &c->pairs, e);
	}
	if (rc == 0 && c->pairs.len)
		qsort(c->pairs.ptr, c->pairs.len / sizeof(struct pair), sizeof(struct pair),
		      by_set);
	return rc;
}

/* The checks that readers see of a package. */
static int package_now(struct step *w, struct db_tx *tx, int64_t package, struct check_union *out,
		       struct err *e)
{
	struct bytes checks;
	if (rescore_lists_find(w->r->cache, package, &checks))
		return check_union_add(out, checks, e);
	struct check_union own = {0};
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT c.id, c.severity, m.patchable FROM package_match m JOIN "
		     "security_check c ON c.id = m.check_id"
		     " WHERE m.package_id = $1",
		     DB_ARGS(DB_I(package)), e);
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(s, e)) > 0)
		r = check_union_add_one(&own,
					(struct set_check){.id = (uint64_t)db_int(s, 0),
							   .severity = (uint8_t)db_int(s, 1),
							   .patchable = db_int(s, 2) != 0},
					e);
	db_done(s);
	if (r == 0)
		r = check_union_put(&own, &w->kept, e);
	check_union_free(&own);
	if (r == 0)
		r = check_union_add(out, buf_bytes(&w->kept), e);
	return r < 0 ? r : rescore_lists_cache(w->r->cache, package, buf_bytes(&w->kept), e);
}

static int anew(struct step *w, struct db_tx *tx, int64_t set, struct err *e)
{
	struct bytes checks;
	struct db_stmt *s = db_query(tx, "SELECT package_id FROM set_package WHERE set_id = $1",
				     DB_ARGS(DB_I(set)), e);
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(s, e)) > 0)
		r = rescore_lists_find(w->r->next, db_int(s, 0), &checks)
			? check_union_add(&w->all, checks, e)
			: package_now(w, tx, db_int(s, 0), &w->all, e);
	db_done(s);
	return r;
}

/* 1 = a package of the set that did not change has the check. */
static int has_other(struct step *w, struct db_tx *tx, int64_t set, uint64_t check, struct err *e)
{
	struct bytes checks;
	bool found = false;
	struct db_stmt *s = db_query(tx,
				     "SELECT p.package_id FROM set_package p JOIN package_match m "
				     "ON m.package_id = p.package_id"
				     " AND m.check_id = $2 WHERE p.set_id = $1",
				     DB_ARGS(DB_I(set), DB_I(check)), e);
	int r = s ? 1 : -(int)e->code;
	while (!found && r > 0 && (r = db_step(s, e)) > 0)
		found = !rescore_lists_find(w->r->next, db_int(s, 0), &checks);
	db_done(s);
	return r < 0 ? r : found;
}

static bool has(const struct check_union *u, size_t *at, uint64_t check)
{
	while (*at < u->count && u->items[*at].id < check)
		(*at)++;
	return *at < u->count && u->items[*at].id == check;
}

/* All of now but what the changed packages had, unless another has it too; and all that they get.
 */
static int change(struct step *w, struct db_tx *tx, int64_t set, struct err *e)
{
	size_t in_lost = 0, in_got = 0;
	int r = 0;
	check_union_settle(&w->now);
	check_union_settle(&w->lost);
	check_union_settle(&w->got);
	for (size_t i = 0; i < w->now.count && r >= 0; i++) {
		struct set_check c = w->now.items[i];
		if (has(&w->got, &in_got, c.id))
			continue;
		r = has(&w->lost, &in_lost, c.id) ? has_other(w, tx, set, c.id, e) : 1;
		if (r > 0)
			r = check_union_add_one(&w->all, c, e);
	}
	for (size_t i = 0; i < w->got.count && r >= 0; i++)
		r = check_union_add_one(&w->all, w->got.items[i], e);
	return r < 0 ? r : 0;
}

/* w->kept: the checks that the set has. 1 = a switch prepared them. */
static int read_set(struct step *w, struct db_tx *tx, int64_t set, int64_t *ret_packages,
		    struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT checks, since, package_count FROM package_set WHERE id = $1",
		     DB_ARGS(DB_I(set)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	bool prepared = false;
	buf_clear(&w->kept);
	if (r > 0) {
		buf_put(&w->kept, db_bytes(s, 0));
		prepared = db_int(s, 1) > w->r->epoch;
		*ret_packages = db_int(s, 2);
	}
	db_done(s);
	if (r == 0)
		return err_set(e, ERR_INTERNAL, "package set %lld is not there", (long long)set);
	if (r > 0 && !buf_ok(&w->kept))
		return err_set(e, ERR_NOMEM, "no memory for the checks of a set");
	return r < 0 ? r : prepared;
}

static int one_set(struct step *w, struct db_tx *tx, const struct pair *p, size_t count,
		   struct err *e)
{
	struct bytes next;
	struct buf before;
	check_union_clear(&w->now);
	check_union_clear(&w->lost);
	check_union_clear(&w->got);
	check_union_clear(&w->all);
	int64_t packages = 0;
	int prepared = read_set(w, tx, p->set, &packages, e), r = prepared;
	bool whole = p->package == 0 || (int64_t)count > packages / 2;
	buf_init(&before, CHECKS_MAX);
	buf_put(&before, buf_bytes(&w->kept));
	if (r >= 0 && whole)
		r = anew(w, tx, p->set, e);
	else if (r >= 0)
		r = check_union_add(&w->now, buf_bytes(&before), e);
	for (size_t i = 0; !whole && i < count && r >= 0; i++) {
		r = package_now(w, tx, p[i].package, &w->lost, e);
		if (r == 0 && rescore_lists_find(w->r->next, p[i].package, &next))
			r = check_union_add(&w->got, next, e);
	}
	if (r >= 0 && !whole)
		r = change(w, tx, p->set, e);
	if (r >= 0)
		r = check_union_put(&w->all, &w->kept, e);
	if (r >= 0 && (prepared || !bytes_eq(buf_bytes(&before), buf_bytes(&w->kept)))) {
		rescore_ids_add(&w->r->sets, p->set);
		buf_put_le64(&w->results, (uint64_t)p->set);
		buf_put_blob(&w->results, buf_bytes(&w->kept));
	}
	if (r >= 0 && (!buf_ok(&before) || !buf_ok(&w->results)))
		r = err_set(e, ERR_NOMEM, "no memory for the checks of sets");
	buf_free(&before);
	return r < 0 ? r : 0;
}

static size_t of_one_set(const struct pair *p, size_t count)
{
	size_t n = 1;
	while (n < count && p[n].set == p->set)
		n++;
	return n;
}

static int compute_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct step *w = arg;
	int r = 0;
	for (size_t i = 0, n; i < w->count && r == 0; i += n) {
		n = of_one_set(w->pairs + i, w->count - i);
		r = rescore_go_on(w->r, e);
		if (r == 0)
			r = one_set(w, tx, w->pairs + i, n, e);
	}
	return r;
}

static int keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct step *w = arg;
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

static int all_sets(struct step *w, const struct pair *pairs, size_t count, struct err *e)
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

int rescore_sets(struct rescore *r, struct err *e)
{
	struct changed c = {.r = r};
	struct step w = {.r = r};
	buf_init(&c.pairs, RESCORE_IDS_MAX);
	buf_init(&w.kept, CHECKS_MAX);
	buf_init(&w.results, RESULTS_MAX);
	int rc = db_run(r->db, DB_READ, changed_tx, &c, e);
	if (rc >= 0)
		rc = all_sets(&w, (const struct pair *)(const void *)c.pairs.ptr,
			      c.pairs.len / sizeof(struct pair), e);
	buf_free(&c.pairs);
	buf_free(&w.kept);
	buf_free(&w.results);
	check_union_free(&w.now);
	check_union_free(&w.lost);
	check_union_free(&w.got);
	check_union_free(&w.all);
	return rc < 0 ? rc : rescore_ids_settle(&r->sets, e);
}
