/* streams (pkg_streams_): the product streams that an image's packages come from besides its
 * release's own ("esm-apps,esm-infra", "rhel_eus:9.2"), as one text: sorted, each once, commas
 * between. The text is part of a package's identity, since the same package in another stream has
 * other fixes. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define PKG_STREAMS_MAX 12    /* of one image: real ones state up to four */
#define PKG_STREAM_LEN_MAX 64 /* bytes of one */

/* Put word, of [a-z0-9._:-], in its place; *text is then from a. 0 also when it is there already.
 * ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
int pkg_streams_add(struct bytes *text, struct bytes word, struct arena *a, struct err *e);
bool pkg_streams_has(struct bytes text, struct bytes word);
