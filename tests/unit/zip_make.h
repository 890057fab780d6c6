/* zip_make: a zip archive of members as they are given, stored or said to be compressed; central
 * records may name a member again. */
#pragma once
#include "base/buf.h"
#include "codec/inflate.h"

struct zip_make {
	struct buf out, records;
	unsigned count;
};

static inline void zip_make_init(struct zip_make *z)
{
	z->count = 0;
	buf_init(&z->out, (size_t)64 << 20);
	buf_init(&z->records, (size_t)64 << 20);
}

/* A record of the central directory for what lies at off. size: as the record says. */
static inline void zip_make_record(struct zip_make *z, const char *path, struct bytes content,
				   unsigned method, uint64_t size, uint64_t off)
{
	struct buf *r = &z->records;
	buf_put_le32(r, 0x02014b50);
	buf_put_le32(r, 20U << 16 | 20U);
	buf_put_le16(r, 0);
	buf_put_le16(r, (uint16_t)method);
	buf_put_le32(r, 0);
	buf_put_le32(r, inflate_crc32(0, content.ptr, content.len));
	buf_put_le32(r, (uint32_t)content.len);
	buf_put_le32(r, (uint32_t)size);
	buf_put_le16(r, (uint16_t)bytes_of(path).len);
	for (int i = 0; i < 6; i++)
		buf_put_le16(r, 0);
	buf_put_le32(r, (uint32_t)off);
	buf_put_text(r, path);
	z->count++;
}

/* The local header and its data: where it lies. */
static inline uint64_t zip_make_data(struct zip_make *z, const char *path, struct bytes content)
{
	uint64_t off = z->out.len;
	buf_put_le32(&z->out, 0x04034b50);
	for (int i = 0; i < 11; i++)
		buf_put_le16(&z->out, 0);
	buf_put_le16(&z->out, (uint16_t)bytes_of(path).len);
	buf_put_le16(&z->out, 0);
	buf_put_text(&z->out, path);
	buf_put(&z->out, content);
	return off;
}

static inline void zip_make_add(struct zip_make *z, const char *path, struct bytes content)
{
	uint64_t off = zip_make_data(z, path, content);
	zip_make_record(z, path, content, 0, content.len, off);
}

/* The archive, valid until zip_make_free. */
static inline struct bytes zip_make_end(struct zip_make *z)
{
	uint32_t at = (uint32_t)z->out.len;
	buf_put(&z->out, buf_bytes(&z->records));
	buf_put_le32(&z->out, 0x06054b50);
	buf_put_le32(&z->out, 0);
	buf_put_le16(&z->out, (uint16_t)z->count);
	buf_put_le16(&z->out, (uint16_t)z->count);
	buf_put_le32(&z->out, (uint32_t)z->records.len);
	buf_put_le32(&z->out, at);
	buf_put_le16(&z->out, 0);
	return buf_bytes(&z->out);
}

static inline void zip_make_free(struct zip_make *z)
{
	buf_free(&z->out);
	buf_free(&z->records);
}
