/* rows: findings as people count them: one row for each security check of an image, however many
 * of its packages it hits. Everything borrows from the findings and the arena. */
#pragma once
#include "report/finding.h"

struct report_row {
	const struct report_finding *f; /* the match shown: one with a fix where any has one */
	struct bytes package;		/* the source package, or the package where there is none */
	struct bytes installed, fixed;	/* fixed: of all matches the highest; may be empty */
	size_t matches;			/* packages it hits */
	bool patchable;			/* in any of them */
};
/* Worst first: known exploited, severity, CVSS, EPSS, package, advisory. ERR_NOMEM. */
int report_rows(const struct report_finding *findings, size_t count, struct arena *a,
		struct report_row **ret, size_t *ret_count, struct err *e);

struct report_counts {
	size_t checks, matches, kev, fixed, packages;
	size_t severities[ADV_SEV_CRITICAL + 1]; /* of checks */
};
struct report_counts report_counts_of(const struct report_row *rows, size_t count);

/* Bring this source package to this version, and so many rows are gone. */
struct report_upgrade {
	struct bytes package, version;
	size_t clears, kev;
	bool deliverable; /* by the image's own repositories */
};
/* In the order of their worst row; at most one for each package. ERR_NOMEM. */
int report_upgrades(const struct report_row *rows, size_t count, struct arena *a,
		    struct report_upgrade **ret, size_t *ret_count, struct err *e);
