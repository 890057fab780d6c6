/* reader: an open database. Private to vdb/. */
#pragma once
#include "vdb/format.h"
#include "vdb/vdb.h"
#include <sys/stat.h>

struct vdb {
	struct bytes all; /* the whole file */
	struct bytes section[VDB_SECTION_COUNT];
	uint32_t rows[VDB_SECTION_COUNT];
	uint8_t section_hash[VDB_SECTION_COUNT][VDB_HASH_LEN];
	uint8_t digest[VDB_HASH_LEN];
	char digest_hex[2 * VDB_HASH_LEN + 1];
	uint32_t version;
	int64_t built_ms;
	uint64_t affected_count;
	bool mapped;
	struct stat st; /* of the file mapped */
};

/* The string at ref; false: damaged. */
bool vdb_string(const struct vdb *v, uint64_t ref, struct bytes *ret);
/* u32 at byte off of row i of a section of rows; i < rows, off within the row: the caller's duty.
 */
uint32_t vdb_row_u32(const struct vdb *v, enum vdb_section s, uint32_t i, uint32_t off);
struct cursor vdb_cursor(const struct vdb *v, enum vdb_section s, uint32_t off);
int64_t vdb_take_time(struct cursor *c);
int vdb_damaged(struct err *e, const char *what);
/* Check every section against its checksum, and the checksums against the digest. */
int vdb_check_sums(const struct vdb *v, struct err *e);
/* First row of a sorted section whose first string is not less than s. */
int vdb_lower_bound(const struct vdb *v, enum vdb_section section, struct bytes s,
		    uint32_t *ret_row, struct err *e);

struct vdb_key {
	struct bytes ecosystem, name;
	uint32_t off, len;
	const uint8_t *hash; /* 8 bytes */
};
bool vdb_key_get(const struct vdb *v, uint32_t key, struct vdb_key *ret);
/* Decode a key's entries: all, or only those of one advisory (UINT32_MAX = all). */
int64_t vdb_key_hits(const struct vdb *v, const struct vdb_key *k, uint32_t only, struct arena *a,
		     struct vdb_hit **ret, struct err *e);
/* The row of EXPLOITS; false: there is none, or it is damaged. */
bool vdb_exploit_at(const struct vdb *v, uint32_t row, struct adv_exploit *ret);
