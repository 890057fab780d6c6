/* rpm_make: headers and the three containers around them, written from the format's descriptions
 * for tests and fuzz seeds. */
#pragma once
#include "base/buf.h"
#include <stdlib.h>
#include <string.h>

static inline void rpm_be32(struct buf *b, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_put_u8(b, (uint8_t)(v >> shift));
}

struct rpm_make {
	struct buf index, data;
	uint32_t count;
};

static inline void rpm_make_init(struct rpm_make *h)
{
	*h = (struct rpm_make){.count = 0};
	buf_init(&h->index, 1U << 20);
	buf_init(&h->data, 64U << 20);
}

static inline void rpm_make_entry(struct rpm_make *h, uint32_t tag, uint32_t type, uint32_t count)
{
	rpm_be32(&h->index, tag);
	rpm_be32(&h->index, type);
	rpm_be32(&h->index, (uint32_t)h->data.len);
	rpm_be32(&h->index, count);
	h->count++;
}

static inline void rpm_make_string(struct rpm_make *h, uint32_t tag, const char *text)
{
	rpm_make_entry(h, tag, 6, 1);
	buf_put(&h->data, (struct bytes){.ptr = (const uint8_t *)text, .len = strlen(text) + 1});
}

static inline void rpm_make_int32(struct rpm_make *h, uint32_t tag, const uint32_t *v,
				  uint32_t count)
{
	while (h->data.len % 4)
		buf_put_u8(&h->data, 0);
	rpm_make_entry(h, tag, 4, count);
	for (uint32_t i = 0; i < count; i++)
		rpm_be32(&h->data, v[i]);
}

static inline void rpm_make_array(struct rpm_make *h, uint32_t tag, const char *const *v,
				  uint32_t count)
{
	rpm_make_entry(h, tag, 8, count);
	for (uint32_t i = 0; i < count; i++)
		buf_put(&h->data,
			(struct bytes){.ptr = (const uint8_t *)v[i], .len = strlen(v[i]) + 1});
}

/* The blob; h may be made again after. */
static inline void rpm_make_blob(struct rpm_make *h, struct buf *out)
{
	rpm_be32(out, h->count);
	rpm_be32(out, (uint32_t)h->data.len);
	buf_put(out, buf_bytes(&h->index));
	buf_put(out, buf_bytes(&h->data));
	buf_free(&h->index);
	buf_free(&h->data);
}

/* A plain package. filler: bytes of a tag that nobody reads, to make the header large. */
static inline void rpm_make_package(struct buf *out, const char *name, const char *version,
				    const char *release, const char *sourcerpm, size_t filler)
{
	struct rpm_make h;
	rpm_make_init(&h);
	rpm_make_string(&h, 1000, name);
	rpm_make_string(&h, 1001, version);
	rpm_make_string(&h, 1002, release);
	rpm_make_string(&h, 1011, "Example Vendor");
	rpm_make_string(&h, 1022, "x86_64");
	if (sourcerpm)
		rpm_make_string(&h, 1044, sourcerpm);
	if (filler) {
		rpm_make_entry(&h, 1005, 7, (uint32_t)filler);
		for (size_t i = 0; i < filler; i++)
			buf_put_u8(&h.data, (uint8_t)(i * 7));
	}
	rpm_make_blob(&h, out);
}

/* Berkeley DB hash */

struct bdb_make {
	uint8_t *pages;
	uint32_t page_len, count, cap;
	bool big;
};

static inline void bdb_w32(const struct bdb_make *m, uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[m->big ? 3 - i : i] = (uint8_t)(v >> (8 * i));
}

static inline void bdb_w16(const struct bdb_make *m, uint8_t *at, uint32_t v)
{
	at[m->big ? 1 : 0] = (uint8_t)v;
	at[m->big ? 0 : 1] = (uint8_t)(v >> 8);
}

