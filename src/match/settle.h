/* settle: candidates that another record for the same vulnerability settles. Inside match only. */
#pragma once
#include "match/candidate.h"

/* Take them out of list; the number that is left, or <0. */
int64_t settle_drop(const struct gather *g, const struct verdicts *all, struct candidate *list,
		    int64_t n);
