#include "ledger/policy.h"

#include "base/cursor.h"
#include "base/own.h"
#include "ledger/keyed.h"
#include "ledger/many.h"
#include "store/seen.h"

#include <stdlib.h>
#include <string.h>

#define ONE_MEMORY (16 * POLICY_BODY_MAX) /* bytes: lists of short texts, as they are in memory */

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the policy of an image");
}

static void note_asked(struct policy_source *s, const struct criteria *c)
{
	s->asks_tags = s->asks_tags || c->tags.count > 0;
	s->asks_image = s->asks_image || c->tags.count || c->digests.count || c->os.count;
}

int policy_source_read(struct db_tx *tx, int64_t scope, int64_t except, int64_t now_ms,
		       struct arena *a, struct policy_source *ret, struct err *e)
{
	*ret = (struct policy_source){0};
	if (store_rules_in_effect(tx, scope, except, now_ms, a, &ret->rules, e) < 0)
		return -(int)e->code;
	if (ret->rules.count == 0)
		return 0;
	ret->terms = arena_alloc(a, ret->rules.count, sizeof *ret->terms);
	if (!ret->terms)
		return no_memory(e);
	for (size_t i = 0; i < ret->rules.count; i++) {
		if (rule_terms_parse(ret->rules.items[i].terms, a, &ret->terms[i], e) < 0)
			return err_ctx(e, "rule %lld", (long long)ret->rules.items[i].id);
		note_asked(ret, &ret->terms[i].what.c);
	}
	return 0;
}

int policy_source_add(struct policy_source *s, const struct store_rule *rule,
		      const struct rule_terms *terms, struct arena *a, struct err *e)
{
	size_t n = s->rules.count;
	struct store_rule *rules = arena_alloc(a, n + 1, sizeof *rules);
	struct rule_terms *all = arena_alloc(a, n + 1, sizeof *all);
	if (!rules || !all)
		return no_memory(e);
	for (size_t i = 0; i < n; i++) {
		rules[i] = s->rules.items[i];
		all[i] = s->terms[i];
	}
	rules[n] = *rule;
	all[n] = *terms;
	s->rules = (struct store_rules){.items = rules, .count = n + 1};
	s->terms = all;
	note_asked(s, &terms->what.c);
	return 0;
}

void policy_key(const struct policy_source *s, const size_t *which, size_t count,
		const struct finding *image, struct bytes attached, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = which ? which[i] : i;
		struct criteria rest;
		enum criteria_rest left = criteria_of_image(&s->terms[at].what.c, image, &rest);
		if (left == CRITERIA_NONE)
			continue;
		buf_put_varint(out, at);
		buf_put_u8(out, (uint8_t)left);
	}
	if (attached.len) {
		buf_put_varint(out, s->rules.count);
		buf_put(out, attached);
	}
}

/* A rule of a policy as it is kept. */
struct kept_rule {
	uint64_t rule;
	bool whole, observes;
	struct bytes document, text;
	struct rule_terms terms;
};
#define K(member, kind, key, ...) RECORD_FIELD(struct kept_rule, member, kind, key, __VA_ARGS__)
static const struct record_field kept_fields[] = {
    K(rule, RECORD_UINT, "rule", "Its number"),
    K(whole, RECORD_BOOL, "whole", "Every finding fits", .flags = RECORD_OPTIONAL),
    K(observes, RECORD_BOOL, "observes", "It disables nothing", .flags = RECORD_OPTIONAL),
    K(document, RECORD_TEXT, "document", "What is attached to the image", .flags = RECORD_OPTIONAL),
    K(text, RECORD_TEXT, "text", "What it says", .flags = RECORD_OPTIONAL),
    K(terms, RECORD_OBJECT, "terms", "What it says", .of = &rule_terms_object),
};
static const struct record_object kept_object = {RECORD_TABLE(kept_fields)};

void policy_attached_put(struct buf *out, const struct policy_attached *x, size_t place)
{
	struct json_out w;
	const struct kept_rule k = {.rule = (uint64_t)POLICY_ATTACHED + place,
				    .document = x->document,
				    .text = x->text,
				    .terms = {.what = {.c = {.cvss_min = -1,
							     .cvss_below = -1,
							     .epss_min = -1,
							     .epss_below = -1,
							     .ids = x->ids,
							     .id_count = x->id_count}},
					      .ends = {.epss_min = -1}}};
	if (out->len)
		buf_put_u8(out, ',');
	json_out_init(&w, out, false);
	record_put(&w, NULL, &kept_object, &k);
}

