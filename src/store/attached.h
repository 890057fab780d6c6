/* attached (store_attached_): which documents of a repository an image has, by subject and tag, and
 * what they came to: a row for each image that has some (ledger/image_policy.h makes a policy of
 * it). */
#pragma once
#include "store/registry.h"

/* Indexes of the repository that refer to this manifest. Up to n. */
int store_attached_indexes(const struct store_registry *t, int64_t repository, struct bytes digest,
			   size_t n, struct arena *a, struct store_texts *ret, struct err *e);
/* Scans of the image, or of the images of this index, for what is attached to it has changed; those
 * that are queued already stay. */
int64_t store_attached_moved(struct db_tx *tx, int64_t repository, struct bytes digest,
			     int64_t now_ms, struct err *e);
/* Whether a document is attached to it, by subject or tag: 1/0. */
int store_attached_is_subject(struct db_tx *tx, int64_t repository, struct bytes digest,
			      struct err *e);
/* Scans of all images in repositories that hold documents: the setting is another one. The value is
 * kept. 0 = it is the same as before. */
int64_t store_attached_setting(struct db_tx *tx, struct bytes value, int64_t now_ms, struct err *e);

/* What the documents of an image come to (ledger/policy.h); no documents: no row. */
int store_attached_put(struct db_tx *tx, int64_t image, bool has_documents, struct bytes body,
		       struct err *e);
