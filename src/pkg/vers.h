/* vers: version ranges that name their own order, "vers:pypi/>=1.0|<2.0|!=1.5". Spec:
 * package-url/vers-spec, VERSION-RANGE-SPEC. */
#pragma once
#include "base/bytes.h"

#define VERS_VERSION_MAX 512 /* bytes of one version after decoding */

enum vers_answer { VERS_OUT, VERS_IN, VERS_INVALID };

/* Is version in range? Constraints may be in any order; with none but "!=", all other versions are.
 * INVALID: not a range, or of an order that is not known. */
enum vers_answer vers_has(struct bytes range, struct bytes version);
