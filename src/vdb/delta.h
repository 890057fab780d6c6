/* delta: what leads from one generation's file to another's, record by record
 * (docs/formats/vdb-delta.md). Applied to a file of the base generation it gives the target's file
 * bit for bit, or an error: the target's SHA-256 is part of it. */
#pragma once
#include "base/buf.h"
#include "vdb/vdb.h"

#define VDB_DELTA_HASH_LEN 32U

struct vdb_delta {
	char base[65], target[65];	  /* generations, as vdb_digest names them */
	uint8_t file[VDB_DELTA_HASH_LEN]; /* SHA-256 of the target's whole file */
	uint64_t file_len;
};

/* What leads from old to now, into out. It is tried before it is given: ERR_UNSUPPORTED when it
 * does not lead to the same bytes (another version wrote now), ERR_LIMIT when it is larger than
 * LIMIT_VDB_DELTA_MAX, NOMEM, ERR_INTEGRITY. Both were verified before: the caller's duty. */
int vdb_delta_make(const struct vdb *old, const struct vdb *now, struct buf *out, struct err *e);
/* What delta is for, without applying it. Untrusted bytes: ERR_FORMAT, ERR_INTEGRITY. */
int vdb_delta_read(struct bytes delta, struct vdb_delta *ret, struct err *e);
/* The target's file into out. delta is untrusted. ERR_CONFLICT: old is not its base. ERR_FORMAT,
 * ERR_LIMIT, ERR_INTEGRITY, NOMEM. Memory: some times that of old and delta. */
int vdb_delta_apply(const struct vdb *old, struct bytes delta, struct buf *out, struct err *e);
