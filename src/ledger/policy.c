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

struct policy_rule policy_attached_rule(const uint64_t *ids, size_t count)
{
	return (struct policy_rule){.rule = POLICY_ATTACHED,
				    .terms = {.what = {.c = {.cvss_min = -1,
							     .cvss_below = -1,
							     .epss_min = -1,
							     .epss_below = -1,
							     .ids = ids,
							     .id_count = count}},
					      .ends = {.epss_min = -1}}};
}

void policy_attached_put(struct buf *out, const struct policy_attached *x, size_t place)
{
	struct json_out w;
	const struct kept_rule k = {.rule = (uint64_t)POLICY_ATTACHED + place,
				    .document = x->document,
				    .text = x->text,
				    .terms = policy_attached_rule(x->ids, x->id_count).terms};
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

static int read_rule(struct json *j, struct policy_rule *ret, struct err *e)
{
	struct kept_rule k = {0};
	if (record_read(j, &kept_object, &k, true, e) < 0 ||
	    (json_ok(j) && rule_terms_settle(&k.terms, e) < 0))
		return -(int)e->code;
	*ret = (struct policy_rule){.rule = (int64_t)k.rule,
				    .whole = k.whole,
				    .document = k.document,
				    .text = k.text,
				    .observes = k.observes,
				    .terms = k.terms};
	return 0;
}

int policy_rule_parse(struct bytes text, struct arena *a, struct policy_rule *ret, struct err *e)
{
	struct json j;
	json_init(&j, text, a);
	return read_rule(&j, ret, e) < 0 ? -(int)e->code : json_finish(&j, e);
}

/* How the first member of what is attached begins: no rule has its number. */
#define ATTACHED_BEGINS "{\"rule\":4503599627370496,"
_Static_assert(POLICY_ATTACHED == INT64_C(4503599627370496), "what a body says of it");

bool policy_is_attached(struct bytes text)
{
	return bytes_has_prefix_lit(text, ATTACHED_BEGINS);
}

int policy_parse(struct bytes body, struct arena *a, struct policy *ret, struct err *e)
{
	struct json j;
	size_t cap = 0;
	json_init(&j, body, a);
	if (json_enter_array(&j)) {
		while (json_next_item(&j)) {
			ret->rules =
			    arena_grow(a, ret->rules, ret->count, &cap, sizeof *ret->rules);
			if (!ret->rules)
				return no_memory(e);
			if (read_rule(&j, &ret->rules[ret->count++], e) < 0)
				return err_ctx(e, "policy %lld", (long long)ret->id);
		}
	}
	policy_settle(ret);
	return json_finish(&j, e) < 0 ? err_ctx(e, "policy %lld", (long long)ret->id) : 0;
}

static int read_one(struct db_stmt *s, struct arena *a, struct policies *ret, size_t *cap,
		    struct err *e)
{
	bool ok = false;
	ret->items = arena_grow(a, ret->items, ret->count, cap, sizeof *ret->items);
	struct bytes body = ret->items ? arena_bytes(a, db_bytes(s, 1), &ok) : BYTES_NONE;
	if (!ok)
		return no_memory(e);
	struct policy *p = &ret->items[ret->count++];
	*p = (struct policy){.id = db_int(s, 0)};
	return policy_parse(body, a, p, e);
}

int policies_read(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
		  struct policies *ret, struct err *e)
{
	size_t cap = 0;
	struct db_stmt *s = db_query(tx, "SELECT id, body FROM policy WHERE id {IN $1} ORDER BY id",
				     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	*ret = (struct policies){0};
	while (s && (r = db_step(s, e)) > 0) {
		r = read_one(s, a, ret, &cap, e);
		if (r < 0)
			break;
	}
	db_done(s);
	return r;
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

static int add_row(struct many *add, const struct keyed *row, struct bytes body, struct err *e)
{
	struct arena step;
	struct policy p = {.id = row->id};
	arena_init(&step, ONE_MEMORY);
	int r = policy_parse(body, &step, &p, e);
	const struct db_value values[] = {DB_I(row->id),
					  DB_B(((struct bytes){.ptr = row->key, .len = KEYED_LEN})),
					  DB_T(body), DB_I(p.asks_matches || p.asks_patchable)};
	arena_free(&step);
	return r < 0 ? r : many_add(add, values, e);
}

int policy_put_many(struct db_tx *tx, const struct bytes *bodies, size_t count, int64_t *ret,
		    struct err *e)
{
	OWN_FREE struct keyed *rows = own_calloc(count + 1, sizeof *rows);
	OWN_FREE struct keyed **sorted = own_calloc(count + 1, sizeof *sorted);
	struct many add = {.tx = tx,
			   .columns = 4,
			   .text =
			       "INSERT INTO policy(id, hash, body, asks) VALUES($1, $2, $3, $4)"};
	size_t n = 0;
	int r = rows && sorted ? 0 : no_memory(e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		ret[i] = 0;
		if (!bodies[i].len)
			continue;
		sorted[n++] = &rows[i];
		r = keyed_hash_bytes(bodies[i], rows[i].key, e);
	}
	if (r == 0 && n)
		r = keyed_find(tx, "SELECT hash, id FROM policy WHERE hash {IN $1}", sorted, n, e);
	if (r == 0 && n)
		r = keyed_number(tx, "policy", sorted, n, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		ret[i] = rows[i].id;
		if (rows[i].is_new)
			r = add_row(&add, &rows[i], bodies[i], e);
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
