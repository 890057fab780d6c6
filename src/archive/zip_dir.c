#include <inttypes.h>
#include <stdlib.h>

#include "archive/zip_impl.h"
#include "base/cursor.h"
#include "base/io.h"

/* The central directory (APPNOTE 4.3.12 to 4.3.16), read from the end of the file:
 *
 *   … | records | zip64 end record | zip64 locator (20) |
 *   end record (22, and a comment of at most 65,535) | possibly junk
 *
 * An end record has the count, size and offset of the directory; all ones in a field mean "see the
 * zip64 record". Offsets count from the archive's first byte, which need not be the file's: `base`
 * is the difference. Sizes in end records are often wrong, so records are read and counted until
 * none follows. */

#define SIG_RECORD 0x02014b50U
#define SIG_END 0x06054b50U
#define SIG_END64 0x06064b50U
#define SIG_LOCATOR 0x07064b50U
#define END_LEN 22U
#define END64_LEN 56U
#define LOCATOR_LEN 20U
#define RECORD_LEN 46U
#define COMMENT_MAX 65535U

struct end {
	uint64_t at; /* file offset of the end record that counts (zip64's when there is one) */
	uint64_t count;
	uint64_t dir_size;
	uint64_t dir_off;
	bool is_64;
};

int zip_read_at(const struct zip *z, uint64_t off, void *out, size_t n, struct err *e)
{
	if (off > z->file_size || n > z->file_size - off)
		return err_set(e, ERR_TRUNCATED, "zip: byte %" PRIu64 " is past the end", off);
	if (z->fd < 0) {
		struct bytes b = bytes_part(z->mem, (size_t)off, n);
		for (size_t i = 0; i < b.len; i++)
			((uint8_t *)out)[i] = b.ptr[i];
		return 0;
	}
	ssize_t got = io_pread(z->fd, out, n, off, e);
	if (got < 0)
		return (int)got;
	if ((size_t)got != n)
		return err_set(e, ERR_TRUNCATED, "zip: the file shrank");
	return 0;
}

/* The last end record whose comment fits the file. */
static int find_end(const struct zip *z, struct end *end, struct err *e)
{
	uint64_t tail_len =
	    z->file_size < END_LEN + COMMENT_MAX ? z->file_size : END_LEN + COMMENT_MAX;
	uint64_t tail_off = z->file_size - tail_len;
	uint8_t *tail = malloc(tail_len ? (size_t)tail_len : 1);
	int rc = tail ? zip_read_at(z, tail_off, tail, (size_t)tail_len, e)
		      : err_set(e, ERR_NOMEM, "zip: no memory");

	bool found = false;
	for (size_t i = (size_t)tail_len; rc == 0 && !found && i-- > 0;) {
		struct cursor c = cur_of((struct bytes){.ptr = tail + i, .len = tail_len - i});
		if (cur_le32(&c) != SIG_END)
			continue;
		cur_skip(&c, 6);
		*end = (struct end){.at = tail_off + i};
		end->count = cur_le16(&c);
		end->dir_size = cur_le32(&c);
		end->dir_off = cur_le32(&c);
		cur_skip(&c, cur_le16(&c));
		found = cur_ok(&c);
	}
	free(tail);
	if (rc < 0)
		return rc;
	return found ? 0 : err_set(e, ERR_FORMAT, "zip: no end of central directory record");
}

/* If a locator precedes the end record, the record it points to is used. */
static int find_end64(const struct zip *z, struct end *end, struct err *e)
{
	uint8_t buf[END64_LEN];

	if (end->at < LOCATOR_LEN)
		return 0;
	if (zip_read_at(z, end->at - LOCATOR_LEN, buf, LOCATOR_LEN, e) < 0)
		return -(int)e->code;
	struct cursor c = cur_of((struct bytes){.ptr = buf, .len = LOCATOR_LEN});
	if (cur_le32(&c) != SIG_LOCATOR)
		return 0;
	cur_skip(&c, 4);
	uint64_t at = cur_le64(&c);
	/* Bytes before the archive shift the offset by their number; the record is then right
	 * before the locator. */
	uint64_t near = end->at >= LOCATOR_LEN + END64_LEN ? end->at - LOCATOR_LEN - END64_LEN : at;
	for (int turn = 0; turn < 2; turn++, at = near) {
		if (at > end->at - LOCATOR_LEN || end->at - LOCATOR_LEN - at < END64_LEN)
			continue;
		if (zip_read_at(z, at, buf, sizeof buf, e) < 0)
			return -(int)e->code;
		c = cur_of((struct bytes){.ptr = buf, .len = sizeof buf});
		if (cur_le32(&c) != SIG_END64)
			continue;
		cur_skip(&c, 28);
		*end = (struct end){.at = at, .is_64 = true};
		end->count = cur_le64(&c);
		end->dir_size = cur_le64(&c);
		end->dir_off = cur_le64(&c);
		return 0;
	}
	return err_set(e, ERR_FORMAT, "zip: the zip64 locator points to no record");
}

static bool is_record_at(const struct zip *z, uint64_t off)
{
	uint8_t sig[4];
	struct err why = ERR_INIT;
	if (zip_read_at(z, off, sig, sizeof sig, &why) < 0)
		return false;
	struct cursor c = cur_of((struct bytes){.ptr = sig, .len = sizeof sig});
	return cur_le32(&c) == SIG_RECORD;
}

