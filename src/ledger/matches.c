#include "ledger/matches.h"

#include "base/own.h"
#include "ledger/many.h"
#include "ledger/security_checks.h"

#include <stdlib.h>

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the matches of packages");
}

static const char add_text[] =
    "INSERT INTO match_version(package_id, check_id, since, until, fixed_version, status,"
    " patchable, remediation) VALUES($1, $2, $3, 0, $4, $5, $6, $7)";

static int add_match(struct many *add, int64_t package, const struct match *m, int64_t since,
		     struct err *e)
{
	const struct db_value values[] = {
	    DB_I(package),   DB_I(m->check.id),	 DB_I(since),	      DB_T(m->fixed_version),
	    DB_I(m->status), DB_I(m->patchable), DB_T(m->remediation)};
	return many_add(add, values, e);
}

static int put_checks(struct db_tx *tx, const struct package_matches *packages, size_t count,
		      struct err *e)
{
	size_t most = 0, n = 0;
	for (size_t i = 0; i < count; i++)
		most += packages[i].count;
	OWN_FREE struct security_check_entry *entries = own_calloc(most + 1, sizeof *entries);
	if (!entries)
		return no_memory(e);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < packages[i].count; k++)
			entries[n++].check = &packages[i].matches[k].check;
	}
	return security_check_put_many(tx, entries, n, e);
}

int matches_put_many(struct db_tx *tx, const struct package_matches *packages, size_t count,
		     struct err *e)
{
	struct many add = {.tx = tx, .text = add_text, .columns = 7};
	int r = put_checks(tx, packages, count, e);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; r == 0 && k < packages[i].count; k++)
			r = add_match(&add, packages[i].package, &packages[i].matches[k], 0, e);
	}
	return many_end(&add, r, e);
}

/* A package's matches beside those that readers see of it. */
struct comparison {
	const struct package_matches *now;
	size_t at; /* of now->matches: those before it are done */
	struct buf *out;
};

static void add_change(struct comparison *c, enum matches_change_kind kind, uint64_t check,
		       const struct match *m)
{
	const struct matches_change change = {
	    .kind = kind, .package = c->now->package, .check = check, .match = m};
	buf_put(c->out, (struct bytes){.ptr = (const uint8_t *)&change, .len = sizeof change});
}

/* Matches below this check are new ones. */
static void add_below(struct comparison *c, uint64_t check)
{
	for (; c->at < c->now->count && c->now->matches[c->at].check.id < check; c->at++)
		add_change(c, MATCHES_ADD, 0, &c->now->matches[c->at]);
}

static void add_rest(struct comparison *c)
{
	for (; c->at < c->now->count; c->at++)
		add_change(c, MATCHES_ADD, 0, &c->now->matches[c->at]);
}

/* Columns: package_id, check_id, fixed_version, status, patchable, remediation. */
static bool same_match(struct db_stmt *s, const struct match *m)
{
	return bytes_eq(db_bytes(s, 2), m->fixed_version) && db_int(s, 3) == (int64_t)m->status &&
	       (db_int(s, 4) != 0) == m->patchable && bytes_eq(db_bytes(s, 5), m->remediation);
}

static void compare_row(struct comparison *c, struct db_stmt *s)
{
	uint64_t check = (uint64_t)db_int(s, 1);
	add_below(c, check);
	const struct match *m = c->at < c->now->count ? &c->now->matches[c->at] : NULL;
	bool still = m && m->check.id == check, same = still && same_match(s, m);
	if (!same)
		add_change(c, MATCHES_END, check, NULL);
	if (still && !same)
		add_change(c, MATCHES_ADD, 0, m);
	c->at += still;
}

