/* severity: how grave a check is, and who says so. Inside match, and for tests that count sources.
 */
#pragma once
#include "match/candidate.h"

/* Severity, vectors and scores of c, whose cves are set, from n candidates of its check. covered:
 * what the vendor said in records that errata took the place of. 0, ERR_NOMEM, ERR_INTEGRITY. */
int severity_fill(const struct gather *g, struct match_check *c, const struct candidate *v,
		  size_t n, const struct covered *covered);
