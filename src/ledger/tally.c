#include "ledger/tally.h"

#include "base/cursor.h"

#include <stdlib.h>
#include <string.h>

#define FACTS_MAX ((size_t)1 << 30) /* bytes: facts of 1,000,000 checks and what was decided */
#define MATCHES_MAX                                                                                \
	((size_t)192 << 20) /* bytes of matches that are kept from step to step: 8 million */
#define NOT_DECIDED 0U

/* A number's place in an array: open addressing, 0 is no key. */
struct places {
	uint64_t *keys;
	uint32_t *values;
	size_t mask, used;
};

/* A match as rules see it. */
struct fact {
	uint64_t check;
	uint32_t package; /* of packages; of none where no policy asks for them */
	uint8_t status;
	bool fixed;
};
struct set_facts {
	size_t at, count; /* of facts; by check */
};
/* What a policy says of a check: the rules that fit, by their place in the policy. */
struct verdict {
	const struct policy_rule *hides; /* NULL: active */
	size_t count;
	struct {
		uint32_t rule;
		bool released;
	} rules[];
};
struct known_policy {
	struct policy p;
	/* By check and patchable; NULL where it is not decided. Of one that asks for matches: none.
	 */
	const struct verdict **verdicts;
	size_t verdict_count;
};

struct tally {
	int64_t epoch;
	struct arena arena;
	struct known_policy *policies;
	size_t policy_count, policy_cap;
	struct match_check *checks;
	size_t check_count, check_cap;
	struct places check_at;
	struct buf wanted; /* int64_t */
	struct arena matches;
	struct buf facts;		/* struct fact */
	struct finding_match *packages; /* name and source alone */
	size_t package_count, package_cap;
	struct set_facts *sets;
	size_t set_count, set_cap;
	struct places package_at, set_at;
	bool asks_packages; /* a policy does: packages have names */
	struct buf unnamed; /* int64_t: whose names are still to be read */
	/* Of one image. */
	struct set_facts *left; /* of each of its sets: what comes next */
	size_t left_count, left_cap;
	struct finding_match *of_check;
	size_t of_check_cap;
	struct verdict *scratch;
	size_t scratch_cap;
	uint64_t *by_rule; /* findings, released */
	size_t by_rule_cap;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the counts of images");
}

static size_t slot_of(const struct places *p, uint64_t key)
{
	size_t i = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 24) & p->mask;
	while (p->keys[i] && p->keys[i] != key)
		i = (i + 1) & p->mask;
	return i;
}

static void places_free(struct places *p)
{
	free(p->keys);
	free(p->values);
	*p = (struct places){0};
}

static bool places_find(const struct places *p, uint64_t key, size_t *ret)
{
	size_t i = p->keys ? slot_of(p, key) : 0;
	if (!p->keys || !p->keys[i])
		return false;
	*ret = p->values[i];
	return true;
}

static bool places_grow(struct places *p)
{
	struct places more = {.mask = p->keys ? p->mask * 2 + 1 : 1023, .used = p->used};
	more.keys = calloc(more.mask + 1, sizeof *more.keys);
	more.values = calloc(more.mask + 1, sizeof *more.values);
	if (!more.keys || !more.values) {
		places_free(&more);
		return false;
	}
	for (size_t i = 0; p->keys && i <= p->mask; i++) {
		if (!p->keys[i])
			continue;
		size_t at = slot_of(&more, p->keys[i]);
		more.keys[at] = p->keys[i];
		more.values[at] = p->values[i];
	}
	places_free(p);
	*p = more;
	return true;
}

static bool places_put(struct places *p, uint64_t key, size_t value)
{
	if ((!p->keys || p->used * 2 > p->mask) && !places_grow(p))
		return false;
	size_t i = slot_of(p, key);
	p->used += p->keys[i] == 0;
	p->keys[i] = key;
	p->values[i] = (uint32_t)value;
	return true;
}

/* Space for one more element; doubles. */
static void *grown(void *items, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	size_t more = *cap ? *cap * 2 : 64;
	while (more <= count)
		more *= 2;
	void *out = reallocarray(items, more, size);
	if (out)
		*cap = more;
	return out;
}

