/* compose_findings: what of findings a notification asks for, and how messages show them. */
#pragma once
#include "ledger/findings.h"
#include "notify/notify_impl.h"

#define NOTIFY_NAMED_MAX 20U /* findings of an image, images of a check, that a message names */

/* This severity or a worse one; what nobody rated counts as Medium. */
bool notify_severity_fits(int severity, int severity_min);

struct notify_sums {
	uint64_t by[ADV_SEV_CRITICAL + 1];
	uint64_t count, kev, patchable;
};
void notify_sums_add(struct notify_sums *s, const struct match_check *c, bool patchable);
/* As members: "count", "by_severity", "kev", "patchable". */
void notify_put_sums(struct notify_message *m, const struct notify_sums *s);
/* "3 critical, 9 high"; in a. NULL without memory. */
const char *notify_sums_text(const struct notify_sums *s, struct arena *a);
/* Members about the check, in the object that is open. */
void notify_put_check(struct notify_message *m, const struct match_check *c);
