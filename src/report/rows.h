/* rows: findings in the order people read them, what they add up to, and what to upgrade. All
 * borrow from the findings and the arena. */
#pragma once
#include "match/finding.h"

/* Worst first: known exploited, severity, CVSS, EPSS, package, advisory. NULL: no memory. */
const struct finding **report_rows(const struct finding *findings, size_t count, struct arena *a);

struct report_counts {
	size_t findings, matches, kev, fixed, packages;
	size_t severities[ADV_SEV_CRITICAL + 1];
};
struct report_counts report_counts_of(const struct finding *findings, size_t count);

/* Updating this source package to this version removes so many findings. */
struct report_upgrade {
	struct bytes package, version;
	size_t clears, kev;
	bool deliverable; /* by the image's own repositories */
};
/* In the order of their worst finding; at most one for each package. ERR_NOMEM. */
int report_upgrades(const struct finding *const *rows, size_t count, struct arena *a,
		    struct report_upgrade **ret, size_t *ret_count, struct err *e);
