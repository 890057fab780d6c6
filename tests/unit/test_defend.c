/* Plans, exemptions, the states of registries and the secure score. Expected scores are reckoned by
 * hand from points / (healthy + unhealthy) * healthy. */
#include "scratch.h"

#include "defend/score.h"
#include "ledger/images.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000)

static void judged(const struct assessment_facts *f, enum assessment_state state,
		   enum assessment_cause cause)
{
	struct arena a;
	struct err e = ERR_INIT;
	struct assessment as = {.subscription = BYTES_LIT("s")};
	arena_init(&a, 1U << 20);
	assert_int_equal(assessment_judge(f, &a, &as, &e), 0);
	assert_int_equal(as.state, state);
	assert_int_equal(as.cause, cause);
	/* NotApplicable has a reason always, other states none. */
	assert_int_equal(as.reason.len > 0, state == ASSESSMENT_NOT_APPLICABLE);
	arena_free(&a);
}

/* Whatever could not be assessed is not healthy; findings outweigh what is not known. */
static void test_judge(void **state)
{
	(void)state;
	const struct store_exemption waiver = {.category = EXEMPTION_WAIVER,
					       .name = BYTES_LIT("accepted")};
#define F(i, h, u, v, ...)                                                                         \
	&(const struct assessment_facts){                                                          \
	    .total = {.images = (i), .healthy = (h), .unhealthy = (u), .unverified = (v)},         \
	    __VA_ARGS__}
	judged(F(2, 2, 0, 0, .plan_off = false), ASSESSMENT_HEALTHY, ASSESSMENT_NO_CAUSE);
	judged(F(2, 1, 1, 0, .plan_off = false), ASSESSMENT_UNHEALTHY, ASSESSMENT_NO_CAUSE);
	judged(F(3, 0, 1, 1, .plan_off = false), ASSESSMENT_UNHEALTHY, ASSESSMENT_NO_CAUSE);
	judged(F(2, 1, 0, 1, .plan_off = false), ASSESSMENT_NOT_APPLICABLE,
	       ASSESSMENT_NOT_ASSESSED);
	judged(F(2, 1, 0, 0, .plan_off = false), ASSESSMENT_NOT_APPLICABLE,
	       ASSESSMENT_NOT_ASSESSED);
	judged(F(0, 0, 0, 0, .plan_off = false), ASSESSMENT_NOT_APPLICABLE, ASSESSMENT_NO_IMAGES);
	judged(F(2, 1, 1, 0, .plan_off = true), ASSESSMENT_NOT_APPLICABLE, ASSESSMENT_PLAN_OFF);
	judged(F(2, 1, 1, 0, .exemption = &waiver), ASSESSMENT_NOT_APPLICABLE, ASSESSMENT_EXEMPT);
}

static void score_is(uint64_t healthy, uint64_t unhealthy, double current, double percentage,
		     double step)
{
	struct score s = {.healthy = healthy, .unhealthy = unhealthy, .not_applicable = 7};
	score_settle(&s);
	assert_true(s.current - current < 0.001 && current - s.current < 0.001);
	assert_true(s.percentage - percentage < 0.01 && percentage - s.percentage < 0.01);
	assert_true(score_step(&s) - step < 0.001 && step - score_step(&s) < 0.001);
}

static void test_score(void **state)
{
	(void)state;
	score_is(4, 74, 0.3077, 5.128, 0.0769); /* 6 / 78 * 4 */
	score_is(3, 0, 6, 100, 2);
	score_is(0, 3, 0, 0, 2);
	score_is(0, 0, 0, -1, 0); /* nothing to be scored is not 0 % */
}

struct place {
	char folder[64], file[96];
	struct db *db;
	int64_t subscriptions[2], registries[3];
};

static int64_t scope(struct db_tx *tx, int64_t parent, enum store_scope_kind kind, const char *name)
{
	struct err e = ERR_INIT;
	int64_t id = store_scope_add(
	    tx, &(struct store_scope){.parent_id = parent, .kind = kind, .name = bytes_of(name)},
	    &e);
	assert_true(id > 0);
	return id;
}

