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
/* "3.18.4" is of release 3.18; "3.20_alpha20240315" is what edge calls itself. */
bool stream_is_of_release(struct bytes version, struct bytes release);
/* Alpine: stated names several releases (streams) whose repositories the image uses. Its own counts
 * first, or the newest where none is its own; the others become d's streams. *ret_text, from a:
 * what is to be noted; left as it is when nothing was stated. 0, ERR_NOMEM, ERR_LIMIT. */
int stream_add_branches(struct pkg_distro *d, const struct pkg_distro *stated, struct arena *a,
			struct bytes *ret_text, struct err *e);
