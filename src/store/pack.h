/* pack: compressed bytes, for columns with hundreds of thousands of rows that are read one at a
 * time (layer inventories). A codec for our own text: the program packs what it has checked and
 * unpacks what it packed. It is no parser of strangers' streams; those stay behind the jail. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* Append in to out in its packed form (never more than 16 bytes longer). out fails when out of
 * memory. */
void pack_put(struct bytes in, struct buf *out);
/* Append what was packed to out, at most max bytes. ERR_DAMAGED: packed is damaged; ERR_LIMIT,
 * ERR_NOMEM. */
int pack_get(struct bytes packed, size_t max, struct buf *out, struct err *e);
/* The same for text that is full of digests (manifests): each SHA-256's digits are kept as bytes.
 */
void pack_text_put(struct bytes in, struct buf *out);
int pack_text_get(struct bytes packed, size_t max, struct buf *out, struct err *e);
