/* score: the secure score of subscriptions. A control's score is
 *   points / (healthy + unhealthy) * healthy
 * over its registries; those that are NotApplicable are outside of it. A subscription's percentage
 * is the sum of its controls' scores by the sum of their points; that of several is weighted by
 * their number of registries. Spec: Azure Security Center, "secure score" of 2020. */
#pragma once
#include "defend/assessment.h"
#include "store/score.h"

struct score {
	int64_t subscription_id;
	struct bytes subscription; /* empty: of all together */
	uint64_t healthy, unhealthy, not_applicable;
	double current, max; /* points; max 0: nothing to be scored */
	double percentage;   /* 0 to 100; < 0: nothing to be scored */
	double increase;     /* points that remediating every registry would add */
};
struct scores {
	struct score *items; /* by name of the subscription; those that have registries */
	size_t count;
};

/* From the numbers of registries. */
void score_settle(struct score *s);
/* Of visible registries below a scope (0 = anywhere), each subscription and all together. */
struct score_query {
	int64_t below;
	struct visibility visible;
	int64_t now_ms;
};
int score_of(struct db_tx *tx, const struct score_query *q, struct arena *a, struct scores *ret,
	     struct score *ret_all, struct err *e);
/* What one more healthy registry adds to the control of a subscription, points. */
double score_step(const struct score *s);
/* Keep today's row of every subscription, and forget what is older than SCORE_DAYS_KEPT. */
int score_record(struct db_tx *tx, int64_t now_ms, struct err *e);
