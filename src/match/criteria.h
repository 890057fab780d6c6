/* criteria: which findings are meant. Lists, command-line filters and gates decide by it. */
#pragma once
#include "match/finding.h"

struct criteria_texts {
	const struct bytes *items;
	size_t count;
};

/* A zeroed one is about every finding. A criterion that is given holds when one of its values does;
 * of several given ones all must hold, or, with `any`, one. */
struct criteria {
	bool any;
	/* Of the security check. */
	const uint64_t *ids;
	size_t id_count;
	struct criteria_texts cves;	      /* a CVE or the advisory's id; any case */
	struct criteria_texts categories;     /* any case */
	struct criteria_texts not_categories; /* those that do not fit; any case */
	struct bytes text;		      /* within the title; any case of ASCII */
	bool severities[ADV_SEV_CRITICAL + 1];
	double cvss_min, cvss_below, epss_min; /* <= 0: not given. No score fits none of them */
	enum record_choice kev;
	/* Of the matches. */
	enum record_choice patchable, fixed; /* fixed: a match has a fixed version */
	bool statuses[ADV_NOT_AFFECTED + 1]; /* the finding's */
	struct criteria_texts packages;	     /* a match's package or its source, exact */
	/* Of the image. Globs: '*' any run of characters, '?' one. */
	struct criteria_texts digests;
	struct criteria_texts tags, repositories, os; /* globs; os: "debian:1*" */
};

bool criteria_fits(const struct criteria *c, const struct finding *f);
/* A finding of this check can fit: false only when none does, whatever its image and matches. */
bool criteria_fits_check(const struct criteria *c, const struct match_check *check);
/* No criterion is given. */
bool criteria_is_empty(const struct criteria *c);
bool criteria_glob(struct bytes pattern, struct bytes text);
