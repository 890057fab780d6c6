#include "defend/score.h"

#include <stdlib.h>

void score_settle(struct score *s)
{
	uint64_t n = s->healthy + s->unhealthy;
	s->max = s->current = 0;
	for (size_t i = 0; n && i < recommendation_count; i++) {
		s->max += recommendation_table[i].points;
		s->current +=
		    (double)recommendation_table[i].points * (double)s->healthy / (double)n;
	}
	s->percentage = s->max > 0 ? 100 * s->current / s->max : -1;
	s->increase = s->max - s->current;
}

double score_step(const struct score *s)
{
	uint64_t n = s->healthy + s->unhealthy;
	return n ? s->max / (double)n : 0;
}

static struct score *score_find(struct scores *all, const struct assessment *as, struct arena *a,
				size_t *cap)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].subscription_id == as->subscription_id)
			return &all->items[i];
	all->items = arena_grow(a, all->items, all->count, cap, sizeof *all->items);
	if (!all->items)
		return NULL;
	struct score *s = &all->items[all->count++];
	*s = (struct score){.subscription_id = as->subscription_id,
			    .subscription = as->subscription};
	return s;
}

static void count(struct score *s, enum assessment_state state)
{
	s->healthy += state == ASSESSMENT_HEALTHY;
	s->unhealthy += state == ASSESSMENT_UNHEALTHY;
	s->not_applicable += state == ASSESSMENT_NOT_APPLICABLE;
}

static int by_name(const void *a, const void *b)
{
	const struct score *x = a, *y = b;
	return bytes_cmp(x->subscription, y->subscription);
}

/* Count a page of registries. */
static int page_add(const struct assessments *page, struct scores *ret, size_t *cap,
		    struct score *ret_all, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < page->count; i++) {
		struct score *s = score_find(ret, &page->items[i], a, cap);
		if (!s)
			return err_set(e, ERR_NOMEM, "no memory for a score");
		count(s, page->items[i].state);
		count(ret_all, page->items[i].state);
	}
	return 0;
}

int score_of(struct db_tx *tx, const struct score_query *q, struct arena *a, struct scores *ret,
	     struct score *ret_all, struct err *e)
{
	size_t cap = 0;
	struct assessments page = {.more = true};
	struct assessment_query of = {.recommendation = RECOMMENDATION_IMAGES,
				      .below = q->below,
				      .n = 1000,
				      .visible = q->visible,
				      .now_ms = q->now_ms};
	*ret = (struct scores){0};
	*ret_all = (struct score){0};
	while (page.more) {
		if (assessment_list(tx, &of, a, &page, e) < 0 ||
		    page_add(&page, ret, &cap, ret_all, a, e) < 0)
			return -(int)e->code;
		if (page.count)
			of.after = page.items[page.count - 1].registry;
	}
	for (size_t i = 0; i < ret->count; i++)
		score_settle(&ret->items[i]);
	if (ret->count)
		qsort(ret->items, ret->count, sizeof *ret->items, by_name);
	score_settle(ret_all);
	return 0;
}

int score_record(struct db_tx *tx, int64_t now_ms, struct err *e)
{
	struct arena a;
	struct scores all;
	struct score whole;
	int64_t day = now_ms / SCORE_DAY_MS;
	arena_init(&a, 64U << 20);
	int r = score_of(tx, &(struct score_query){.visible = VISIBILITY_ALL, .now_ms = now_ms}, &a,
			 &all, &whole, e);
	for (size_t i = 0; i < all.count && r >= 0; i++) {
		const struct score *s = &all.items[i];
		r = store_score_put(tx,
				    &(struct store_score){.subscription_id = s->subscription_id,
							  .day = day,
							  .healthy = s->healthy,
							  .unhealthy = s->unhealthy,
							  .not_applicable = s->not_applicable},
				    1, e);
	}
	if (r >= 0)
		r = store_score_forget(tx, day - SCORE_DAYS_KEPT, e);
	arena_free(&a);
	return r < 0 ? r : 0;
}
