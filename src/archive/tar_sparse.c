#include <inttypes.h>
#include <stdlib.h>

#include "archive/tar_impl.h"

/* Maps of sparse files (GNU tar manual, "Storing Sparse Files"): extents (offset, length) in
 * ascending order; the stored bytes are those of the extents, one behind the other; between them
 * are zeros. old GNU (type S): 4 extents of two 12-byte fields at 386 of the header, "more" at 482,
 * size at 483; each further block holds 21, "more" at 504 pax 0.0, 0.1: in the pax header pax 1.0:
 * decimal lines before the content: count, then offset, length of each; padded to a block */

#define OLD_IN_HEADER 4U
#define OLD_IN_BLOCK 21U
#define OLD_EXTENT 24U

void tar_map_clear(struct tar_map *m)
{
	m->count = 0;
	m->stored = 0;
	m->end = 0;
	m->too_long = false;
	m->half = false;
}

void tar_map_free(struct tar_map *m)
{
	free(m->extents);
	*m = (struct tar_map){.extents = NULL};
}

int tar_map_put_pair(struct tar_map *m, uint64_t off, uint64_t len, struct err *e)
{
	if (off < m->end || off > INT64_MAX || len > INT64_MAX - off)
		return err_set(e, ERR_FORMAT,
			       "sparse map: extent at %" PRIu64 " of %" PRIu64
			       " bytes is out of order or overlaps",
			       off, len);
	m->end = off + len;
	m->stored += len;
	if (len == 0)
		return 0;
	if (m->count >= TAR_EXTENTS_MAX) {
		m->too_long = true;
		return 0;
	}
	if (m->count == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 64;
		struct tar_extent *more = realloc(m->extents, cap * sizeof *more);
		if (!more)
			return err_set(e, ERR_NOMEM, "sparse map: no memory");
		m->extents = more;
		m->cap = cap;
	}
	m->extents[m->count++] = (struct tar_extent){.off = off, .len = len};
	return 0;
}

int tar_map_put(struct tar_map *m, uint64_t v, struct err *e)
{
	if (!m->half) {
		m->half_off = v;
		m->half = true;
		return 0;
	}
	m->half = false;
	return tar_map_put_pair(m, m->half_off, v, e);
}

int tar_map_check(const struct tar_map *m, uint64_t size, uint64_t stored, struct err *e)
{
	if (m->end > size)
		return err_set(e, ERR_FORMAT,
			       "sparse map: ends at %" PRIu64 " in a file of %" PRIu64 " bytes",
			       m->end, size);
	if (m->stored > stored)
		return err_set(e, ERR_FORMAT,
			       "sparse map: %" PRIu64 " bytes in a member of %" PRIu64, m->stored,
			       stored);
	return 0;
}

/* The count extents at the start of b; a zero first byte of an offset ends the list. */
static int put_old(struct bytes b, size_t count, struct tar_map *m, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		struct bytes ext = bytes_part(b, i * OLD_EXTENT, OLD_EXTENT);
		int64_t off, len;
		if (ext.len < OLD_EXTENT || ext.ptr[0] == 0)
			break;
		if (tar_number(bytes_part(ext, 0, 12), "sparse offset", &off, e) < 0 ||
		    tar_number(bytes_part(ext, 12, 12), "sparse length", &len, e) < 0)
			return -(int)e->code;
		if (off < 0 || len < 0)
			return err_set(e, ERR_FORMAT, "sparse map: a negative number");
		if (tar_map_put_pair(m, (uint64_t)off, (uint64_t)len, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

int tar_map_read_old(struct stream *s, struct bytes header, struct tar_map *m, struct err *e)
{
	uint8_t block[TAR_BLOCK_LEN];

	tar_map_clear(m);
	if (put_old(bytes_from(header, 386), OLD_IN_HEADER, m, e) < 0)
		return -(int)e->code;
	for (bool more = header.ptr[482] != 0; more; more = block[504] != 0) {
		if (stream_read(s, block, sizeof block, e) < 0)
			return err_ctx(e, "sparse map");
		if (put_old((struct bytes){.ptr = block, .len = sizeof block}, OLD_IN_BLOCK, m, e) <
		    0)
			return -(int)e->code;
	}
	return 0;
}

/* State of reading decimal lines. */
struct lines {
	uint64_t v;
	unsigned digits;
	bool has_count;
	uint64_t want; /* numbers still to come after the count */
};

/* *ret_used: bytes of b up to the last newline of the map, or all. */
static int put_lines(struct lines *l, struct bytes b, struct tar_map *m, size_t *ret_used,
		     struct err *e)
{
	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.ptr[i];
		if (byte_is_digit(c) && l->digits < 18) {
			l->v = l->v * 10 + (uint64_t)(c - '0');
			l->digits++;
			continue;
		}
		if (c != '\n' || l->digits == 0)
			return err_set(e, ERR_FORMAT, "sparse map 1.0: not a line of digits");
		if (!l->has_count) {
			if (l->v > INT64_MAX / 2)
				return err_set(e, ERR_FORMAT, "sparse map 1.0: count too large");
			l->want = l->v * 2;
			l->has_count = true;
		} else {
			if (tar_map_put(m, l->v, e) < 0)
				return -(int)e->code;
			l->want--;
		}
		l->v = l->digits = 0;
		if (l->want == 0) {
			*ret_used = i + 1;
			return 0;
		}
	}
	*ret_used = b.len;
	return 0;
}

int tar_map_read_v1(struct stream *s, uint64_t *left, struct tar_map *m, struct err *e)
{
	struct lines l = {.v = 0};

	tar_map_clear(m);
	do {
		uint8_t block[TAR_BLOCK_LEN];
		size_t used;
		if (*left < sizeof block)
			return err_set(e, ERR_FORMAT, "sparse map 1.0: longer than the member");
		if (stream_read(s, block, sizeof block, e) < 0)
			return err_ctx(e, "sparse map 1.0");
		*left -= sizeof block;
		if (put_lines(&l, (struct bytes){.ptr = block, .len = sizeof block}, m, &used, e) <
		    0)
			return -(int)e->code;
	} while (!l.has_count || l.want > 0);
	return 0;
}
