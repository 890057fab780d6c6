/* make_tar: writes tar members byte by byte as the specification lays them out, right ones and
 * wrong ones. */
#pragma once
#include "base/buf.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum make_magic { MAKE_USTAR, MAKE_GNU, MAKE_V7, MAKE_STAR };

struct make_tar {
	const char *name;
	const char *link;
	const char *prefix;
	char type; /* 0: NUL */
	enum make_magic magic;
	uint64_t size;
	const char *size_text; /* instead of size: 12 bytes */
	int sum_off;	       /* added to the right checksum */
	bool signed_sum;
};

static inline void make_octal(uint8_t *at, size_t n, uint64_t v)
{
	at[n - 1] = 0;
	for (size_t i = n - 1; i-- > 0; v >>= 3)
		at[i] = (uint8_t)('0' + (v & 7U));
}

static inline void make_sum(uint8_t *h, bool is_signed, int off)
{
	int64_t sum = off;
	memset(h + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += is_signed ? (int64_t)(int8_t)h[i] : (int64_t)h[i];
	make_octal(h + 148, 7, (uint64_t)sum);
	h[155] = ' ';
}

static inline void make_field(uint8_t *at, const char *text, size_t max)
{
	size_t n = text ? strlen(text) : 0;
	assert_true(n <= max);
	if (n)
		memcpy(at, text, n);
}

/* The header into h[512]. */
static inline void make_header(uint8_t *h, const struct make_tar *m)
{
	memset(h, 0, 512);
	make_field(h, m->name, 100);
	make_octal(h + 100, 8, 0644);
	make_octal(h + 108, 8, 1000);
	make_octal(h + 116, 8, 1001);
	make_octal(h + 124, 12, m->size);
	if (m->size_text)
		memcpy(h + 124, m->size_text, 12);
	make_octal(h + 136, 12, 1234567890);
	h[156] = (uint8_t)m->type;
	make_field(h + 157, m->link, 100);
	if (m->magic == MAKE_USTAR || m->magic == MAKE_STAR)
		memcpy(h + 257, "ustar\00000", 8);
	if (m->magic == MAKE_GNU)
		memcpy(h + 257, "ustar  ", 8);
	make_field(h + 345, m->prefix, 155);
	if (m->magic == MAKE_STAR)
		memcpy(h + 508, "tar", 4);
	make_sum(h, m->signed_sum, m->sum_off);
}

static inline void make_put(struct buf *out, const struct make_tar *m)
{
	uint8_t h[512];
	make_header(h, m);
	buf_put(out, (struct bytes){.ptr = h, .len = sizeof h});
}

static inline void make_pad(struct buf *out)
{
	while (out->len % 512)
		buf_put_u8(out, 0);
}

/* Header and content. */
static inline void make_member(struct buf *out, char type, const char *name, struct bytes content)
{
	make_put(out, &(struct make_tar){.name = name, .type = type, .size = content.len});
	buf_put(out, content);
	make_pad(out);
}

/* "LEN KEY=VALUE\n" with a LEN that counts itself. */
static inline void make_record(struct buf *out, const char *key, struct bytes value)
{
	size_t body = strlen(key) + value.len + 3;
	size_t len = body + 1;
	char digits[32];
	while ((size_t)snprintf(digits, sizeof digits, "%zu", len) + body != len)
		len++;
	buf_printf(out, "%zu %s=", len, key);
	buf_put(out, value);
	buf_put_u8(out, '\n');
}

static inline void make_end(struct buf *out)
{
	for (int i = 0; i < 1024; i++)
		buf_put_u8(out, 0);
}
