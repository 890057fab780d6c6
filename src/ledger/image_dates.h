/* image_dates (kev_): what an image's active checks come to by date, and how many of them
 * are exploited or urgent: the last fields of struct image_counted. */
#pragma once
#include "ledger/counts.h"
#include "ledger/firsts.h"
#include "ledger/places.h"

/* The checks that are listed in CISA KEV in an epoch. Zeroed at first. */
struct kev_checks {
	struct places ids;
};
void kev_checks_free(struct kev_checks *k);
int kev_checks_read(struct kev_checks *k, struct db_tx *tx, int64_t epoch, struct err *e);

/* Fill in is_dated, ages (in a), exploited and urgent. checks: settled, after tally_image; dates:
 * of each. */
int image_dates_put(const struct first *dates, const struct kev_checks *kev,
		    const struct check_union *checks, struct arena *a, struct image_counted *ret,
		    struct err *e);
/* The same of an image that was scanned now; what was not known of its repository is from now on.
 */
int image_dates_now(struct db_tx *tx, int64_t repository, int64_t at_ms,
		    const struct check_union *checks, struct arena *a, struct image_counted *ret,
		    struct err *e);
