/* announce: what a switch of generations brings that notifications may be sent for, kept with the
 * notice of the switch: only C reads it. */
#pragma once
#include "base/arena.h"
#include "db/db.h"
#include "ledger/rescore.h"

enum announce_why {
	ANNOUNCE_MATCH,	   /* a package has the check that had it not; with: the package */
	ANNOUNCE_KEV,	   /* the check entered CISA KEV */
	ANNOUNCE_SEVERITY, /* its severity rose; with: from which */
};
struct announce_pair {
	uint64_t check;
	enum announce_why why;
	int64_t with;
};
struct announced {
	struct announce_pair *pairs; /* the gravest checks first; a check's are together */
	size_t pair_count;
	bool cut;	 /* there were more than are kept */
	int64_t *images; /* that became Unhealthy, then those that are healthy again */
	size_t unhealthy, healthy;
};
#define ANNOUNCE_PAIRS_MAX 200000U
#define ANNOUNCE_IMAGES_MAX 200000U

/* Before the switch is made visible. Empty: no notification is sent for it; that is all that is
 * asked then. */
int announce_switch(const struct rescore *r, struct buf *out, struct err *e);
/* ERR_DAMAGED. */
int announce_parse(struct bytes kept, struct arena *a, struct announced *ret, struct err *e);
