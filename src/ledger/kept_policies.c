/* Two tables under one lock: policies by the hash of their bodies, in the order of their last use,
 * and rules by the hash of their texts, counted by the policies that have them. Who needs a policy
 * that is not there takes the turn, of which there is one: reads the body, adds its rules and
 * itself. A policy that does not fit beside those that are in use is nobody else's, and its reader
 * keeps the turn until it is done with it. Who holds the turn waits for nothing but its own
 * statement, and only reads: nobody who waits for the turn can stop it. */
#include "ledger/kept_policies.h"

#include "base/clock.h"
#include "ledger/places.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 16384U
#define BODY_MEMORY                                                                                \
	(16 * POLICY_BODY_MAX) /* bytes: lists of short texts, as they are in memory               \
				*/

struct rule_entry {
	struct kept_rule kept;
	uint8_t key[KEYED_LEN];
	struct rule_entry *next;
	size_t users; /* policies */
	size_t bytes;
	struct arena arena;
};
struct policy_entry {
	struct kept_policy kept;
	uint8_t key[KEYED_LEN];
	struct policy_entry *next;
	struct policy_entry *newer, *older; /* by last use */
	unsigned readers;
	size_t bytes;
	bool alone; /* in no table: its reader has the turn */
	struct kept_rule *rules[];
};
struct keeper {
	pthread_mutex_t lock; /* the rest */
	pthread_cond_t given;
	bool taken; /* the turn */
	size_t limit;
	int64_t wait_ms;
	struct kept_state is;
	uint64_t serial;
	struct policy_entry *newest, *oldest;
	struct policy_entry *policies[BUCKETS];
	struct rule_entry *rules[BUCKETS];
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the policies of images");
}

static size_t bucket_of(const uint8_t key[KEYED_LEN])
{
	return ((size_t)key[0] << 8 | key[1]) % BUCKETS;
}

static void *keeper_open(void)
{
	struct keeper *k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	(void)pthread_mutex_init(&k->lock, NULL);
	(void)clock_cond_init(&k->given);
	k->limit = KEPT_BYTES;
	k->wait_ms = KEPT_WAIT_MS;
	return k;
}

static void count_bytes(struct keeper *k, size_t more)
{
	k->is.bytes += more;
	if (k->is.bytes > k->is.most)
		k->is.most = k->is.bytes;
}

static struct rule_entry *entry_of(const struct kept_rule *r)
{
	return (struct rule_entry *)(uintptr_t)r; /* its first member */
}

static void rule_free(struct rule_entry *r)
{
	arena_free(&r->arena);
	free(r);
}

/* One user less. Under the lock. */
static void rule_leave(struct keeper *k, struct rule_entry *r)
{
	struct rule_entry **at = &k->rules[bucket_of(r->key)];
	if (--r->users)
		return;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	k->is.bytes -= r->bytes;
	k->is.rules--;
	rule_free(r);
}

static void rules_leave(struct keeper *k, struct kept_rule *const *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rule_leave(k, entry_of(rules[i]));
}

/* Under the lock, like the next ones. */
static void policy_free(struct keeper *k, struct policy_entry *p)
{
	rules_leave(k, p->rules, p->kept.count);
	k->is.bytes -= p->bytes;
	k->is.policies--;
	free(p);
}

static void put_newest(struct keeper *k, struct policy_entry *p)
{
	p->newer = NULL;
	p->older = k->newest;
	if (k->newest)
		k->newest->newer = p;
	else
		k->oldest = p;
	k->newest = p;
}

static void take_out(struct keeper *k, struct policy_entry *p)
{
	*(p->newer ? &p->newer->older : &k->newest) = p->older;
	*(p->older ? &p->older->newer : &k->oldest) = p->newer;
}

static void policy_forget(struct keeper *k, struct policy_entry *p)
{
	struct policy_entry **at = &k->policies[bucket_of(p->key)];
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	take_out(k, p);
	policy_free(k, p);
}

/* Those that are not in use, the longest unused first, until the rest fits. */
static void make_room(struct keeper *k)
{
	struct policy_entry *p = k->oldest;
	while (p && k->is.bytes > k->limit) {
		struct policy_entry *newer = p->newer;
		if (!p->readers)
			policy_forget(k, p);
		p = newer;
	}
}

