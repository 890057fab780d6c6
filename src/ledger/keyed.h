/* keyed: rows of which the store keeps one for each content: found by the first bytes of a hash
 * over it, numbered when they are new. */
#pragma once
#include "base/buf.h"
#include "db/db.h"

#define KEYED_LEN 16

struct keyed {
	uint8_t key[KEYED_LEN];
	int64_t id;  /* 0 = not kept */
	bool is_new; /* keyed_number gave it its number: the caller adds the row */
};
/* SHA-256's first bytes. ERR_NOMEM. */
int keyed_hash_bytes(struct bytes text, uint8_t key[KEYED_LEN], struct err *e);
/* The same. ERR_NOMEM: text is a buffer that failed. */
int keyed_hash(const struct buf *text, uint8_t key[KEYED_LEN], struct err *e);
/* The ids of all; text: "SELECT key, id … WHERE key {IN $1}". items are sorted by their keys. */
int keyed_find(struct db_tx *tx, const char *text, struct keyed **items, size_t count,
	       struct err *e);
/* A number of the counter for each key that has none; items as keyed_find left them. Of several
 * with the same key the first is new. */
int keyed_number(struct db_tx *tx, const char *counter, struct keyed *const *items, size_t count,
		 struct err *e);
