/* watch: what the registry reports of its manifests, to its observer (scan/), in the
 * transaction that writes the fact: what a watch writes is there exactly when its fact is. The
 * registry itself does not depend on scanning. A call may be repeated, as its transaction may; one
 * that fails makes the transaction fail. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include <stdint.h>

struct db_tx;

struct registry_image {
	int64_t repository_id;
	struct bytes repository; /* its name */
	struct bytes digest;	 /* of the manifest, as text */
	struct bytes media_type; /* of the manifest; put and pulled only */
	struct bytes subject;	 /* digest of the manifest that it refers to; put and gone only */
	int64_t at;		 /* wall ms */
	struct bytes actor;	 /* who put or pulled it; empty: not signed in */
	bool is_import;		 /* put: it came by import, not by a push */
	uint64_t count;		 /* pulled: so many times */
};

struct registry_watch {
	void *arg;
	/* A manifest is there, for the first time or again. Its rows are written. */
	int (*put)(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e);
	/* It is about to be removed. */
	int (*gone)(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e);
	/* A tag of the repository names another manifest, or none. Its rows are written.
	 * NULL: no one asks. */
	int (*tagged)(struct db_tx *tx, void *arg, int64_t repository_id, struct bytes tag,
		      struct err *e);
	/* It was pulled, within the last second. */
	int (*pulled)(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e);
};