static void keeper_close(void *arg)
{
	struct keeper *k = arg;
	k->limit = 0;
	make_room(k);
	(void)pthread_cond_destroy(&k->given);
	(void)pthread_mutex_destroy(&k->lock);
	free(k);
}

static struct keeper *keeper_of(struct db_tx *tx)
{
	return db_companion(tx, keeper_open, keeper_close);
}

static struct policy_entry *find(struct keeper *k, const struct kept_name *n)
{
	struct policy_entry *p = k->policies[bucket_of(n->hash)];
	while (p && memcmp(p->key, n->hash, KEYED_LEN) != 0)
		p = p->next;
	if (p) {
		p->readers++;
		take_out(k, p);
		put_newest(k, p);
	}
	return p;
}

/* Wait for what is done by who has the turn. Under the lock. */
static int wait_given(struct keeper *k, int64_t until, struct err *e)
{
	return clock_wait_mono(&k->given, &k->lock, until) || !k->taken
		   ? 0
		   : err_set(e, ERR_TIMEOUT, "too many policies of images are read at once");
}

static int take_turn(struct keeper *k, struct err *e)
{
	int r = 0;
	(void)pthread_mutex_lock(&k->lock);
	int64_t until = clock_mono_ms() + k->wait_ms;
	while (r == 0 && k->taken)
		r = wait_given(k, until, e);
	k->taken = k->taken || r == 0;
	(void)pthread_mutex_unlock(&k->lock);
	return r;
}

/* The policy, when it is there or comes meanwhile; or NULL and the turn. */
static int take_or_turn(struct keeper *k, const struct kept_name *n, struct policy_entry **ret,
			struct err *e)
{
	int r = 0;
	(void)pthread_mutex_lock(&k->lock);
	int64_t until = clock_mono_ms() + k->wait_ms;
	while (r == 0 && !(*ret = find(k, n)) && k->taken)
		r = wait_given(k, until, e);
	k->taken = k->taken || (r == 0 && !*ret);
	(void)pthread_mutex_unlock(&k->lock);
	return r;
}

/* Under the lock. */
static void give_turn(struct keeper *k)
{
	k->taken = false;
	(void)pthread_cond_broadcast(&k->given);
}

/* A policy that is being read. */
struct draft {
	struct keeper *k;
	struct buf rules; /* struct kept_rule *, of which it is a user */
	struct buf attached;
};

static struct rule_entry *rule_find(struct keeper *k, const uint8_t key[KEYED_LEN])
{
	(void)pthread_mutex_lock(&k->lock);
	struct rule_entry *r = k->rules[bucket_of(key)];
	while (r && memcmp(r->key, key, KEYED_LEN) != 0)
		r = r->next;
	if (r)
		r->users++;
	(void)pthread_mutex_unlock(&k->lock);
	return r;
}

static int rule_read(struct rule_entry *r, struct bytes text, struct err *e)
{
	bool ok;
	struct policy_rule *rule = &r->kept.rule;
	arena_init(&r->arena, BODY_MEMORY);
	r->kept.text = arena_bytes(&r->arena, text, &ok);
	if (!ok)
		return no_memory(e);
	if (policy_rule_parse(r->kept.text, &r->arena, rule, e) < 0)
		return -(int)e->code;
	if (!criteria_sort(&rule->terms.what.c, &r->arena))
		return no_memory(e);
	r->kept.asks_matches = rule_asks_matches(&rule->terms, rule->whole);
	r->bytes = sizeof *r + r->arena.used;
	return 0;
}

static void rule_add(struct keeper *k, struct rule_entry *r)
{
	(void)pthread_mutex_lock(&k->lock);
	struct rule_entry **bucket = &k->rules[bucket_of(r->key)];
	r->kept.serial = ++k->serial;
	r->users = 1;
	r->next = *bucket;
	*bucket = r;
	k->is.rules++;
	count_bytes(k, r->bytes);
	(void)pthread_mutex_unlock(&k->lock);
}

