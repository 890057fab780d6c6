/* recommendation: what registries are assessed by, as rows of a table. Names, key, severity and
 * control are those of Azure Security Center, so that what people wrote for it finds them. */
#pragma once
#include "advisory/advisory.h"
#include "base/bytes.h"

struct recommendation {
	const char *key; /* a GUID */
	const char *name, *description;
	const char *const *steps; /* of remediation; ends with NULL */
	enum adv_severity severity;
	const char *control; /* it counts for */
	unsigned points;     /* the control's; 0: it does not count for the score */
};
extern const struct recommendation recommendation_table[];
extern const size_t recommendation_count;
/* The one that findings of images come to. */
#define RECOMMENDATION_IMAGES (&recommendation_table[0])
/* By key, in any case; NULL. */
const struct recommendation *recommendation_find(struct bytes key);
