/* rebuild: versions that a distribution made of another one's. Inside match only. */
#pragma once
#include "pkg/version.h"

/* The release that version is a backport for (12 of "1.2-3~bpo12+1") and what it was built from; 0:
 * it is none. */
uint64_t rebuild_backport_of(struct bytes version, struct bytes *ret_base);
/* Is version ("1.2-3~deb12u1") built from one that fixed is not newer than? */
bool rebuild_has_fix(const struct ver_scheme *s, struct bytes version, struct bytes fixed);
