/* recommendation: what registries are assessed by, as rows of a table. Names, key, severity and
 * control are those of Azure Security Center, so that what people wrote for it finds them. */
#pragma once
#include "advisory/advisory.h"
#include "base/bytes.h"

/* What makes a registry unhealthy. */
enum recommendation_about {
	RECOMMENDATION_OF_FINDINGS,
	RECOMMENDATION_OF_END_OF_LIFE,
	RECOMMENDATION_OF_ROOT,
	RECOMMENDATION_OF_BASE,
	RECOMMENDATION_OF_PUSHES,
	RECOMMENDATION_OF_SECRETS,
};

struct recommendation {
	const char *key; /* a GUID */
	enum recommendation_about about;
	const char *name, *description;
	const char *const *steps; /* of remediation; ends with NULL */
	enum adv_severity severity;
	const char *control; /* it counts for, or stands by */
	unsigned points;     /* the control's; 0: it does not count for the score */
};
extern const struct recommendation recommendation_table[];
extern const size_t recommendation_count;
/* The one that findings of images come to. */
/* The others can be switched off for a subscription; this one goes with its plan. */
#define RECOMMENDATION_IMAGES (&recommendation_table[0])
/* By key, in any case; NULL. */
const struct recommendation *recommendation_find(struct bytes key);
