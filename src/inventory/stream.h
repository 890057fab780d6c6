/* stream: which product streams (pkg/streams.h) an image's packages come from. Inside inventory
 * only. */
#pragma once
#include "pkg/package.h"

/* Add the words of streams, as a file of the image states them, to d's. 0; ERR_LIMIT, ERR_FORMAT:
 * not all are in; ERR_NOMEM. */
int stream_add_all(struct pkg_distro *d, struct bytes streams, struct arena *a, struct err *e);
/* Add what d's CPE_NAME says, and take away a statement that the release's own stream is all there
 * is. */
int stream_finish(struct pkg_distro *d, struct arena *a, struct err *e);
