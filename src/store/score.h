/* score: how many registries of a subscription were healthy, day by day. */
#pragma once
#include "base/arena.h"
#include "store/total.h"

#define SCORE_DAY_MS INT64_C(86400000)
#define SCORE_DAYS_KEPT 400 /* days of history: a year to compare with */

struct store_score {
	int64_t subscription_id, day; /* days since 1970, UTC */
	uint64_t healthy, unhealthy, not_applicable;
};
struct store_scores {
	struct store_score *items;
	size_t count;
};
/* The day's row; what it had is replaced. */
int store_score_put(struct db_tx *tx, const struct store_score *rows, size_t count, struct err *e);
/* Rows of these subscriptions from a day on, by day and subscription: those after a row, up to n.
 */
struct store_score_query {
	const int64_t *subscriptions;
	size_t count;
	int64_t from_day, after_day, after_subscription; /* after_day 0: from the first */
	size_t n;
};
/* How many there are in all, whatever after_day and n. */
int store_score_total(struct db_tx *tx, const struct store_score_query *q, struct total *ret,
		      struct err *e);
int store_score_list(struct db_tx *tx, const struct store_score_query *q, struct arena *a,
		     struct store_scores *ret, struct err *e);
/* Days before that one. */
int store_score_forget(struct db_tx *tx, int64_t before_day, struct err *e);
