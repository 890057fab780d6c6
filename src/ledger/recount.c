#include "ledger/recount.h"

#include "base/clock.h"
#include "ledger/policy.h"
#include "ledger/rescore.h"
#include "ledger/rescore_lists.h"
#include "store/digest_key.h"

#include <stdlib.h>
#include <string.h>

#define SOURCE_BUDGET ((size_t)512 << 20) /* bytes: rules, tags of images, policies */
#define KEYS_MAX ((size_t)256 << 20)

/* A rule that holds for a repository, nearest first. */
struct holding_rule {
	int64_t repository;
	size_t rule; /* of the source */
};
struct tag {
	int64_t repository;
	struct bytes digest, name; /* digest: its key */
};
/* Images with the same key have the same policy. */
struct key {
	struct bytes bytes;
	int64_t policy;
};
struct image {
	int64_t id, policy; /* that it has */
	uint32_t key;
	bool is_undated; /* it was counted before dates were kept */
};

struct recount {
	struct rescore *rescore;
	struct arena arena;
	const int64_t *scopes;
	size_t scope_count;
	int64_t seq;
	struct policy_source source;
	struct buf holding; /* struct holding_rule, by repository */
	struct buf tags;    /* struct tag, by repository and digest */
	struct buf images;  /* struct image */
	struct key *keys;
	size_t key_count, key_cap;
	uint32_t *key_at; /* open addressing; 0 = free, else number + 1 */
	size_t key_mask;
	/* Of the image at hand. */
	struct buf key;
	size_t *which;
	struct bytes *tag_names;
	size_t tag_cap;
	int64_t repository;
	size_t which_count;
	uint32_t repository_key; /* UINT32_MAX: not known */
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a recount");
}

#define BELOW(repository)                                                                          \
	" EXISTS (SELECT 1 FROM scope_up due WHERE due.scope_id = " repository                     \
	" AND due.ancestor_id {IN $1})"

