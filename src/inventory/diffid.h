/* diffid: the SHA-256 of a layer's uncompressed stream, which the config of an image names in
 * rootfs.diff_ids (OCI image-spec config.md, "Layer DiffID"). Hashing takes half as long as
 * inflating, so it can have a thread of its own. Inside the worker only. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "inventory/layer.h"

struct diffid;
/* NULL + ERR_NOMEM on failure. */
struct diffid *diffid_open(struct err *e);
void diffid_close(struct diffid *d);
/* Hash on a second thread from now on, which runs when this returns and makes no system call but
 * futex and exit. To be called once, before the first byte. On failure (ERR_NOMEM, ERR_IO) hashing
 * goes on in the caller's thread. */
int diffid_start(struct diffid *d, struct err *e);
/* A stream_see_fn; arg is the struct diffid. Copies b when there is a thread, and waits while that
 * is behind by its whole ring. */
void diffid_see(void *arg, struct bytes b);
/* The digest of all that was seen since the last call, or since the beginning. */
void diffid_finish(struct diffid *d, uint8_t ret[LAYER_DIFF_ID_LEN]);
