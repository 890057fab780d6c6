/* candidate: a verdict that says "affected" with its advisory, and groups of those that
 * mean one security check. Inside match only. */
#pragma once
#include "match/verdict.h"

struct candidate {
	const struct verdict *v;
	struct adv adv;
	struct bytes id; /* as the vendor writes it: "CVE-2024-1" of "DEBIAN-CVE-2024-1" */
	uint64_t check;
	bool second; /* of another release than the image's own, whose repositories it has too */
};

struct gather {
	const struct vdb *v;
	const struct pkg *p;
	struct arena *a;
	struct err *e;
};

/* Candidates of one check; the first of them decides. */
struct group {
	size_t first, count;
	bool dropped; /* an erratum says it all */
};

/* The records that errata took the place of, by CVE. */
struct covered {
	struct covered_cve *v;
	size_t count;
};

bool candidate_is_cve(struct bytes id);
/* "CVE-2024-1" of "UBUNTU-CVE-2024-1" and "DEBIAN-CVE-2024-1"; any other id as it is. */
struct bytes candidate_vendor_id(struct bytes id);
/* The vendor's word of n candidates of one check: of the first that has one, for the package before
 * for the record. */
enum adv_severity candidate_severity(const struct candidate *v, size_t n);

/* Mark the groups that an erratum of the same vendor covers. *ret from g->a. 0, ERR_NOMEM,
 * ERR_INTEGRITY. */
int cover_drop(const struct gather *g, const struct verdicts *all, const struct candidate *list,
	       struct group *groups, size_t n, struct covered *ret);
/* What the vendor said of cve in a record that was left out; UNKNOWN when it said nothing. */
enum adv_severity cover_severity(const struct covered *c, struct bytes cve);
