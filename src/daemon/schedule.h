/* schedule: the server's periodic work: fetching feeds, or a database, and switching generations.
 * One thread. */
#pragma once
#include "base/err.h"
#include "daemon/config.h"

struct schedule;
struct engine;
struct pool;
struct vdb_keys;

/* keys: whose signature a database that is fetched needs. All stays the caller's. */
struct schedule *schedule_start(const struct config *c, struct engine *engine, struct pool *pool,
				const struct vdb_keys *keys, struct err *e);
/* Fetch the feeds now instead of at the next scheduled time. Returns immediately. */
void schedule_update_now(struct schedule *s);
/* Cancel running work; returns immediately. NULL accepted. */
void schedule_stop_soon(struct schedule *s);
/* Cancel running work and wait for it to end. NULL accepted. */
void schedule_stop(struct schedule *s);
