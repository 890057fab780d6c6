/* Findings that rules disable, in lists. */
#include "ledger/findings_impl.h"

#include <stdlib.h>

bool listing_shows(const struct listing *l, const struct finding *f)
{
	return l->q->shown == FINDING_SHOW_ALL ||
	       (f->state == FINDING_DISABLED) == (l->q->shown == FINDING_SHOW_DISABLED);
}

static int64_t *images_of(const struct listing *l, size_t *ret)
{
	return listing_distinct((const int64_t *)(const void *)l->places, l->place_count, 1, l->a,
				ret);
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the rules of a list");
}

/* Of one of the policies, if there is one: an index has that of most. */
static int note_policies(struct listing *l, struct db_stmt *s, struct err *e)
{
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0 && !db_is_null(s, 0)) {
		l->has_policies = true;
		l->policies_ask = l->policies_ask || db_int(s, 0);
	}
	db_done(s);
	return r < 0 ? r : 0;
}

/* Those of the images of a small list: other images may have many. */
static int know_places(struct listing *l, struct err *e)
{
	size_t n;
	int64_t *ids = images_of(l, &n);
	int r = ids ? 0 : no_memory(e);
	for (size_t from = 0; r == 0 && from < n; from += DB_LIST_MAX) {
		size_t some = n - from < DB_LIST_MAX ? n - from : DB_LIST_MAX;
		r = note_policies(l,
				  listing_ask(l,
					      "SELECT max(p.asks) FROM policy p WHERE p.id IN"
					      " (SELECT policy FROM image_seen"
					      " WHERE image_id {IN $1} AND policy > 0)",
					      DB_ARGS(DB_INTS(ids + from, some)), e),
				  e);
	}
	return r;
}

int listing_know_policies(struct listing *l, struct err *e)
{
	if (l->knows_policies)
		return 0;
	l->knows_policies = true;
	return l->small ? know_places(l, e)
			: note_policies(l,
					listing_ask(l,
						    "SELECT asks FROM policy"
						    " ORDER BY asks DESC LIMIT 1",
						    NULL, 0, e),
					e);
}

static bool read_rule(struct db_stmt *s, struct arena *a, struct finding_rule *ret)
{
	*ret = (struct finding_rule){.id = db_int(s, 0), .expires_at = db_int(s, 3)};
	return finding_copy(a, s, 1, &ret->name) && finding_copy(a, s, 2, &ret->justification) &&
	       finding_copy(a, s, 4, &ret->scope);
}

/* The document that disables f, of its image's policy. f may have fewer matches than when it was
 * judged, so that rules are not asked again. */
static int set_attached(struct listing *l, const struct policy *p, struct finding *f, struct err *e)
{
	const struct policy_rule *rule = policy_attached_find(p, f->check.id);
	if (!rule)
		return err_set(e, ERR_DAMAGED, "policy %lld: no document disables check %llu",
			       (long long)p->id, (unsigned long long)f->check.id);
	struct finding_rule *by = arena_alloc(l->a, 1, sizeof *by);
	const char *name = arena_printf(l->a, "attached VEX %.*s", BYTES_ARG(rule->document));
	bool has_text, has_document;
	const struct bytes text = arena_bytes(l->a, rule->text, &has_text),
			   document = arena_bytes(l->a, rule->document, &has_document);
	if (!by || !name || !has_text || !has_document)
		return err_set(e, ERR_NOMEM, "no memory for findings");
	*by = (struct finding_rule){
	    .name = bytes_of(name), .justification = text, .document = document};
	f->disabled_by = by;
	return 0;
}

struct attached {
	struct listing *l;
	struct finding *findings;
	size_t count;
	const int64_t *policies; /* of each finding */
};

static int set_attached_of(void *arg, const struct policy *p, struct err *e)
{
	const struct attached *x = arg;
	int r = 0;
	for (size_t i = 0; r == 0 && i < x->count; i++)
		if (x->policies[i] == p->id && x->findings[i].rule == POLICY_ATTACHED)
			r = set_attached(x->l, p, &x->findings[i], e);
	return r;
}

