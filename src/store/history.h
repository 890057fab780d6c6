/* history (hst_): what is kept of the past. Events go when every consumer has taken them and they are old, or more than HST_EVENTS_MAX; scans that ended go when they
 * are old and a newer one of their image has ended. In short transactions, between which other writers go first. */
#pragma once
#include "base/err.h"

#include <stdint.h>

struct db;
#define HST_KEEP_MS (INT64_C(90) * 86400000)
#define HST_EVENTS_MAX 1000000 /* newest events that are kept however old; those beyond go however young: some 400 MB */

struct hst_rules {
	int64_t before_ms;  /* what is older may go */
	int64_t events_max; /* newest events that stay in any case of number */
};
struct hst_result {
	int64_t events, scans; /* removed */
};
/* ret says what went even when it fails half-way. */
int hst_prune(struct db *db, const struct hst_rules *rules, struct hst_result *ret, struct err *e);
