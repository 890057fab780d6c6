/* A database file of any bytes: opened, verified, everything asked. The header's checksum is made
 * right first, or nothing else would ever be reached. */
#include "../unit/vdb_walk.h"

#include "oci/digest.h"
#include "vdb/format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct vdb *v = vdb_open_bytes((struct bytes){.ptr = data, .len = size}, &e);
	if (!v)
		return;
	(void)vdb_verify(v, &e);
	(void)walk_all(v);
	vdb_close(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk(data, size);
	if (size < VDB_HEADER_LEN)
		return 0;
	uint8_t *p = malloc(size);
	struct digest d;
	if (!p)
		return 0;
	memcpy(p, data, size);
	digest_of(DIGEST_SHA256, (struct bytes){.ptr = p, .len = VDB_HEADER_LEN - VDB_HASH_LEN},
		  &d);
	memcpy(p + VDB_HEADER_LEN - VDB_HASH_LEN, d.hash, VDB_HASH_LEN);
	walk(p, size);
	free(p);
	return 0;
}
