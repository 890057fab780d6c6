#include "ledger/keyed.h"

#include "base/buf.h"
#include "base/own.h"
#include "oci/digest.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a key of the store");
}

int keyed_hash_bytes(struct bytes text, uint8_t key[KEYED_LEN], struct err *e)
{
	struct digest d;
	digest_of(DIGEST_SHA256, text, &d);
	if (d.algo == DIGEST_NONE)
		return no_memory(e);
	memcpy(key, d.hash, KEYED_LEN);
	return 0;
}

int keyed_hash(const struct buf *text, uint8_t key[KEYED_LEN], struct err *e)
{
	return buf_ok(text) ? keyed_hash_bytes(buf_bytes(text), key, e) : no_memory(e);
}

static int by_key(const void *a, const void *b)
{
	const struct keyed *const *x = a, *const *y = b;
	return memcmp((*x)->key, (*y)->key, KEYED_LEN);
}

static bool same(const struct keyed *a, const struct keyed *b)
{
	return memcmp(a->key, b->key, KEYED_LEN) == 0;
}

/* The first of the items whose key is not below. */
static size_t lower_bound(struct keyed *const *items, size_t count, const uint8_t *key)
{
	size_t low = 0;
	while (low < count) {
		size_t middle = low + (count - low) / 2;
		if (memcmp(items[middle]->key, key, KEYED_LEN) < 0)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

static int ask(struct db_tx *tx, const char *text, const struct bytes *keys, size_t key_count,
	       struct keyed *const *items, size_t count, struct err *e)
{
	struct db_stmt *s = db_query(tx, text, DB_ARGS(DB_BLOBS(keys, key_count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		struct bytes key = db_bytes(s, 0);
		size_t i = key.len == KEYED_LEN ? lower_bound(items, count, key.ptr) : count;
		for (; i < count && memcmp(items[i]->key, key.ptr, KEYED_LEN) == 0; i++)
			items[i]->id = db_int(s, 1);
	}
	db_done(s);
	return r;
}

int keyed_find(struct db_tx *tx, const char *text, struct keyed **items, size_t count,
	       struct err *e)
{
	OWN_FREE struct bytes *keys = own_calloc(count + 1, sizeof *keys);
	size_t n = 0;
	if (!keys)
		return err_set(e, ERR_NOMEM, "no memory for keys of the store");
	if (count)
		qsort(items, count, sizeof *items, by_key);
	for (size_t i = 0; i < count; i++) {
		items[i]->id = 0;
		items[i]->is_new = false;
		if (i == 0 || !same(items[i], items[i - 1]))
			keys[n++] = (struct bytes){.ptr = items[i]->key, .len = KEYED_LEN};
	}
	int r = 0;
	for (size_t from = 0; r == 0 && from < n; from += DB_LIST_MAX)
		r = ask(tx, text, keys + from, n - from < DB_LIST_MAX ? n - from : DB_LIST_MAX,
			items, count, e);
	return r;
}

int keyed_number(struct db_tx *tx, const char *counter, struct keyed *const *items, size_t count,
		 struct err *e)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		items[i]->is_new = items[i]->id == 0 && (i == 0 || !same(items[i], items[i - 1]));
		n += items[i]->is_new;
	}
	if (n == 0)
		return 0;
	int64_t next = db_ids_take(tx, counter, n, e);
	if (next < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++) {
		if (items[i]->is_new)
			items[i]->id = next++;
		else if (items[i]->id == 0)
			items[i]->id = items[i - 1]->id;
	}
	return 0;
}
