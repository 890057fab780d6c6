/* rescore_lists (rsl_): what a switch of generations keeps in memory: lists of checks by id, and
 * lists of ids. */
#pragma once
#include "base/buf.h"
#include "store/rescore.h"

#define RSC_IDS_MAX ((size_t)2 << 30)
#define RSL_CACHE_MAX                                                                              \
	((size_t)24 << 20) /* bytes of checks of packages and sets kept in memory: those of 1,000  \
			      systems and half of 60,000 applications */

void rsc_ids_add(struct rsc_ids *l, int64_t id);
int rsc_ids_settle(struct rsc_ids *l, struct err *e);
/* Add the first column of all rows. */
int rsc_ids_collect(struct db_tx *tx, const char *text, const struct db_value *args, size_t count,
		    struct rsc_ids *out, struct err *e);

/* Lists of checks in their kept form by the id of a package or set. max: bytes of all lists. NULL:
 * no memory. */
struct rsc_lists *rsl_open(size_t max);
void rsl_close(struct rsc_lists *l);
void rsl_clear(struct rsc_lists *l);
/* *ret borrows from l, until the next rsl_put. */
bool rsl_find(const struct rsc_lists *l, int64_t key, struct bytes *ret);
bool rsl_put(struct rsc_lists *l, int64_t key, struct bytes checks);
/* Put into a cache, which forgets everything when it is full. */
int rsl_cache(struct rsc_lists *l, int64_t key, struct bytes checks, struct err *e);

/* Keep a step's results in a write transaction, and let those go first who waited meanwhile. */
int rsc_keep(struct rescore *r, db_fn fn, void *arg, struct err *e);