/* A second subscription with two registries beside the default one. */
static int tree_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct place *p = arg;
	struct arena a;
	struct store_scope s;
	arena_init(&a, 1U << 20);
	p->registries[0] = store_scope_default(tx, e);
	assert_int_equal(
	    store_scope_above(tx, p->registries[0], STORE_SCOPE_SUBSCRIPTION, &a, &s, e), 1);
	p->subscriptions[0] = s.id;
	assert_int_equal(store_scope_above(tx, s.id, STORE_SCOPE_ROOT, &a, &s, e), 1);
	p->subscriptions[1] = scope(tx, s.id, STORE_SCOPE_SUBSCRIPTION, "edge");
	int64_t group = scope(tx, p->subscriptions[1], STORE_SCOPE_RESOURCE_GROUP, "g");
	p->registries[1] = scope(tx, group, STORE_SCOPE_REGISTRY, "edge1");
	p->registries[2] = scope(tx, group, STORE_SCOPE_REGISTRY, "edge2");
	arena_free(&a);
	return 0;
}

static int set_up(void **state)
{
	static struct place p;
	struct err e = ERR_INIT;
	scratch_folder(p.folder, "defend");
	snprintf(p.file, sizeof p.file, "%s/plimsoll.db", p.folder);
	p.db = store_open(p.file, &e);
	*state = &p;
	return p.db ? db_run(p.db, DB_WRITE, tree_tx, &p, &e) : -1;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	db_close(p->db);
	scratch_remove(p->folder);
	return 0;
}

static int plan_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct place *p = arg;
	struct arena a;
	struct store_plan plan;
	struct bytes by = BYTES_LIT("ann");
	int64_t s = p->subscriptions[1];
	arena_init(&a, 1U << 20);
	/* What was never switched is on, without a trial. */
	assert_int_equal(store_plan_get(tx, s, &a, &plan, e), 0);
	assert_int_equal(plan.tier, PLAN_STANDARD);
	assert_int_equal(plan.trial_until, 0);
	assert_int_equal(store_plan_is_on(tx, p->registries[1], e), 1);
	/* Off holds for every registry of it, and for no other. */
	assert_int_equal(store_plan_put(tx, s, PLAN_FREE, by, NOW, e), 1);
	assert_int_equal(store_plan_put(tx, s, PLAN_FREE, by, NOW + 1, e), 0);
	assert_int_equal(store_plan_is_on(tx, p->registries[1], e), 0);
	assert_int_equal(store_plan_is_on(tx, p->registries[2], e), 0);
	assert_int_equal(store_plan_is_on(tx, p->registries[0], e), 1);
	/* 30 days of trial from the first time on, once. */
	assert_int_equal(store_plan_put(tx, s, PLAN_STANDARD, by, NOW, e), 1);
	assert_int_equal(store_plan_put(tx, s, PLAN_FREE, by, NOW + 5, e), 1);
	assert_int_equal(store_plan_put(tx, s, PLAN_STANDARD, by, NOW + 9, e), 1);
	assert_int_equal(store_plan_get(tx, s, &a, &plan, e), 0);
	assert_int_equal(plan.trial_until, NOW + INT64_C(30) * 24 * 3600 * 1000);
	assert_int_equal(plan.changed_at, NOW + 9);
	assert_true(bytes_eq(plan.changed_by, by));
	arena_free(&a);
	return 0;
}

static void test_plan(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	assert_int_equal(db_run(p->db, DB_WRITE, plan_tx, p, &e), 0);
}

static struct assessments list(struct db_tx *tx, struct arena *a, int64_t now, size_t n,
			       const char *after, struct visibility v)
{
	struct err e = ERR_INIT;
	struct assessments got;
	struct assessment_query q = {.recommendation = RECOMMENDATION_IMAGES,
				     .after = bytes_of(after),
				     .n = n,
				     .visible = v,
				     .now_ms = now};
	assert_int_equal(assessment_list(tx, &q, a, &got, &e), 0);
	return got;
}

