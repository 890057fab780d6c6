/* checks (check_): the security checks of a set of packages in their kept form,
 * package_set.checks: ascending, for each a varint difference of ids and u8 severity, with
 * CHECK_PATCHABLE when a match of the check can be repaired by an update. Only C reads it. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define CHECK_PATCHABLE 0x80U

struct set_check {
	uint64_t id;
	uint8_t severity; /* enum adv_severity */
	bool patchable;
	bool disabled; /* by a rule: where an image's are counted (ledger/tally.h) */
};
/* ERR_DAMAGED: kept is damaged. */
int check_list_parse(struct bytes kept, struct arena *a, struct set_check **ret, size_t *ret_count,
		     struct err *e);

/* Checks of several sets or packages, each once: patchable where any of them is. Zeroed at first.
 */
struct check_union {
	struct set_check *items, *other; /* other: space for merging, as much as items */
	size_t count, cap;
};
void check_union_free(struct check_union *u);
void check_union_clear(struct check_union *u); /* memory is kept */
/* ERR_DAMAGED: kept is damaged. */
int check_union_add(struct check_union *u, struct bytes kept, struct err *e);
int check_union_add_one(struct check_union *u, struct set_check c, struct err *e);
/* items are ascending, each check once, until more are added. */
void check_union_settle(struct check_union *u);
/* Settles; by[enum adv_severity]. */
void check_union_count(struct check_union *u, uint64_t *by);
/* Settles; the kept form into out, which is cleared. */
int check_union_put(struct check_union *u, struct buf *out, struct err *e);
