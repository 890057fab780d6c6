/* overview (overview_): figures over all that a caller sees, from what is kept: findings by age,
 * what is new, the images at most risk, how many CVEs there are. */
#pragma once
#include "ledger/images.h"

/* Days since a finding is open: 0 to 7, 8 to 30, 31 to 90, more. */
enum overview_age {
	OVERVIEW_WEEK,
	OVERVIEW_MONTH,
	OVERVIEW_QUARTER,
	OVERVIEW_OLDER,
	OVERVIEW_AGES
};
/* Why findings are new: an advisory brought them to images that were there, or an image did. */
enum overview_cause { OVERVIEW_IMAGE, OVERVIEW_ADVISORY, OVERVIEW_CAUSES };

struct overview_ages {
	uint64_t by[ADV_SEV_CRITICAL + 1][OVERVIEW_AGES];
	uint64_t dated;	  /* all of them together */
	double mean_days; /* of those */
	/* Since yesterday, and within seven days. */
	struct image_counts day[OVERVIEW_CAUSES], week[OVERVIEW_CAUSES];
};
/* Days are those of UTC. */
int overview_ages(struct db_tx *tx, const struct visibility *v, int64_t now_ms,
		  struct overview_ages *ret, struct err *e);

/* In use first, then by known exploited findings, Critical ones that an update repairs, and pulls;
 * without images that have no findings. */
struct overview_image {
	struct ledger_image image;
	uint64_t exploited, urgent;
	int64_t risk;
};
#define OVERVIEW_IMAGES_MAX 16U
/* Up to max; their number. */
int64_t overview_riskiest(struct db_tx *tx, const struct visibility *v, size_t max, struct arena *a,
			  struct overview_image *out, struct err *e);

/* Security checks that entered CISA KEV since then, the newest first; whether they are findings is
 * not asked: up to max into out, their number. */
int64_t overview_kev(struct db_tx *tx, int64_t since_ms, size_t max, uint64_t *out, struct err *e);

/* Different CVEs that active findings are about. Counted up to 10,000, and no further than is read
 * quickly: then there are at least so many. */
int overview_cves(struct db_tx *tx, const struct visibility *v, struct arena *a, struct total *ret,
		  struct err *e);
