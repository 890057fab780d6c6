/* deflate: zlib streams: DEFLATE data between a header and a checksum, all of it in memory. Spec:
 * RFC 1950. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* The plain bytes of in, appended to out; what follows the data is not looked at, its checksum
 * neither. 0; ERR_FORMAT, ERR_TRUNCATED, ERR_LIMIT (out->max), ERR_NOMEM. */
int deflate_unpack(struct bytes in, struct buf *out, struct err *e);
