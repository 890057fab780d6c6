#include "store/plan.h"

#include "store/scope.h"

const char *plan_tier_word(int tier)
{
	static const char *const words[] = {"Free", "Standard"};
	return tier >= 0 && tier <= PLAN_STANDARD ? words[tier] : NULL;
}

int store_plan_get(struct db_tx *tx, int64_t subscription_id, struct arena *a,
		   struct store_plan *ret, struct err *e)
{
	bool ok = true;
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT tier, trial_until, changed_at, changed_by FROM subscription_plan"
		     " WHERE subscription_id = $1",
		     DB_ARGS(DB_I(subscription_id)), e);
	if (!s)
		return -(int)e->code;
	*ret = (struct store_plan){.tier = PLAN_STANDARD};
	int r = db_step(s, e);
	if (r > 0)
		*ret = (struct store_plan){.tier = db_int(s, 0) == PLAN_FREE ? PLAN_FREE
									     : PLAN_STANDARD,
					   .trial_until = db_int(s, 1),
					   .changed_at = db_int(s, 2),
					   .changed_by = arena_bytes(a, db_bytes(s, 3), &ok)};
	db_done(s);
	if (!ok)
		return err_set(e, ERR_NOMEM, "no memory for a plan");
	return r < 0 ? r : 0;
}

int store_plan_put(struct db_tx *tx, int64_t subscription_id, enum plan_tier tier, struct bytes by,
		   int64_t now_ms, struct err *e)
{
	struct store_plan before = {.tier = PLAN_STANDARD};
	struct arena a;
	arena_init(&a, 4096);
	int r = store_plan_get(tx, subscription_id, &a, &before, e);
	arena_free(&a);
	if (r < 0 || (before.changed_at && before.tier == tier))
		return r;
	int64_t trial = before.trial_until;
	if (!trial && tier == PLAN_STANDARD)
		trial = now_ms + PLAN_TRIAL_MS;
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO subscription_plan(subscription_id, tier, trial_until, changed_at,"
	    " changed_by) VALUES($1, $2, $3, $4, $5) ON CONFLICT(subscription_id) DO UPDATE"
	    " SET tier = excluded.tier, trial_until = excluded.trial_until,"
	    " changed_at = excluded.changed_at, changed_by = excluded.changed_by",
	    DB_ARGS(DB_I(subscription_id), DB_I(tier), DB_I(trial), DB_I(now_ms), DB_T(by)), e);
	return n < 0 ? (int)n : 1;
}

int store_plan_is_on(struct db_tx *tx, int64_t scope_id, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT CASE WHEN " STORE_PLAN_OFF("$1") " THEN 1 ELSE 0 END",
		     DB_ARGS(DB_I(scope_id)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	bool off = r > 0 && db_int(s, 0) > 0;
	db_done(s);
	return r < 0 ? r : !off;
}
