/* diffid: the SHA-256 of a layer's uncompressed stream, which the config of an image names in
 * rootfs.diff_ids (OCI image-spec config.md, "Layer DiffID"). Inside the worker only. */
#pragma once
#include "base/bytes.h"
#include "inventory/layer.h"

#define OPENSSL_API_COMPAT 0x10100000L /* calls older than EVP, which need no setting up */
#include <openssl/sha.h>

struct diffid {
	SHA256_CTX sha;
};
void diffid_init(struct diffid *d);
/* A stream_see_fn; arg is the struct diffid. */
void diffid_see(void *arg, struct bytes b);
/* The digest of all that was seen. */
void diffid_finish(struct diffid *d, uint8_t ret[LAYER_DIFF_ID_LEN]);
