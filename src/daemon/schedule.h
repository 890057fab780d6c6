/* schedule: what the server does by the clock: fetch feeds and switch generations. One thread. */
#pragma once
#include "base/err.h"
#include "daemon/config.h"

struct schedule;
struct engine;
struct pool;

struct schedule *schedule_start(const struct config *c, struct engine *engine, struct pool *pool,
				struct err *e);
/* Fetch the feeds now rather than at the next turn. Returns at once. */
void schedule_update_now(struct schedule *s);
/* What is under way ends early; returns at once. NULL accepted. */
void schedule_stop_soon(struct schedule *s);
/* And waits for it. NULL accepted. */
void schedule_stop(struct schedule *s);
