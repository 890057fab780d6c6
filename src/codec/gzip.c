#include <inttypes.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "codec/inflate.h"
#include "codec/table.h"

/* gzip, RFC 1952. A file is one or more members, each:
 *   1f 8b | method 8 | flags | mtime 4 | extra flags | system       10 bytes
 *   FEXTRA: length 2, bytes   FNAME: bytes, 0   FCOMMENT: bytes, 0
 *   FHCRC: low half of the header's CRC-32
 *   deflate blocks | CRC-32 4 | length mod 2^32 4
 * eStargz and pgzip write many members; a reader joins them. */

#define FLAG_HCRC 0x02
#define FLAG_EXTRA 0x04
#define FLAG_NAME 0x08
#define FLAG_COMMENT 0x10
#define FLAG_RESERVED 0xe0
/* Bytes of a name or comment: file names end at 255 and paths at 4,096; RFC 1952 sets no bound. */
#define TEXT_MAX (64U << 10)

/* Take n header bytes, adding them to the header's CRC. */
static int take(struct stream *in, uint8_t *out, size_t n, uint32_t *crc, struct err *e)
{
	if (stream_read(in, out, n, e) < 0)
		return err_ctx(e, "gzip: header");
	*crc = inflate_crc32(*crc, out, n);
	return 0;
}

static int skip_extra(struct stream *in, uint32_t *crc, struct err *e)
{
	uint8_t len[2];
	if (take(in, len, sizeof len, crc, e) < 0)
		return -(int)e->code;
	for (size_t left = (size_t)len[0] | (size_t)len[1] << 8; left > 0;) {
		uint8_t part[256];
		size_t n = left < sizeof part ? left : sizeof part;
		if (take(in, part, n, crc, e) < 0)
			return -(int)e->code;
		left -= n;
	}
	return 0;
}

static int skip_text(struct stream *in, uint32_t *crc, struct err *e)
{
	for (size_t n = 0; n <= TEXT_MAX;) {
		struct bytes b;
		int rc = stream_peek(in, 1, &b, e);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return err_set(e, ERR_TRUNCATED,
				       "gzip: header: the data ends inside a name");
		b = bytes_part(b, 0, TEXT_MAX + 1 - n);
		size_t end = bytes_find(b, 0);
		size_t part = end < b.len ? end + 1 : b.len;
		*crc = inflate_crc32(*crc, b.ptr, part);
		stream_consume(in, part);
		n += part;
		if (end < b.len)
			return 0;
		if (n > TEXT_MAX)
			break;
	}
	return err_set(e, ERR_LIMIT, "gzip: header: a name longer than %u bytes", TEXT_MAX);
}

static int gzip_start(void *z, struct stream *in, struct err *e)
{
	uint8_t h[10];
	uint32_t crc = 0;

	if (take(in, h, sizeof h, &crc, e) < 0)
		return -(int)e->code;
	uint8_t flags = h[3];
	if (flags & FLAG_RESERVED)
		return err_set(e, ERR_FORMAT, "gzip: reserved flags %#x are set (RFC 1952 2.3.1.2)",
			       flags & 0xffU);
	if ((flags & FLAG_EXTRA) && skip_extra(in, &crc, e) < 0)
		return -(int)e->code;
	if ((flags & FLAG_NAME) && skip_text(in, &crc, e) < 0)
		return -(int)e->code;
	if ((flags & FLAG_COMMENT) && skip_text(in, &crc, e) < 0)
		return -(int)e->code;
	if (flags & FLAG_HCRC) {
		uint8_t sum[2];
		uint32_t unused = 0;
		if (take(in, sum, sizeof sum, &unused, e) < 0)
			return -(int)e->code;
		if (((uint32_t)sum[0] | (uint32_t)sum[1] << 8) != (crc & 0xffffU))
			return err_set(e, ERR_INTEGRITY, "gzip: header CRC differs");
	}
	inflate_reset(z, true);
	return 0;
}

static int gzip_run(void *z, struct engine_io *io, struct err *e)
{
	return inflate_run(z, io, e);
}

static void gzip_close(void *z)
{
	inflate_close(z);
}

#define MAGIC BYTES_LIT("\x1f\x8b\x08")

bool gzip_is_magic(struct bytes head)
{
	return bytes_has_prefix(head, MAGIC);
}

static bool gzip_is_short(struct bytes head)
{
	return engine_is_prefix(head, MAGIC);
}

static const struct engine_ops gzip_ops = {.name = "gzip",
					   .is_magic = gzip_is_magic,
					   .is_short = gzip_is_short,
					   .start = gzip_start,
					   .run = gzip_run,
					   .close = gzip_close};

struct stream *gzip_open(struct stream *in, const struct limits *lim, struct err *e)
{
	struct inflate *z = inflate_open(e);
	if (!z) {
		stream_close(in);
		return NULL;
	}
	return engine_open(&gzip_ops, z, in, lim, e);
}
