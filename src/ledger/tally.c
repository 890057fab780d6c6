#include "ledger/tally.h"

#include "base/cursor.h"
#include "ledger/places.h"
#include "ledger/set_facts.h"

#include <stdlib.h>
#include <string.h>

#define FACTS_MAX ((size_t)1 << 30) /* bytes: facts of 1,000,000 checks and what was decided */
#define VERDICTS_MAX 255U	    /* different ones of a policy that are kept */
/* Bytes: what is decided, of all policies; past it no more is kept. */
#define DECIDED_MAX ((size_t)256 << 20)
#define OF_CHECK 2 /* findings of a check that rules tell apart: by patchable */
#define OF_MATCHES (OF_CHECK * (ADV_NOT_AFFECTED + 1) * 2) /* and by status and fixed version */

/* What a policy says of a finding: the rules that fit, by their place in the policy. */
struct verdict {
	const struct policy_rule *hides; /* NULL: active */
	size_t count;
	struct {
		uint32_t rule;
		bool released;
	} rules[];
};
/* Of each finding that rules tell apart: the number of its verdict + 1; 0 = not decided. One in a
 * package that rules name is decided each time. */
struct decided {
	uint8_t *items;
	size_t count;
};
struct known_policy {
	struct policy p;
	bool asks_packages, asks_checks; /* more of them than their severity */
	struct decided by_check, by_severity;
	struct verdict **verdicts; /* few different ones */
	size_t verdict_count, verdict_cap;
};

struct tally {
	int64_t epoch;
	struct arena arena;
	struct known_policy *policies;
	size_t policy_count, policy_cap;
	struct places policy_at;
	struct match_check *checks;
	size_t check_count, check_cap;
	struct places check_at;
	struct buf wanted; /* int64_t */
	bool asks_texts;
	struct set_facts *facts;
	size_t decided; /* bytes of all policies */
	/* Of one image. */
	struct set_facts_span *left; /* of each of its sets: what comes next */
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
	buf_init(&t->wanted, FACTS_MAX);
	if (!(t->facts = set_facts_open(epoch))) {
		tally_close(t);
		return NULL;
	}
	return t;
}

void tally_close(struct tally *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->policy_count; i++) {
		for (size_t k = 0; k < t->policies[i].verdict_count; k++)
			free(t->policies[i].verdicts[k]);
		free(t->policies[i].verdicts);
		free(t->policies[i].by_check.items);
		free(t->policies[i].by_severity.items);
	}
	set_facts_close(t->facts);
	free(t->policies);
	free(t->checks);
	free(t->left);
	free(t->of_check);
	free(t->scratch);
	free(t->by_rule);
	places_free(&t->check_at);
	places_free(&t->policy_at);
	buf_free(&t->wanted);
	arena_free(&t->arena);
	free(t);
}

static struct known_policy *find_policy(const struct tally *t, int64_t id)
{
	size_t at;
	return places_find(&t->policy_at, (uint64_t)id, &at) ? &t->policies[at] : NULL;
}