struct tally *tally_open(int64_t epoch)
{
	struct tally *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->epoch = epoch;
	arena_init(&t->arena, FACTS_MAX);
	arena_init(&t->matches, FACTS_MAX);
	buf_init(&t->wanted, FACTS_MAX);
	buf_init(&t->facts, FACTS_MAX);
	buf_init(&t->unnamed, FACTS_MAX);
	return t;
}

static void forget_matches(struct tally *t)
{
	arena_free(&t->matches);
	arena_init(&t->matches, FACTS_MAX);
	buf_clear(&t->facts);
	buf_clear(&t->unnamed);
	free(t->packages);
	t->packages = NULL;
	t->package_count = t->package_cap = t->set_count = 0;
	places_free(&t->package_at);
	places_free(&t->set_at);
}

void tally_close(struct tally *t)
{
	if (!t)
		return;
	forget_matches(t);
	for (size_t i = 0; i < t->policy_count; i++)
		free(t->policies[i].verdicts);
	free(t->policies);
	free(t->checks);
	free(t->sets);
	free(t->left);
	free(t->of_check);
	free(t->scratch);
	free(t->by_rule);
	places_free(&t->check_at);
	buf_free(&t->wanted);
	buf_free(&t->facts);
	buf_free(&t->unnamed);
	arena_free(&t->arena);
	arena_free(&t->matches);
	free(t);
}

static struct known_policy *find_policy(const struct tally *t, int64_t id)
{
	for (size_t i = 0; i < t->policy_count; i++)
		if (t->policies[i].p.id == id)
			return &t->policies[i];
	return NULL;
}

int tally_policy_add(struct tally *t, const struct policy *p, struct err *e)
{
	struct known_policy *all = grown(t->policies, t->policy_count, &t->policy_cap, sizeof *all);
	if (!all)
		return no_memory(e);
	t->policies = all;
	for (size_t i = 0; i < p->count && !t->asks_packages; i++)
		if (!p->rules[i].whole && p->rules[i].terms.what.c.packages.count) {
			t->asks_packages = true;
			forget_matches(t); /* they have no names */
		}
	t->policies[t->policy_count++] = (struct known_policy){.p = *p};
	return 0;
}

int tally_policies_read(struct tally *t, struct db_tx *tx, const int64_t *ids, size_t count,
			struct err *e)
{
	struct policies got;
	struct buf missing;
	buf_init(&missing, FACTS_MAX);
	for (size_t i = 0; i < count; i++)
		if (ids[i] && !find_policy(t, ids[i]))
			buf_put(&missing, (struct bytes){.ptr = (const uint8_t *)&ids[i],
							 .len = sizeof ids[i]});
	size_t n = missing.len / sizeof *ids;
	int r = buf_ok(&missing) ? 0 : no_memory(e);
	if (r == 0 && n)
		r = policies_read(tx, (const int64_t *)(const void *)missing.ptr, n, &t->arena,
				  &got, e);
	for (size_t i = 0; r == 0 && n && i < got.count; i++)
		r = tally_policy_add(t, &got.items[i], e);
	buf_free(&missing);
	return r;
}

bool tally_asks_matches(const struct tally *t, int64_t policy)
{
	const struct known_policy *p = find_policy(t, policy);
	return p && p->p.asks_matches;
}

static int want(struct tally *t, uint64_t check, struct err *e)
{
	size_t at;
	int64_t id = (int64_t)check;
	if (places_find(&t->check_at, check, &at))
		return 0;
	/* Known from now on; its place comes with its row. */
	if (!places_put(&t->check_at, check, UINT32_MAX))
		return no_memory(e);
	buf_put(&t->wanted, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
	return 0;
}

int tally_want(struct tally *t, const struct check_union *checks, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < checks->count; i++)
		r = want(t, checks->items[i].id, e);
	return r;
}

