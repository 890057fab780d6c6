/* compare: what differs between two images: findings by security check, packages by what they are
 * called. */
#pragma once
#include "match/finding.h"

enum compare_change { COMPARE_ADDED, COMPARE_GONE, COMPARE_CHANGED, COMPARE_UNCHANGED };

struct compare_finding {
	enum compare_change change;
	const struct finding *from, *to; /* NULL: it is none of that image */
	uint64_t id;			 /* of the check */
	bool kev;
	struct record_rows cves;
};
struct compare_package {
	enum compare_change change;
	const struct pkg *from, *to;
};
/* One image. Its lists are sorted here. */
struct compare_side {
	const struct finding **findings;
	size_t finding_count;
	const struct pkg **packages;
	size_t package_count;
};
struct compare {
	struct compare_finding *findings; /* added, gone, unchanged; the gravest first */
	size_t finding_count;
	struct compare_package *packages; /* added, gone, changed, by name; no unchanged ones */
	size_t package_count;
	uint64_t packages_unchanged;
	/* By enum compare_change. */
	uint64_t by_severity[COMPARE_UNCHANGED + 1][ADV_SEV_CRITICAL + 1];
	uint64_t packages_by[COMPARE_UNCHANGED + 1];
};
/* Packages of one name in several versions are changed in the order of their versions; what is left
 * is added or gone. Results are in a. ERR_NOMEM. */
int compare_images(struct compare_side *from, struct compare_side *to, struct arena *a,
		   struct compare *ret, struct err *e);

/* A row of each list, as replies and reports have it. */
extern const struct record_object compare_finding_object, compare_package_object;
