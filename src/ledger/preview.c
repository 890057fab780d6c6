#include "ledger/preview.h"

#include "base/clock.h"
#include "ledger/kept_policies.h"
#include "ledger/places.h"
#include "ledger/rescore_lists.h"
#include "ledger/tally.h"
#include "store/digest_key.h"
#include "store/registry.h"
#include "store/seen.h"

#include <stdlib.h>
#include <string.h>

#define STEP 512U /* images that are counted together */
#define TAGS_MAX 10000U
#define MEMORY ((size_t)256 << 20)

struct image {
	int64_t id, repository, registry, policy;
	struct bytes digest, os, name; /* name: of the repository */
	int64_t counted_by;	       /* the policy with the rule; 0: it is not about the image */
};

/* A policy of images with the rule that is asked about, under a number of our own. */
struct joined {
	int64_t policy; /* theirs */
	enum criteria_rest rest;
	int64_t id;
};

struct previewing {
	struct db_tx *tx;
	struct arena *a;
	struct tally *tally;
	const struct store_rule *rule;
	const struct rule_terms *terms;
	int64_t replaces;
	/* Rules of the images' policies, each once, by its kept serial. */
	struct arena own; /* of all policies */
	struct places rule_at;
	struct policy_rule *rules;
	size_t rule_count, rule_cap;
	struct joined *joined;
	size_t joined_count, joined_cap;
	struct preview *out;
	bool hit; /* the image at hand */
	bool failed;
	struct buf pairs;
	struct rescore_lists *lists;
	struct check_union checks;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a preview");
}

/* The images below the scope, after a number. */
static int64_t read_images(struct previewing *p, int64_t after, struct arena *a, struct image *out,
			   struct err *e)
{
	struct db_stmt *s =
	    db_query(p->tx,
		     "SELECT i.id, i.repository_id, r.registry_id, n.policy, i.digest, i.distro_id,"
		     " i.distro_version, r.name FROM image i JOIN image_seen n ON n.image_id = i.id"
		     " JOIN repository r ON r.id = i.repository_id WHERE i.id > $1 AND EXISTS"
		     " (SELECT 1 FROM scope_up u WHERE u.scope_id = i.repository_id"
		     " AND u.ancestor_id = $2) ORDER BY i.id LIMIT $3",
		     DB_ARGS(DB_I(after), DB_I(p->rule->scope_id), DB_I(STEP)), e);
	int r = s ? 0 : -(int)e->code;
	int64_t n = 0;
	while (s && (r = db_step(s, e)) > 0) {
		bool ok, ok2;
		struct image *i = &out[n++];
		const char *os = arena_printf(a, "%.*s:%.*s", BYTES_ARG(db_bytes(s, 5)),
					      BYTES_ARG(db_bytes(s, 6)));
		*i = (struct image){.id = db_int(s, 0),
				    .repository = db_int(s, 1),
				    .registry = db_int(s, 2),
				    .policy = db_int(s, 3),
				    .digest = digest_key_text(db_bytes(s, 4), a, &ok),
				    .os = bytes_of(os),
				    .name = arena_bytes(a, db_bytes(s, 7), &ok2)};
		if (!os || !ok || !ok2) {
			r = no_memory(e);
			break;
		}
	}
	db_done(s);
	return r < 0 ? r : n;
}

static int tags_of(struct previewing *p, const struct image *i, struct finding *facts,
		   struct err *e)
{
	struct store_registry t = {.tx = p->tx, .registry = i->registry};
	struct store_texts tags;
	if (!p->terms->what.c.tags.count)
		return 0;
	int r = store_tags_of(&t, i->repository, i->digest, TAGS_MAX, p->a, &tags, e);
	if (r >= 0) {
		facts->tags = tags.items;
		facts->tag_count = tags.count;
	}
	return r < 0 ? r : 0;
}

