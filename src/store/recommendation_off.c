#include "store/recommendation_off.h"

#define COLUMNS                                                                                    \
	"SELECT subscription_id, recommendation, changed_by, changed_at FROM recommendation_off"

static int read_rows(struct db_stmt *s, struct arena *a, struct store_recommendation_offs *ret,
		     struct err *e)
{
	size_t cap = 0;
	int r = s ? 1 : -(int)e->code;
	*ret = (struct store_recommendation_offs){0};
	while (r > 0 && (r = db_step(s, e)) > 0) {
		bool key, by;
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		if (!ret->items) {
			r = err_nomem(e);
			break;
		}
		ret->items[ret->count++] =
		    (struct store_recommendation_off){.subscription_id = db_int(s, 0),
						      .key = arena_bytes(a, db_bytes(s, 1), &key),
						      .by = arena_bytes(a, db_bytes(s, 2), &by),
						      .at = db_int(s, 3)};
		if (!key || !by)
			r = err_nomem(e);
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_recommendation_offs(struct db_tx *tx, struct bytes key, struct arena *a,
			      struct store_recommendation_offs *ret, struct err *e)
{
	return read_rows(db_query(tx, COLUMNS " WHERE recommendation = $1 ORDER BY subscription_id",
				  DB_ARGS(DB_T(key)), e),
			 a, ret, e);
}

int store_recommendation_offs_of(struct db_tx *tx, int64_t subscription_id, struct arena *a,
				 struct store_recommendation_offs *ret, struct err *e)
{
	return read_rows(db_query(tx, COLUMNS " WHERE subscription_id = $1 ORDER BY recommendation",
				  DB_ARGS(DB_I(subscription_id)), e),
			 a, ret, e);
}

int store_recommendation_off_put(struct db_tx *tx, const struct store_recommendation_off *x,
				 bool off, struct err *e)
{
	int64_t n =
	    off ? db_exec(tx,
			  "INSERT INTO recommendation_off(subscription_id, recommendation,"
			  " changed_by, changed_at) VALUES($1, $2, $3, $4)"
			  " ON CONFLICT(subscription_id, recommendation) DO NOTHING",
			  DB_ARGS(DB_I(x->subscription_id), DB_T(x->key), DB_T(x->by), DB_I(x->at)),
			  e)
		: db_exec(tx,
			  "DELETE FROM recommendation_off WHERE subscription_id = $1"
			  " AND recommendation = $2",
			  DB_ARGS(DB_I(x->subscription_id), DB_T(x->key)), e);
	return n < 0 ? (int)n : n > 0;
}
