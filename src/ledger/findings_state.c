/* Findings that rules disable, in lists. */
#include "ledger/findings_impl.h"

#include <stdlib.h>

#define POLICIES_MEMORY ((size_t)64 << 20) /* bytes: ten policies that say all that rules may */

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

/* Those of the images of a small list: documents attached to other images may be many. */
static int policies_of_places(struct listing *l, struct err *e)
{
	size_t n, count = 0;
	int64_t *ids = images_of(l, &n), *of = arena_alloc(l->a, n, sizeof *of);
	int r = ids && of ? 0 : err_set(e, ERR_NOMEM, "no memory for the rules of a list");
	for (size_t from = 0; r == 0 && from < n; from += DB_LIST_MAX) {
		size_t some = n - from < DB_LIST_MAX ? n - from : DB_LIST_MAX;
		struct db_stmt *s = listing_ask(l,
						"SELECT DISTINCT policy FROM image_seen"
						" WHERE image_id {IN $1} AND policy > 0",
						DB_ARGS(DB_INTS(ids + from, some)), e);
		r = s ? 0 : -(int)e->code;
		while (s && count < n && (r = db_step(s, e)) > 0)
			of[count++] = db_int(s, 0);
		db_done(s);
		r = r < 0 ? r : 0;
	}
	if (r < 0 || count == 0)
		return r;
	l->questions++;
	return policies_read_brief(l->tx, of, count, &l->known, &l->policies, e);
}

int listing_know_policies(struct listing *l, struct err *e)
{
	if (l->knows_policies)
		return 0;
	l->knows_policies = true;
	arena_init(&l->known, POLICIES_MEMORY);
	if (l->small)
		return policies_of_places(l, e);
	l->questions++;
	return policies_read_brief(l->tx, NULL, 0, &l->known, &l->policies, e);
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

#define ATTACHED_MEMORY ((size_t)64 << 20) /* of one image's policy */

static int set_attached_of(struct listing *l, struct db_stmt *s, struct finding *findings,
			   size_t count, struct err *e)
{
	struct arena step;
	struct policy p = {.id = db_int(s, 1)};
	int64_t image = db_int(s, 0);
	arena_init(&step, ATTACHED_MEMORY);
	int r = policy_parse(db_bytes(s, 2), &step, &p, e);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (findings[i].image_id == image && findings[i].rule == POLICY_ATTACHED)
			r = set_attached(l, &p, &findings[i], e);
	arena_free(&step);
	return r;
}

/* Of those that a document disables, which one it is, and what it says: from the whole policies of
 * their images. */
static int listing_attached(struct listing *l, struct finding *findings, size_t count,
			    struct err *e)
{
	int64_t *images = arena_alloc(l->a, count, sizeof *images);
	size_t n = 0;
	if (!images)
		return err_set(e, ERR_NOMEM, "no memory for findings");
	for (size_t i = 0; i < count; i++)
		if (findings[i].rule == POLICY_ATTACHED)
			images[n++] = findings[i].image_id;
	if (n == 0)
		return 0;
	struct db_stmt *s =
	    listing_ask(l,
			"SELECT n.image_id, p.id, p.body FROM image_seen n"
			" JOIN policy p ON p.id = n.policy WHERE n.image_id {IN $1}",
			DB_ARGS(DB_INTS(images, n)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		r = set_attached_of(l, s, findings, count, e);
		if (r < 0)
			break;
	}
	db_done(s);
	for (size_t i = 0; i < count; i++)
		if (findings[i].rule == POLICY_ATTACHED)
			findings[i].rule = 0;
	return r < 0 ? r : 0;
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
	for (size_t i = 0; i < l->policies.count; i++)
		if (l->policies.items[i].asks_matches || l->policies.items[i].asks_patchable)
			return false;
	return true;
}

int listing_policies(struct listing *l, struct listing_policies *ret, struct err *e)
{
	size_t n;
	int64_t *ids = images_of(l, &n);
	*ret = (struct listing_policies){
	    .pairs = arena_alloc(l->a, n, 2 * sizeof *ret->pairs),
	    .disabled = arena_alloc(l->a, l->policies.count, sizeof *ret->disabled)};
	if (!ids || !ret->pairs || !ret->disabled)
		return err_set(e, ERR_NOMEM, "no memory for a count of findings");
	int r = listing_read_checks(l, NULL, 0, e); /* rules may ask for any of their texts */
	for (size_t from = 0; r == 0 && from < n; from += DB_LIST_MAX) {
		size_t some = n - from < DB_LIST_MAX ? n - from : DB_LIST_MAX;
		struct db_stmt *s = listing_ask(l,
						"SELECT image_id, policy FROM image_seen"
						" WHERE image_id {IN $1} AND policy > 0"
						" ORDER BY image_id",
						DB_ARGS(DB_INTS(ids + from, some)), e);
		r = s ? 0 : -(int)e->code;
		while (s && ret->count < n && (r = db_step(s, e)) > 0) {
			ret->pairs[2 * ret->count] = db_int(s, 0);
			ret->pairs[2 * ret->count++ + 1] = db_int(s, 1);
		}
		db_done(s);
		r = r < 0 ? r : 0;
	}
	return r;
}

void listing_judge(const struct listing *l, const struct match_check *c,
		   struct listing_policies *of)
{
	const struct finding f = {.check = *c};
	for (size_t i = 0; i < l->policies.count; i++)
		of->disabled[i] = policy_disables(&l->policies.items[i], &f) != NULL;
}

bool listing_is_disabled(const struct listing *l, const struct listing_policies *of, int64_t image)
{
	const int64_t *found =
	    of->count ? bsearch(&image, of->pairs, of->count, 2 * sizeof image, listing_cmp_ids)
		      : NULL;
	const struct policy *p = found ? policies_find(&l->policies, found[1]) : NULL;
	return p && of->disabled[p - l->policies.items];
}
