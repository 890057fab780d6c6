/* rescore_dates: the dates of images that are counted again together. What a new generation finds
 * in an image's repository for the first time is from now on; an image from before dates were kept
 * gets the best known ones. Zeroed at first. */
#pragma once
#include "ledger/image_dates.h"
#include "ledger/rescore.h"

struct rescore_dates {
	struct firsts firsts;
	struct kev_checks kev; /* of the next epoch */
	struct buf places;     /* where the images are, ascending */
	struct buf known;      /* of an older store: struct rescore_pair, check and its date */
	int64_t *known_ms;     /* of one image's checks */
	size_t known_cap;
	int64_t now_ms; /* 0: nothing was loaded yet */
	bool by_advisory;
};
void rescore_dates_free(struct rescore_dates *d);
/* Of these images, which ascend. */
int rescore_dates_load(struct rescore_dates *d, struct db_tx *tx, const struct rescore *r,
		       const int64_t *images, size_t count, struct err *e);
/* checks: settled, of one of them, after tally_image. Texts are in a. */
int rescore_dates_put(struct rescore_dates *d, int64_t image, const struct check_union *checks,
		      struct arena *a, struct image_counted *ret, struct err *e);
/* What is new in the repositories. No reader sees it before its checks are visible. */
int rescore_dates_write(struct rescore_dates *d, struct db_tx *tx, struct err *e);
