/* usage: the images that are billed: a digest in a subscription once, at its first successful scan
 * while the subscription's plan is on. Rows stay when images, registries and subscriptions are
 * deleted. */
#pragma once
#include "base/arena.h"
#include "db/db.h"
#include "store/scope.h"

/* The image was scanned: a row if its digest is new to the subscription, whose plan must be on. */
int store_usage_add(struct db_tx *tx, int64_t repository_id, struct bytes digest, int64_t now_ms,
		    struct err *e);

/* Of which time, and what the caller sees. Rows of subscriptions that are gone are for callers that
 * see all. */
struct store_usage_query {
	int64_t from_ms, to_ms;	   /* to_ms is not in it */
	struct bytes subscription; /* name; empty = all */
	struct visibility visible;
	struct bytes after; /* sums: a name; images: of after_ms, a digest and its subscription */
	struct bytes after_subscription;
	int64_t after_ms;
	size_t n;
};
/* Of one subscription, by name; one that was deleted and made again with the same name counts with
 * it. */
struct store_usage_sum {
	struct bytes subscription;
	uint64_t images, trial; /* trial: of them, first scanned in the trial */
};
struct store_usage_sums {
	struct store_usage_sum *items;
	size_t count;
	bool more;
};
int store_usage_sum(struct db_tx *tx, const struct store_usage_query *q, struct arena *a,
		    struct store_usage_sums *ret, struct err *e);
int store_usage_sum_total(struct db_tx *tx, const struct store_usage_query *q, struct total *ret,
			  struct err *e);

struct store_usage {
	struct bytes subscription, registry, repository, digest;
	int64_t at_ms; /* of the first successful scan */
	bool is_trial;
};
struct store_usages {
	struct store_usage *items;
	size_t count;
	bool more;
};
/* By time, digest, subscription. */
int store_usage_list(struct db_tx *tx, const struct store_usage_query *q, struct arena *a,
		     struct store_usages *ret, struct err *e);
int store_usage_total(struct db_tx *tx, const struct store_usage_query *q, struct total *ret,
		      struct err *e);