static int exempt_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct place *p = arg;
	struct arena a;
	struct assessments got;
	struct store_exemption x = {.scope_id = p->subscriptions[1],
				    .recommendation = bytes_of(RECOMMENDATION_IMAGES->key),
				    .name = BYTES_LIT("wide"),
				    .category = EXEMPTION_MITIGATED,
				    .expires_at = NOW + 1000};
	arena_init(&a, 1U << 20);
	int64_t id = store_exemption_add(tx, &x, e);
	assert_true(id > 0);
	x.scope_id = p->registries[2];
	x.name = BYTES_LIT("near");
	x.category = EXEMPTION_WAIVER;
	x.expires_at = 0;
	assert_true(store_exemption_add(tx, &x, e) > 0);
	assert_int_equal(store_exemption_add(tx, &x, e), -ERR_CONFLICT);
	*e = (struct err)ERR_INIT;
	/* By name: edge1, edge2, local. The nearest exemption is the one that is shown. */
	got = list(tx, &a, NOW, 10, "", VISIBILITY_ALL);
	assert_int_equal(got.count, 3);
	assert_int_equal(got.items[0].cause, ASSESSMENT_EXEMPT);
	assert_true(bytes_eq_lit(got.items[0].exemption->name, "wide"));
	assert_int_equal(got.items[1].cause, ASSESSMENT_EXEMPT);
	assert_true(bytes_eq_lit(got.items[1].exemption->name, "near"));
	assert_int_equal(got.items[2].cause, ASSESSMENT_NO_IMAGES);
	/* At its expiry it is kept and not honoured. */
	got = list(tx, &a, NOW + 1000, 10, "", VISIBILITY_ALL);
	assert_int_equal(got.items[0].cause, ASSESSMENT_NO_IMAGES);
	assert_int_equal(got.items[1].cause, ASSESSMENT_EXEMPT);
	assert_int_equal(store_exemption_get(tx, id, &VISIBILITY_ALL, &a, &x, e), 1);
	/* Pages, and who sees one subscription only. */
	got = list(tx, &a, NOW, 1, "edge1", VISIBILITY_ALL);
	assert_true(got.count == 1 && got.more);
	assert_true(bytes_eq_lit(got.items[0].registry, "edge2"));
	struct visibility one = {.scopes = &p->subscriptions[0], .count = 1};
	got = list(tx, &a, NOW, 10, "", one);
	assert_int_equal(got.count, 1);
	assert_true(bytes_eq_lit(got.items[0].registry, "local"));
	assert_int_equal(store_exemption_get(tx, id, &one, &a, &x, e), 0);
	struct store_exemptions all;
	assert_int_equal(store_exemption_list(tx, 0, 10, &one, &a, &all, e), 0);
	assert_int_equal(all.count, 0);
	assert_int_equal(store_exemption_list(tx, 0, 1, &VISIBILITY_ALL, &a, &all, e), 0);
	assert_true(all.count == 1 && all.more);
	assert_int_equal(store_exemption_delete(tx, id, e), 1);
	assert_int_equal(store_exemption_delete(tx, id, e), 0);
	arena_free(&a);
	return 0;
}

static void test_exemption(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	assert_int_equal(db_run(p->db, DB_WRITE, exempt_tx, p, &e), 0);
}

static int history_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct place *p = arg;
	struct arena a;
	struct store_scores got;
	arena_init(&a, 1U << 20);
	int64_t day = NOW / SCORE_DAY_MS;
	assert_int_equal(score_record(tx, NOW, e), 0);
	assert_int_equal(score_record(tx, NOW + 1, e), 0); /* the same day: the same row */
	struct store_score_query q = {
	    .subscriptions = p->subscriptions, .count = 2, .from_day = day, .n = 10};
	assert_int_equal(store_score_list(tx, &q, &a, &got, e), 0);
	assert_int_equal(got.count, 2);
	/* Registries without images, or exempt: none is scored. */
	assert_int_equal(got.items[0].not_applicable + got.items[1].not_applicable, 3);
	assert_int_equal(score_record(tx, NOW + 401 * SCORE_DAY_MS, e), 0);
	q.from_day = 0;
	assert_int_equal(store_score_list(tx, &q, &a, &got, e), 0);
	assert_int_equal(got.count, 2); /* what is older than the history is gone */
	assert_int_equal(got.items[0].day, day + 401);
	q.after_day = day + 401;
	q.after_subscription = got.items[0].subscription_id;
	assert_int_equal(store_score_list(tx, &q, &a, &got, e), 0);
	assert_int_equal(got.count, 1);
	arena_free(&a);
	return 0;
}

static void test_history(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	assert_int_equal(db_run(p->db, DB_WRITE, history_tx, p, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_judge),
	    cmocka_unit_test(test_score),
	    cmocka_unit_test_setup_teardown(test_plan, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_exemption, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_history, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