static inline uint32_t bdb_page(struct bdb_make *m, uint8_t type)
{
	if (m->count == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 8;
		m->pages = realloc(m->pages, (size_t)m->cap * m->page_len);
	}
	uint8_t *p = m->pages + (size_t)m->count * m->page_len;
	memset(p, 0, m->page_len);
	bdb_w32(m, p + 8, m->count);
	p[25] = type;
	return m->count++;
}

/* One hash page per pair, the blob on overflow pages when it is large. key: the package number; 0 =
 * the counter. */
static inline void bdb_put(struct bdb_make *m, uint32_t key, struct bytes blob)
{
	uint32_t number = bdb_page(m, 13);
	uint32_t at = m->page_len - 5;
	uint8_t *p = m->pages + (size_t)number * m->page_len;
	p[at] = 1;
	bdb_w32(m, p + at + 1, key);
	bdb_w16(m, p + 20, 2);
	bdb_w16(m, p + 26, at);
	if (blob.len + 1 <= m->page_len / 4) {
		at -= (uint32_t)blob.len + 1;
		p[at] = 1;
		memcpy(p + at + 1, blob.ptr, blob.len);
		bdb_w16(m, p + 28, at);
		return;
	}
	at -= 12;
	p[at] = 3;
	bdb_w32(m, p + at + 4, m->count);
	bdb_w32(m, p + at + 8, (uint32_t)blob.len);
	bdb_w16(m, p + 28, at);
	for (size_t off = 0; off < blob.len;) {
		size_t here = blob.len - off < m->page_len - 26 ? blob.len - off : m->page_len - 26;
		uint32_t o = bdb_page(m, 7);
		uint8_t *q = m->pages + (size_t)o * m->page_len;
		bdb_w16(m, q + 22, (uint32_t)here);
		memcpy(q + 26, blob.ptr + off, here);
		off += here;
		if (off < blob.len)
			bdb_w32(m, q + 16, m->count);
	}
}

static inline void bdb_start(struct bdb_make *m, bool big, uint32_t page_len)
{
	*m = (struct bdb_make){.page_len = page_len, .big = big};
	bdb_page(m, 8);
}

static inline struct bytes bdb_finish(struct bdb_make *m, uint32_t version)
{
	bdb_w32(m, m->pages + 12, 0x00061561);
	bdb_w32(m, m->pages + 16, version);
	bdb_w32(m, m->pages + 20, m->page_len);
	bdb_w32(m, m->pages + 32, m->count - 1);
	return (struct bytes){.ptr = m->pages, .len = (size_t)m->count * m->page_len};
}

/* NDB: one page of slots */
static inline void ndb_make(struct buf *out, const struct bytes *blobs, uint32_t count)
{
	uint32_t block = 4096 / 16;
	buf_put_text(out, "RpmP");
	buf_put_le32(out, 0);
	buf_put_le32(out, 7);
	buf_put_le32(out, 1);
	buf_put_le32(out, count + 1);
	while (out->len < 32)
		buf_put_u8(out, 0);
	for (uint32_t i = 0; out->len < 4096; i++) {
		uint32_t blocks = i < count ? (uint32_t)((16 + blobs[i].len + 12 + 15) / 16) : 0;
		buf_put_text(out, "Slot");
		buf_put_le32(out, i < count ? i + 1 : 0);
		buf_put_le32(out, i < count ? block : 0);
		buf_put_le32(out, blocks);
		block += blocks;
	}
	for (uint32_t i = 0; i < count; i++) {
		buf_put_text(out, "BlbS");
		buf_put_le32(out, i + 1);
		buf_put_le32(out, 7);
		buf_put_le32(out, (uint32_t)blobs[i].len);
		buf_put(out, blobs[i]);
		while ((out->len + 12) % 16)
			buf_put_u8(out, 0);
		buf_put_le32(out, 0);
		buf_put_le32(out, (uint32_t)blobs[i].len);
		buf_put_text(out, "BlbE");
	}
}
