/* recommendation_off (store_recommendation_): recommendations that a subscription does not want.
 * One without a row is on. */
#pragma once
#include "base/arena.h"
#include "db/db.h"

struct store_recommendation_off {
	int64_t subscription_id;
	struct bytes key; /* of the recommendation */
	struct bytes by;  /* a user's name */
	int64_t at;
};
struct store_recommendation_offs {
	struct store_recommendation_off *items;
	size_t count;
};
/* By subscription. */
int store_recommendation_offs(struct db_tx *tx, struct bytes key, struct arena *a,
			      struct store_recommendation_offs *ret, struct err *e);
/* Of a subscription, by key. */
int store_recommendation_offs_of(struct db_tx *tx, int64_t subscription_id, struct arena *a,
				 struct store_recommendation_offs *ret, struct err *e);
/* Off, or on again: 1 = changed, 0 = it was so already. */
int store_recommendation_off_put(struct db_tx *tx, const struct store_recommendation_off *x,
				 bool off, struct err *e);