static int add_rule(struct draft *d, struct bytes text, struct err *e)
{
	uint8_t key[KEYED_LEN];
	if (keyed_hash_bytes(text, key, e) < 0)
		return -(int)e->code;
	struct rule_entry *r = rule_find(d->k, key);
	if (!r) {
		r = calloc(1, sizeof *r);
		if (!r)
			return no_memory(e);
		if (rule_read(r, text, e) < 0) {
			rule_free(r);
			return -(int)e->code;
		}
		memcpy(r->key, key, KEYED_LEN);
		rule_add(d->k, r);
	}
	const struct kept_rule *kept = &r->kept;
	buf_put(&d->rules, (struct bytes){(const uint8_t *)&kept, sizeof kept});
	if (buf_ok(&d->rules))
		return 0;
	(void)pthread_mutex_lock(&d->k->lock);
	rule_leave(d->k, r);
	(void)pthread_mutex_unlock(&d->k->lock);
	return no_memory(e);
}

static int add_attached(struct draft *d, struct bytes text, struct err *e)
{
	struct arena step;
	struct policy_rule x;
	arena_init(&step, BODY_MEMORY);
	int r = policy_rule_parse(text, &step, &x, e);
	if (r == 0)
		buf_put(&d->attached, (struct bytes){(const uint8_t *)x.terms.what.c.ids,
						     x.terms.what.c.id_count * sizeof(uint64_t)});
	arena_free(&step);
	return r < 0 ? r : buf_ok(&d->attached) ? 0 : no_memory(e);
}

static int read_members(struct draft *d, struct bytes body, struct err *e)
{
	struct json j;
	bool attached = false;
	int r = 0;
	json_init(&j, body, NULL);
	if (json_enter_array(&j))
		while (r == 0 && json_next_item(&j)) {
			struct bytes text = json_raw(&j);
			/* the rules come first */
			attached = attached || policy_is_attached(text);
			if (json_ok(&j))
				r = attached ? add_attached(d, text, e) : add_rule(d, text, e);
		}
	return r < 0 ? r : json_finish(&j, e);
}

static int cmp_ids(const void *x, const void *y)
{
	uint64_t a, b;
	memcpy(&a, x, sizeof a);
	memcpy(&b, y, sizeof b);
	return (a > b) - (a < b);
}

/* A policy of the draft, which keeps nothing. */
static struct policy_entry *make(struct draft *d)
{
	size_t n = d->attached.len / sizeof(uint64_t), at = 0;
	size_t size = sizeof(struct policy_entry) + d->rules.len + d->attached.len;
	struct policy_entry *p = calloc(1, size);
	if (!p)
		return NULL;
	uint64_t *ids = (uint64_t *)(void *)((uint8_t *)p->rules + d->rules.len);
	p->kept.count = d->rules.len / sizeof p->rules[0];
	if (p->kept.count)
		memcpy(p->rules, d->rules.ptr, d->rules.len);
	if (n) {
		memcpy(ids, d->attached.ptr, d->attached.len);
		qsort(ids, n, sizeof *ids, cmp_ids);
	}
	for (size_t i = 0; i < n; i++)
		if (i == 0 || ids[i] != ids[at - 1])
			ids[at++] = ids[i];
	p->kept.rules = (const struct kept_rule *const *)p->rules;
	p->kept.attached = ids;
	p->kept.attached_count = at;
	p->bytes = size;
	return p;
}

/* NULL: *e says why. */
static struct policy_entry *read_body(struct keeper *k, struct bytes body, struct err *e)
{
	struct draft d = {.k = k};
	struct policy_entry *p = NULL;
	buf_init(&d.rules, POLICY_BODY_MAX);
	buf_init(&d.attached, 8 * POLICY_BODY_MAX); /* a number takes two bytes of text at least */
	if (read_members(&d, body, e) == 0 && !(p = make(&d)))
		(void)no_memory(e);
	(void)pthread_mutex_lock(&k->lock);
	k->is.reads++;
	if (p) {
		k->is.policies++;
		count_bytes(k, p->bytes);
	} else {
		rules_leave(k, (struct kept_rule *const *)(void *)d.rules.ptr,
			    d.rules.len / sizeof(struct kept_rule *));
	}
	(void)pthread_mutex_unlock(&k->lock);
	buf_free(&d.rules);
	buf_free(&d.attached);
	return p;
}

static struct db_stmt *ask_body(struct db_tx *tx, int64_t id, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT body FROM policy WHERE id = $1", DB_ARGS(DB_I(id)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		return s;
	if (r == 0)
		(void)err_set(e, ERR_DAMAGED, "policy %lld is not there", (long long)id);
	db_done(s);
	return NULL;
}