/* A rule as long as the preview. */
static const struct policy_rule *copy_rule(struct previewing *p, const struct kept_rule *kept,
					   struct err *e)
{
	struct arena *a = &p->own;
	bool ok;
	size_t at;
	if (places_find(&p->rule_at, kept->serial, &at))
		return &p->rules[at];
	struct bytes text = arena_bytes(a, kept->text, &ok);
	p->rules =
	    ok ? arena_grow(a, p->rules, p->rule_count, &p->rule_cap, sizeof *p->rules) : NULL;
	if (!p->rules || !places_put(&p->rule_at, kept->serial, p->rule_count)) {
		(void)no_memory(e);
		return NULL;
	}
	struct policy_rule *copy = &p->rules[p->rule_count++];
	return policy_rule_parse(text, a, copy, e) < 0 ? NULL : copy;
}

struct joining {
	struct previewing *p;
	struct policy *both;
};

/* The rules of a policy without the one that is replaced, and what is attached. */
static int add_theirs(void *arg, size_t at, const struct kept_policy *theirs, struct err *e)
{
	const struct joining *j = arg;
	struct policy *both = j->both;
	struct arena *a = &j->p->own;
	(void)at;
	both->rules = arena_alloc(a, theirs->count + 2, sizeof *both->rules);
	if (!both->rules)
		return no_memory(e);
	for (size_t i = 0; i < theirs->count; i++) {
		const struct policy_rule *rule = copy_rule(j->p, theirs->rules[i], e);
		if (!rule)
			return -(int)e->code;
		if (rule->rule != j->p->replaces)
			both->rules[both->count++] = *rule;
	}
	if (theirs->attached_count == 0)
		return 0;
	uint64_t *ids = arena_alloc(a, theirs->attached_count, sizeof *ids);
	if (!ids)
		return no_memory(e);
	memcpy(ids, theirs->attached, theirs->attached_count * sizeof *ids);
	both->rules[both->count++] = policy_attached_rule(ids, theirs->attached_count);
	return 0;
}

/* The rules of the policy of this number, and the one that is asked about. */
static int join_rules(struct previewing *p, int64_t policy, const struct policy_rule *asked,
		      struct policy *both, struct err *e)
{
	struct joining j = {.p = p, .both = both};
	struct arena step;
	struct kept_name *names;
	size_t count;
	arena_init(&step, 1U << 20);
	int r = kept_names(p->tx, &policy, 1, &step, &names, &count, e);
	if (r == 0)
		r = kept_each(p->tx, names, count, add_theirs, &j, e);
	arena_free(&step);
	if (r == 0 && !both->rules && !(both->rules = arena_alloc(&p->own, 1, sizeof *asked)))
		return no_memory(e);
	if (r == 0)
		both->rules[both->count++] = *asked;
	return r;
}

/* What the image would be counted by. */
static int join(struct previewing *p, struct image *i, struct err *e)
{
	struct finding facts = {.digest = i->digest, .os = i->os, .repository = i->name};
	struct policy_rule asked = {.observes = p->rule->effect == RULE_OBSERVES,
				    .terms = *p->terms};
	if (tags_of(p, i, &facts, e) < 0)
		return -(int)e->code;
	enum criteria_rest rest = criteria_of_image(&p->terms->what.c, &facts, &asked.terms.what.c);
	if (rest == CRITERIA_NONE)
		return 0;
	asked.whole = rest == CRITERIA_ALL;
	for (size_t k = 0; k < p->joined_count; k++)
		if (p->joined[k].policy == i->policy && p->joined[k].rest == rest) {
			i->counted_by = p->joined[k].id;
			return 0;
		}
	struct policy both = {.id = -1 - (int64_t)p->joined_count};
	p->joined =
	    arena_grow(&p->own, p->joined, p->joined_count, &p->joined_cap, sizeof *p->joined);
	if (!p->joined)
		return no_memory(e);
	if (join_rules(p, i->policy, &asked, &both, e) < 0)
		return -(int)e->code;
	policy_settle(&both);
	p->joined[p->joined_count++] = (struct joined){i->policy, rest, both.id};
	i->counted_by = both.id;
	return tally_policy_add(p->tally, &both, e);
}