void policy_body(const struct policy_source *s, struct bytes key, struct buf *out)
{
	struct cursor c = cur_of(key);
	struct json_out w;
	if (!key.len)
		return;
	json_out_init(&w, out, false);
	json_put_array(&w, NULL);
	while (cur_left(&c)) {
		size_t at = (size_t)cur_varint(&c);
		if (cur_ok(&c) && at == s->rules.count) {
			json_put_raw(&w, NULL, cur_take(&c, cur_left(&c)));
			break;
		}
		enum criteria_rest left = (enum criteria_rest)cur_u8(&c);
		if (!cur_ok(&c) || at >= s->rules.count)
			break;
		struct kept_rule k = {.rule = (uint64_t)s->rules.items[at].id,
				      .whole = left == CRITERIA_ALL,
				      .observes = s->rules.items[at].effect == RULE_OBSERVES,
				      .terms = s->terms[at]};
		struct criteria *kept = &k.terms.what.c;
		kept->digests = kept->tags = kept->repositories = kept->os =
		    (struct criteria_texts){0};
		if (k.whole)
			k.terms.what = (struct rule_criteria){.c = {.cvss_min = -1,
								    .cvss_below = -1,
								    .epss_min = -1,
								    .epss_below = -1}};
		record_put(&w, NULL, &kept_object, &k);
	}
	json_put_end(&w, ']');
}

void policy_settle(struct policy *p)
{
	p->asks_matches = p->asks_patchable = false;
	for (size_t i = 0; i < p->count; i++) {
		const struct policy_rule *r = &p->rules[i];
		p->asks_matches = p->asks_matches || rule_asks_matches(&r->terms, r->whole);
		p->asks_patchable = p->asks_patchable || r->terms.what.c.patchable != RECORD_UNSAID;
	}
}

int policy_parse(struct bytes body, struct arena *a, struct policy *ret, struct err *e)
{
	struct json j;
	size_t cap = 0;
	json_init(&j, body, a);
	if (json_enter_array(&j)) {
		while (json_next_item(&j)) {
			struct kept_rule k = {0};
			ret->rules =
			    arena_grow(a, ret->rules, ret->count, &cap, sizeof *ret->rules);
			if (!ret->rules)
				return no_memory(e);
			if (record_read(&j, &kept_object, &k, true, e) < 0 ||
			    (json_ok(&j) && rule_terms_settle(&k.terms, e) < 0))
				return err_ctx(e, "policy %lld", (long long)ret->id);
			ret->rules[ret->count++] = (struct policy_rule){.rule = (int64_t)k.rule,
									.whole = k.whole,
									.document = k.document,
									.text = k.text,
									.observes = k.observes,
									.terms = k.terms};
		}
	}
	policy_settle(ret);
	return json_finish(&j, e) < 0 ? err_ctx(e, "policy %lld", (long long)ret->id) : 0;
}

/* Policies of different images have the same rules, most of them. */
#define ALIKE 8U
struct alike {
	struct bytes text[ALIKE];
	struct policy parsed[ALIKE];
	size_t count;
};

/* The bodies of these policies, or (NULL) of all, by number. */
typedef int (*body_fn)(void *arg, int64_t id, struct bytes body, struct err *e);
static int each_body(struct db_tx *tx, const int64_t *ids, size_t count, body_fn each, void *arg,
		     struct err *e)
{
	struct db_stmt *s =
	    ids ? db_query(tx, "SELECT id, body FROM policy WHERE id {IN $1} ORDER BY id",
			   DB_ARGS(DB_INTS(ids, count)), e)
		: db_query(tx, "SELECT id, body FROM policy ORDER BY id", NULL, 0, e);
	int r = s ? 0 : -(int)e->code;
	while (s && r >= 0 && (r = db_step(s, e)) > 0)
		r = each(arg, db_int(s, 0), db_bytes(s, 1), e);
	db_done(s);
	return r < 0 ? r : 0;
}

struct reading {
	struct arena *a;
	struct policies *all;
	size_t cap;
	struct alike known;
};

static struct policy *add_policy(struct reading *r, int64_t id)
{
	struct policies *all = r->all;
	all->items = arena_grow(r->a, all->items, all->count, &r->cap, sizeof *all->items);
	if (!all->items)
		return NULL;
	struct policy *p = &all->items[all->count++];
	*p = (struct policy){.id = id};
	return p;
}

