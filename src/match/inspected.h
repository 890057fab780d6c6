/* inspected: findings of content checks (inspect/). Inside match only. */
#pragma once
#include "match/match.h"

/* The match of what a content check found: one, or none of a check that this program
 * does not know. */
int64_t inspected_match(const struct pkg *p, struct arena *a, struct match **ret, struct err *e);
