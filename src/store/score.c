#include "store/score.h"

int store_score_put(struct db_tx *tx, const struct store_score *rows, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		int64_t n = db_exec(
		    tx,
		    "INSERT INTO score_day(subscription_id, day, healthy, unhealthy,"
		    " not_applicable) VALUES($1, $2, $3, $4, $5)"
		    " ON CONFLICT(subscription_id, day) DO UPDATE SET"
		    " healthy = excluded.healthy, unhealthy = excluded.unhealthy,"
		    " not_applicable = excluded.not_applicable",
		    DB_ARGS(DB_I(rows[i].subscription_id), DB_I(rows[i].day), DB_I(rows[i].healthy),
			    DB_I(rows[i].unhealthy), DB_I(rows[i].not_applicable)),
		    e);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

int store_score_total(struct db_tx *tx, const struct store_score_query *q, struct total *ret,
		      struct err *e)
{
	return total_read(tx, TOTAL_OF("score_day WHERE subscription_id {IN $1} AND day >= $2"),
			  DB_ARGS(DB_INTS(q->subscriptions, q->count), DB_I(q->from_day)), ret, e);
}

int store_score_list(struct db_tx *tx, const struct store_score_query *q, struct arena *a,
		     struct store_scores *ret, struct err *e)
{
	size_t cap = 0;
	*ret = (struct store_scores){0};
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT subscription_id, day, healthy, unhealthy, not_applicable FROM score_day"
	    " WHERE subscription_id {IN $1} AND day >= $2 AND (day > $3 OR"
	    " (day = $3 AND subscription_id > $4)) ORDER BY day, subscription_id LIMIT $5",
	    DB_ARGS(DB_INTS(q->subscriptions, q->count), DB_I(q->from_day), DB_I(q->after_day),
		    DB_I(q->after_subscription), DB_I(q->n)),
	    e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		if (!ret->items) {
			r = err_set(e, ERR_NOMEM, "no memory for the history of a score");
			break;
		}
		ret->items[ret->count++] =
		    (struct store_score){.subscription_id = db_int(s, 0),
					 .day = db_int(s, 1),
					 .healthy = (uint64_t)db_int(s, 2),
					 .unhealthy = (uint64_t)db_int(s, 3),
					 .not_applicable = (uint64_t)db_int(s, 4)};
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_score_forget(struct db_tx *tx, int64_t before_day, struct err *e)
{
	int64_t n =
	    db_exec(tx, "DELETE FROM score_day WHERE day < $1", DB_ARGS(DB_I(before_day)), e);
	return n < 0 ? (int)n : 0;
}