/* Image and policy of these images, those that have one, by image. */
static int read_policies(struct listing *l, const int64_t *images, size_t count, int64_t *pairs,
			 size_t *ret_count, struct err *e)
{
	size_t n = 0;
	int r = 0;
	for (size_t from = 0; r == 0 && from < count; from += DB_LIST_MAX) {
		size_t some = count - from < DB_LIST_MAX ? count - from : DB_LIST_MAX;
		struct db_stmt *s = listing_ask(l,
						"SELECT image_id, policy FROM image_seen"
						" WHERE image_id {IN $1} AND policy > 0"
						" ORDER BY image_id",
						DB_ARGS(DB_INTS(images + from, some)), e);
		r = s ? 0 : -(int)e->code;
		while (s && n < count && (r = db_step(s, e)) > 0) {
			pairs[2 * n] = db_int(s, 0);
			pairs[2 * n++ + 1] = db_int(s, 1);
		}
		db_done(s);
		r = r < 0 ? r : 0;
	}
	*ret_count = n;
	return r;
}

static int64_t second_of(const int64_t *pairs, size_t count, int64_t first)
{
	const int64_t *found =
	    count ? bsearch(&first, pairs, count, 2 * sizeof first, listing_cmp_ids) : NULL;
	return found ? found[1] : -1;
}

/* Of those that a document disables, which one it is, and what it says: from the whole policies of
 * their images. */
