/* The matches of the changed packages, written for the next epoch in short transactions: as many as
 * there may be, nothing waits for them. */
#include "ledger/matches.h"
#include "ledger/rescore_lists.h"
#include "store/seen.h"

#define CHANGES_STEP 256U /* a write transaction: a few milliseconds */
#define BATCH_PACKAGES 256U
#define BATCH_BUDGET (512U << 20) /* bytes: matches of a batch */
#define BATCH_FULL (64U << 20)	  /* a batch that has as much ends; a kernel has some 5,000 */
#define CLEAR_STEP 250U		  /* rows of each kind: some milliseconds */

struct batch {
	struct rescore *r;
	size_t from, to; /* of r->packages */
	struct arena arena;
	struct buf changes;	      /* struct matches_change */
	struct rescore_lists *checks; /* those that were looked at: a check is put once a switch */
	size_t at, count;	      /* of changes, in a write transaction */
};

static int look_at_checks(struct batch *b, const struct package_matches *p, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct match *m = &p->matches[i];
		struct bytes known;
		if (rescore_lists_find(b->checks, (int64_t)m->check.id, &known))
			continue;
		const struct matches_change c = {.kind = MATCHES_CHECK, .match = m};
		buf_put(&b->changes, (struct bytes){.ptr = (const uint8_t *)&c, .len = sizeof c});
		if (!rescore_lists_put(b->checks, (int64_t)m->check.id, BYTES_NONE))
			return err_set(e, ERR_NOMEM, "no memory for the checks of a switch");
	}
	return 0;
}

static int match_one(struct batch *b, const struct pkg *p, struct package_matches *ret,
		     struct err *e)
{
	struct match *m = NULL;
	int r = rescore_go_on(b->r, e);
	int64_t n = r < 0 ? r : match_package(b->r->now, p, &b->arena, &m, e);
	if (n < 0)
		return (int)n;
	ret->matches = m;
	ret->count = (size_t)n;
	return look_at_checks(b, ret, e);
}

/* Up to a batch of packages, fewer when they have much. */
static int compare_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct batch *b = arg;
	const int64_t *ids = rescore_ids_all(&b->r->packages) + b->from;
	size_t left = rescore_ids_count(&b->r->packages) - b->from, n = 0;
	size_t most = left < BATCH_PACKAGES ? left : BATCH_PACKAGES;
	struct pkg *packages = arena_alloc(&b->arena, most, sizeof *packages);
	struct package_matches *now = arena_alloc(&b->arena, most, sizeof *now);
	if (!packages || !now)
		return err_set(e, ERR_NOMEM, "no memory for packages");
	int r = package_get_many(tx, ids, most, &b->arena, packages, e);
	for (; r == 0 && n < most && b->arena.used < BATCH_FULL; n++) {
		now[n].package = ids[n];
		r = match_one(b, &packages[n], &now[n], e);
	}
	b->to = b->from + n;
	return r < 0 ? r : matches_compare_many(tx, now, n, &b->changes, e);
}

static int write_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct batch *b = arg;
	const struct matches_change *all =
	    (const struct matches_change *)(const void *)b->changes.ptr;
	return matches_change_many(tx, all + b->at, b->count, b->r->epoch + 1, e);
}

int rescore_matches(struct rescore *r, struct err *e)
{
	struct batch b = {.r = r, .checks = rescore_lists_open(RESCORE_IDS_MAX)};
	int rc = b.checks ? 0 : err_set(e, ERR_NOMEM, "no memory for a switch of generations");
	buf_init(&b.changes, RESCORE_IDS_MAX);
	while (rc >= 0 && b.from < rescore_ids_count(&r->packages)) {
		arena_init(&b.arena, BATCH_BUDGET);
		buf_clear(&b.changes);
		rc = db_run(r->db, DB_READ, compare_tx, &b, e);
		size_t n = b.changes.len / sizeof(struct matches_change);
		for (b.at = 0; b.at < n && rc >= 0; b.at += b.count) {
			b.count = n - b.at < CHANGES_STEP ? n - b.at : CHANGES_STEP;
			rc = rescore_keep(r, write_tx, &b, e);
		}
		arena_free(&b.arena);
		b.from = b.to;
	}
	buf_free(&b.changes);
	rescore_lists_close(b.checks);
	return rc < 0 ? rc : 0;
}

struct clear {
	struct rescore *r;
	bool undo;
	int64_t rows;
};

static int clear_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct clear *c = arg;
	int64_t epoch;
	if (seen_epoch(tx, &epoch, e) < 0)
		return -(int)e->code;
	c->rows = matches_clear(tx, epoch, c->undo, CLEAR_STEP, e);
	return c->rows < 0 ? (int)c->rows : 0;
}

int rescore_clear(struct rescore *r, bool undo, struct err *e)
{
	struct clear c = {.r = r, .undo = undo, .rows = 1};
	int rc = 0;
	while (rc >= 0 && c.rows > 0)
		rc = rescore_keep(r, clear_tx, &c, e);
	return rc < 0 ? rc : 0;
}
