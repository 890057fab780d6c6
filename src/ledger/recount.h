/* recount: rules that changed, expired, or were given another tag to look at come into effect: each
 * image at and below the scopes that are due gets the policy that the rules come to now, those that
 * got another one are counted again beside what readers see, and one row makes all of it visible
 * (docs/decisions/rules.md). A crash in the middle leaves the scopes due. */
#pragma once
#include "ledger/generation.h"

struct recount_result {
	uint64_t looked_at, images; /* whose policy was worked out; that were counted again */
	int64_t took_us;
};
/* 1 = something was due and is in effect now, 0 = nothing was due. No scan may commit meanwhile,
 * and no switch run. run as for generation_switch; NULL: none. */
int recount_due(struct db *db, const struct generation_run *run, struct recount_result *ret,
		struct err *e);
/* Whether something is due: 1/0. */
int recount_is_due(struct db_tx *tx, struct err *e);
