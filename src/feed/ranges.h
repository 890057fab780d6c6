/* ranges (range_): what is affected, of advisories that state what is not. */
#pragma once
#include "feed/draft.h"

/* A run of versions that are not affected. */
struct range_run {
	struct bytes from, to;	     /* empty: from the first, up to the last */
	bool after_from, through_to; /* from is not in it; to is */
};
struct range_runs {
	struct range_run *v;
	size_t count;
};

/* "~> 2.3.14, >= 2.3.14.1", "< 1", "1.0": one requirement of RubyGems. False: not one; *d says when
 * out of memory. Spec: Gem::Requirement. */
bool range_run_parse(struct draft *d, struct bytes text, struct range_run *ret);
/* Put what none of the runs holds into f, the last of d's, and entries behind it, in the order of
 * scheme's ecosystem. */
void range_runs_invert(struct draft *d, struct range_runs *runs, struct adv_affected *f);
