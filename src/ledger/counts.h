/* counts (image_, repository_): how many security checks each image has by severity, and what that
 * sums up to by repository. Kept for two generations at once: a switch writes the next one's counts
 * next to those that readers see, in as many transactions as it likes, and all become visible when
 * generation_switch raises the epoch. */
#pragma once
#include "base/arena.h"
#include "advisory/advisory.h"
#include "store/scope.h"

/* An artifact (signature, chart, attestation) is Unverified to readers and counts in no sum: it is
 * not an image that needs attention. */
enum image_state {
	IMAGE_PENDING,
	IMAGE_HEALTHY,
	IMAGE_UNHEALTHY,
	IMAGE_UNVERIFIED,
	IMAGE_ARTIFACT
};

struct image_counts {
	uint64_t by[ADV_SEV_CRITICAL + 1]; /* active ones by enum adv_severity */
	uint64_t disabled;		   /* by rules; counted nowhere else */
};

/* What an image comes to under its policy (ledger/tally.h). */
struct image_counted {
	struct image_counts counts;
	int64_t policy;	      /* 0 = no rule holds */
	struct bytes by_rule; /* "RULE:FINDINGS:RELEASED …": of each rule that fits anything */
	/* Of the active ones. */
	bool is_dated; /* ages are known: false of images of a store from before there were any */
	struct bytes ages;  /* ledger/ages.h */
	uint64_t exploited; /* listed in CISA KEV */
	uint64_t urgent;    /* Critical, and an update repairs them */
};

/* A new image of a repository: Pending, without checks. */
int image_counts_add(struct db_tx *tx, int64_t image, int64_t repository, struct err *e);
/* What a scan found. rest: IMAGE_PENDING, _HEALTHY, _UNVERIFIED or _ARTIFACT; counted NULL: that
 * stays. */
int image_counts_put(struct db_tx *tx, int64_t image, enum image_state rest,
		     const struct image_counted *counted, struct err *e);
int image_counts_delete(struct db_tx *tx, int64_t image, struct err *e);
/* A scan of an image in this repository ended, with whatever result. */
int repository_total_scanned(struct db_tx *tx, int64_t repository, int64_t at_ms, struct err *e);

/* The next generation's counts of many images (at most DB_LIST_MAX), which ascend. An image that
 * was deleted meanwhile is left out. */
struct image_counts_next {
	int64_t image;
	struct image_counted counted;
};
int image_counts_put_next(struct db_tx *tx, const struct image_counts_next *images, size_t count,
			  struct err *e);

struct repository_total {
	int64_t id;
	struct bytes name, registry, subscription; /* from the arena */
	uint64_t images, healthy, unhealthy, unverified;
	struct image_counts counts;
	int64_t pushed_ms;  /* the newest image */
	int64_t scanned_ms; /* of sums: when a scan last ended; 0: none did */
	int64_t key;	    /* its place in the order asked for */
};
/* Images that are not scanned yet. */
uint64_t repository_total_pending(const struct repository_total *t);
enum repository_sort {
	REPOSITORY_BY_NAME,
	REPOSITORY_BY_SEVERITY, /* the most Critical ones first, then High … */
	REPOSITORY_BY_IMAGES,
	REPOSITORY_BY_PUSHED,
	REPOSITORY_SORT_COUNT
};
struct repository_totals_query {
	int64_t registry_id;	   /* 0 = of all */
	struct bytes text;	   /* within the name; empty = any */
	enum repository_sort sort; /* highest first; equal ones, and of the first, by name */
	/* Behind this repository of this registry; after_key of a first page that is not by name:
	 * INT64_MAX. */
	int64_t after_key;
	struct bytes after, after_registry;
	size_t max;
	struct visibility visible;
};
/* Visible repositories, up to q->max into out; their number. */
int64_t repository_totals_list(struct db_tx *tx, const struct repository_totals_query *q,
			       struct arena *a, struct repository_total *out, struct err *e);
/* How many there are in all. */
int repository_totals_count(struct db_tx *tx, const struct repository_totals_query *q,
			    struct arena *a, struct total *ret, struct err *e);
/* All that are visible of a registry (0: of all) together; without names, pushed_ms 0. */
int repository_totals_sum(struct db_tx *tx, int64_t registry, const struct visibility *v,
			  struct repository_total *ret, struct err *e);
/* The same of each of these registries: ret[i] of registries[i]. */
int repository_totals_sums(struct db_tx *tx, const int64_t *registries, size_t count,
			   const struct visibility *v, struct repository_total *ret, struct err *e);
