#include <inttypes.h>
#include <stdlib.h>

#include "archive/tar_impl.h"

/* Maps of sparse files (GNU tar manual, "Storing Sparse Files"): extents (offset, length) in
 * ascending order; the extents' bytes are stored one after another; between them are zeros.
 *
 *   old GNU (type S)  4 extents of two 12-byte fields at 386 of the header, "more" at 482, size at
 *                     483; each further block has 21, "more" at 504
 *   pax 0.0, 0.1      in the pax header
 *   pax 1.0           decimal lines before the content: count, then offset and length of each,
 *                     padded to a block */

#define OLD_AT 386
#define OLD_MORE_AT 482
#define OLD_SIZE_AT 483
#define OLD_IN_HEADER 4U
#define OLD_IN_BLOCK 21U
#define OLD_EXTENT 24U
#define OLD_BLOCKS_MAX (TAR_SPECIAL_MAX / TAR_BLOCK_LEN - 1) /* extension blocks */

static void clear(struct tar_map *m)
{
	m->count = 0;
	m->stored = 0;
	m->end = 0;
}

void tar_map_free(struct tar_map *m)
{
	free(m->extents);
	*m = (struct tar_map){.extents = NULL};
}

static int put(struct tar_map *m, int64_t off, int64_t len, struct err *e)
{
	if (off < 0 || len < 0 || (uint64_t)off < m->end || len > INT64_MAX - off)
		return err_set(e, ERR_FORMAT,
			       "sparse map: extent at %" PRId64 " of %" PRId64
			       " bytes is out of order or overlaps",
			       off, len);
	m->end = (uint64_t)off + (uint64_t)len;
	m->stored += (uint64_t)len;
	if (len == 0)
		return 0;
	if (m->count == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 64;
		struct tar_extent *more = realloc(m->extents, cap * sizeof *more);
		if (!more)
			return err_set(e, ERR_NOMEM, "sparse map: no memory");
		m->extents = more;
		m->cap = cap;
	}
	m->extents[m->count++] = (struct tar_extent){.off = (uint64_t)off, .len = (uint64_t)len};
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
			return -ERR_FORMAT;
		int rc = put(m, off, len, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_old(struct tar *t, const struct tar_header *h, int64_t *size, struct err *e)
{
	struct bytes block = {.ptr = t->block, .len = sizeof t->block};
	uint8_t more[TAR_BLOCK_LEN];

	/* star has a type S too, in another format. */
	if (h->format != TAR_GNU)
		return err_set(e, ERR_FORMAT, "tar: type S in a header that is not GNU's");
	if (tar_number(bytes_part(block, OLD_SIZE_AT, 12), "sparse size", size, e) < 0)
		return -ERR_FORMAT;
	int rc = put_old(bytes_from(block, OLD_AT), OLD_IN_HEADER, &t->map, e);
	bool goes_on = t->block[OLD_MORE_AT] != 0;
	for (unsigned i = 0; rc == 0 && goes_on; i++) {
		if (i == OLD_BLOCKS_MAX)
			return err_set(e, ERR_LIMIT, "sparse map: more than %u blocks", i);
		if (stream_read(t->s, more, sizeof more, e) < 0)
			return err_ctx(e, "sparse map");
		rc = put_old((struct bytes){.ptr = more, .len = sizeof more}, OLD_IN_BLOCK, &t->map,
			     e);
		goes_on = more[504] != 0;
	}
	return rc < 0 ? rc : 1;
}

static size_t count_bytes(struct bytes b, uint8_t c)
{
	size_t n = 0;
	for (size_t i = 0; i < b.len; i++)
		n += b.ptr[i] == c;
	return n;
}

/* The numbers of count pairs from text, separated by sep. */
static int put_text(struct tar_map *m, struct bytes text, uint8_t sep, uint64_t pairs,
		    struct err *e)
{
	for (; pairs > 0; pairs--) {
		int64_t off, len;
		if (!tar_pax_int(bytes_cut(&text, sep), &off) ||
		    !tar_pax_int(bytes_cut(&text, sep), &len))
			return err_set(e, ERR_FORMAT, "sparse map: not a list of numbers");
		int rc = put(m, off, len, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Formats 0.0 and 0.1. */
static int read_v0(struct tar *t, struct err *e)
{
	struct bytes map = t->pax.value[TAR_KEY_SPARSE_MAP];
	int64_t pairs;
	if (!tar_pax_int(t->pax.value[TAR_KEY_SPARSE_NUMBLOCKS], &pairs) || pairs < 0 ||
	    pairs > INT64_MAX / 2)
		return err_set(e, ERR_FORMAT, "GNU.sparse.numblocks is not a number");
	uint64_t numbers = map.len > 0 ? count_bytes(map, ',') + 1 : 0;
	if (numbers != 2 * (uint64_t)pairs)
		return err_set(e, ERR_FORMAT,
			       "GNU.sparse.map has %" PRIu64 " numbers for %" PRId64 " extents",
			       numbers, pairs);
	return put_text(&t->map, map, ',', (uint64_t)pairs, e);
}

/* Put blocks of the content into t->pax.map until it has lines lines. */
static int read_lines(struct tar *t, uint64_t lines, uint64_t *have, struct err *e)
{
	struct buf *text = &t->pax.map;
	while (*have < lines) {
		if (text->len >= TAR_SPECIAL_MAX)
			return err_set(e, ERR_LIMIT, "sparse map 1.0: more than %u bytes",
				       TAR_SPECIAL_MAX);
		if (t->left < TAR_BLOCK_LEN)
			return err_set(e, ERR_FORMAT, "sparse map 1.0: longer than the member");
		uint8_t *block = buf_room(text, TAR_BLOCK_LEN);
		if (!block)
			return err_set(e, ERR_NOMEM, "sparse map 1.0: no memory");
		if (stream_read(t->s, block, TAR_BLOCK_LEN, e) < 0)
			return err_ctx(e, "sparse map 1.0");
		*have += count_bytes((struct bytes){.ptr = block, .len = TAR_BLOCK_LEN}, '\n');
		buf_commit(text, TAR_BLOCK_LEN);
		t->left -= TAR_BLOCK_LEN;
	}
	return 0;
}

static int read_v1(struct tar *t, struct err *e)
{
	uint64_t have = 0;
	int64_t pairs;

	buf_clear(&t->pax.map);
	int rc = read_lines(t, 1, &have, e);
	if (rc < 0)
		return rc;
	struct bytes rest = buf_bytes(&t->pax.map);
	struct bytes first = bytes_cut(&rest, '\n');
	if (!tar_pax_int(first, &pairs) || pairs < 0 || pairs > INT64_MAX / 4)
		return err_set(e, ERR_FORMAT, "sparse map 1.0: no count");
	rc = read_lines(t, 1 + 2 * (uint64_t)pairs, &have, e);
	if (rc < 0)
		return rc;
	rest = buf_bytes(&t->pax.map);
	(void)bytes_cut(&rest, '\n');
	return put_text(&t->map, rest, '\n', (uint64_t)pairs, e);
}

/* By the records: 1 or 0 and the format's major number, compared as text, as by Go. */
static bool is_pax_sparse(const struct tar_pax *p, bool *ret_v1)
{
	struct bytes major = p->value[TAR_KEY_SPARSE_MAJOR];
	struct bytes minor = p->value[TAR_KEY_SPARSE_MINOR];
	*ret_v1 = false;
	if (major.len == 0 && minor.len == 0)
		return p->value[TAR_KEY_SPARSE_MAP].len > 0;
	if (bytes_eq_lit(major, "0"))
		return bytes_eq_lit(minor, "0") || bytes_eq_lit(minor, "1");
	*ret_v1 = true;
	return bytes_eq_lit(major, "1") && bytes_eq_lit(minor, "0");
}

static int read_pax(struct tar *t, int64_t *size, struct err *e)
{
	bool v1;
	if (!is_pax_sparse(&t->pax, &v1))
		return 0;
	struct bytes text = t->pax.value[TAR_KEY_SPARSE_SIZE];
	if (text.len == 0)
		text = t->pax.value[TAR_KEY_SPARSE_REALSIZE];
	if (text.len > 0 && !tar_pax_int(text, size))
		return err_set(e, ERR_FORMAT, "GNU.sparse.size is not a number: \"%.*s\"",
			       BYTES_ARG(text));
	int rc = v1 ? read_v1(t, e) : read_v0(t, e);
	return rc < 0 ? rc : 1;
}

int tar_map_read(struct tar *t, const struct tar_header *h, int64_t *size, struct err *e)
{
	clear(&t->map);
	int rc = h->flag == 'S' ? read_old(t, h, size, e) : read_pax(t, size, e);
	if (rc > 0 && (*size < 0 || t->map.end > (uint64_t)*size))
		return err_set(e, ERR_FORMAT,
			       "sparse map: ends at %" PRIu64 " in a file of %" PRId64 " bytes",
			       t->map.end, *size);
	return rc;
}
