/* parts: an image's packages in the order of their purls, for the formats that are bills of
 * materials. */
#pragma once
#include "report/report.h"

struct part {
	struct bytes purl;
	const struct inv_package *package;
};
/* All of r's packages, by purl and path; ERR_NOMEM. */
int parts_of(const struct report *r, struct arena *a, struct part **ret, size_t *ret_count,
	     struct err *e);
/* What of the image was not read, each by put: what a reader of the bill must know to judge it. */
void parts_unread(const struct report *r, void (*put)(void *arg, struct bytes text), void *arg);
/* The packages that f hits, each purl once, in its order: free() it. NULL: ERR_NOMEM. */
const struct finding_match **parts_hit(const struct finding *f, size_t *ret_count, struct err *e);
/* The members that a purl cannot say, so that a bill of ours is read back whole: each, if it has a
 * value, by put. */
void parts_extras(const struct report *r, const struct inv_package *ip,
		  void (*put)(void *arg, const char *name, struct bytes value), void *arg);
