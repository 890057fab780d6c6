/* stored (store_stored_): how much is stored, by registry and by repository: sums that move in the
 * transactions of the blobs and links themselves, so that no list reads a row for each blob. A blob
 * counts in its registry, and in each repository that links it, while its row is there: not while
 * it is damaged. */
#pragma once
#include "store/registry.h"
#include "store/scope.h"

struct store_stored {
	uint64_t blobs, bytes;
};

/* Of all registries together. */
int store_stored_all(struct db_tx *tx, struct store_stored *ret, struct err *e);
/* Of these registries or repositories: ret[i] of scopes[i]. */
int store_stored_many(struct db_tx *tx, const int64_t *scopes, size_t count,
		      struct store_stored *ret, struct err *e);
/* The visible repositories of each of these registries together: a blob counts for each that links
 * it. */
int store_stored_visible(struct db_tx *tx, const int64_t *registries, size_t count,
			 const struct visibility *v, struct store_stored *ret, struct err *e);

/* After a blob's row was added (sign 1), and before it is removed (-1); digest: its key. With all
 * links to it. */
int store_stored_blob(const struct store_registry *t, struct bytes digest, int sign, struct err *e);
/* Before the first n blobs of a registry that is being deleted, by digest, are removed. */
int store_stored_clear(const struct store_registry *t, size_t n, struct err *e);
/* After a link was added, before or after it was removed. */
int store_stored_link(const struct store_registry *t, int64_t repository, struct bytes digest,
		      int sign, struct err *e);
