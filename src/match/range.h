/* range: is a version in the ranges of a record? Inside match only. */
#pragma once
#include "advisory/advisory.h"
#include "base/arena.h"
#include "pkg/version.h"

/* What an rpm epoch counts for. A database states it for each binary package and never for a
 * source, and a sub-package may have another one than its source: perl's is 4, perl-Errno's 0. */
enum epochs {
	EPOCHS_COUNT,	  /* as they are; none is 0 */
	EPOCHS_IF_STATED, /* where the record states one */
	EPOCHS_IGNORED
};

struct order {
	const struct ver_scheme *scheme;
	enum epochs epochs;
};

/* Is version in what an affected entry says? *ret_fixed: see above. Spec: OSV schema "evaluation
 * algorithm". */
bool range_has(const struct adv_affected *x, const struct order *s, struct bytes version,
	       struct bytes *ret_fixed, bool *ret_listed);
/* Are the record's versions such that something can be compared with them? */
bool range_is_comparable(const struct adv_affected *x, const struct ver_scheme *s);
/* "introduced 0, fixed 1.2-3" for people. */
struct bytes range_text(const struct adv_affected *x, struct arena *a);