int matches_compare_many(struct db_tx *tx, const struct package_matches *packages, size_t count,
			 struct buf *out, struct err *e)
{
	OWN_FREE int64_t *ids = own_calloc(count + 1, sizeof *ids);
	if (!ids || count == 0)
		return ids ? 0 : no_memory(e);
	for (size_t i = 0; i < count; i++)
		ids[i] = packages[i].package;
	struct db_stmt *s = db_query(tx,
				     "SELECT package_id, check_id, fixed_version, status,"
				     " patchable, remediation FROM package_match"
				     " WHERE package_id {IN $1} ORDER BY package_id, check_id",
				     DB_ARGS(DB_INTS(ids, count)), e);
	struct comparison c = {.now = packages, .out = out};
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		while (c.now->package != db_int(s, 0)) {
			add_rest(&c);
			c = (struct comparison){.now = c.now + 1, .out = out};
		}
		compare_row(&c, s);
	}
	db_done(s);
	for (; c.now < packages + count; c = (struct comparison){.now = c.now + 1, .out = out})
		add_rest(&c);
	if (r == 0 && !buf_ok(out))
		r = no_memory(e);
	return r;
}

static int end_and_add(struct db_tx *tx, const struct matches_change *changes, size_t count,
		       int64_t next, struct err *e)
{
	struct many end = {.tx = tx,
			   .columns = 3,
			   .text = "UPDATE match_version SET until = $3 WHERE package_id = $1"
				   " AND check_id = $2 AND since < $3 AND until = 0"};
	struct many add = {.tx = tx, .text = add_text, .columns = 7};
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct matches_change *c = &changes[i];
		const struct db_value values[] = {DB_I(c->package), DB_I(c->check), DB_I(next)};
		if (c->kind == MATCHES_END)
			r = many_add(&end, values, e);
		else if (c->kind == MATCHES_ADD)
			r = add_match(&add, c->package, c->match, next, e);
	}
	r = many_end(&end, r, e);
	return many_end(&add, r, e);
}

int matches_change_many(struct db_tx *tx, const struct matches_change *changes, size_t count,
			int64_t next, struct err *e)
{
	OWN_FREE struct security_check_entry *entries = own_calloc(count + 1, sizeof *entries);
	size_t n = 0;
	if (!entries)
		return no_memory(e);
	for (size_t i = 0; i < count; i++) {
		if (changes[i].kind == MATCHES_CHECK)
			entries[n++].check = &changes[i].match->check;
	}
	int r = end_and_add(tx, changes, count, next, e);
	return r < 0 ? r : security_check_change_many(tx, entries, n, next, e);
}

/* $1: the epoch that readers see; "since > 0" and "until > 0" name the small indexes of what is not
 * for good. */
#define STEPS(table, key)                                                                          \
	"DELETE FROM " table " WHERE (" key ") IN (SELECT " key " FROM " table                     \
	" WHERE until > 0 AND until <= $1 LIMIT $2)",                                              \
	    "DELETE FROM " table " WHERE (" key ") IN (SELECT " key " FROM " table                 \
	    " WHERE since > 0 AND since > $1 LIMIT $2)",                                           \
	    "UPDATE " table " SET until = 0 WHERE (" key ") IN (SELECT " key " FROM " table        \
	    " WHERE until > 0 AND until > $1 LIMIT $2)"
enum { OVER, PREPARED, ENDED, STEP_COUNT };
static const char *const clearing[3][STEP_COUNT] = {
    {STEPS("match_version", "package_id, check_id, since")},
    {STEPS("check_version", "id, since")},
    {STEPS("cve_version", "cve, check_id, since")},
};

int64_t matches_clear(struct db_tx *tx, int64_t epoch, bool undo, size_t max, struct err *e)
{
	int64_t total = 0;
	for (size_t t = 0; t < 3; t++) {
		for (size_t step = 0; step < (undo ? STEP_COUNT : OVER + 1U); step++) {
			int64_t n =
			    db_exec(tx, clearing[t][step], DB_ARGS(DB_I(epoch), DB_I(max)), e);
			if (n < 0)
				return n;
			total += n;
		}
	}
	return total;
}
