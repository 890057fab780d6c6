#include "archive/zip.h"

#include <inttypes.h>
#include <stdlib.h>

#include "archive/zip_impl.h"
#include "base/cursor.h"
#include "base/io.h"
#include "codec/member.h"

/* A zip archive is a run of members, each
 *
 *   "PK\3\4" 4 | version 2 | flags 2 | method 2 | time 4 | CRC-32 4 | sizes 4, 4 |
 *   path length 2 | extra length 2 | path | extra | data
 *
 * and after them a central directory that repeats everything and is what counts: of a member's own
 * header only the length is used. So data descriptors, which follow data whose size was not known
 * in time, need not be read. */

#define SIG_MEMBER 0x04034b50U
#define MEMBER_LEN 30U

static struct zip *open_any(int fd, struct bytes mem, uint64_t size, const struct limits *lim,
			    struct err *e)
{
	struct zip *z = calloc(1, sizeof *z);
	if (!z) {
		(void)err_set(e, ERR_NOMEM, "zip: no memory");
		return NULL;
	}
	z->fd = fd;
	z->mem = mem;
	z->file_size = size;
	z->out_left = lim->layer_out_max;
	if (zip_dir_read(z, lim, e) < 0) {
		zip_close(z);
		return NULL;
	}
	return z;
}

struct zip *zip_open(int fd, const struct limits *lim, struct err *e)
{
	struct err own = ERR_INIT;
	uint64_t size;

	if (!e)
		e = &own;
	if (io_size(fd, &size, e) < 0) {
		(void)err_ctx(e, "zip");
		return NULL;
	}
	return open_any(fd, BYTES_NONE, size, lim, e);
}

struct zip *zip_open_bytes(struct bytes b, const struct limits *lim, struct err *e)
{
	struct err own = ERR_INIT;
	return open_any(-1, b, b.len, lim, e ? e : &own);
}

void zip_close(struct zip *z)
{
	if (!z)
		return;
	free(z->dir_buf);
	free(z);
}

uint64_t zip_count(const struct zip *z)
{
	return z->count;
}

int zip_next(struct zip *z, struct zip_entry *ent, struct err *e)
{
	size_t len;
	if (z->next >= z->count)
		return 0;
	int rc = zip_dir_parse(bytes_from(z->dir, z->dir_off), ent, &len, e);
	if (rc <= 0)
		return rc;
	z->dir_off += len;
	z->next++;
	return 1;
}

/* File offset of the member's data. */
static int find_data(const struct zip *z, const struct zip_entry *ent, uint64_t *ret_off,
		     struct err *e)
{
	uint8_t head[MEMBER_LEN];
	uint64_t left = z->file_size - z->base;

	if (ent->header_off > left || left - ent->header_off < sizeof head)
		return err_set(e, ERR_TRUNCATED, "zip: member at byte %" PRIu64 ", past the end",
			       ent->header_off);
	uint64_t at = z->base + ent->header_off;
	if (zip_read_at(z, at, head, sizeof head, e) < 0)
		return -(int)e->code;
	struct cursor c = cur_of((struct bytes){.ptr = head, .len = sizeof head});
	if (cur_le32(&c) != SIG_MEMBER)
		return err_set(e, ERR_FORMAT, "zip: no member at byte %" PRIu64 " (4.3.7)",
			       ent->header_off);
	cur_skip(&c, 22);
	uint64_t off = at + sizeof head + cur_le16(&c);
	off += cur_le16(&c);
	if (off > z->file_size || ent->stored > z->file_size - off)
		return err_set(e, ERR_TRUNCATED, "zip: the archive ends inside a member");
	*ret_off = off;
	return 0;
}

static int check_member(struct zip *z, const struct zip_entry *ent, const struct limits *lim,
			struct err *e)
{
	if (ent->encrypted)
		return err_set(e, ERR_UNSUPPORTED, "zip: the member is encrypted");
	if (ent->size > lim->layer_out_max || ent->size > z->out_left)
		return err_set(e, ERR_LIMIT, "zip: member of %" PRIu64 " bytes, %" PRIu64 " remain",
			       ent->size,
			       z->out_left < lim->layer_out_max ? z->out_left : lim->layer_out_max);
	z->out_left -= ent->size;
	return 0;
}

struct stream *zip_open_member(struct zip *z, const struct zip_entry *ent, const struct limits *lim,
			       struct err *e)
{
	struct err own = ERR_INIT;
	uint64_t off = 0;

	if (!e)
		e = &own;
	if (check_member(z, ent, lim, e) < 0 || find_data(z, ent, &off, e) < 0)
		return NULL;
	struct stream *in =
	    z->fd < 0 ? stream_open_bytes(bytes_part(z->mem, (size_t)off, (size_t)ent->stored), e)
		      : stream_open_fd(z->fd, off, ent->stored, NULL, NULL, e);
	if (!in)
		return NULL;
	struct member m = {.method = ent->method, .size = ent->size, .crc32 = ent->crc32};
	return member_open(in, &m, e);
}

int zip_member_bytes(const struct zip *z, const struct zip_entry *ent, struct bytes *ret,
		     struct err *e)
{
	uint64_t off = 0;
	if (z->fd >= 0 || ent->method != MEMBER_STORED || ent->encrypted)
		return err_set(e, ERR_UNSUPPORTED, "zip: the member cannot be read in its place");
	int r = find_data(z, ent, &off, e);
	if (r == 0)
		*ret = bytes_part(z->mem, (size_t)off, (size_t)ent->stored);
	return r;
}