static int add_whole(void *arg, int64_t id, struct bytes body, struct err *e)
{
	struct reading *r = arg;
	bool ok = false;
	struct policy *p = add_policy(r, id);
	struct bytes kept = p ? arena_bytes(r->a, body, &ok) : BYTES_NONE;
	return ok ? policy_parse(kept, r->a, p, e) : no_memory(e);
}

int policies_read(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
		  struct policies *ret, struct err *e)
{
	struct reading r = {.a = a, .all = ret};
	*ret = (struct policies){0};
	return each_body(tx, ids, count, add_whole, &r, e);
}

/* How the first member of what is attached begins in a body: no rule has its number. */
#define ATTACHED_BEGINS "{\"rule\":4503599627370496,"
_Static_assert(POLICY_ATTACHED == INT64_C(4503599627370496), "what a body says of it");

/* The rules of a body, without what is attached. */
static int brief_rules(struct bytes body, struct alike *known, struct arena *a, struct policy *ret,
		       struct err *e)
{
	size_t end = bytes_find_bytes(body, BYTES_LIT(ATTACHED_BEGINS));
	bool attached = end < body.len;
	if (attached && end <= 1)
		return 0;
	struct bytes text = bytes_part(body, 0, attached ? end - 1 : end);
	for (size_t i = 0; i < known->count && i < ALIKE; i++)
		if (bytes_eq(known->text[i], text)) {
			ret->rules = known->parsed[i].rules;
			ret->count = known->parsed[i].count;
			return 0;
		}
	uint8_t *kept = arena_alloc(a, text.len + 1, 1);
	if (!kept)
		return no_memory(e);
	if (text.len)
		memcpy(kept, text.ptr, text.len);
	kept[text.len] = ']';
	if (policy_parse((struct bytes){kept, text.len + attached}, a, ret, e) < 0)
		return -(int)e->code;
	known->text[known->count % ALIKE] = (struct bytes){kept, text.len};
	known->parsed[known->count++ % ALIKE] = *ret;
	return 0;
}

static int cmp_ids(const void *x, const void *y)
{
	uint64_t a, b;
	memcpy(&a, x, sizeof a);
	memcpy(&b, y, sizeof b);
	return (a > b) - (a < b);
}

/* What is attached, as one member more: its checks, each once. */
static int brief_attached(const struct policy *whole, struct arena *a, struct policy *ret,
			  struct err *e)
{
	size_t n = 0, at = 0;
	for (size_t i = 0; i < whole->count; i++)
		if (whole->rules[i].rule >= POLICY_ATTACHED)
			n += whole->rules[i].terms.what.c.id_count;
	if (n == 0)
		return 0;
	uint64_t *ids = arena_alloc(a, n, sizeof *ids);
	struct policy_rule *rules = arena_alloc(a, ret->count + 1, sizeof *rules);
	if (!ids || !rules)
		return no_memory(e);
	n = 0;
	for (size_t i = 0; i < whole->count; i++) {
		const struct criteria *c = &whole->rules[i].terms.what.c;
		for (size_t k = 0; whole->rules[i].rule >= POLICY_ATTACHED && k < c->id_count; k++)
			ids[n++] = c->ids[k];
		rules[ret->count] = whole->rules[i]; /* the last one is attached */
	}
	qsort(ids, n, sizeof *ids, cmp_ids);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || ids[i] != ids[at - 1])
			ids[at++] = ids[i];
	for (size_t i = 0; i < ret->count; i++)
		rules[i] = ret->rules[i];
	struct policy_rule *one = &rules[ret->count++];
	one->rule = POLICY_ATTACHED;
	one->document = one->text = BYTES_NONE;
	one->terms.what.c.ids = ids;
	one->terms.what.c.id_count = at;
	ret->rules = rules;
	return 0;
}

static int brief_one(struct bytes body, struct alike *known, struct arena *a, struct policy *ret,
		     struct err *e)
{
	struct arena step;
	struct policy whole = {.id = ret->id};
	arena_init(&step, ONE_MEMORY);
	int r = policy_parse(body, &step, &whole, e);
	if (r == 0)
		r = brief_rules(body, known, a, ret, e);
	if (r == 0)
		r = brief_attached(&whole, a, ret, e);
	policy_settle(ret);
	arena_free(&step);
	return r;
}

