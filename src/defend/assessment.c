#include "defend/assessment.h"

const char *assessment_state_word(int state)
{
	static const char *const words[] = {"Healthy", "Unhealthy", "NotApplicable"};
	return state >= 0 && state <= ASSESSMENT_NOT_APPLICABLE ? words[state] : NULL;
}

const char *assessment_cause_word(int cause)
{
	static const char *const words[] = {"", "PlanOff", "Exempt", "NoImages", "NotAssessed"};
	return cause >= 0 && cause <= ASSESSMENT_NOT_ASSESSED ? words[cause] : NULL;
}

static const char *reason_of(const struct assessment *as, struct arena *a)
{
	switch (as->cause) {
	case ASSESSMENT_NO_CAUSE:
		return "";
	case ASSESSMENT_PLAN_OFF:
		return arena_printf(a, "the plan of subscription \"%.*s\" is off",
				    BYTES_ARG(as->subscription));
	case ASSESSMENT_EXEMPT:
		return arena_printf(a, "exempt: %s, \"%.*s\"",
				    exemption_category_word((int)as->exemption->category),
				    BYTES_ARG(as->exemption->name));
	case ASSESSMENT_NO_IMAGES:
		return "the registry holds no images";
	case ASSESSMENT_NOT_ASSESSED:
		return arena_printf(
		    a,
		    "no image has findings, but of %llu images %llu could not be assessed and %llu "
		    "are not scanned yet",
		    (unsigned long long)as->total.images, (unsigned long long)as->total.unverified,
		    (unsigned long long)as->pending);
	}
	return "";
}

int assessment_judge(const struct assessment_facts *f, struct arena *a, struct assessment *ret,
		     struct err *e)
{
	ret->total = f->total;
	ret->pending = repository_total_pending(&f->total);
	ret->exemption = f->exemption;
	ret->cause = f->plan_off			   ? ASSESSMENT_PLAN_OFF
		     : f->exemption			   ? ASSESSMENT_EXEMPT
		     : f->total.unhealthy		   ? ASSESSMENT_NO_CAUSE
		     : f->total.images == 0		   ? ASSESSMENT_NO_IMAGES
		     : f->total.unverified || ret->pending ? ASSESSMENT_NOT_ASSESSED
							   : ASSESSMENT_NO_CAUSE;
	ret->state = ret->cause != ASSESSMENT_NO_CAUSE ? ASSESSMENT_NOT_APPLICABLE
		     : f->total.unhealthy	       ? ASSESSMENT_UNHEALTHY
						       : ASSESSMENT_HEALTHY;
	const char *reason = reason_of(ret, a);
	if (!reason)
		return err_set(e, ERR_NOMEM, "no memory for a reason");
	ret->reason = bytes_of(reason);
	return 0;
}

/* What is read at once for all registries of a page. */
struct facts {
	int64_t *ids; /* of the registries, in their order */
	bool *plan_off;
	struct store_exempts exempts;
};

static int registries_read(struct db_tx *tx, const struct assessment_query *q, struct arena *a,
			   struct assessments *ret, struct facts *f, struct err *e)
{
	size_t cap = 0;
	bool ok = true, kept = true;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT r.id, r.name, s.id, s.name, COALESCE(p.tier, 1) FROM scope r"
	    " JOIN scope_up u ON u.scope_id = r.id"
	    " JOIN scope s ON s.id = u.ancestor_id AND s.kind = 2"
	    " LEFT JOIN subscription_plan p ON p.subscription_id = s.id"
	    " WHERE r.kind = 4 AND r.name > $1 AND ($2 = 0 OR EXISTS (SELECT 1 FROM scope_up b"
	    " WHERE b.scope_id = r.id AND b.ancestor_id = $2)) AND " STORE_VISIBLE(
		"r.id", "$4", "$5") " ORDER BY r.name LIMIT $3",
	    DB_ARGS(DB_T(q->after), DB_I(q->below), DB_I(q->n + 1),
		    STORE_VISIBLE_ARGS(&q->visible)),
	    e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && !ret->more && (r = db_step(s, e)) > 0) {
		if (ret->count == q->n) {
			ret->more = true;
			break;
		}
		size_t had = cap;
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		size_t ids = had, flags = had;
		f->ids = arena_grow(a, f->ids, ret->count, &ids, sizeof *f->ids);
		f->plan_off = arena_grow(a, f->plan_off, ret->count, &flags, sizeof *f->plan_off);
		if (!ret->items || !f->ids || !f->plan_off) {
			ok = false;
			break;
		}
		struct assessment *as = &ret->items[ret->count];
		*as = (struct assessment){.registry_id = db_int(s, 0),
					  .registry = arena_bytes(a, db_bytes(s, 1), &ok),
					  .subscription_id = db_int(s, 2),
					  .subscription = arena_bytes(a, db_bytes(s, 3), &kept)};
		f->ids[ret->count] = as->registry_id;
		f->plan_off[ret->count++] = db_int(s, 4) == PLAN_FREE;
		if (!ok || !kept)
			break;
	}
	db_done(s);
	if (!ok || !kept)
		return err_set(e, ERR_NOMEM, "no memory for registries");
	return r < 0 ? r : 0;
}

static const struct store_exemption *exemption_of(const struct facts *f, int64_t registry)
{
	for (size_t i = 0; i < f->exempts.count; i++)
		if (f->exempts.items[i].registry_id == registry)
			return &f->exempts.items[i].exemption;
	return NULL;
}

int assessment_list(struct db_tx *tx, const struct assessment_query *q, struct arena *a,
		    struct assessments *ret, struct err *e)
{
	struct facts f = {0};
	*ret = (struct assessments){0};
	int r = registries_read(tx, q, a, ret, &f, e);
	if (r >= 0 && ret->count)
		r = store_exemption_hold(
		    tx,
		    &(struct store_exempt_query){.recommendation = bytes_of(q->recommendation->key),
						 .registries = f.ids,
						 .count = ret->count,
						 .now_ms = q->now_ms},
		    a, &f.exempts, e);
	struct repository_total *totals =
	    ret->count ? arena_alloc(a, ret->count, sizeof *totals) : NULL;
	if (r >= 0 && ret->count)
		r = totals
			? repository_totals_sums(tx, f.ids, ret->count, &VISIBILITY_ALL, totals, e)
			: err_set(e, ERR_NOMEM, "no memory for registries");
	for (size_t i = 0; i < ret->count && r >= 0; i++) {
		struct assessment *as = &ret->items[i];
		struct assessment_facts facts = {.plan_off = f.plan_off[i],
						 .exemption = exemption_of(&f, as->registry_id),
						 .total = totals[i]};
		r = assessment_judge(&facts, a, as, e);
	}
	return r < 0 ? r : 0;
}
