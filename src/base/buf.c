#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_free(struct buf *b)
{
	free(b->ptr);
	*b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = b->refused = false;
}

bool buf_ok(const struct buf *b)
{
	return !b->failed;
}

bool buf_is_spent(const struct buf *b)
{
	return b->refused;
}

struct bytes buf_bytes(const struct buf *b)
{
	return (struct bytes){.ptr = b->ptr, .len = b->len};
}

uint8_t *buf_room(struct buf *b, size_t n)
{
	if (b->failed)
		return NULL;
	if (b->len > b->max || n > b->max - b->len) {
		b->failed = b->refused = true;
		return NULL;
	}
	if (n > b->cap - b->len || !b->ptr) {
		size_t want = b->len + n;
		size_t cap = b->cap ? b->cap : 256;
		while (cap < want && cap <= SIZE_MAX / 2)
			cap *= 2;
		if (cap < want)
			cap = want;
		uint8_t *p = realloc(b->ptr, cap);
		if (!p) {
			b->failed = true;
			return NULL;
		}
		b->ptr = p;
		b->cap = cap;
	}
	return b->ptr + b->len;
}

void buf_commit(struct buf *b, size_t n)
{
	if (!b->failed)
		b->len += n;
}

void buf_put(struct buf *b, struct bytes add)
{
	uint8_t *p = buf_room(b, add.len);
	if (!p || add.len == 0)
		return;
	memcpy(p, add.ptr, add.len);
	b->len += add.len;
}

void buf_put_text(struct buf *b, const char *text)
{
	buf_put(b, bytes_of(text));
}

static void put_le(struct buf *b, uint64_t v, size_t n)
{
	uint8_t *p = buf_room(b, n);
	if (!p)
		return;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
	b->len += n;
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	put_le(b, v, 1);
}

void buf_put_le16(struct buf *b, uint16_t v)
{
	put_le(b, v, 2);
}

void buf_put_le32(struct buf *b, uint32_t v)
{
	put_le(b, v, 4);
}

void buf_put_le64(struct buf *b, uint64_t v)
{
	put_le(b, v, 8);
}

void buf_put_varint(struct buf *b, uint64_t v)
{
	uint8_t tmp[10];
	size_t n = 0;
	for (; v >= 0x80; v >>= 7)
		tmp[n++] = (uint8_t)(v | 0x80);
	tmp[n++] = (uint8_t)v;
	buf_put(b, (struct bytes){.ptr = tmp, .len = n});
}

void buf_put_blob(struct buf *b, struct bytes add)
{
	buf_put_varint(b, add.len);
	buf_put(b, add);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	uint8_t *p = n < 0 ? NULL : buf_room(b, (size_t)n + 1);
	if (p) {
		(void)vsnprintf((char *)p, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	} else {
		b->failed = true;
	}
	va_end(again);
}

const char *buf_cstr(struct buf *b)
{
	uint8_t *p = buf_room(b, 1);
	if (!p)
		return "";
	*p = 0;
	return (const char *)b->ptr;
}

void buf_put_percent(struct buf *b, struct bytes text, const char *plain)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		if (byte_is_alnum(c) || (c && (strchr("-._~", c) || strchr(plain, c)))) {
			buf_put_u8(b, c);
		} else {
			buf_put_u8(b, '%');
			buf_put_u8(b, (uint8_t)hex[c >> 4]);
			buf_put_u8(b, (uint8_t)hex[c & 15]);
		}
	}
}
