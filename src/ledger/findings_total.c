/* How many findings a list has, without reading them. Where severities alone are asked for, the
 * kept sums say it; a list over few images is counted in memory; of many images each batch of
 * checks is bounded from below first, by the largest set of each check, so that a long list costs
 * little. */
#include "ledger/findings_impl.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 64U	  /* checks that are counted together */
#define KNOWN_BATCH 1024U /* the same, where all places are known */
#define CHECKS_STEP 1024U /* checks that are read together, when all are gone through */
#define CHECKS_FIRST 64U  /* at first: most long lists pass TOTAL_MAX there */
#define FILLED_MAX 2000U  /* findings that are filled in to decide */
#define FILLED_STEP 500U  /* of them at once */
#define QUESTIONS_MAX 24U /* of a count */
#define STEP_MEMORY ((size_t)64 << 20)
#define COUNTED_MAX 32768U /* sets of images that are looked at together */

struct counting {
	struct listing *l;
	uint64_t count;
	struct pair *pairs; /* to be filled in together */
	size_t pair_count, filled;
	bool by_check;	/* the check alone decides */
	bool by_policy; /* and the policies of images */
	struct listing_policies policies;
	bool whole;
};

static bool is_over(const struct counting *c)
{
	return c->count > TOTAL_MAX || !c->whole;
}

/* Those that are disabled are not kept by severity. */
bool listing_is_of_sums(const struct finding_query *q)
{
	const struct criteria *c = q->criteria;
	if (q->shown != FINDING_SHOW_ACTIVE && memchr(c->severities, 1, sizeof c->severities))
		return false;
	struct criteria rest = *c;
	rest.repositories = (struct criteria_texts){.count = 0};
	memset(rest.severities, 0, sizeof rest.severities);
	return !c->any && criteria_is_empty(&rest);
}

/* Nothing but the check and what narrows the images is asked for. */
static bool is_of_check(const struct criteria *c)
{
	struct criteria rest = {.patchable = c->patchable,
				.fixed = c->fixed,
				.packages = c->packages,
				.tags = c->tags,
				.os = c->os,
				.age_min = c->age_min,
				.age_below = c->age_below};
	memcpy(rest.statuses, c->statuses, sizeof rest.statuses);
	return !c->any && criteria_is_empty(&rest);
}

#define SUMS(from)                                                                                 \
	"SELECT sum(unknown), sum(negligible), sum(low), sum(medium), sum(high), sum(critical),"   \
	" sum(disabled) FROM " from
_Static_assert(ADV_SEV_UNKNOWN == 0 && ADV_SEV_NEGLIGIBLE == 1 && ADV_SEV_LOW == 2 &&
		   ADV_SEV_MEDIUM == 3 && ADV_SEV_HIGH == 4 && ADV_SEV_CRITICAL == 5,
	       "the order of the columns");

