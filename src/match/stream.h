/* stream: product streams, whose fixes are not every image's to have (pkg/streams.h). Inside match
 * only. */
#pragma once
#include "match/verdict.h"

/* Whether what x says was fixed is for p's image to have. */
enum verdict_fix stream_fix(const struct pkg *p, const struct adv_affected *x, struct bytes fixed);
/* Is x of the release's own product stream, as Red Hat names it? */
bool stream_is_main(const struct adv_affected *x);
/* The minor release that an rpm was built for, UINT64_MAX when its version does not say: "4" of
 * "5.14.0-427.el9_4" and "1-2.module+el8.4.0+1". */
uint64_t stream_minor(struct bytes version);
/* Alpine with repositories of several releases: is x of another one than the image's own? */
bool stream_is_second(const struct pkg *p, const struct adv_affected *x);
/* Does p's image follow an extended update stream of Red Hat's and not the release's own? */
bool stream_is_extended(const struct pkg *p);
