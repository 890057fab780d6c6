#include "defend/assessment.h"

#include "defend/sibling_cache.h"
#include "store/recommendation_off.h"

#include <string.h>

const char *assessment_state_word(int state)
{
	static const char *const words[] = {"Healthy", "Unhealthy", "NotApplicable"};
	return state >= 0 && state <= ASSESSMENT_NOT_APPLICABLE ? words[state] : NULL;
}

const char *assessment_cause_word(int cause)
{
	static const char *const words[] = {"",		"PlanOff",     "Exempt",
					    "NoImages", "NotAssessed", "SwitchedOff"};
	return cause >= 0 && cause <= ASSESSMENT_SWITCHED_OFF ? words[cause] : NULL;
}

static const char *reason_of(const struct assessment_facts *f, const struct assessment *as,
			     struct arena *a)
{
	switch (as->cause) {
	case ASSESSMENT_NO_CAUSE:
		return "";
	case ASSESSMENT_PLAN_OFF:
		return arena_printf(a, "the plan of subscription \"%.*s\" is off",
				    BYTES_ARG(as->subscription));
	case ASSESSMENT_EXEMPT:
		if (!as->exemption)
			return "exempt: each of its images, or its repository";
		return arena_printf(a, "exempt: %s, \"%.*s\"",
				    exemption_category_word((int)as->exemption->category),
				    BYTES_ARG(as->exemption->name));
	case ASSESSMENT_NO_IMAGES:
		return "the registry holds no images";
	case ASSESSMENT_SWITCHED_OFF:
		return arena_printf(a,
				    "the recommendation is switched off for subscription \"%.*s\"",
				    BYTES_ARG(as->subscription));
	case ASSESSMENT_NOT_ASSESSED:
		if (f->unasked)
			return "the server does not look for secrets (setting content-checks)";
		return arena_printf(
		    a,
		    "no image %s, but of %llu images %llu could not be assessed and %llu "
		    "are not scanned yet",
		    f->about == RECOMMENDATION_OF_FINDINGS ? "has findings" : "is affected",
		    (unsigned long long)as->total.images, (unsigned long long)as->total.unverified,
		    (unsigned long long)as->pending);
	}
	return "";
}

static struct repository_total without(const struct repository_total *all,
				       const struct repository_total *part)
{
	struct repository_total t = *all;
	t.images -= part->images;
	t.healthy -= part->healthy;
	t.unhealthy -= part->unhealthy;
	t.unverified -= part->unverified;
	t.counts.disabled -= part->counts.disabled;
	for (size_t i = 0; i < sizeof t.counts.by / sizeof *t.counts.by; i++)
		t.counts.by[i] -= part->counts.by[i];
	return t;
}

/* Why it does not apply; what comes first decides. left: the images that are not exempt. */
static enum assessment_cause cause_of(const struct assessment_facts *f,
				      const struct repository_total *left, uint64_t pending)
{
	if (f->plan_off)
		return ASSESSMENT_PLAN_OFF;
	if (f->switched_off)
		return ASSESSMENT_SWITCHED_OFF;
	if (f->exemption)
		return ASSESSMENT_EXEMPT;
	if (f->unasked)
		return ASSESSMENT_NOT_ASSESSED;
	if (f->unhealthy || left->unhealthy || f->about == RECOMMENDATION_OF_PUSHES)
		return ASSESSMENT_NO_CAUSE;
	if (left->images == 0)
		return f->total.images ? ASSESSMENT_EXEMPT : ASSESSMENT_NO_IMAGES;
	return left->unverified || pending ? ASSESSMENT_NOT_ASSESSED : ASSESSMENT_NO_CAUSE;
}