static int add_brief(void *arg, int64_t id, struct bytes body, struct err *e)
{
	struct reading *r = arg;
	struct policy *p = add_policy(r, id);
	return p ? brief_one(body, &r->known, r->a, p, e) : no_memory(e);
}

int policies_read_brief(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
			struct policies *ret, struct err *e)
{
	struct reading r = {.a = a, .all = ret};
	*ret = (struct policies){0};
	return each_body(tx, ids, count, add_brief, &r, e);
}

struct each_policy {
	policy_fn each;
	void *arg;
};

static int parse_one(void *arg, int64_t id, struct bytes body, struct err *e)
{
	const struct each_policy *x = arg;
	struct arena one;
	struct policy p = {.id = id};
	arena_init(&one, ONE_MEMORY);
	int r = policy_parse(body, &one, &p, e);
	if (r >= 0)
		r = x->each(x->arg, &p, e);
	arena_free(&one);
	return r;
}

int policies_each(struct db_tx *tx, policy_fn each, void *arg, struct err *e)
{
	struct each_policy x = {each, arg};
	return each_body(tx, NULL, 0, parse_one, &x, e);
}

const struct policy *policies_find(const struct policies *all, int64_t id)
{
	size_t low = 0, high = all->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (all->items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < all->count && all->items[low].id == id ? &all->items[low] : NULL;
}

bool policy_disables_check(const struct policy *p, const struct match_check *c)
{
	const struct finding yes = {.check = *c, .patchable = true}, no = {.check = *c};
	for (size_t i = 0; p && i < p->count; i++) {
		const struct policy_rule *r = &p->rules[i];
		if (!r->observes && !rule_asks_matches(&r->terms, r->whole) &&
		    rule_of(&r->terms, r->whole, &yes) == RULE_FITS &&
		    rule_of(&r->terms, r->whole, &no) == RULE_FITS)
			return true;
	}
	return false;
}

const struct policy_rule *policy_disables(const struct policy *p, const struct finding *f)
{
	for (size_t i = 0; p && i < p->count; i++) {
		const struct policy_rule *r = &p->rules[i];
		if (!r->observes && rule_of(&r->terms, r->whole, f) == RULE_FITS)
			return r;
	}
	return NULL;
}

const struct policy_rule *policy_attached_find(const struct policy *p, uint64_t check)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct criteria *c = &p->rules[i].terms.what.c;
		for (size_t k = 0; p->rules[i].rule >= POLICY_ATTACHED && k < c->id_count; k++)
			if (c->ids[k] == check)
				return &p->rules[i];
	}
	return NULL;
}

int policy_put_many(struct db_tx *tx, const struct bytes *bodies, size_t count, int64_t *ret,
		    struct err *e)
{
	OWN_FREE struct keyed *rows = own_calloc(count + 1, sizeof *rows);
	OWN_FREE struct keyed **sorted = own_calloc(count + 1, sizeof *sorted);
	struct many add = {.tx = tx,
			   .columns = 3,
			   .text = "INSERT INTO policy(id, hash, body) VALUES($1, $2, $3)"};
	size_t n = 0;
	int r = rows && sorted ? 0 : no_memory(e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct buf text;
		ret[i] = 0;
		if (!bodies[i].len)
			continue;
		buf_init(&text, POLICY_BODY_MAX);
		buf_put(&text, bodies[i]);
		sorted[n++] = &rows[i];
		r = keyed_hash(&text, rows[i].key, e);
		buf_free(&text);
	}
	if (r == 0 && n)
		r = keyed_find(tx, "SELECT hash, id FROM policy WHERE hash {IN $1}", sorted, n, e);
	if (r == 0 && n)
		r = keyed_number(tx, "policy", sorted, n, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct db_value values[] = {
		    DB_I(rows[i].id), DB_B(((struct bytes){.ptr = rows[i].key, .len = KEYED_LEN})),
		    DB_T(bodies[i])};
		ret[i] = rows[i].id;
		if (rows[i].is_new)
			r = many_add(&add, values, e);
	}
	return many_end(&add, r, e);
}

int policy_clear(struct db_tx *tx, struct err *e)
{
	int64_t n = db_exec(tx,
			    "DELETE FROM policy WHERE id NOT IN (SELECT policy FROM image_counts)"
			    " AND id NOT IN (SELECT old_policy FROM image_counts"
			    " WHERE since > " SEEN_EPOCH ")",
			    NULL, 0, e);
	return n < 0 ? (int)n : 0;
}
