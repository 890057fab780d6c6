/* rescore_lists: what a switch of generations keeps in memory: lists of checks by id, and
 * lists of ids. */
#pragma once
#include "base/buf.h"
#include "ledger/rescore.h"

#define RESCORE_IDS_MAX ((size_t)2 << 30)
/* Bytes of checks of packages and sets kept in memory: those of 1,000 systems and half of 60,000
 * applications. */
#define RESCORE_CACHE_MAX ((size_t)24 << 20)

void rescore_ids_add(struct rescore_ids *l, int64_t id);
int rescore_ids_settle(struct rescore_ids *l, struct err *e);
/* Add the first column of all rows. */
int rescore_ids_collect(struct db_tx *tx, const char *text, const struct db_value *args,
			size_t count, struct rescore_ids *out, struct err *e);

/* Two numbers of a row, gathered in a buffer. */
struct rescore_pair {
	int64_t id, other;
};
const struct rescore_pair *rescore_pairs_all(const struct buf *pairs);
size_t rescore_pairs_count(const struct buf *pairs);
void rescore_pairs_add(struct buf *pairs, int64_t id, int64_t other);
/* Add the first two columns of all rows. */
int rescore_pairs_collect(struct db_tx *tx, const char *text, const struct db_value *args,
			  size_t count, struct buf *pairs, struct err *e);
/* Ascending by both, each once. */
int rescore_pairs_settle(struct buf *pairs, struct err *e);

/* Lists of checks in their kept form by the id of a package or set. max: bytes of all lists. NULL:
 * no memory. */
struct rescore_lists *rescore_lists_open(size_t max);
void rescore_lists_close(struct rescore_lists *l);
void rescore_lists_clear(struct rescore_lists *l);
/* *ret borrows from l, until the next rescore_lists_put. */
bool rescore_lists_find(const struct rescore_lists *l, int64_t key, struct bytes *ret);
bool rescore_lists_put(struct rescore_lists *l, int64_t key, struct bytes checks);
/* A cache that is full forgets everything: to be called before a step, not while what it found is
 * in use. */
void rescore_lists_make_space(struct rescore_lists *l);

/* Keep a step's results in a write transaction, and yield to waiting writers. */
int rescore_keep(struct rescore *r, db_fn fn, void *arg, struct err *e);
