#include "base/num.h"
#include "ledger/rescore_lists.h"

#include <stdlib.h>
#include <string.h>

struct rescore_lists {
	int64_t *keys; /* open addressing; 0 = free */
	size_t *at;    /* offset of a blob in data */
	size_t mask, used;
	struct buf data;
};

static size_t slot_of(const struct rescore_lists *l, int64_t key)
{
	size_t i = (size_t)(((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15)) >> 24) & l->mask;
	while (l->keys[i] && l->keys[i] != key)
		i = (i + 1) & l->mask;
	return i;
}

void rescore_lists_close(struct rescore_lists *l)
{
	if (!l)
		return;
	free(l->keys);
	free(l->at);
	buf_free(&l->data);
	free(l);
}

struct rescore_lists *rescore_lists_open(size_t max)
{
	struct rescore_lists *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->mask = 4095;
	l->keys = calloc(l->mask + 1, sizeof *l->keys);
	l->at = calloc(l->mask + 1, sizeof *l->at);
	buf_init(&l->data, max);
	if (l->keys && l->at)
		return l;
	rescore_lists_close(l);
	return NULL;
}

void rescore_lists_clear(struct rescore_lists *l)
{
	memset(l->keys, 0, (l->mask + 1) * sizeof *l->keys);
	l->used = 0;
	buf_clear(&l->data);
}

static bool grow(struct rescore_lists *l)
{
	struct rescore_lists bigger = {.mask = l->mask * 2 + 1};
	bigger.keys = calloc(bigger.mask + 1, sizeof *bigger.keys);
	bigger.at = calloc(bigger.mask + 1, sizeof *bigger.at);
	if (!bigger.keys || !bigger.at) {
		free(bigger.keys);
		free(bigger.at);
		return false;
	}
	for (size_t i = 0; i <= l->mask; i++) {
		if (!l->keys[i])
			continue;
		size_t at = slot_of(&bigger, l->keys[i]);
		bigger.keys[at] = l->keys[i];
		bigger.at[at] = l->at[i];
	}
	free(l->keys);
	free(l->at);
	l->keys = bigger.keys;
	l->at = bigger.at;
	l->mask = bigger.mask;
	return true;
}

bool rescore_lists_find(const struct rescore_lists *l, int64_t key, struct bytes *ret)
{
	size_t i = slot_of(l, key);
	if (!l->keys[i])
		return false;
	struct cursor c = cur_of(bytes_from(buf_bytes(&l->data), l->at[i]));
	*ret = cur_blob(&c);
	return cur_ok(&c);
}

bool rescore_lists_put(struct rescore_lists *l, int64_t key, struct bytes checks)
{
	if (l->used * 2 > l->mask && !grow(l))
		return false;
	size_t i = slot_of(l, key), at = l->data.len;
	buf_put_blob(&l->data, checks);
	if (!buf_ok(&l->data))
		return false;
	l->used += !l->keys[i];
	l->keys[i] = key;
	l->at[i] = at;
	return true;
}

void rescore_lists_make_space(struct rescore_lists *l)
{
	if (l->data.len > RESCORE_CACHE_MAX)
		rescore_lists_clear(l);
}

void rescore_ids_add(struct rescore_ids *l, int64_t id)
{
	buf_put(&l->buf, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
}

size_t rescore_ids_count(const struct rescore_ids *l)
{
	return l->buf.len / sizeof(int64_t);
}

const int64_t *rescore_ids_all(const struct rescore_ids *l)
{
	return (const int64_t *)(const void *)l->buf.ptr;
}

int rescore_ids_settle(struct rescore_ids *l, struct err *e)
{
	if (!buf_ok(&l->buf))
		return err_set(e, ERR_NOMEM, "no memory for a list of ids");
	int64_t *ids = (int64_t *)(void *)l->buf.ptr;
	size_t n = rescore_ids_count(l), kept = 0;
	if (n)
		qsort(ids, n, sizeof *ids, num_cmp_i64);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	}
	l->buf.len = kept * sizeof *ids;
	return 0;
}

int rescore_ids_collect(struct db_tx *tx, const char *text, const struct db_value *args,
			size_t count, struct rescore_ids *out, struct err *e)
{
	struct db_stmt *s = db_query(tx, text, args, count, e);
	if (!s)
		return -(int)e->code;
	int r;
	while ((r = db_step(s, e)) > 0)
		rescore_ids_add(out, db_int(s, 0));
	db_done(s);
	return r;
}

const struct rescore_pair *rescore_pairs_all(const struct buf *pairs)
{
	return (const struct rescore_pair *)(const void *)pairs->ptr;
}

size_t rescore_pairs_count(const struct buf *pairs)
{
	return pairs->len / sizeof(struct rescore_pair);
}

void rescore_pairs_add(struct buf *pairs, int64_t id, int64_t other)
{
	const struct rescore_pair p = {.id = id, .other = other};
	buf_put(pairs, (struct bytes){.ptr = (const uint8_t *)&p, .len = sizeof p});
}

int rescore_pairs_collect(struct db_tx *tx, const char *text, const struct db_value *args,
			  size_t count, struct buf *pairs, struct err *e)
{
	struct db_stmt *s = db_query(tx, text, args, count, e);
	if (!s)
		return -(int)e->code;
	int r;
	while ((r = db_step(s, e)) > 0)
		rescore_pairs_add(pairs, db_int(s, 0), db_int(s, 1));
	db_done(s);
	return r;
}

static int by_pair(const void *a, const void *b)
{
	const struct rescore_pair *x = a, *y = b;
	int d = (x->id > y->id) - (x->id < y->id);
	return d ? d : (x->other > y->other) - (x->other < y->other);
}

int rescore_pairs_settle(struct buf *pairs, struct err *e)
{
	if (!buf_ok(pairs))
		return err_set(e, ERR_NOMEM, "no memory for a list of pairs");
	struct rescore_pair *all = (struct rescore_pair *)(void *)pairs->ptr;
	size_t n = rescore_pairs_count(pairs), kept = 0;
	if (n)
		qsort(all, n, sizeof *all, by_pair);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || by_pair(&all[kept - 1], &all[i]) != 0)
			all[kept++] = all[i];
	}
	pairs->len = kept * sizeof *all;
	return 0;
}