int tally_want_kept(struct tally *t, struct bytes checks, struct err *e)
{
	struct cursor c = cur_of(checks);
	uint64_t id = 0;
	int r = 0;
	while (r == 0 && cur_left(&c)) {
		id += cur_varint(&c);
		(void)cur_u8(&c);
		if (!cur_ok(&c))
			return err_set(e, ERR_DAMAGED, "the checks of a set are damaged");
		r = want(t, id, e);
	}
	return r;
}

static int read_check(struct tally *t, struct db_stmt *s, struct err *e)
{
	struct match_check c = {
	    .id = (uint64_t)db_int(s, 0),
	    .severity = (enum adv_severity)db_int(s, 4),
	    .cvss = {.version = (enum cvss_version)db_int(s, 5), .base = db_real(s, 6)},
	    .kev = db_int(s, 7) != 0,
	    .epss = db_is_null(s, 8) ? -1 : db_real(s, 8)};
	bool ok[4];
	c.advisory = arena_bytes(&t->arena, db_bytes(s, 1), &ok[0]);
	c.title = arena_bytes(&t->arena, db_bytes(s, 2), &ok[1]);
	c.category = arena_bytes(&t->arena, db_bytes(s, 3), &ok[2]);
	struct bytes cves = arena_bytes(&t->arena, db_bytes(s, 9), &ok[3]);
	size_t n = cves.len ? 1 : 0;
	for (size_t i = 0; i < cves.len; i++)
		n += cves.ptr[i] == ' ';
	c.cves = arena_alloc(&t->arena, n, sizeof *c.cves);
	struct match_check *all = grown(t->checks, t->check_count, &t->check_cap, sizeof *all);
	if (all)
		t->checks = all;
	if (!all || !c.cves || !ok[0] || !ok[1] || !ok[2] || !ok[3] ||
	    !places_put(&t->check_at, c.id, t->check_count))
		return no_memory(e);
	while (cves.len)
		c.cves[c.cve_count++] = bytes_cut(&cves, ' ');
	t->checks[t->check_count++] = c;
	return 0;
}

int tally_checks_read(struct tally *t, struct db_tx *tx, struct err *e)
{
	const int64_t *ids = (const int64_t *)(const void *)t->wanted.ptr;
	size_t count = t->wanted.len / sizeof *ids;
	int r = buf_ok(&t->wanted) ? 0 : no_memory(e);
	for (size_t from = 0; r == 0 && from < count; from += DB_LIST_MAX) {
		size_t n = count - from < DB_LIST_MAX ? count - from : DB_LIST_MAX;
		struct db_stmt *s =
		    db_query(tx,
			     "SELECT id, advisory, title, category, severity, cvss_version,"
			     " cvss_base, kev, epss, cves FROM check_version WHERE id {IN $1}"
			     " AND since <= $2 AND (until = 0 OR until > $2)",
			     DB_ARGS(DB_INTS(ids + from, n), DB_I(t->epoch)), e);
		r = s ? 0 : -(int)e->code;
		while (s && (r = db_step(s, e)) > 0)
			if ((r = read_check(t, s, e)) < 0)
				break;
		db_done(s);
	}
	buf_clear(&t->wanted);
	return r < 0 ? r : 0;
}

