/* history (store_history_): what is kept of the past. Events go when every consumer has taken them
 * and they are old, or more than STORE_HISTORY_EVENTS_MAX; scans that ended go when they are old
 * and a newer one of their image has ended. In short transactions, between which other writers go
 * first. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct db;
#define STORE_HISTORY_KEEP_MS (INT64_C(90) * 86400000)
/* Newest events that are kept however old; those beyond go however young: some 400 MB. */
#define STORE_HISTORY_EVENTS_MAX 1000000

struct store_history_rules {
	int64_t before_ms;  /* what is older may go */
	int64_t events_max; /* newest events that stay in any case of number */
};
struct store_history_result {
	int64_t events, scans; /* removed */
};
/* ret says what went even when it fails half-way. */
int store_history_prune(struct db *db, const struct store_history_rules *rules,
			struct store_history_result *ret, struct err *e);

/* A clock that jumped would end what is young. Doubted are one that moved by more than
 * STORE_HISTORY_JUMP_MS against the monotonic clock since it was last asked, and, when it is first
 * asked, one that is so far ahead of the newest event that half of the time would be over. One that
 * goes evenly for STORE_HISTORY_DOUBT_MS is believed again. Zeroed at first. */
#define STORE_HISTORY_JUMP_MS INT64_C(3600000)
#define STORE_HISTORY_DOUBT_MS (INT64_C(24) * 3600000)
struct store_history_clock {
	bool asked, doubted; /* doubted: what the last question was answered */
	int64_t offset_ms;   /* wall - mono */
	int64_t until_ms;    /* mono */
};
/* newest_ms: of the newest event, 0 = none. False = nothing may be pruned. */
bool store_history_believes(struct store_history_clock *c, int64_t wall_ms, int64_t mono_ms,
			    int64_t newest_ms, int64_t keep_ms);