/* By who has the turn. NULL: *e says why. */
static struct policy_entry *read_policy(struct keeper *k, struct db_tx *tx,
					const struct kept_name *n, struct err *e)
{
	struct db_stmt *s = ask_body(tx, n->id, e);
	struct policy_entry *p = s ? read_body(k, db_bytes(s, 0), e) : NULL;
	db_done(s);
	if (p)
		memcpy(p->key, n->hash, KEYED_LEN);
	else
		(void)err_ctx(e, "policy %lld", (long long)n->id);
	return p;
}

static void add_policy(struct keeper *k, struct policy_entry *p)
{
	struct policy_entry **bucket = &k->policies[bucket_of(p->key)];
	p->readers = 1;
	make_room(k);
	p->alone = k->is.bytes > k->limit;
	if (p->alone)
		return;
	p->next = *bucket;
	*bucket = p;
	put_newest(k, p);
	give_turn(k);
}

static int take(struct keeper *k, struct db_tx *tx, const struct kept_name *n,
		struct policy_entry **ret, struct err *e)
{
	int r = take_or_turn(k, n, ret, e);
	if (r < 0 || *ret)
		return r;
	struct policy_entry *p = read_policy(k, tx, n, e);
	(void)pthread_mutex_lock(&k->lock);
	if (p)
		add_policy(k, p);
	else
		give_turn(k);
	(void)pthread_mutex_unlock(&k->lock);
	*ret = p;
	return p ? 0 : -(int)e->code;
}

static void give(struct keeper *k, struct policy_entry *p)
{
	(void)pthread_mutex_lock(&k->lock);
	p->readers--;
	if (p->alone) {
		policy_free(k, p);
		give_turn(k);
	} else if (k->is.bytes > k->limit) {
		make_room(k);
	}
	(void)pthread_mutex_unlock(&k->lock);
}

int kept_each(struct db_tx *tx, const struct kept_name *names, size_t count, kept_fn each,
	      void *arg, struct err *e)
{
	struct keeper *k = keeper_of(tx);
	int r = k ? 0 : no_memory(e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct policy_entry *p;
		r = take(k, tx, &names[i], &p, e);
		if (r < 0)
			break;
		r = each(arg, i, &p->kept, e);
		give(k, p);
	}
	return r;
}

static int read_whole(struct db_tx *tx, int64_t id, policy_fn each, void *arg, struct err *e)
{
	struct arena one;
	struct policy p = {.id = id};
	struct db_stmt *s = ask_body(tx, id, e);
	arena_init(&one, BODY_MEMORY);
	int r = s ? policy_parse(db_bytes(s, 0), &one, &p, e) : -(int)e->code;
	if (r == 0)
		r = each(arg, &p, e);
	arena_free(&one);
	db_done(s);
	return r;
}

int kept_each_whole(struct db_tx *tx, const struct kept_name *names, size_t count, policy_fn each,
		    void *arg, struct err *e)
{
	struct keeper *k = keeper_of(tx);
	int r = k ? 0 : no_memory(e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = take_turn(k, e);
		if (r < 0)
			break;
		r = read_whole(tx, names[i].id, each, arg, e);
		(void)pthread_mutex_lock(&k->lock);
		give_turn(k);
		(void)pthread_mutex_unlock(&k->lock);
	}
	return r;
}

struct names {
	struct arena *a;
	struct kept_name *items;
	size_t count, cap;
};

static int read_names(struct names *n, struct db_stmt *s, struct err *e)
{
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		struct bytes hash = db_bytes(s, 1);
		n->items = arena_grow(n->a, n->items, n->count, &n->cap, sizeof *n->items);
		if (!n->items || hash.len != KEYED_LEN) {
			r = n->items
				? err_set(e, ERR_DAMAGED, "a policy's hash has %zu bytes", hash.len)
				: no_memory(e);
			break;
		}
		n->items[n->count].id = db_int(s, 0);
		memcpy(n->items[n->count++].hash, hash.ptr, KEYED_LEN);
	}
	db_done(s);
	return r;
}

