/* sibling: how many images of registries the recommendations concern that are not about findings,
 * and whether one image is concerned. */
#pragma once
#include "defend/recommendation.h"
#include "ledger/counts.h"

struct sibling_query {
	enum recommendation_about about;
	const int64_t *registries;
	size_t count;
	int64_t now_ms;
};
/* Of secrets that are looked at; past them nothing is known. */
#define SIBLING_FINDINGS_MAX 10000U
#define SIBLING_BASES_MAX 5000U /* images whose bases are looked up; the same */

/* ret, which has the totals of findings, becomes those of the recommendation: images that it
 * concerns (unhealthy), does not (healthy) and of which that is not known (unverified); without
 * counts. That about findings stays as it is. */
int sibling_totals(struct db_tx *tx, const struct sibling_query *q, struct arena *a,
		   struct repository_total *ret, struct err *e);

/* An image as a recommendation sees it. */
enum sibling_state { SIBLING_HEALTHY, SIBLING_UNHEALTHY, SIBLING_UNKNOWN };
struct sibling_image {
	int64_t id;
	struct bytes registry, repository, digest, distro_id, distro_version;
	enum sibling_state state;
	struct bytes reason; /* why it is unhealthy, or unknown */
};
struct sibling_images {
	struct sibling_image *items;
	size_t count;
	int64_t last; /* the image that was looked at last; 0: there are no more */
};
struct sibling_images_query {
	enum recommendation_about about;
	int64_t registry_id; /* 0 = any */
	int64_t after;
	size_t n;  /* images that are looked at */
	int state; /* enum sibling_state; -1 = any */
	struct visibility visible;
	int64_t now_ms;
};
/* Images by number, up to n looked at, those of the state listed. */
int sibling_images(struct db_tx *tx, const struct sibling_images_query *q, struct arena *a,
		   struct sibling_images *ret, struct err *e);
