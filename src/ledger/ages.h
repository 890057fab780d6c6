/* ages (age_): how many active findings are from which day: of an image, in a short form that
 * is kept with its counts, and of a repository, in rows of age_total. A finding is from the day
 * (UTC) since which its check is one of the repository (ledger/firsts.h). */
#pragma once
#include "advisory/advisory.h"
#include "ledger/firsts.h"

/* Of the checks that rules leave active; dates: of each of them. Into out, which is cleared. */
int ages_put(const struct first *dates, const struct check_union *checks, struct buf *out,
	     struct err *e);

/* What changes in the sums of repositories when images are counted again. Zeroed at first. */
struct age_sum;
struct age_sums {
	struct age_sum *items;
	size_t count, cap, at; /* at: found last */
};
void age_sums_free(struct age_sums *s);
/* An image's ages as readers see them and as the next epoch's will, added (sign 1) or taken out
 * (-1). ERR_DAMAGED. */
int age_sums_add(struct age_sums *s, int64_t repository, struct bytes seen, struct bytes next,
		 int sign, struct err *e);
int age_sums_write(struct db_tx *tx, const struct age_sums *s, int64_t epoch, struct err *e);
