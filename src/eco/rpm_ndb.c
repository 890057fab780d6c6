/* NDB, rpm's own container, "Packages.db". All numbers little-endian.
 *
 *   header, 32 bytes: "RpmP", u32 version (0), u32 generation, u32 pages of slots, u32 next package
 * number slots of 16 bytes up to the end of the slot pages (4,096 bytes each; the header is part of
 * the first): "Slot", u32 package number (0: free), u32 first block, u32 blocks blobs in blocks of
 * 16 bytes: "BlbS", u32 package number, u32 generation, u32 length; the header; padding; u32
 * Adler-32, u32 length, "BlbE"
 *
 * Spec: lib/backend/ndb/rpmpkg.c of rpm defines it; there is no other text. */
#include "eco/rpm.h"
#include "base/cursor.h"

#define HEADER_LEN 32
#define SLOT_LEN 16
#define SLOT_PAGE_LEN 4096
#define BLOCK_LEN 16
#define BLOB_HEAD_LEN 16
#define BLOB_TAIL_LEN 12

bool rpm_ndb_is_magic(struct bytes file)
{
	return bytes_has_prefix_lit(file, "RpmP");
}

/* The header blob of a slot; empty, with *ret_why, when the blob is not as the slot says. */
static struct bytes blob_get(struct bytes file, uint32_t number, uint32_t block, uint32_t blocks,
			     const char **ret_why)
{
	uint64_t off = (uint64_t)block * BLOCK_LEN, len = (uint64_t)blocks * BLOCK_LEN;
	*ret_why = "NDB: slot points past the end of the file";
	if (off > file.len || len > file.len - off)
		return BYTES_NONE;
	struct cursor c = cur_of(bytes_part(file, (size_t)off, (size_t)len));
	struct bytes magic = cur_take(&c, 4);
	uint32_t stated = cur_le32(&c);
	cur_le32(&c);
	uint32_t blob_len = cur_le32(&c);
	*ret_why = "NDB: no blob of this package where its slot points";
	if (!cur_ok(&c) || !bytes_eq_lit(magic, "BlbS") || stated != number)
		return BYTES_NONE;
	*ret_why = "NDB: blob larger than its blocks or than 16 MiB";
	if (blob_len > RPM_HEADER_MAX || cur_left(&c) < BLOB_TAIL_LEN ||
	    blob_len > cur_left(&c) - BLOB_TAIL_LEN)
		return BYTES_NONE;
	*ret_why = NULL;
	return cur_take(&c, blob_len);
}

int rpm_ndb_read(struct bytes file, const struct rpm_sink *sink, struct err *e)
{
	struct cursor c = cur_of(file);
	cur_skip(&c, 4);
	uint32_t version = cur_le32(&c);
	cur_le32(&c);
	uint64_t slot_end = (uint64_t)cur_le32(&c) * SLOT_PAGE_LEN;
	cur_skip(&c, HEADER_LEN - 16);
	if (!cur_ok(&c))
		return err_set(e, ERR_TRUNCATED, "NDB: file ends inside its header");
	if (version != 0)
		return err_set(e, ERR_UNSUPPORTED, "NDB: version %u", version);
	uint64_t taken = 0;
	for (uint64_t off = HEADER_LEN; off < slot_end; off += SLOT_LEN) {
		struct bytes magic = cur_take(&c, 4);
		uint32_t number = cur_le32(&c), block = cur_le32(&c), blocks = cur_le32(&c);
		if (!cur_ok(&c))
			return err_set(e, ERR_TRUNCATED, "NDB: file ends inside its slots");
		if (!bytes_eq_lit(magic, "Slot"))
			return err_set(e, ERR_FORMAT, "NDB: no slot at byte %llu",
				       (unsigned long long)off);
		if (number == 0)
			continue;
		const char *why;
		struct bytes blob = blob_get(file, number, block, blocks, &why);
		/* slots that share a blob would make a small file cost much */
		taken += (uint64_t)blocks * BLOCK_LEN;
		if (!why && taken > file.len)
			return err_set(e, ERR_FORMAT, "NDB: blobs overlap");
		int r = why ? sink->note(sink->arg, off, why, e)
			    : sink->header(sink->arg, off, blob, e);
		if (r < 0)
			return r;
	}
	return 0;
}
