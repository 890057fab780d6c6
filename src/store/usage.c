#include "store/usage.h"

#include "store/digest_key.h"

int store_usage_add(struct db_tx *tx, int64_t repository_id, struct bytes digest, int64_t now_ms,
		    struct err *e)
{
	struct digest_key key = {{0}};
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO billable_image(subscription_id, digest, subscription, registry,"
	    " repository, at, is_trial) SELECT ns.id, $2, ns.name, ng.name, nr.name, $3,"
	    " CASE WHEN p.trial_until > $3 THEN 1 ELSE 0 END FROM scope x" STORE_NAMES_JOIN(
		"x.id") " LEFT JOIN subscription_plan p ON p.subscription_id = ns.id"
			" WHERE x.id = $1 AND COALESCE(p.tier, 1) = 1"
			" ON CONFLICT(subscription_id, digest) DO NOTHING",
	    DB_ARGS(DB_I(repository_id), DB_B(digest_key_of(digest, &key)), DB_I(now_ms)), e);
	return n < 0 ? (int)n : 0;
}

#define ROWS                                                                                       \
	"billable_image b WHERE b.at >= $1 AND b.at < $2 AND (b.subscription = $3 OR $3 = '')"     \
	" AND " STORE_VISIBLE("b.subscription_id", "$4", "$5")
#define ROWS_ARGS(q)                                                                               \
	DB_I((q)->from_ms), DB_I((q)->to_ms), DB_T((q)->subscription),                             \
	    STORE_VISIBLE_ARGS(&(q)->visible)

int store_usage_sum(struct db_tx *tx, const struct store_usage_query *q, struct arena *a,
		    struct store_usage_sums *ret, struct err *e)
{
	size_t cap = 0;
	*ret = (struct store_usage_sums){.count = 0};
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT b.subscription, count(*), sum(b.is_trial) FROM " ROWS
		     " AND b.subscription > $6 GROUP BY b.subscription"
		     " ORDER BY b.subscription LIMIT $7",
		     DB_ARGS(ROWS_ARGS(q), DB_T(q->after), DB_I((int64_t)q->n + 1)), e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		bool ok = true;
		ret->more = ret->count == q->n;
		if (ret->more)
			break;
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		if (ret->items)
			ret->items[ret->count++] =
			    (struct store_usage_sum){.subscription = db_keep(s, 0, a, &ok),
						     .images = (uint64_t)db_int(s, 1),
						     .trial = (uint64_t)db_int(s, 2)};
		if (!ret->items || !ok)
			r = err_set(e, ERR_NOMEM, "no memory for usage");
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_usage_sum_total(struct db_tx *tx, const struct store_usage_query *q, struct total *ret,
			  struct err *e)
{
	return total_read(tx,
			  "SELECT count(*) FROM (SELECT DISTINCT b.subscription FROM " ROWS
			  " LIMIT 10001) counted",
			  DB_ARGS(ROWS_ARGS(q)), ret, e);
}

int store_usage_list(struct db_tx *tx, const struct store_usage_query *q, struct arena *a,
		     struct store_usages *ret, struct err *e)
{
	size_t cap = 0;
	struct digest_key key = {{0}};
	*ret = (struct store_usages){.count = 0};
	struct bytes after = q->after.len ? digest_key_of(q->after, &key) : BYTES_NONE;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT b.subscription, b.registry, b.repository, b.digest, b.at, b.is_trial FROM " ROWS
	    " AND (b.at > $6 OR (b.at = $6 AND (b.digest > $7 OR"
	    " (b.digest = $7 AND b.subscription > $8))))"
	    " ORDER BY b.at, b.digest, b.subscription LIMIT $9",
	    DB_ARGS(ROWS_ARGS(q), DB_I(q->after_ms), DB_B(after), DB_T(q->after_subscription),
		    DB_I((int64_t)q->n + 1)),
	    e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		bool ok = true;
		ret->more = ret->count == q->n;
		if (ret->more)
			break;
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		if (ret->items)
			ret->items[ret->count++] = (struct store_usage){
			    .subscription = db_keep(s, 0, a, &ok),
			    .registry = db_keep(s, 1, a, &ok),
			    .repository = db_keep(s, 2, a, &ok),
			    .digest = digest_key_text(db_bytes(s, 3), a, &ok),
			    .at_ms = db_int(s, 4),
			    .is_trial = db_int(s, 5) != 0,
			};
		if (!ret->items || !ok)
			r = err_set(e, ERR_NOMEM, "no memory for usage");
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_usage_total(struct db_tx *tx, const struct store_usage_query *q, struct total *ret,
		      struct err *e)
{
	return total_read(tx, TOTAL_OF(ROWS), DB_ARGS(ROWS_ARGS(q)), ret, e);
}