static void want_id(struct tally *t, uint64_t check)
{
	int64_t id = (int64_t)check;
	buf_put(&t->wanted, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
}

/* Those that were read without texts are read again. */
void tally_ask_texts(struct tally *t)
{
	for (size_t i = 0; !t->asks_texts && i < t->check_count; i++)
		want_id(t, t->checks[i].id);
	t->asks_texts = true;
}

int tally_policy_add(struct tally *t, const struct policy *p, struct err *e)
{
	struct known_policy *all = grown(t->policies, t->policy_count, &t->policy_cap, sizeof *all);
	if (!all)
		return no_memory(e);
	t->policies = all;
	struct known_policy known = {.p = *p};
	for (size_t i = 0; i < p->count; i++) {
		const struct policy_rule *r = &p->rules[i];
		if (set_facts_ask(t->facts, &r->terms, r->whole, e) < 0)
			return -(int)e->code;
		if (!r->whole && criteria_ask_texts(&r->terms.what.c))
			tally_ask_texts(t);
		known.asks_packages =
		    known.asks_packages || (!r->whole && r->terms.what.c.packages.count > 0);
		known.asks_checks = known.asks_checks || rule_asks_check(&r->terms, r->whole);
	}
	if (!places_put(&t->policy_at, (uint64_t)p->id, t->policy_count))
		return no_memory(e);
	t->policies[t->policy_count++] = known;
	return 0;
}

int tally_policies_read(struct tally *t, struct db_tx *tx, const int64_t *ids, size_t count,
			struct err *e)
{
	struct policies got = {.count = 0};
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

bool tally_asks_checks(const struct tally *t, int64_t policy)
{
	const struct known_policy *p = find_policy(t, policy);
	return p && p->asks_checks;
}

static int want(struct tally *t, uint64_t check, struct err *e)
{
	size_t at;
	if (places_find(&t->check_at, check, &at))
		return 0;
	/* Known from now on; its place comes with its row. */
	if (!places_put(&t->check_at, check, UINT32_MAX))
		return no_memory(e);
	want_id(t, check);
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

/* Columns: BRIEF, which an index has; then texts. */
#define BRIEF "id, severity, cvss_version, cvss_base, kev, epss"
#define OF_EPOCH                                                                                   \
	" FROM check_version WHERE id {IN $1} AND since <= $2 AND (until = 0 OR until > $2)"

static bool read_texts(struct tally *t, struct db_stmt *s, struct match_check *c)
{
	bool ok[4];
	c->advisory = arena_bytes(&t->arena, db_bytes(s, 6), &ok[0]);
	c->title = arena_bytes(&t->arena, db_bytes(s, 7), &ok[1]);
	c->category = arena_bytes(&t->arena, db_bytes(s, 8), &ok[2]);
	struct bytes cves = arena_bytes(&t->arena, db_bytes(s, 9), &ok[3]);
	size_t n = cves.len ? 1 : 0;
	for (size_t i = 0; i < cves.len; i++)
		n += cves.ptr[i] == ' ';
	c->cves = arena_alloc(&t->arena, n, sizeof *c->cves);
	while (c->cves && cves.len)
		c->cves[c->cve_count++] = bytes_cut(&cves, ' ');
	return c->cves && ok[0] && ok[1] && ok[2] && ok[3];
}

static int read_check(struct tally *t, struct db_stmt *s, struct err *e)
{
	struct match_check c = {
	    .id = (uint64_t)db_int(s, 0),
	    .severity = (enum adv_severity)db_int(s, 1),
	    .cvss = {.version = (enum cvss_version)db_int(s, 2), .base = db_real(s, 3)},
	    .kev = db_int(s, 4) != 0,
	    .epss = db_is_null(s, 5) ? -1 : db_real(s, 5)};
	size_t at;
	if (t->asks_texts && !read_texts(t, s, &c))
		return no_memory(e);
	if (places_find(&t->check_at, c.id, &at) && at < t->check_count) {
		t->checks[at] = c; /* with texts now */
		return 0;
	}
	struct match_check *all = grown(t->checks, t->check_count, &t->check_cap, sizeof *all);
	if (all)
		t->checks = all;
	if (!all || !places_put(&t->check_at, c.id, t->check_count))
		return no_memory(e);
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
		struct db_stmt *s = db_query(
		    tx,
		    t->asks_texts ? "SELECT " BRIEF ", advisory, title, category, cves" OF_EPOCH
				  : "SELECT " BRIEF OF_EPOCH,
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

int tally_sets_read(struct tally *t, struct db_tx *tx, const int64_t *sets, size_t count,
		    struct err *e)
{
	return set_facts_read(t->facts, tx, sets, count, e);
}

/* The matches of all sets of an image, each by check. */
static int gather(struct tally *t, const struct tally_asked *q, struct err *e)
{
	t->left_count = 0;
	for (size_t i = 0; i < q->set_count; i++) {
		struct set_facts_span *all =
		    grown(t->left, t->left_count, &t->left_cap, sizeof *all);
		if (!all)
			return no_memory(e);
		t->left = all;
		if (set_facts_of(t->facts, q->sets[i], &t->left[t->left_count++], e) < 0)
			return -(int)e->code;
	}
	return 0;
}

/* The finding as its matches make it; checks come in their order. */
static int settle(struct tally *t, struct finding *f, struct err *e)
{
	unsigned statuses = 0;
	for (size_t i = 0; i < t->left_count; i++) {
		struct set_facts_span *left = &t->left[i];
		for (; left->count && left->items->check <= f->check.id;
		     left->items++, left->count--) {
			const struct set_fact *x = left->items;
			if (x->check < f->check.id)
				continue;
			statuses |= x->statuses;
			if (x->fixed)
				f->fixed = BYTES_LIT("fixed");
			if (x->package == SET_FACT_UNNAMED)
				continue;
			struct finding_match *m =
			    grown(t->of_check, f->match_listed, &t->of_check_cap, sizeof *m);
			if (!m)
				return no_memory(e);
			t->of_check = m;
			t->of_check[f->match_listed++] = *set_facts_package(t->facts, x->package);
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

/* The verdict at hand, which the policy keeps; false: it has too many, or there is no memory. */
static bool keep_verdict(const struct tally *t, struct known_policy *p, size_t *ret)
{
	size_t size = sizeof *t->scratch + t->scratch->count * sizeof t->scratch->rules[0];
	for (*ret = 0; *ret < p->verdict_count; ++*ret) {
		const struct verdict *v = p->verdicts[*ret];
		bool same = v->hides == t->scratch->hides && v->count == t->scratch->count;
		for (size_t i = 0; same && i < v->count; i++)
			same = v->rules[i].rule == t->scratch->rules[i].rule &&
			       v->rules[i].released == t->scratch->rules[i].released;
		if (same)
			return true;
	}
	if (p->verdict_count == VERDICTS_MAX)
		return false;
	struct verdict **all = grown(p->verdicts, p->verdict_count, &p->verdict_cap, sizeof *all);
	struct verdict *kept = all ? malloc(size) : NULL;
	if (all)
		p->verdicts = all;
	if (!kept)
		return false;
	memcpy(kept, t->scratch, size);
	p->verdicts[p->verdict_count++] = kept;
	return true;
}

/* Where the verdict of the finding is kept, of slot one of so many; NULL: it is not. */
static uint8_t *kept_at(struct tally *t, const struct known_policy *p, struct decided *d,
			size_t slot, size_t slots, const struct finding *f)
{
	size_t each = p->p.asks_matches ? OF_MATCHES : OF_CHECK;
	size_t at = slot * each + f->patchable;
	if (p->p.asks_matches)
		at += OF_CHECK * (2 * (size_t)f->status + (f->fixed.len > 0));
	if (at < d->count)
		return &d->items[at];
	size_t more = each * slots, add = more - d->count;
	uint8_t *all = t->decided + add > DECIDED_MAX ? NULL : realloc(d->items, more);
	if (!all)
		return NULL;
	memset(all + d->count, 0, add);
	t->decided += add;
	d->items = all;
	d->count = more;
	return &all[at];
}

/* Decided once for all findings of which the policy knows the same. check: what is known of the
 * finding's; NULL: its severity, which is all that the policy asks. */
static const struct verdict *remembered(struct tally *t, struct known_policy *p,
					const struct match_check *check, struct finding *f,
					struct err *e)
{
	uint8_t *at =
	    check ? kept_at(t, p, &p->by_check, (size_t)(check - t->checks), t->check_cap, f)
		  : kept_at(t, p, &p->by_severity, f->check.severity, ADV_SEV_CRITICAL + 1, f);
	size_t verdict;
	if (at && *at)
		return p->verdicts[*at - 1];
	if (check)
		f->check = *check;
	if (decide(t, &p->p, f, e) < 0)
		return NULL;
	if (at && keep_verdict(t, p, &verdict))
		*at = (uint8_t)(verdict + 1);
	return t->scratch;
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
static const struct verdict *judge(struct tally *t, struct known_policy *p,
				   const struct match_check *check, const struct set_check *c,
				   struct err *e)
{
	/* The check itself is looked at only where something is to be decided. */
	struct finding f = {.check = {.id = c->id, .severity = c->severity, .epss = -1},
			    .patchable = c->patchable};
	if (p->p.asks_matches && settle(t, &f, e) < 0)
		return NULL;
	if (!p->asks_packages || f.match_listed == 0)
		return remembered(t, p, check, &f, e);
	if (check)
		f.check = *check;
	return decide(t, &p->p, &f, e) < 0 ? NULL : t->scratch;
}

/* What is known of it; false: nothing. */
static bool find_check(const struct tally *t, uint64_t id, const struct match_check **ret)
{
	size_t at;
	if (!places_find(&t->check_at, id, &at) || at >= t->check_count)
		return false;
	*ret = &t->checks[at];
	return true;
}

int tally_image(struct tally *t, const struct tally_asked *q, struct arena *a,
		struct image_counted *ret, struct err *e)
{
	struct known_policy *p = q->policy ? find_policy(t, q->policy) : NULL;
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
		struct set_check *c = &q->checks->items[i];
		const struct match_check *check = NULL;
		/* What nothing is known of is active. */
		if ((p->asks_checks || q->on) && !find_check(t, c->id, &check)) {
			ret->counts.by[c->severity]++;
			continue;
		}
		const struct verdict *v = judge(t, p, check, c, e);
		if (!v)
			return -(int)e->code;
		note(t, q, p, v, c, check);
		c->disabled = v->hides != NULL;
		if (c->disabled)
			ret->counts.disabled++;
		else
			ret->counts.by[c->severity]++;
	}
	return put_by_rule(t, &p->p, a, &ret->by_rule, e);
}
