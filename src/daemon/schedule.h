/* schedule: what the server does by the clock: fetch feeds and switch generations, collect garbage, expire uploads. One thread. */
#pragma once
#include "base/err.h"
#include "daemon/config.h"

struct schedule;
struct engine;
struct pool;
struct registry;

struct schedule *schedule_start(const struct config *c, struct engine *engine, struct pool *pool, struct registry *registry, struct err *e);
void schedule_stop(struct schedule *s); /* NULL accepted */