int assessment_judge(const struct assessment_facts *f, struct arena *a, struct assessment *ret,
		     struct err *e)
{
	ret->total = without(&f->total, &f->exempt);
	ret->exempt_images = f->exempt.images;
	ret->pending = repository_total_pending(&ret->total);
	ret->exemption = f->exemption;
	const struct repository_total *left = &ret->total;
	ret->cause = cause_of(f, left, ret->pending);
	ret->state = ret->cause != ASSESSMENT_NO_CAUSE ? ASSESSMENT_NOT_APPLICABLE
		     : f->unhealthy || left->unhealthy ? ASSESSMENT_UNHEALTHY
						       : ASSESSMENT_HEALTHY;
	const char *reason = reason_of(f, ret, a);
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
	struct store_recommendation_offs offs;
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

static bool is_off(const struct store_recommendation_offs *offs, int64_t subscription)
{
	for (size_t i = 0; i < offs->count; i++)
		if (offs->items[i].subscription_id == subscription)
			return true;
	return false;
}

/* What the registries' repositories sum up to. */
static int sums_of(struct db_tx *tx, const struct assessment_query *q, const struct facts *f,
		   size_t count, struct arena *a, struct repository_total *ret, struct err *e)
{
	struct assessment_sums *known = q->sums;
	if (known && known->count == count &&
	    memcmp(known->registries, f->ids, count * sizeof *f->ids) == 0) {
		memcpy(ret, known->totals, count * sizeof *ret);
		return 0;
	}
	if (repository_totals_sums(tx, f->ids, count, &VISIBILITY_ALL, ret, e) < 0)
		return -(int)e->code;
	struct repository_total *totals = known ? arena_alloc(a, count, sizeof *totals) : NULL;
	if (totals) {
		memcpy(totals, ret, count * sizeof *totals);
		*known = (struct assessment_sums){
		    .registries = f->ids, .totals = totals, .count = count};
	}
	return 0;
}

/* Those of findings, or of what the recommendation is about. */
static int totals_of(struct db_tx *tx, const struct assessment_query *q, const struct facts *f,
		     size_t count, struct arena *a, struct repository_total *ret, struct err *e)
{
	if (sums_of(tx, q, f, count, a, ret, e) < 0)
		return -(int)e->code;
	const struct sibling_query of = {.about = q->recommendation->about,
					 .registries = f->ids,
					 .count = count,
					 .now_ms = q->now_ms};
	return sibling_totals_kept(q->kept, tx, &of, a, ret, e);
}

/* A page of registries, and what holds for each besides its images. */
static int page_read(struct db_tx *tx, const struct assessment_query *q, struct arena *a,
		     struct assessments *ret, struct facts *f, struct err *e)
{
	*ret = (struct assessments){0};
	*f = (struct facts){0};
	int r = registries_read(tx, q, a, ret, f, e);
	if (r < 0 || ret->count == 0)
		return r;
	r = store_exemption_hold(
	    tx,
	    &(struct store_exempt_query){.recommendation = bytes_of(q->recommendation->key),
					 .registries = f->ids,
					 .count = ret->count,
					 .now_ms = q->now_ms},
	    a, &f->exempts, e);
	return r < 0 ? r
		     : store_recommendation_offs(tx, bytes_of(q->recommendation->key), a, &f->offs,
						 e);
}

/* A state as repository_total sums it: an artifact is no image. */
static void add_image(struct repository_total *t, int64_t rest, const uint64_t by[6],
		      uint64_t disabled)
{
	uint64_t findings = 0;
	if (rest == IMAGE_ARTIFACT)
		return;
	for (size_t i = 0; i < 6; i++)
		findings += by[i];
	t->images++;
	t->unhealthy += findings > 0;
	t->healthy += findings == 0 && rest == IMAGE_HEALTHY;
	t->unverified += findings == 0 && rest == IMAGE_UNVERIFIED;
	t->counts.disabled += disabled;
	static const enum adv_severity order[] = {ADV_SEV_CRITICAL,   ADV_SEV_HIGH,
						  ADV_SEV_MEDIUM,     ADV_SEV_LOW,
						  ADV_SEV_NEGLIGIBLE, ADV_SEV_UNKNOWN};
	for (size_t i = 0; i < 6; i++)
		t->counts.by[order[i]] += by[i];
}

int assessment_exempt(struct db_tx *tx, const struct store_exempt_query *q,
		      const struct visibility *v, struct repository_total *ret, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT r.registry_id, n.rest, n.critical, n.high, n.medium, n.low, n.negligible,"
	    " n.unknown, n.disabled FROM image_seen n JOIN repository r ON r.id = n.repository_id"
	    " WHERE n.image_id IN (" STORE_EXEMPT_IMAGES(
		"$1", "$2") ") AND r.registry_id {IN $3}"
			    " AND " STORE_VISIBLE("n.repository_id", "$4", "$5"),
	    DB_ARGS(DB_T(q->recommendation), DB_I(q->now_ms), DB_INTS(q->registries, q->count),
		    STORE_VISIBLE_ARGS(v)),
	    e);
	int r = s ? 1 : -(int)e->code;
	for (size_t i = 0; i < q->count; i++)
		ret[i] = (struct repository_total){0};
	while (r > 0 && (r = db_step(s, e)) > 0) {
		uint64_t by[6];
		for (int k = 0; k < 6; k++)
			by[k] = (uint64_t)db_int(s, 2 + k);
		for (size_t i = 0; i < q->count; i++)
			if (q->registries[i] == db_int(s, 0))
				add_image(&ret[i], db_int(s, 1), by, (uint64_t)db_int(s, 8));
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int assessment_list(struct db_tx *tx, const struct assessment_query *q, struct arena *a,
		    struct assessments *ret, struct err *e)
{
	struct facts f;
	enum recommendation_about about = q->recommendation->about;
	int r = page_read(tx, q, a, ret, &f, e);
	struct repository_total *totals = NULL, *exempt = NULL;
	if (r >= 0 && ret->count) {
		totals = arena_alloc(a, ret->count, sizeof *totals);
		exempt = arena_alloc(a, ret->count, sizeof *exempt);
		r = totals && exempt ? totals_of(tx, q, &f, ret->count, a, totals, e)
				     : err_set(e, ERR_NOMEM, "no memory for registries");
	}
	/* Images are exempt from the recommendation about their findings alone. */
	if (r >= 0 && ret->count && about == RECOMMENDATION_OF_FINDINGS)
		r = assessment_exempt(
		    tx,
		    &(struct store_exempt_query){.recommendation = bytes_of(q->recommendation->key),
						 .registries = f.ids,
						 .count = ret->count,
						 .now_ms = q->now_ms},
		    &VISIBILITY_ALL, exempt, e);
	for (size_t i = 0; i < ret->count && r >= 0; i++) {
		struct assessment *as = &ret->items[i];
		struct assessment_facts facts = {
		    .about = about,
		    .plan_off = f.plan_off[i],
		    .switched_off = is_off(&f.offs, as->subscription_id),
		    .unhealthy = about == RECOMMENDATION_OF_PUSHES && q->anonymous_pushes,
		    .unasked = about == RECOMMENDATION_OF_SECRETS && q->secrets_off,
		    .exemption = exemption_of(&f, as->registry_id),
		    .total = totals[i],
		    .exempt = exempt[i]};
		r = assessment_judge(&facts, a, as, e);
	}
	return r < 0 ? r : 0;
}

/* what lists show */

struct kept {
	struct arena *a;
	int64_t *in, *out; /* registries */
	size_t in_count, in_cap, out_count, out_cap;
};

static bool keep(struct arena *a, int64_t **list, size_t *count, size_t *cap, int64_t id)
{
	*list = arena_grow(a, *list, *count, cap, sizeof **list);
	if (*list)
		(*list)[(*count)++] = id;
	return *list != NULL;
}

static int registries_sort(struct db_tx *tx, const struct assessment_query *asked, struct kept *k,
			   struct err *e)
{
	struct assessment_query q = *asked;
	struct assessments page = {.more = true};
	struct facts f;
	for (q.after = BYTES_NONE, q.n = 1000; page.more;) {
		if (page_read(tx, &q, k->a, &page, &f, e) < 0)
			return -(int)e->code;
		for (size_t i = 0; i < page.count; i++) {
			const struct assessment *as = &page.items[i];
			bool out = f.plan_off[i] || is_off(&f.offs, as->subscription_id) ||
				   exemption_of(&f, as->registry_id);
			if (!(out ? keep(k->a, &k->out, &k->out_count, &k->out_cap, as->registry_id)
				  : keep(k->a, &k->in, &k->in_count, &k->in_cap, as->registry_id)))
				return err_set(e, ERR_NOMEM, "no memory for registries");
			q.after = as->registry;
		}
	}
	return 0;
}

/* Repositories that the caller sees by themselves, but of registries that are left out. */
static int repositories_add(struct db_tx *tx, const struct visibility *v, struct kept *k,
			    struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT s.id FROM scope s WHERE s.id {IN $1} AND s.kind = 5 AND NOT EXISTS"
	    " (SELECT 1 FROM scope_up u WHERE u.scope_id = s.id AND u.ancestor_id {IN $2})",
	    DB_ARGS(DB_INTS(v->scopes, v->count), DB_INTS(k->out, k->out_count)), e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0)
		if (!keep(k->a, &k->in, &k->in_count, &k->in_cap, db_int(s, 0)))
			r = err_set(e, ERR_NOMEM, "no memory for repositories");
	db_done(s);
	return r < 0 ? r : 0;
}

int assessment_visible(struct db_tx *tx, const struct assessment_query *q, struct arena *a,
		       struct visibility *ret, struct err *e)
{
	struct assessment_query all = *q;
	struct kept k = {.a = a};
	all.visible = VISIBILITY_ALL;
	if (registries_sort(tx, &all, &k, e) < 0)
		return -(int)e->code;
	*ret = q->visible;
	if (k.out_count == 0)
		return 0;
	if (!q->visible.all) {
		struct kept own = {.a = a, .out = k.out, .out_count = k.out_count};
		struct kept seen = {.a = a};
		if (registries_sort(tx, q, &seen, e) < 0)
			return -(int)e->code;
		own.in = seen.in;
		own.in_count = seen.in_count;
		own.in_cap = seen.in_cap;
		if (repositories_add(tx, &q->visible, &own, e) < 0)
			return -(int)e->code;
		k = own;
	}
	*ret = (struct visibility){.scopes = k.in, .count = k.in_count};
	return 0;
}
