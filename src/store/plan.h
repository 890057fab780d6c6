/* plan: the defender switched on (Standard) or off (Free) for a subscription, which holds for all
 * registries in it, present and future. A subscription without a row is Standard: what was never
 * switched off is assessed. */
#pragma once
#include "base/arena.h"
#include "db/db.h"

/* As they are kept. */
enum plan_tier { PLAN_FREE, PLAN_STANDARD };
#define PLAN_TRIAL_MS (30 * INT64_C(86400000)) /* after a subscription's first Standard */

struct store_plan {
	enum plan_tier tier;
	int64_t trial_until, changed_at; /* wall ms; 0 = never */
	struct bytes changed_by;	 /* a user's name; empty = never changed */
};

/* "Free", "Standard" by enum plan_tier; NULL past them. */
const char *plan_tier_word(int tier);
int store_plan_get(struct db_tx *tx, int64_t subscription_id, struct arena *a,
		   struct store_plan *ret, struct err *e);
/* trial_until is set by the first Standard and never moved. 1 = changed, 0 = it was so already. */
int store_plan_put(struct db_tx *tx, int64_t subscription_id, enum plan_tier tier, struct bytes by,
		   int64_t now_ms, struct err *e);
/* In SQL: the plan of the subscription that holds the scope is off. */
#define STORE_PLAN_OFF(scope_id)                                                                   \
	"EXISTS (SELECT 1 FROM scope_up pu JOIN subscription_plan pp ON pp.subscription_id ="      \
	" pu.ancestor_id WHERE pu.scope_id = " scope_id " AND pp.tier = 0)"
/* It is on: 1, 0, <0. */
int store_plan_is_on(struct db_tx *tx, int64_t scope_id, struct err *e);
