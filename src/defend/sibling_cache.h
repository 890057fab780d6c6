/* sibling_cache: what sibling_totals took long to find out, kept for a while. Over many images the
 * recommendations about images would be counted anew by every look at a page; they change slowly,
 * so where counting takes time its result is used for some time. Thread-safe. */
#pragma once
#include "defend/sibling.h"

struct sibling_cache;
/* NULL: no memory. */
struct sibling_cache *sibling_cache_open(void);
void sibling_cache_close(struct sibling_cache *c); /* NULL accepted */

/* What took at least so long is kept SIBLING_KEPT_TIMES that time, at most SIBLING_KEPT_MAX_MS;
 * what is quickly counted is always counted. */
#define SIBLING_SLOW_US 50000
#define SIBLING_KEPT_TIMES 60
#define SIBLING_KEPT_MAX_MS 60000

/* As sibling_totals. c: NULL = nothing is kept. While one thread counts anew, others get what is
 * kept. */
int sibling_totals_kept(struct sibling_cache *c, struct db_tx *tx, const struct sibling_query *q,
			struct arena *a, struct repository_total *ret, struct err *e);