/* The package's place. */
static int put_package(struct tally *t, int64_t id, size_t *ret, struct err *e)
{
	*ret = 0;
	if (!t->asks_packages || places_find(&t->package_at, (uint64_t)id, ret))
		return 0;
	struct finding_match *all =
	    grown(t->packages, t->package_count, &t->package_cap, sizeof *all);
	if (all)
		t->packages = all;
	if (!all || !places_put(&t->package_at, (uint64_t)id, t->package_count))
		return no_memory(e);
	t->packages[t->package_count] = (struct finding_match){.fixed_version = BYTES_NONE};
	*ret = t->package_count++;
	buf_put(&t->unnamed, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
	return buf_ok(&t->unnamed) ? 0 : no_memory(e);
}

static int put_fact(struct tally *t, struct db_stmt *s, struct err *e)
{
	size_t package, at;
	uint64_t set = (uint64_t)db_int(s, 0);
	if (put_package(t, db_int(s, 4), &package, e) < 0)
		return -(int)e->code;
	const struct fact f = {.check = (uint64_t)db_int(s, 1),
			       .package = (uint32_t)package,
			       .status = (uint8_t)db_int(s, 2),
			       .fixed = db_int(s, 3) != 0};
	if (!places_find(&t->set_at, set, &at))
		return err_set(e, ERR_INTERNAL, "a set that was not asked for");
	if (t->sets[at].count == 0)
		t->sets[at].at = t->facts.len / sizeof f;
	t->sets[at].count++;
	buf_put(&t->facts, (struct bytes){.ptr = (const uint8_t *)&f, .len = sizeof f});
	return 0;
}

static int read_names(struct tally *t, struct db_tx *tx, struct err *e)
{
	const int64_t *ids = (const int64_t *)(const void *)t->unnamed.ptr;
	size_t count = t->unnamed.len / sizeof *ids;
	int r = 0;
	for (size_t from = 0; r == 0 && from < count; from += DB_LIST_MAX) {
		size_t some = count - from < DB_LIST_MAX ? count - from : DB_LIST_MAX;
		struct db_stmt *s =
		    db_query(tx, "SELECT id, name, source_name FROM package WHERE id {IN $1}",
			     DB_ARGS(DB_INTS(ids + from, some)), e);
		r = s ? 0 : -(int)e->code;
		while (s && (r = db_step(s, e)) > 0) {
			size_t at;
			bool ok, ok2;
			if (!places_find(&t->package_at, (uint64_t)db_int(s, 0), &at))
				continue;
			struct pkg *p = &t->packages[at].pkg;
			p->name = arena_bytes(&t->matches, db_bytes(s, 1), &ok);
			p->source_name = arena_bytes(&t->matches, db_bytes(s, 2), &ok2);
			if (!ok || !ok2) {
				r = no_memory(e);
				break;
			}
		}
		db_done(s);
	}
	buf_clear(&t->unnamed);
	return r < 0 ? r : 0;
}

static int by_check(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;
	return (x->check > y->check) - (x->check < y->check);
}

/* Of these sets those that are not known, which then are, empty at first. */
static size_t unknown_sets(struct tally *t, const int64_t *sets, size_t count, int64_t *out)
{
	size_t n = 0, at;
	for (size_t i = 0; i < count; i++) {
		if (places_find(&t->set_at, (uint64_t)sets[i], &at))
			continue;
		struct set_facts *all = grown(t->sets, t->set_count, &t->set_cap, sizeof *all);
		if (all)
			t->sets = all;
		if (!all || !places_put(&t->set_at, (uint64_t)sets[i], t->set_count))
			return SIZE_MAX;
		t->sets[t->set_count++] = (struct set_facts){0};
		out[n++] = sets[i];
	}
	return n;
}

int tally_sets_read(struct tally *t, struct db_tx *tx, const int64_t *sets, size_t count,
		    struct err *e)
{
	if (t->facts.len + t->matches.used > MATCHES_MAX)
		forget_matches(t);
	int64_t *ids = calloc(count + 1, sizeof *ids);
	size_t n = ids ? unknown_sets(t, sets, count, ids) : SIZE_MAX;
	int r = n == SIZE_MAX ? no_memory(e) : 0;
	for (size_t from = 0; r == 0 && from < n; from += DB_LIST_MAX) {
		size_t some = n - from < DB_LIST_MAX ? n - from : DB_LIST_MAX;
		struct db_stmt *s = db_query(
		    tx,
		    "SELECT sp.set_id, m.check_id, m.status,"
		    " CASE WHEN m.fixed_version = '' THEN 0 ELSE 1 END, m.package_id"
		    " FROM set_package sp JOIN match_version m ON m.package_id = sp.package_id"
		    " WHERE sp.set_id {IN $1} AND sp.position = 0 AND m.since <= $2"
		    " AND (m.until = 0 OR m.until > $2) ORDER BY sp.set_id",
		    DB_ARGS(DB_INTS(ids + from, some), DB_I(t->epoch)), e);
		r = s ? 0 : -(int)e->code;
		while (s && (r = db_step(s, e)) > 0)
			if ((r = put_fact(t, s, e)) < 0)
				break;
		db_done(s);
	}
	if (r >= 0 && !buf_ok(&t->facts))
		r = no_memory(e);
	for (size_t i = 0, at; r >= 0 && i < n; i++)
		if (places_find(&t->set_at, (uint64_t)ids[i], &at) && t->sets[at].count)
			qsort((struct fact *)(void *)t->facts.ptr + t->sets[at].at,
			      t->sets[at].count, sizeof(struct fact), by_check);
	free(ids);
	return r < 0 ? r : read_names(t, tx, e);
}

/* The matches of all sets of an image, each by check. */
static int gather(struct tally *t, const struct tally_asked *q, struct err *e)
{
	t->left_count = 0;
	for (size_t i = 0; i < q->set_count; i++) {
		size_t at;
		struct set_facts *all = grown(t->left, t->left_count, &t->left_cap, sizeof *all);
		if (!all)
			return no_memory(e);
		t->left = all;
		if (!places_find(&t->set_at, (uint64_t)q->sets[i], &at))
			return err_set(e, ERR_INTERNAL, "the matches of a set were not read");
		t->left[t->left_count++] = t->sets[at];
	}
	return 0;
}

/* The finding as its matches make it; checks come in their order. */
static int settle(struct tally *t, struct finding *f, struct err *e)
{
	const struct fact *all = (const struct fact *)(const void *)t->facts.ptr;
	unsigned statuses = 0;
	for (size_t i = 0; i < t->left_count; i++) {
		struct set_facts *left = &t->left[i];
		for (; left->count && all[left->at].check <= f->check.id;
		     left->at++, left->count--) {
			const struct fact *x = &all[left->at];
			if (x->check < f->check.id)
				continue;
			statuses |= 1U << x->status;
			if (x->fixed)
				f->fixed = BYTES_LIT("fixed");
			if (!t->asks_packages)
				continue;
			struct finding_match *m =
			    grown(t->of_check, f->match_listed, &t->of_check_cap, sizeof *m);
			if (!m)
				return no_memory(e);
			t->of_check = m;
			t->of_check[f->match_listed++] = t->packages[x->package];
		}
	}
	f->matches = t->of_check;
	f->match_count = f->match_listed;
	f->status = finding_status(statuses);
	return 0;
}

/* Into t->scratch. */
static int decide(struct tally *t, const struct policy *p, const struct finding *f, struct err *e)
{
	size_t size = sizeof *t->scratch + p->count * sizeof t->scratch->rules[0];
	if (size > t->scratch_cap) {
		struct verdict *more = realloc(t->scratch, size);
		if (!more)
			return no_memory(e);
		t->scratch = more;
		t->scratch_cap = size;
	}
	struct verdict *v = t->scratch;
	v->hides = NULL;
	v->count = 0;
	for (size_t i = 0; i < p->count; i++) {
		const struct policy_rule *r = &p->rules[i];
		enum rule_answer answer = rule_of(&r->terms, r->whole, f);
		if (answer == RULE_NOT)
			continue;
		v->rules[v->count].rule = (uint32_t)i;
		v->rules[v->count++].released = answer == RULE_RELEASED;
		if (answer == RULE_FITS && !r->observes && !v->hides)
			v->hides = r;
	}
	return 0;
}

/* Decided once for a policy that the check and patchable decide. */
static const struct verdict *remembered(struct tally *t, struct known_policy *p, size_t check,
					bool patchable, struct err *e)
{
	size_t at = 2 * check + patchable;
	if (at >= p->verdict_count) {
		size_t more = 2 * t->check_cap;
		const struct verdict **all = reallocarray(p->verdicts, more, sizeof(void *));
		if (!all) {
			(void)no_memory(e);
			return NULL;
		}
		memset(all + p->verdict_count, 0, (more - p->verdict_count) * sizeof(void *));
		p->verdicts = all;
		p->verdict_count = more;
	}
	if (p->verdicts[at])
		return p->verdicts[at];
	const struct finding f = {.check = t->checks[check], .patchable = patchable};
	if (decide(t, &p->p, &f, e) < 0)
		return NULL;
	size_t size = sizeof *t->scratch + t->scratch->count * sizeof t->scratch->rules[0];
	struct verdict *kept = arena_alloc(&t->arena, size, 1);
	if (!kept) {
		(void)no_memory(e);
		return NULL;
	}
	memcpy(kept, t->scratch, size);
	p->verdicts[at] = kept;
	return kept;
}

static void note(struct tally *t, const struct tally_asked *q, const struct known_policy *p,
		 const struct verdict *v, const struct set_check *c,
		 const struct match_check *check)
{
	bool asked = false, otherwise = true;
	for (size_t i = 0; i < v->count; i++) {
		const struct policy_rule *r = &p->p.rules[v->rules[i].rule];
		t->by_rule[2 * v->rules[i].rule + v->rules[i].released]++;
		if (v->rules[i].released)
			continue;
		asked = asked || r->rule == q->rule;
		otherwise = otherwise && (r->rule == q->rule || r->observes);
	}
	if (q->on && asked)
		q->on(q->arg, check, c, otherwise);
}

/* "RULE:FINDINGS:RELEASED …" */
static int put_by_rule(const struct tally *t, const struct policy *p, struct arena *a,
		       struct bytes *ret, struct err *e)
{
	struct buf text;
	bool ok = true;
	buf_init(&text, FACTS_MAX);
	for (size_t i = 0; i < p->count; i++)
		if (t->by_rule[2 * i] || t->by_rule[2 * i + 1])
			buf_printf(&text, "%s%lld:%llu:%llu", text.len ? " " : "",
				   (long long)p->rules[i].rule,
				   (unsigned long long)t->by_rule[2 * i],
				   (unsigned long long)t->by_rule[2 * i + 1]);
	*ret = arena_bytes(a, buf_bytes(&text), &ok);
	ok = ok && buf_ok(&text);
	buf_free(&text);
	return ok ? 0 : no_memory(e);
}

static int begin(struct tally *t, const struct tally_asked *q, const struct known_policy *p,
		 struct err *e)
{
	uint64_t *all = grown(t->by_rule, 2 * p->p.count + 1, &t->by_rule_cap, sizeof *all);
	if (!all)
		return no_memory(e);
	t->by_rule = all;
	memset(all, 0, (2 * p->p.count + 1) * sizeof *all);
	return p->p.asks_matches ? gather(t, q, e) : 0;
}

/* What the policy says of a check of the image; NULL: no memory. */
static const struct verdict *judge(struct tally *t, struct known_policy *p, size_t check,
				   bool patchable, struct err *e)
{
	if (!p->p.asks_matches)
		return remembered(t, p, check, patchable, e);
	struct finding f = {.check = t->checks[check], .patchable = patchable};
	return settle(t, &f, e) < 0 || decide(t, &p->p, &f, e) < 0 ? NULL : t->scratch;
}

int tally_image(struct tally *t, const struct tally_asked *q, struct arena *a,
		struct image_counted *ret, struct err *e)
{
	struct known_policy *p = q->policy ? find_policy(t, q->policy) : NULL;
	size_t check;
	*ret = (struct image_counted){.policy = q->policy};
	check_union_settle(q->checks);
	if (!q->policy) {
		check_union_count(q->checks, ret->counts.by);
		return 0;
	}
	if (!p)
		return err_set(e, ERR_INTERNAL, "policy %lld was not read", (long long)q->policy);
	if (begin(t, q, p, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < q->checks->count; i++) {
		const struct set_check *c = &q->checks->items[i];
		/* What nothing is known of is active. */
		if (!places_find(&t->check_at, c->id, &check) || check >= t->check_count) {
			ret->counts.by[c->severity]++;
			continue;
		}
		const struct verdict *v = judge(t, p, check, c->patchable, e);
		if (!v)
			return -(int)e->code;
		note(t, q, p, v, c, &t->checks[check]);
		if (v->hides)
			ret->counts.disabled++;
		else
			ret->counts.by[c->severity]++;
	}
	return put_by_rule(t, &p->p, a, &ret->by_rule, e);
}