static int total_of_sums(struct listing *l, struct total *ret, struct err *e)
{
	const bool *wanted = l->q->criteria->severities;
	bool any = !memchr(wanted, 1, ADV_SEV_CRITICAL + 1);
	uint64_t sum = 0;
	const struct db_value ids = DB_INTS(l->repositories, l->repository_count);
	struct db_stmt *s =
	    l->narrowed ? listing_ask(l, SUMS("repository_seen WHERE id {IN $1}"), &ids, 1, e)
			: listing_ask(l, SUMS("repository_seen"), NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	for (int i = 0; r > 0 && i <= ADV_SEV_CRITICAL; i++)
		if (l->q->shown != FINDING_SHOW_DISABLED && (any || wanted[i]))
			sum += (uint64_t)db_int(s, i);
	if (r > 0 && l->q->shown != FINDING_SHOW_ACTIVE)
		sum += (uint64_t)db_int(s, ADV_SEV_CRITICAL + 1);
	db_done(s);
	*ret = total_of(sum, true);
	return r < 0 ? r : 0;
}

static int count_filled(void *arg, const struct pair *at, struct finding *f, struct err *e)
{
	struct counting *c = arg;
	(void)at;
	(void)e;
	c->count +=
	    f->match_listed > 0 && listing_shows(c->l, f) && criteria_fits(c->l->q->criteria, f);
	return 0;
}

/* Those of the pairs that the criteria allow. */
static int count_pairs(struct counting *c, struct err *e)
{
	struct listing *l = c->l;
	size_t n = c->pair_count;
	struct finding *found = arena_alloc(l->a, n, sizeof *found);
	c->pair_count = 0;
	if (!found)
		return err_set(e, ERR_NOMEM, "no memory for a count of findings");
	return n ? listing_fill_each(l, c->pairs, n, found, count_filled, c, e) : 0;
}

/* A candidate's images, when the check alone does not decide. */
static int add_pairs(struct counting *c, size_t candidate, const int64_t *images, size_t count,
		     struct err *e)
{
	for (size_t i = 0; i < count && c->whole; i++) {
		c->pairs[c->pair_count++] = (struct pair){candidate, images[i]};
		c->whole = ++c->filled < FILLED_MAX;
		if (c->pair_count == FILLED_STEP && count_pairs(c, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

int listing_count_shown(const struct listing *l, size_t candidate, struct listing_policies *of,
			const int64_t *images, size_t count, uint64_t *ret, struct err *e)
{
	uint64_t n = 0;
	if (listing_judge(l, candidate, of, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++)
		n += listing_is_disabled(of, images[i]) == (l->q->shown == FINDING_SHOW_DISABLED);
	*ret = n;
	return 0;
}

/* A candidate whose places are known. */
static int count_one(struct counting *c, size_t candidate, struct err *e)
{
	struct arena scratch;
	size_t n;
	arena_init(&scratch, STEP_MEMORY);
	const int64_t *images =
	    listing_all_images(c->l, &c->l->candidates[candidate], &scratch, &n);
	int r = images ? 0 : err_set(e, ERR_NOMEM, "no memory for a count of findings");
	uint64_t shown = n;
	if (r == 0 && c->by_check && c->by_policy)
		r = listing_count_shown(c->l, candidate, &c->policies, images, n, &shown, e);
	if (r == 0 && c->by_check)
		c->count += shown;
	else if (r == 0)
		r = add_pairs(c, candidate, images, n, e);
	arena_free(&scratch);
	return r;
}

/* Candidates from..to, whose places are known. */
static int count_known(struct counting *c, size_t from, size_t to, struct err *e)
{
	int r = 0;
	c->pairs = arena_alloc(c->l->a, c->by_check ? 0 : FILLED_STEP, sizeof *c->pairs);
	if (!c->pairs)
		r = err_set(e, ERR_NOMEM, "no memory for a count of findings");
	if (r == 0 && c->by_check && c->by_policy)
		r = listing_policies(c->l, &c->policies, e);
	for (size_t i = from; r == 0 && i < to && !is_over(c); i++)
		if (criteria_fits_check(c->l->q->criteria, &c->l->candidates[i].check))
			r = count_one(c, i, e);
	return r == 0 ? count_pairs(c, e) : r;
}

/* Candidates that the criteria allow, of a list that is not small. */
static int count_wide(struct counting *c, size_t from, size_t to, struct err *e)
{
	struct listing *l = c->l;
	size_t most = l->knows_places ? KNOWN_BATCH : BATCH;
	while (from < to && !is_over(c)) {
		size_t n = to - from < most ? to - from : most;
		uint64_t least = 0;
		bool partial = false;
		int r = 0;
		if (l->questions > QUESTIONS_MAX) {
			c->whole = false;
			return 0;
		}
		r = listing_hold(l, from, n, e);
		if (r > 0 && c->by_check && !c->by_policy && !l->narrowed && !l->digest_count)
			r = listing_least(l, &least, e);
		if (r > 0 && c->count + least > TOTAL_MAX) {
			c->count += least;
			return 0;
		}
		if (r > 0)
			r = listing_places(l, from, n, INT64_MIN, COUNTED_MAX, &partial, e);
		if (r > 0)
			r = count_known(c, from, from + n, e) < 0 ? -(int)e->code : 1;
		if (r < 0)
			return r;
		if (r == 0 && n > 1) { /* too many places: fewer checks together */
			most = n / 8 + 1;
			continue;
		}
		c->whole = c->whole && !partial;
		from += n;
	}
	return 0;
}

/* The next checks in memory of their own: 1 = some were looked at, 0 = end. */
static int count_next(struct counting *c, size_t most, struct arena *step, struct err *e)
{
	struct listing *l = c->l;
	struct arena *kept = l->a;
	bool ok = true;
	l->a = step;
	int some = listing_next(l, most, e);
	int r = some > 0 ? count_wide(c, 0, l->candidate_count, e) : some;
	l->a = kept;
	l->from.name = arena_bytes(kept, l->from.name, &ok);
	if (!ok)
		return err_set(e, ERR_NOMEM, "no memory for a count of findings");
	return r < 0 ? r : some;
}

static int count_all(struct counting *c, struct err *e)
{
	struct listing *l = c->l;
	size_t most = CHECKS_FIRST;
	int some = 1;
	l->from = (struct finding_cursor){.is_set = false};
	while (some > 0 && !is_over(c)) {
		struct arena step;
		arena_init(&step, STEP_MEMORY);
		some = count_next(c, most, &step, e);
		most = CHECKS_STEP;
		arena_free(&step);
		c->whole = c->whole && l->questions <= QUESTIONS_MAX;
	}
	return some < 0 ? some : 0;
}

int listing_total(struct listing *l, struct total *ret, struct err *e)
{
	struct finding_query q = *l->q;
	struct counting c = {.l = l, .by_check = is_of_check(&l->left), .whole = true};
	if (listing_is_of_sums(&q))
		return total_of_sums(l, ret, e);
	if (listing_know_policies(l, e) < 0)
		return -(int)e->code;
	if (q.shown == FINDING_SHOW_DISABLED && !l->has_policies) {
		*ret = total_of(0, true);
		return 0;
	}
	c.by_policy = l->has_policies && q.shown != FINDING_SHOW_ALL;
	c.by_check = c.by_check && (!c.by_policy || listing_is_of_checks(l));
	int known = c.by_policy ? 0 : listing_total_known(l, ret, e);
	if (known != 0)
		return known < 0 ? known : 0;
	const struct finding_query *was = l->q;
	l->q = &q;
	l->questions = 0;
	q.places = l->small ? q.places : COUNTED_MAX;
	int r = l->small   ? count_known(&c, 0, l->candidate_count, e)
		: l->named ? count_wide(&c, 0, l->candidate_count, e)
			   : count_all(&c, e);
	l->q = was;
	*ret = total_of(c.count, c.whole);
	return r < 0 ? r : 0;
}