int kept_names(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
	       struct kept_name **ret, size_t *ret_count, struct err *e)
{
	struct names n = {.a = a};
	int r = 0;
	if (!ids)
		r = read_names(
		    &n, db_query(tx, "SELECT id, hash FROM policy ORDER BY id", NULL, 0, e), e);
	for (size_t from = 0; r == 0 && ids && from < count; from += DB_LIST_MAX) {
		size_t some = count - from < DB_LIST_MAX ? count - from : DB_LIST_MAX;
		r = read_names(&n,
			       db_query(tx,
					"SELECT id, hash FROM policy WHERE id {IN $1} ORDER BY id",
					DB_ARGS(DB_INTS(ids + from, some)), e),
			       e);
	}
	*ret = n.items;
	*ret_count = n.count;
	return r;
}

static bool is_attached(const struct kept_policy *p, uint64_t check)
{
	return p->attached_count &&
	       bsearch(&check, p->attached, p->attached_count, sizeof check, cmp_ids) != NULL;
}

int64_t kept_disables(const struct kept_policy *p, const struct finding *f)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct policy_rule *r = &p->rules[i]->rule;
		if (!r->observes && rule_of(&r->terms, r->whole, f) == RULE_FITS)
			return r->rule;
	}
	return is_attached(p, f->check.id) ? POLICY_ATTACHED : 0;
}

static uint64_t judge_rule(const struct kept_rule *kept, const struct kept_verdicts *v)
{
	const struct policy_rule *r = &kept->rule;
	uint64_t bits = 0;
	if (r->observes || kept->asks_matches)
		return 0;
	for (size_t i = 0; i < v->count; i++) {
		const struct finding yes = {.check = *v->checks[i], .patchable = true},
				     no = {.check = *v->checks[i]};
		if (rule_of(&r->terms, r->whole, &no) == RULE_FITS &&
		    rule_of(&r->terms, r->whole, &yes) == RULE_FITS)
			bits |= UINT64_C(1) << i;
	}
	return bits;
}

static bool rule_bits(const struct kept_rule *r, struct kept_verdicts *v, uint64_t *ret)
{
	size_t at;
	if (places_find(v->at, r->serial, &at)) {
		memcpy(ret, v->bits.ptr + at * sizeof *ret, sizeof *ret);
		return true;
	}
	*ret = judge_rule(r, v);
	at = v->bits.len / sizeof *ret;
	buf_put(&v->bits, (struct bytes){(const uint8_t *)ret, sizeof *ret});
	return buf_ok(&v->bits) && places_put(v->at, r->serial, at);
}

int kept_judge(const struct kept_policy *p, struct kept_verdicts *v, uint64_t *ret, struct err *e)
{
	uint64_t all = 0;
	if (!v->at) {
		buf_init(&v->bits, POLICY_BODY_MAX);
		v->at = calloc(1, sizeof *v->at);
		if (!v->at)
			return no_memory(e);
	}
	for (size_t i = 0; i < p->count; i++) {
		uint64_t bits;
		if (!rule_bits(p->rules[i], v, &bits))
			return no_memory(e);
		all |= bits;
	}
	for (size_t i = 0; i < v->count; i++)
		if (is_attached(p, v->checks[i]->id))
			all |= UINT64_C(1) << i;
	*ret = all;
	return 0;
}

void kept_verdicts_free(struct kept_verdicts *v)
{
	if (v->at)
		places_free(v->at);
	free(v->at);
	buf_free(&v->bits);
	*v = (struct kept_verdicts){0};
}

void kept_look(struct db_tx *tx, struct kept_state *ret)
{
	struct keeper *k = keeper_of(tx);
	*ret = (struct kept_state){0};
	if (!k)
		return;
	(void)pthread_mutex_lock(&k->lock);
	*ret = k->is;
	(void)pthread_mutex_unlock(&k->lock);
}

int kept_limit(struct db_tx *tx, size_t bytes, int64_t wait_ms, struct err *e)
{
	struct keeper *k = keeper_of(tx);
	if (!k)
		return no_memory(e);
	(void)pthread_mutex_lock(&k->lock);
	k->limit = bytes;
	k->wait_ms = wait_ms;
	make_room(k);
	k->is.most = k->is.bytes;
	(void)pthread_mutex_unlock(&k->lock);
	return 0;
}
