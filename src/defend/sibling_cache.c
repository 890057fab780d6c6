#include "defend/sibling_cache.h"

#include "base/clock.h"
#include "store/registries.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ABOUTS (RECOMMENDATION_OF_SECRETS + 1)

/* Of one registry; ascending by its number. */
struct kept {
	int64_t registry, until_ms; /* of the steady clock */
	uint64_t healthy, unhealthy, unverified;
};
struct list {
	struct kept rows[STORE_REGISTRIES_MAX];
	size_t count;
	bool is_counted; /* by a thread, now */
};
struct sibling_cache {
	pthread_mutex_t lock;
	pthread_cond_t counted;
	struct list lists[ABOUTS];
};

struct sibling_cache *sibling_cache_open(void)
{
	struct sibling_cache *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->counted, NULL);
	return c;
}

void sibling_cache_close(struct sibling_cache *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->counted);
	free(c);
}

static struct kept *find(struct list *l, int64_t registry)
{
	size_t low = 0, high = l->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (l->rows[middle].registry < registry)
			low = middle + 1;
		else
			high = middle;
	}
	return &l->rows[low];
}

static bool is_there(const struct list *l, const struct kept *k, int64_t registry)
{
	return k < l->rows + l->count && k->registry == registry;
}

/* All registries of the question from what is kept; old: also what is kept too long. Images that
 * are gone since make it useless. */
static bool use(struct list *l, const struct sibling_query *q, bool old,
		struct repository_total *ret)
{
	int64_t now = clock_steady_ms();
	for (size_t i = 0; i < q->count; i++) {
		const struct kept *k = find(l, q->registries[i]);
		if (!is_there(l, k, q->registries[i]) || (!old && k->until_ms <= now) ||
		    k->healthy + k->unhealthy + k->unverified > ret[i].images)
			return false;
	}
	for (size_t i = 0; i < q->count; i++) {
		const struct kept *k = find(l, q->registries[i]);
		ret[i].healthy = k->healthy;
		ret[i].unhealthy = k->unhealthy;
		ret[i].unverified = k->unverified;
		ret[i].counts = (struct image_counts){.disabled = 0};
	}
	return true;
}

static void keep(struct list *l, const struct sibling_query *q, const struct repository_total *now,
		 int64_t for_ms)
{
	for (size_t i = 0; i < q->count; i++) {
		struct kept *k = find(l, q->registries[i]);
		if (!is_there(l, k, q->registries[i])) {
			if (l->count == STORE_REGISTRIES_MAX)
				l->count = 0; /* of registries that are gone */
			k = find(l, q->registries[i]);
			memmove(k + 1, k, (size_t)(l->rows + l->count++ - k) * sizeof *k);
		}
		*k = (struct kept){.registry = q->registries[i],
				   .until_ms = clock_steady_ms() + for_ms,
				   .healthy = now[i].healthy,
				   .unhealthy = now[i].unhealthy,
				   .unverified = now[i].unverified};
	}
}

int sibling_totals_kept(struct sibling_cache *c, struct db_tx *tx, const struct sibling_query *q,
			struct arena *a, struct repository_total *ret, struct err *e)
{
	if (!c || q->about == RECOMMENDATION_OF_FINDINGS || q->count > STORE_REGISTRIES_MAX)
		return sibling_totals(tx, q, a, ret, e);
	struct list *l = &c->lists[q->about];
	pthread_mutex_lock(&c->lock);
	bool used = use(l, q, false, ret);
	while (!used && l->is_counted && !(used = use(l, q, true, ret))) {
		pthread_cond_wait(&c->counted, &c->lock);
		used = use(l, q, false, ret);
	}
	l->is_counted = l->is_counted || !used;
	pthread_mutex_unlock(&c->lock);
	if (used)
		return 0;
	int64_t from = clock_mono_us();
	int r = sibling_totals(tx, q, a, ret, e);
	int64_t took = clock_mono_us() - from;
	int64_t for_ms = took * SIBLING_KEPT_TIMES / 1000;
	pthread_mutex_lock(&c->lock);
	if (r == 0 && took >= SIBLING_SLOW_US)
		keep(l, q, ret, for_ms < SIBLING_KEPT_MAX_MS ? for_ms : SIBLING_KEPT_MAX_MS);
	l->is_counted = false;
	pthread_cond_broadcast(&c->counted);
	pthread_mutex_unlock(&c->lock);
	return r;
}