static int by_id(const void *a, const void *b)
{
	const struct store_rule *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

/* Which rules hold where. */
static int read_holding(struct recount *c, struct db_tx *tx, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT u.scope_id, x.id FROM rule x JOIN scope_up u ON u.ancestor_id = x.scope_id"
	    " JOIN scope v ON v.id = u.scope_id AND v.kind = 5 JOIN scope w ON w.id = x.scope_id"
	    " WHERE x.state = 0 AND" BELOW("u.scope_id") " ORDER BY u.scope_id, " STORE_RULE_ORDER,
	    DB_ARGS(DB_INTS(c->scopes, c->scope_count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		const struct store_rule key = {.id = db_int(s, 1)},
					*found =
					    c->source.rules.count
						? bsearch(&key, c->source.rules.items,
							  c->source.rules.count, sizeof key, by_id)
						: NULL;
		if (!found) /* its time is over */
			continue;
		const struct holding_rule h = {.repository = db_int(s, 0),
					       .rule = (size_t)(found - c->source.rules.items)};
		buf_put(&c->holding, (struct bytes){.ptr = (const uint8_t *)&h, .len = sizeof h});
	}
	db_done(s);
	return r < 0 ? r : buf_ok(&c->holding) ? 0 : no_memory(e);
}

static int read_tags(struct recount *c, struct db_tx *tx, struct err *e)
{
	if (!c->source.asks_tags)
		return 0;
	struct db_stmt *s = db_query(tx,
				     "SELECT t.repository_id, t.digest, t.name FROM tag t"
				     " JOIN repository r ON r.id = t.repository_id"
				     " AND r.registry_id = t.registry_id WHERE" BELOW(
					 "t.repository_id") " ORDER BY t.repository_id, t.digest",
				     DB_ARGS(DB_INTS(c->scopes, c->scope_count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		bool ok, ok2;
		const struct tag t = {.repository = db_int(s, 0),
				      .digest = arena_bytes(&c->arena, db_bytes(s, 1), &ok),
				      .name = arena_bytes(&c->arena, db_bytes(s, 2), &ok2)};
		buf_put(&c->tags, (struct bytes){.ptr = (const uint8_t *)&t, .len = sizeof t});
		if (!ok || !ok2) {
			r = no_memory(e);
			break;
		}
	}
	db_done(s);
	return r < 0 ? r : buf_ok(&c->tags) ? 0 : no_memory(e);
}

static int cmp_tag(const struct tag *t, int64_t repository, struct bytes digest)
{
	if (t->repository != repository)
		return t->repository < repository ? -1 : 1;
	return bytes_cmp(t->digest, digest);
}

/* The names of an image's tags. */
static int tags_of(struct recount *c, int64_t repository, struct bytes digest,
		   struct finding *image, struct err *e)
{
	const struct tag *all = (const struct tag *)(const void *)c->tags.ptr;
	size_t low = 0, count = c->tags.len / sizeof *all, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (cmp_tag(&all[middle], repository, digest) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	image->tag_count = 0;
	for (; low < count && cmp_tag(&all[low], repository, digest) == 0; low++) {
		if (image->tag_count == c->tag_cap) {
			size_t more = c->tag_cap ? 2 * c->tag_cap : 64;
			struct bytes *names = reallocarray(c->tag_names, more, sizeof *names);
			if (!names)
				return no_memory(e);
			c->tag_names = names;
			c->tag_cap = more;
		}
		c->tag_names[image->tag_count++] = all[low].name;
	}
	image->tags = c->tag_names;
	return 0;
}

static bool keys_grow(struct recount *c)
{
	size_t mask = c->key_mask ? 2 * c->key_mask + 1 : 1023;
	uint32_t *at = calloc(mask + 1, sizeof *at);
	if (!at)
		return false;
	for (size_t k = 0; k < c->key_count; k++) {
		size_t i = (size_t)bytes_hash(c->keys[k].bytes, 1) & mask;
		while (at[i])
			i = (i + 1) & mask;
		at[i] = (uint32_t)k + 1;
	}
	free(c->key_at);
	c->key_at = at;
	c->key_mask = mask;
	return true;
}

/* The number of c->key. */
static int key_number(struct recount *c, uint32_t *ret, struct err *e)
{
	struct bytes key = buf_bytes(&c->key);
	bool ok;
	if (!buf_ok(&c->key) || (2 * c->key_count >= c->key_mask && !keys_grow(c)))
		return no_memory(e);
	size_t i = (size_t)bytes_hash(key, 1) & c->key_mask;
	for (; c->key_at[i]; i = (i + 1) & c->key_mask) {
		*ret = c->key_at[i] - 1;
		if (bytes_eq(c->keys[*ret].bytes, key))
			return 0;
	}
	c->keys = arena_grow(&c->arena, c->keys, c->key_count, &c->key_cap, sizeof *c->keys);
	if (!c->keys)
		return no_memory(e);
	*ret = (uint32_t)c->key_count;
	c->keys[c->key_count] = (struct key){.bytes = arena_bytes(&c->arena, key, &ok)};
	c->key_at[i] = (uint32_t)++c->key_count;
	return ok ? 0 : no_memory(e);
}

/* Another repository: its rules. */
static void enter(struct recount *c, int64_t repository)
{
	const struct holding_rule *all = (const struct holding_rule *)(const void *)c->holding.ptr;
	size_t low = 0, count = c->holding.len / sizeof *all, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (all[middle].repository < repository)
			low = middle + 1;
		else
			high = middle;
	}
	c->repository = repository;
	c->repository_key = UINT32_MAX;
	for (c->which_count = 0; low < count && all[low].repository == repository; low++)
		c->which[c->which_count++] = all[low].rule;
}

static int look_at(struct recount *c, struct db_stmt *s, struct err *e)
{
	struct image i = {
	    .id = db_int(s, 0), .policy = db_int(s, 5), .is_undated = db_is_null(s, 7)};
	if (db_int(s, 1) != c->repository)
		enter(c, db_int(s, 1));
	struct bytes attached = db_bytes(s, 8);
	uint32_t number = c->repository_key;
	if (number == UINT32_MAX || attached.len || (c->source.asks_image && c->which_count)) {
		struct arena texts;
		bool ok = true;
		arena_init(&texts, 1U << 20);
		const char *os = arena_printf(&texts, "%.*s:%.*s", BYTES_ARG(db_bytes(s, 3)),
					      BYTES_ARG(db_bytes(s, 4)));
		struct finding image = {.digest = digest_key_text(db_bytes(s, 2), &texts, &ok),
					.os = bytes_of(os),
					.repository = db_bytes(s, 6)};
		int r =
		    os && ok ? tags_of(c, c->repository, db_bytes(s, 2), &image, e) : no_memory(e);
		buf_clear(&c->key);
		if (r == 0)
			policy_key(&c->source, c->which, c->which_count, &image, attached, &c->key);
		arena_free(&texts);
		if (r < 0 || key_number(c, &number, e) < 0)
			return -(int)e->code;
		if (!attached.len)
			c->repository_key = number;
	}
	i.key = number;
	buf_put(&c->images, (struct bytes){.ptr = (const uint8_t *)&i, .len = sizeof i});
	return buf_ok(&c->images) ? 0 : no_memory(e);
}

static int read_images(struct recount *c, struct db_tx *tx, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT i.id, i.repository_id, i.digest, i.distro_id, i.distro_version, n.policy,"
	    " r.name, n.ages, x.body FROM image i JOIN image_seen n ON n.image_id = i.id"
	    " LEFT JOIN image_attached x ON x.image_id = i.id"
	    " JOIN repository r ON r.id = i.repository_id WHERE" BELOW(
		"i.repository_id") " ORDER BY i.repository_id, i.id",
	    DB_ARGS(DB_INTS(c->scopes, c->scope_count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0)
		if ((r = look_at(c, s, e)) < 0)
			break;
	db_done(s);
	return r < 0 ? r : 0;
}

/* 1 = something is due, and it was worked out. */
static int look_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct recount *c = arg;
	int r = store_rule_due_read(tx, &c->arena, &c->scopes, &c->scope_count, &c->seq, e);
	if (r <= 0)
		return r;
	if (policy_source_read(tx, 0, 0, clock_wall_ms(), &c->arena, &c->source, e) < 0)
		return -(int)e->code;
	c->which = arena_alloc(&c->arena, c->source.rules.count, sizeof *c->which);
	if (!c->which)
		return no_memory(e);
	return read_holding(c, tx, e) < 0 || read_tags(c, tx, e) < 0 || read_images(c, tx, e) < 0
		   ? -(int)e->code
		   : 1;
}

static int policies_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct recount *c = arg;
	if (rescore_hold(c->rescore, tx, e) < 0)
		return -(int)e->code;
	struct bytes *bodies = arena_alloc(&c->arena, c->key_count, sizeof *bodies);
	int64_t *ids = arena_alloc(&c->arena, c->key_count, sizeof *ids);
	bool ok = bodies && ids;
	for (size_t i = 0; ok && i < c->key_count; i++) {
		struct buf text;
		buf_init(&text, POLICY_BODY_MAX);
		policy_body(&c->source, c->keys[i].bytes, &text);
		bodies[i] = arena_bytes(&c->arena, buf_bytes(&text), &ok);
		ok = ok && buf_ok(&text);
		buf_free(&text);
	}
	if (!ok)
		return no_memory(e);
	int r = policy_put_many(tx, bodies, c->key_count, ids, e);
	for (size_t i = 0; r == 0 && i < c->key_count; i++)
		c->keys[i].policy = ids[i];
	return r;
}

/* Images that get another policy, or dates, as struct rescore_pair. */
static int changed(const struct recount *c, struct buf *out, struct err *e)
{
	const struct image *all = (const struct image *)(const void *)c->images.ptr;
	for (size_t i = 0; i < c->images.len / sizeof *all; i++)
		if (c->keys[all[i].key].policy != all[i].policy || all[i].is_undated)
			rescore_pairs_add(out, all[i].id, c->keys[all[i].key].policy);
	return rescore_pairs_settle(out, e);
}

/* Visible from here on; without images that changed the epoch stays. */
static int done_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct recount *c = arg;
	if (rescore_hold(c->rescore, tx, e) < 0)
		return -(int)e->code;
	int64_t n = c->rescore->is_of_rules
			? db_exec(tx, "UPDATE generation SET epoch = $1 WHERE id = 1",
				  DB_ARGS(DB_I(c->rescore->epoch + 1)), e)
			: 0;
	return n < 0 ? (int)n : store_rule_due_done(tx, c->seq, e);
}

static int clear_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return policy_clear(tx, e);
}

static int apply(struct recount *c, struct db *db, struct err *e)
{
	struct buf pairs;
	int r = db_run(db, DB_WRITE, policies_tx, c, e);
	buf_init(&pairs, RESCORE_IDS_MAX);
	if (r >= 0)
		r = changed(c, &pairs, e);
	if (r >= 0 && rescore_pairs_count(&pairs)) {
		r = rescore_clear(c->rescore, true, e);
		if (r == 0)
			r = rescore_rules(c->rescore, &pairs, e);
		if (r == 0)
			r = rescore_sets(c->rescore, e);
		if (r == 0)
			r = rescore_images(c->rescore, e);
	}
	if (r >= 0)
		r = db_run(db, DB_WRITE, done_tx, c, e);
	/* It is in effect: policies that no image has any more may stay a while. */
	struct err ignored = ERR_INIT;
	if (r >= 0)
		(void)db_run(db, DB_WRITE_SOON, clear_tx, NULL, &ignored);
	buf_free(&pairs);
	return r;
}

int recount_is_due(struct db_tx *tx, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT 1 FROM rule_due LIMIT 1", NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r;
}

int recount_due(struct db *db, const struct generation_run *run, struct recount_result *ret,
		struct err *e)
{
	struct rescore rescore;
	struct recount c = {.rescore = &rescore, .repository = -1};
	int64_t from = clock_mono_us();
	rescore_init(&rescore, db, NULL, NULL);
	rescore.run = run ? *run : (struct generation_run){0};
	arena_init(&c.arena, SOURCE_BUDGET);
	buf_init(&c.holding, KEYS_MAX);
	buf_init(&c.tags, KEYS_MAX);
	buf_init(&c.images, KEYS_MAX);
	buf_init(&c.key, POLICY_BODY_MAX);
	int r = db_run(db, DB_READ, look_tx, &c, e);
	if (r > 0)
		r = apply(&c, db, e) < 0 ? -(int)e->code : 1;
	*ret = (struct recount_result){.looked_at = c.images.len / sizeof(struct image),
				       .images = rescore.images,
				       .took_us = clock_mono_us() - from};
	rescore_free(&rescore);
	free(c.key_at);
	free(c.tag_names);
	buf_free(&c.holding);
	buf_free(&c.tags);
	buf_free(&c.images);
	buf_free(&c.key);
	arena_free(&c.arena);
	return r;
}