/* Where the directory begins in the file; sets z->base. */
static int place(struct zip *z, const struct end *end, uint64_t *ret_at, struct err *e)
{
	if (end->dir_off > end->at)
		return err_set(e, ERR_FORMAT,
			       "zip: central directory at byte %" PRIu64 ", past its end",
			       end->dir_off);
	z->base = 0;
	*ret_at = end->dir_off;
	if (end->dir_size > end->at || end->at - end->dir_size < end->dir_off)
		return 0;
	uint64_t at = end->at - end->dir_size;
	if (at == end->dir_off || is_record_at(z, end->dir_off))
		return 0;
	z->base = at - end->dir_off;
	*ret_at = at;
	return 0;
}

static int count_records(struct zip *z, const struct end *end, uint64_t max, struct err *e)
{
	for (size_t off = 0; off < z->dir.len;) {
		struct zip_entry ent;
		size_t len = 0;
		int rc = zip_dir_parse(bytes_from(z->dir, off), &ent, &len, e);
		if (rc < 0)
			return err_ctx(e, "zip: record %" PRIu64 " of the central directory",
				       z->count);
		if (rc == 0)
			break;
		off += len;
		if (++z->count > max)
			return err_set(e, ERR_LIMIT, "zip: more than %" PRIu64 " members", max);
	}
	uint64_t mask = end->is_64 ? UINT64_MAX : UINT16_MAX;
	if ((z->count & mask) != end->count)
		return err_set(e, ERR_FORMAT, "zip: %" PRIu64 " records, %" PRIu64 " announced",
			       z->count, end->count);
	return 0;
}

int zip_dir_read(struct zip *z, const struct limits *lim, struct err *e)
{
	struct end end = {.at = 0};
	uint64_t at = 0;

	if (find_end(z, &end, e) < 0 || find_end64(z, &end, e) < 0 || place(z, &end, &at, e) < 0)
		return -(int)e->code;
	uint64_t len = end.at - at;
	if (len > ZIP_DIR_MAX)
		return err_set(e, ERR_LIMIT, "zip: central directory of %" PRIu64 " bytes", len);
	if (z->fd < 0) {
		z->dir = bytes_part(z->mem, (size_t)at, (size_t)len);
		return count_records(z, &end, lim->layer_members_max, e);
	}
	z->dir_buf = malloc(len ? (size_t)len : 1);
	if (!z->dir_buf)
		return err_set(e, ERR_NOMEM, "zip: no memory");
	if (zip_read_at(z, at, z->dir_buf, (size_t)len, e) < 0)
		return -(int)e->code;
	z->dir = (struct bytes){.ptr = z->dir_buf, .len = (size_t)len};
	return count_records(z, &end, lim->layer_members_max, e);
}

/* Zip64 extra field (4.5.3): only the values that are all ones in the record, in this order. */
static int read_extra64(struct cursor extra, struct zip_entry *ent, struct err *e)
{
	bool want_size = ent->size == UINT32_MAX;
	bool want_stored = ent->stored == UINT32_MAX;
	bool want_off = ent->header_off == UINT32_MAX;

	while (cur_left(&extra) >= 4) {
		uint16_t tag = cur_le16(&extra);
		uint16_t len = cur_le16(&extra);
		/* Some writers pad with bytes that are not fields. */
		if (len > cur_left(&extra))
			break;
		struct cursor f = cur_sub(&extra, len);
		if (tag != 1)
			continue;
		if (want_size)
			ent->size = cur_le64(&f);
		if (want_stored)
			ent->stored = cur_le64(&f);
		if (want_off)
			ent->header_off = cur_le64(&f);
		if (!cur_ok(&f))
			return err_set(e, ERR_FORMAT, "zip64 field is too short (4.5.3)");
		return 0;
	}
	/* A plain size of 2^32-1 is possible where no zip64 is; a place there is not. */
	if (want_stored || want_off)
		return err_set(e, ERR_FORMAT, "zip64 field is missing (4.5.3)");
	return 0;
}

int zip_dir_parse(struct bytes b, struct zip_entry *ent, size_t *ret_len, struct err *e)
{
	struct cursor c = cur_of(b);

	if (cur_le32(&c) != SIG_RECORD)
		return 0;
	*ent = (struct zip_entry){.size = 0};
	cur_skip(&c, 4);
	uint16_t flags = cur_le16(&c);
	ent->encrypted = (flags & 1U) != 0;
	ent->method = cur_le16(&c);
	cur_skip(&c, 4);
	ent->crc32 = cur_le32(&c);
	ent->stored = cur_le32(&c);
	ent->size = cur_le32(&c);
	uint16_t path_len = cur_le16(&c);
	uint16_t extra_len = cur_le16(&c);
	uint16_t comment_len = cur_le16(&c);
	cur_skip(&c, 8);
	ent->header_off = cur_le32(&c);
	ent->path = cur_take(&c, path_len);
	struct cursor extra = cur_sub(&c, extra_len);
	cur_skip(&c, comment_len);
	if (!cur_ok(&c))
		return err_set(e, ERR_FORMAT, "the record is longer than the directory");
	if (read_extra64(extra, ent, e) < 0)
		return -(int)e->code;
	*ret_len = RECORD_LEN + (size_t)path_len + extra_len + comment_len;
	return 1;
}
