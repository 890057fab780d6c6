/* diffid: the SHA-256 of a layer's uncompressed stream, which the config of an image names in
 * rootfs.diff_ids (OCI image-spec config.md, "Layer DiffID"). Inside the worker only. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "inventory/layer.h"

struct diffid;
/* NULL + ERR_NOMEM on failure. */
struct diffid *diffid_open(struct err *e);
void diffid_close(struct diffid *d);
/* A stream_see_fn; arg is the struct diffid. */
void diffid_see(void *arg, struct bytes b);
/* The digest of all that was seen since the last call, or since the beginning. */
void diffid_finish(struct diffid *d, uint8_t ret[LAY_DIFF_ID_LEN]);