static void note_exploited(struct previewing *p, const struct match_check *c)
{
	struct preview *out = p->out;
	bool ok = true;
	for (size_t i = 0; i < out->exploited_count; i++)
		if (out->exploited[i].id == c->id)
			return;
	if (out->exploited_count == PREVIEW_EXPLOITED_MAX)
		return;
	struct preview_check *x = &out->exploited[out->exploited_count++];
	*x = (struct preview_check){.id = c->id, .cve_count = c->cve_count};
	x->title = arena_bytes(p->a, c->title, &ok);
	x->cves = arena_alloc(p->a, c->cve_count, sizeof *x->cves);
	for (size_t i = 0; ok && x->cves && i < c->cve_count; i++)
		x->cves[i] = arena_bytes(p->a, c->cves[i], &ok);
	p->failed = p->failed || !ok || !x->cves;
}

static void on_finding(void *arg, const struct match_check *check, const struct set_check *c,
		       bool active_otherwise)
{
	struct previewing *p = arg;
	struct preview *out = p->out;
	p->hit = true;
	out->findings++;
	out->new_findings += active_otherwise;
	out->counts.by[c->severity]++;
	out->patchable += c->patchable;
	out->kev += check->kev;
	if (check->kev)
		note_exploited(p, check);
}

/* The lists of sets; wanted checks. */
static int read_sets(struct previewing *p, const int64_t *ids, size_t count, struct err *e)
{
	struct db_stmt *s = db_query(
	    p->tx,
	    "SELECT id, checks FROM package_set WHERE id {IN $1} AND " SEEN_SET("package_set"),
	    DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		struct bytes checks = db_bytes(s, 1);
		r = rescore_lists_put(p->lists, db_int(s, 0), checks)
			? tally_want_kept(p->tally, checks, e)
			: no_memory(e);
		if (r < 0)
			break;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

static int load(struct previewing *p, const struct image *images, size_t count, struct err *e)
{
	struct rescore_ids ids, sets, deep;
	struct bytes known;
	buf_init(&ids.buf, MEMORY);
	buf_init(&sets.buf, MEMORY);
	buf_init(&deep.buf, MEMORY);
	buf_clear(&p->pairs);
	for (size_t i = 0; i < count; i++)
		if (images[i].counted_by)
			rescore_ids_add(&ids, images[i].id);
	int r = rescore_ids_settle(&ids, e);
	if (r == 0)
		r = rescore_pairs_collect(
		    p->tx,
		    "SELECT image_id, set_id FROM image_set"
		    " WHERE image_id {IN $1}",
		    DB_ARGS(DB_INTS(rescore_ids_all(&ids), rescore_ids_count(&ids))), &p->pairs, e);
	if (r == 0)
		r = rescore_pairs_settle(&p->pairs, e);
	const struct rescore_pair *pairs = rescore_pairs_all(&p->pairs);
	for (size_t i = 0; r == 0 && i < rescore_pairs_count(&p->pairs); i++) {
		rescore_ids_add(&deep, pairs[i].other);
		if (!rescore_lists_find(p->lists, pairs[i].other, &known))
			rescore_ids_add(&sets, pairs[i].other);
	}
	if (r == 0)
		r = rescore_ids_settle(&sets, e);
	if (r == 0)
		r = rescore_ids_settle(&deep, e);
	if (r == 0)
		r = read_sets(p, rescore_ids_all(&sets), rescore_ids_count(&sets), e);
	if (r == 0)
		r = tally_checks_read(p->tally, p->tx, e);
	bool asks = false;
	for (size_t i = 0; i < count; i++)
		asks = asks || tally_asks_matches(p->tally, images[i].counted_by);
	if (r == 0 && asks)
		r = tally_sets_read(p->tally, p->tx, rescore_ids_all(&deep),
				    rescore_ids_count(&deep), e);
	buf_free(&ids.buf);
	buf_free(&sets.buf);
	buf_free(&deep.buf);
	return r;
}

static int count_one(struct previewing *p, const struct image *i, size_t *at, struct err *e)
{
	const struct rescore_pair *pairs = rescore_pairs_all(&p->pairs);
	size_t count = rescore_pairs_count(&p->pairs);
	struct image_counted counted;
	struct rescore_ids sets;
	struct arena texts;
	int r = 0;
	check_union_clear(&p->checks);
	buf_init(&sets.buf, MEMORY);
	for (; r == 0 && *at < count && pairs[*at].id == i->id; (*at)++) {
		struct bytes checks;
		rescore_ids_add(&sets, pairs[*at].other);
		if (rescore_lists_find(p->lists, pairs[*at].other, &checks))
			r = check_union_add(&p->checks, checks, e);
	}
	if (r == 0)
		r = rescore_ids_settle(&sets, e);
	arena_init(&texts, 1U << 20);
	p->hit = false;
	if (r == 0)
		r = tally_image(p->tally,
				&(struct tally_asked){.policy = i->counted_by,
						      .checks = &p->checks,
						      .sets = rescore_ids_all(&sets),
						      .set_count = rescore_ids_count(&sets),
						      .on = on_finding,
						      .arg = p,
						      .rule = 0},
				&texts, &counted, e);
	p->out->images += p->hit;
	arena_free(&texts);
	buf_free(&sets.buf);
	return r < 0 ? r : p->failed ? no_memory(e) : 0;
}

static int go_through(struct previewing *p, struct err *e)
{
	int64_t after = 0, n = STEP, until = clock_mono_ms() + PREVIEW_MS;
	size_t looked_at = 0;
	int r = 0;
	p->out->exact = true;
	while (r == 0 && n == STEP) {
		struct arena step;
		size_t at = 0;
		if (looked_at >= PREVIEW_IMAGES_MAX || clock_mono_ms() > until) {
			p->out->exact = false;
			break;
		}
		arena_init(&step, MEMORY);
		struct image *images = arena_alloc(&step, STEP, sizeof *images);
		n = images ? read_images(p, after, &step, images, e) : no_memory(e);
		r = n < 0 ? (int)n : 0;
		for (int64_t i = 0; r == 0 && i < n; i++)
			r = join(p, &images[i], e);
		if (r == 0 && n > 0)
			r = load(p, images, (size_t)n, e);
		for (int64_t i = 0; r == 0 && i < n; i++)
			if (images[i].counted_by)
				r = count_one(p, &images[i], &at, e);
		if (n > 0)
			after = images[n - 1].id;
		looked_at += n > 0 ? (size_t)n : 0;
		arena_free(&step);
	}
	return r;
}

int preview_rule(struct db_tx *tx, const struct store_rule *rule, const struct rule_terms *terms,
		 int64_t replaces, struct arena *a, struct preview *ret, struct err *e)
{
	struct previewing p = {.tx = tx,
			       .a = a,
			       .rule = rule,
			       .terms = terms,
			       .replaces = replaces ? replaces : -1,
			       .out = ret};
	int64_t epoch;
	*ret = (struct preview){0};
	if (seen_epoch(tx, &epoch, e) < 0)
		return -(int)e->code;
	arena_init(&p.own, MEMORY);
	p.tally = tally_open(epoch);
	if (p.tally)
		tally_ask_texts(p.tally); /* it names checks in KEV */
	p.lists = rescore_lists_open(MEMORY);
	buf_init(&p.pairs, MEMORY);
	int r = p.tally && p.lists ? go_through(&p, e) : no_memory(e);
	tally_close(p.tally);
	rescore_lists_close(p.lists);
	buf_free(&p.pairs);
	check_union_free(&p.checks);
	places_free(&p.rule_at);
	arena_free(&p.own);
	return r;
}
