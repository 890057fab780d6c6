#include "base/cursor.h"

struct cursor cur_of(struct bytes b)
{
	return (struct cursor){.ptr = b.ptr, .len = b.len, .off = 0, .failed = false};
}

bool cur_ok(const struct cursor *c)
{
	return !c->failed;
}

size_t cur_left(const struct cursor *c)
{
	return c->failed ? 0 : c->len - c->off;
}

void cur_fail(struct cursor *c)
{
	c->failed = true;
}

struct bytes cur_take(struct cursor *c, size_t n)
{
	if (c->failed || n > c->len - c->off) {
		c->failed = true;
		return BYTES_NONE;
	}
	if (n == 0)
		return BYTES_NONE;
	struct bytes b = {.ptr = c->ptr + c->off, .len = n};
	c->off += n;
	return b;
}

/* n and big are constants of the callers below: what is left of the loop is one load. */
static inline uint64_t take_uint(struct cursor *c, size_t n, bool big)
{
	if (c->failed || n > c->len - c->off) {
		c->failed = true;
		return 0;
	}
	const uint8_t *p = c->ptr + c->off;
	uint64_t v = 0;
#pragma GCC unroll 8
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * (big ? n - 1 - i : i);
	c->off += n;
	return v;
}

uint8_t cur_u8(struct cursor *c)
{
	if (c->failed || c->off == c->len) {
		c->failed = true;
		return 0;
	}
	return c->ptr[c->off++];
}

uint16_t cur_be16(struct cursor *c)
{
	return (uint16_t)take_uint(c, 2, true);
}

uint32_t cur_be32(struct cursor *c)
{
	return (uint32_t)take_uint(c, 4, true);
}

uint64_t cur_be64(struct cursor *c)
{
	return take_uint(c, 8, true);
}

uint16_t cur_le16(struct cursor *c)
{
	return (uint16_t)take_uint(c, 2, false);
}

uint32_t cur_le32(struct cursor *c)
{
	return (uint32_t)take_uint(c, 4, false);
}

uint64_t cur_le64(struct cursor *c)
{
	return take_uint(c, 8, false);
}

/* No call and no write per byte: this runs hundreds of millions of times over the store's lists. */
uint64_t cur_varint(struct cursor *c)
{
	const uint8_t *p = c->ptr;
	size_t off = c->off, end = c->failed ? off : c->len;
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64 && off < end; shift += 7) {
		uint8_t byte = p[off++];
		uint64_t part = byte & 0x7fU;
		if (shift == 63 && part > 1)
			break;
		v |= part << shift;
		if (!(byte & 0x80U)) {
			if (byte == 0 && shift > 0)
				break;
			c->off = off;
			return v;
		}
	}
	c->failed = true;
	return 0;
}

struct bytes cur_until(struct cursor *c, uint8_t delim)
{
	size_t left = cur_left(c);
	struct bytes rest = left ? (struct bytes){.ptr = c->ptr + c->off, .len = left} : BYTES_NONE;
	size_t at = bytes_find(rest, delim);
	if (at == left) {
		c->failed = true;
		return BYTES_NONE;
	}
	c->off += at + 1;
	return bytes_part(rest, 0, at);
}

struct bytes cur_blob(struct cursor *c)
{
	uint64_t n = cur_varint(c);
	if (n > cur_left(c)) {
		c->failed = true;
		return BYTES_NONE;
	}
	return cur_take(c, (size_t)n);
}

struct cursor cur_sub(struct cursor *c, size_t n)
{
	struct cursor sub = cur_of(cur_take(c, n));
	sub.failed = c->failed;
	return sub;
}

void cur_skip(struct cursor *c, size_t n)
{
	(void)cur_take(c, n);
}