static int listing_attached(struct listing *l, struct finding *findings, size_t count,
			    struct err *e)
{
	int64_t *pairs = arena_alloc(l->a, count, 2 * sizeof *pairs);
	int64_t *policies = arena_alloc(l->a, count, sizeof *policies);
	struct kept_name *names;
	size_t n = 0, name_count;
	if (!pairs || !policies)
		return no_memory(e);
	for (size_t i = 0; i < count; i++)
		if (findings[i].rule == POLICY_ATTACHED)
			pairs[2 * n++] = findings[i].image_id;
	if (n == 0)
		return 0;
	int64_t *images = listing_distinct(pairs, n, 0, l->a, &n);
	if (!images)
		return no_memory(e);
	if (read_policies(l, images, n, pairs, &n, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++)
		policies[i] = second_of(pairs, n, findings[i].image_id);
	int64_t *ids = listing_distinct(pairs, n, 1, l->a, &n);
	if (!ids)
		return no_memory(e);
	struct attached x = {l, findings, count, policies};
	int r = kept_names(l->tx, ids, n, l->a, &names, &name_count, e);
	if (r == 0)
		r = kept_each_whole(l->tx, names, name_count, set_attached_of, &x, e);
	for (size_t i = 0; i < count; i++)
		if (findings[i].rule == POLICY_ATTACHED)
			findings[i].rule = 0;
	return r;
}

int listing_rules(struct listing *l, struct finding *findings, size_t count, struct err *e)
{
	if (listing_attached(l, findings, count, e) < 0)
		return -(int)e->code;
	int64_t *ids = arena_alloc(l->a, count, sizeof *ids);
	struct finding_rule *rules = arena_alloc(l->a, count, sizeof *rules);
	size_t n = 0, read = 0;
	bool ok = ids && rules;
	for (size_t i = 0; ok && i < count; i++) {
		size_t k = 0;
		while (k < n && ids[k] != findings[i].rule)
			k++;
		if (findings[i].rule && k == n)
			ids[n++] = findings[i].rule;
	}
	if (!ok || n == 0)
		return ok ? 0 : err_set(e, ERR_NOMEM, "no memory for findings");
	struct db_stmt *s = listing_ask(
	    l,
	    "SELECT x.id, x.name, x.justification, x.expires_at, " STORE_SCOPE_PATH " FROM rule x"
	    " JOIN scope s ON s.id = x.scope_id LEFT JOIN scope o ON o.id = s.owner_id"
	    " WHERE x.id {IN $1}",
	    DB_ARGS(DB_INTS(ids, n)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && ok && read < n && (r = db_step(s, e)) > 0)
		ok = read_rule(s, l->a, &rules[read++]);
	db_done(s);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < read; k++)
			if (rules[k].id == findings[i].rule)
				findings[i].disabled_by = &rules[k];
	return r < 0 ? r : ok ? 0 : err_set(e, ERR_NOMEM, "no memory for findings");
}

bool listing_is_of_checks(const struct listing *l)
{
	return !l->policies_ask;
}

int listing_policies(struct listing *l, struct listing_policies *ret, struct err *e)
{
	size_t n, policies;
	int64_t *images = images_of(l, &n);
	*ret = (struct listing_policies){.pairs = arena_alloc(l->a, n, 2 * sizeof *ret->pairs)};
	if (!images || !ret->pairs)
		return no_memory(e);
	/* Rules may ask for any of the texts of checks. */
	if (listing_read_checks(l, NULL, 0, e) < 0 ||
	    read_policies(l, images, n, ret->pairs, &ret->count, e) < 0)
		return -(int)e->code;
	int64_t *ids = listing_distinct(ret->pairs, ret->count, 1, l->a, &policies);
	if (!ids)
		return no_memory(e);
	if (kept_names(l->tx, ids, policies, l->a, &ret->names, &ret->name_count, e) < 0)
		return -(int)e->code;
	ret->disabled = arena_alloc(l->a, ret->name_count, sizeof *ret->disabled);
	if (!ret->disabled)
		return no_memory(e);
	for (size_t i = 0; i < ret->count; i++) {
		const int64_t *id = bsearch(&ret->pairs[2 * i + 1], ret->names, ret->name_count,
					    sizeof *ret->names, listing_cmp_ids);
		ret->pairs[2 * i + 1] =
		    id ? (const struct kept_name *)(const void *)id - ret->names : -1;
	}
	return 0;
}

struct judging {
	struct kept_verdicts verdicts;
	uint64_t *disabled;
};

static int judge_one(void *arg, size_t at, const struct kept_policy *p, struct err *e)
{
	struct judging *j = arg;
	return kept_judge(p, &j->verdicts, &j->disabled[at], e);
}

/* Candidates from..from + count. */
static int judge(const struct listing *l, size_t from, size_t count, struct listing_policies *of,
		 struct err *e)
{
	struct judging j = {.verdicts = {.count = count}, .disabled = of->disabled};
	for (size_t i = 0; i < count; i++)
		j.verdicts.checks[i] = &l->candidates[from + i].check;
	int r = kept_each(l->tx, of->names, of->name_count, judge_one, &j, e);
	kept_verdicts_free(&j.verdicts);
	of->from = from;
	of->judged = count;
	return r;
}

#define JUDGED_FIRST 4U /* candidates: many a page ends with them */

int listing_judge(const struct listing *l, size_t candidate, struct listing_policies *of,
		  struct err *e)
{
	if (candidate < of->from || candidate - of->from >= of->judged) {
		size_t n = of->judged ? KEPT_CHECKS_MAX : JUDGED_FIRST;
		size_t left = l->candidate_count - candidate;
		if (judge(l, candidate, n < left ? n : left, of, e) < 0)
			return -(int)e->code;
	}
	of->at = candidate - of->from;
	return 0;
}

bool listing_is_disabled(const struct listing_policies *of, int64_t image)
{
	int64_t place = second_of(of->pairs, of->count, image);
	return place >= 0 && (of->disabled[place] >> of->at & 1);
}

/* Findings by their policies. */
struct deciding {
	struct finding *findings;
	const int64_t *pairs; /* policy and the finding's place, by policy */
	size_t count, at;
	const struct kept_name *names;
};

static int decide(void *arg, size_t at, const struct kept_policy *p, struct err *e)
{
	struct deciding *d = arg;
	int64_t id = d->names[at].id;
	(void)e;
	while (d->at < d->count && d->pairs[2 * d->at] < id)
		d->at++;
	for (; d->at < d->count && d->pairs[2 * d->at] == id; d->at++) {
		struct finding *f = &d->findings[d->pairs[2 * d->at + 1]];
		f->rule = kept_disables(p, f);
		f->state = f->rule ? FINDING_DISABLED : FINDING_ACTIVE;
	}
	return 0;
}

int listing_decide(struct listing *l, const int64_t *policies, struct finding *findings,
		   size_t count, struct arena *a, struct err *e)
{
	int64_t *pairs = arena_alloc(a, count, 2 * sizeof *pairs);
	size_t n = 0, id_count, name_count;
	struct kept_name *names;
	for (size_t i = 0; pairs && i < count; i++)
		if (policies[i] > 0) {
			pairs[2 * n] = policies[i];
			pairs[2 * n++ + 1] = (int64_t)i;
		}
	if (pairs && n == 0)
		return 0;
	pairs = pairs ? listing_sort(pairs, n, a) : NULL;
	int64_t *ids = pairs ? listing_distinct(pairs, n, 0, a, &id_count) : NULL;
	if (!ids)
		return no_memory(e);
	if (kept_names(l->tx, ids, id_count, a, &names, &name_count, e) < 0)
		return -(int)e->code;
	struct deciding d = {.findings = findings, .pairs = pairs, .count = n, .names = names};
	return kept_each(l->tx, names, name_count, decide, &d, e);
}
