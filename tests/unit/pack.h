/* pack: makes compressed input for the tests of codec/ and archive/ with the libraries' own
 * compressors. */
#pragma once
#include "base/buf.h"
#include <bzlib.h>
#include <lzma.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#define ZLIB_CONST /* next_in is only read */
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

/* Text that compresses somewhat, the same every time. */
static inline void pack_plain(struct buf *out, size_t n)
{
	uint32_t x = 12345;
	while (out->len < n) {
		x = x * 1664525U + 1013904223U;
		buf_printf(out, "line %u of %s%c", x >> 20, x & 0x10000U ? "one" : "another", '\n');
	}
	out->len = n;
	assert_true(buf_ok(out));
}

static inline void pack_deflate(struct buf *out, struct bytes in, int level)
{
	z_stream z = {.next_in = in.ptr, .avail_in = (unsigned)in.len};
	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t cap = in.len + in.len / 8 + 1024;
	uint8_t *room = buf_room(out, cap);
	assert_non_null(room);
	z.next_out = room;
	z.avail_out = (unsigned)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_commit(out, cap - z.avail_out);
	deflateEnd(&z);
}

/* One gzip member; head may be NULL (a plain header). */
static inline void pack_gzip(struct buf *out, const struct bytes *head, struct bytes in, int level)
{
	static const uint8_t plain[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
	buf_put(out, head ? *head : (struct bytes){.ptr = plain, .len = sizeof plain});
	pack_deflate(out, in, level);
	buf_put_le32(out, (uint32_t)crc32_z(0, in.ptr, in.len));
	buf_put_le32(out, (uint32_t)in.len);
}

static inline void pack_zstd(struct buf *out, struct bytes in)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t cap = ZSTD_compressBound(in.len);
	uint8_t *room = buf_room(out, cap);
	assert_non_null(room);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	size_t n = ZSTD_compress2(c, room, cap, in.ptr, in.len);
	assert_false(ZSTD_isError(n));
	buf_commit(out, n);
	ZSTD_freeCCtx(c);
}

static inline void pack_xz(struct buf *out, struct bytes in)
{
	size_t cap = lzma_stream_buffer_bound(in.len);
	uint8_t *room = buf_room(out, cap);
	size_t n = 0;
	assert_non_null(room);
	assert_int_equal(
	    lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, in.ptr, in.len, room, &n, cap),
	    LZMA_OK);
	buf_commit(out, n);
}

static inline void pack_bzip2(struct buf *out, struct bytes in)
{
	unsigned cap = (unsigned)(in.len + in.len / 50 + 1024);
	char *room = (char *)buf_room(out, cap);
	char *copy = malloc(in.len + 1);
	assert_non_null(room);
	assert_non_null(copy);
	if (in.len)
		memcpy(copy, in.ptr, in.len);
	assert_int_equal(BZ2_bzBuffToBuffCompress(room, &cap, copy, (unsigned)in.len, 1, 0, 0),
			 BZ_OK);
	free(copy);
	buf_commit(out, cap);
}
