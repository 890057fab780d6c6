/* A delta, little-endian as the database itself:
 *
 *     0  magic[8]  8 u32 version  12 u32 zero
 *    16  base generation's digest[32]  48 target's digest[32]  80 SHA-256 of the target's file[32]
 *   112  u64 length of the target's file  120 u64 length of DROPPED  128 u64 length of EXPLOITS
 *   136  DROPPED   advisories of the base that are not in the target, or differ there: count, then
 *                  numbers as gaps
 *        EXPLOITS  rows of the base that are dropped: count, gaps; then varint unit, count, and for
 *                  each row whose EPSS changed: gap, difference of the score, of the percentile
 *                  (zigzag, in units of 10^-9 times unit)
 *        RECORDS   a database: advisories and exploit facts that are new or differ, and all sources
 *   end  SHA-256[32] of everything before
 *
 * The target is written anew from the base's records without the dropped ones and from those of
 * RECORDS. Equal records give equal bytes (writer.c), so nothing is said of offsets. */
#include "vdb/delta_impl.h"

#include "base/limits.h"
#include "base/num.h"
#include "oci/digest.h"

#include <stdlib.h>
#include <string.h>

static int bad(struct err *e, const char *what)
{
	return err_set(e, ERR_FORMAT, "delta of a vulnerability database: %s", what);
}

int delta_view(struct bytes delta, struct delta_view *ret, struct err *e)
{
	struct delta_view d = {.is = {.file_len = 0}};
	struct digest whole;
	if (delta.len > LIMIT_VDB_DELTA_MAX)
		return err_set(e, ERR_LIMIT,
			       "delta of a vulnerability database: %zu bytes, more than %u",
			       delta.len, LIMIT_VDB_DELTA_MAX);
	if (!bytes_has_prefix_lit(delta, DELTA_MAGIC))
		return bad(e, "it does not begin like one");
	if (delta.len < DELTA_HEADER_LEN + VDB_HASH_LEN)
		return bad(e, "truncated");
	struct bytes body = bytes_part(delta, 0, delta.len - VDB_HASH_LEN);
	struct cursor c = cur_of(bytes_from(body, sizeof DELTA_MAGIC - 1));
	uint32_t version = cur_le32(&c), zero = cur_le32(&c);
	if (version != DELTA_VERSION || zero != 0)
		return err_set(e, ERR_UNSUPPORTED,
			       "delta of a vulnerability database: version %u, this program reads "
			       "version %u",
			       version, DELTA_VERSION);
	digest_of(DIGEST_SHA256, body, &whole);
	if (memcmp(whole.hash, delta.ptr + body.len, VDB_HASH_LEN) != 0)
		return err_set(e, ERR_INTEGRITY,
			       "delta of a vulnerability database is damaged: checksum");
	num_hex_encode(cur_take(&c, VDB_HASH_LEN), d.is.base);
	num_hex_encode(cur_take(&c, VDB_HASH_LEN), d.is.target);
	struct bytes file = cur_take(&c, VDB_HASH_LEN);
	d.is.file_len = cur_le64(&c);
	uint64_t dropped = cur_le64(&c), exploits = cur_le64(&c);
	if (!cur_ok(&c) || dropped > cur_left(&c) || exploits > cur_left(&c) - dropped)
		return bad(e, "a part is longer than it");
	memcpy(d.is.file, file.ptr, VDB_HASH_LEN);
	d.part[DELTA_DROPPED] = cur_take(&c, (size_t)dropped);
	d.part[DELTA_EXPLOITS] = cur_take(&c, (size_t)exploits);
	d.part[DELTA_RECORDS] = cur_take(&c, cur_left(&c));
	*ret = d;
	return 0;
}

int vdb_delta_read(struct bytes delta, struct vdb_delta *ret, struct err *e)
{
	struct delta_view d;
	int r = delta_view(delta, &d, e);
	if (r == 0)
		*ret = d.is;
	return r;
}

/* A list of row numbers, ascending: each read once, all below rows. */
struct gaps {
	uint64_t next, rows;
};

static bool gap_take(struct gaps *g, struct cursor *c, uint32_t *ret)
{
	uint64_t gap = cur_varint(c);
	if (!cur_ok(c) || gap >= g->rows - g->next) {
		cur_fail(c);
		return false;
	}
	*ret = (uint32_t)(g->next + gap);
	g->next += gap + 1;
	return true;
}

/* A byte for each row: set in those that the list names. */
static int take_rows(struct cursor *c, uint32_t rows, uint8_t *marks, struct err *e)
{
	struct gaps g = {.rows = rows};
	uint64_t n = cur_varint(c);
	uint32_t row;
	for (uint64_t i = 0; i < n; i++) {
		if (!gap_take(&g, c, &row))
			return bad(e, "a row that the base does not have");
		marks[row] = 1;
	}
	return cur_ok(c) ? 0 : bad(e, "truncated");
}

/* The exploit facts of the base while they are taken over. */
struct scores {
	uint32_t *epss, *percentile; /* of each row */
	uint8_t *dropped;
};

static bool add_difference(struct cursor *c, uint64_t unit, uint32_t *value)
{
	uint64_t z = cur_varint(c), size = (z >> 1) + (z & 1);
	if (!cur_ok(c) || size > UINT32_MAX)
		return false;
	int64_t to = *value + (int64_t)(size * unit) * (z & 1 ? -1 : 1);
	if ((*value == VDB_EPSS_UNKNOWN && z != 0) || to < 0 || to > UINT32_MAX)
		return false;
	*value = (uint32_t)to;
	return true;
}

static int take_scores(struct bytes part, uint32_t rows, struct scores *s, struct err *e)
{
	struct cursor c = cur_of(part);
	struct gaps g = {.rows = rows};
	if (take_rows(&c, rows, s->dropped, e) < 0)
		return -(int)e->code;
	uint64_t unit = cur_varint(&c), n = cur_varint(&c);
	uint32_t row;
	if (unit == 0 || unit > VDB_DELTA_UNIT_MAX)
		return bad(e, "unit of scores");
	for (uint64_t i = 0; i < n; i++) {
		if (!gap_take(&g, &c, &row))
			return bad(e, "a row that the base does not have");
		if (!add_difference(&c, unit, &s->epss[row]) ||
		    !add_difference(&c, unit, &s->percentile[row]))
			return bad(e, "a score that is none");
	}
	return cur_ok(&c) && cur_left(&c) == 0 ? 0 : bad(e, "its exploit facts");
}

static int add_exploits(struct vdb_writer *w, const struct vdb *v, const struct scores *s,
			struct err *e)
{
	int r = 0;
	for (uint32_t i = 0; r == 0 && i < v->rows[VDB_EXPLOITS]; i++) {
		struct adv_exploit x;
		if (s && s->dropped[i])
			continue;
		if (!vdb_exploit_at(v, i, &x))
			return vdb_damaged(e, "exploit facts");
		if (s && s->epss[i] != VDB_EPSS_UNKNOWN)
			x.epss = s->epss[i] / VDB_EPSS_UNIT;
		if (s && s->percentile[i] != VDB_EPSS_UNKNOWN)
			x.epss_percentile = s->percentile[i] / VDB_EPSS_UNIT;
		r = vdb_writer_add_exploit(w, &x, e);
	}
	return r;
}

/* All of the base that stays. */
static int add_base(struct vdb_writer *w, const struct vdb *old, const struct delta_view *d,
		    struct err *e)
{
	uint32_t advisories = old->rows[VDB_ADVISORIES], rows = old->rows[VDB_EXPLOITS];
	struct cursor c = cur_of(d->part[DELTA_DROPPED]);
	uint8_t *dropped = calloc((size_t)advisories + 1, 1);
	struct scores s = {.epss = calloc((size_t)rows + 1, sizeof *s.epss),
			   .percentile = calloc((size_t)rows + 1, sizeof *s.percentile),
			   .dropped = calloc((size_t)rows + 1, 1)};
	int r = dropped && s.epss && s.percentile && s.dropped ? 0 : err_nomem(e);
	for (uint32_t i = 0; r == 0 && i < rows; i++) {
		s.epss[i] = vdb_row_u32(old, VDB_EXPLOITS, i, 4);
		s.percentile[i] = vdb_row_u32(old, VDB_EXPLOITS, i, 8);
	}
	if (r == 0)
		r = take_rows(&c, advisories, dropped, e);
	if (r == 0 && cur_left(&c) != 0)
		r = bad(e, "its dropped advisories");
	if (r == 0)
		r = take_scores(d->part[DELTA_EXPLOITS], rows, &s, e);
	if (r == 0)
		r = vdb_load_advisories(w, old, dropped, e);
	if (r == 0)
		r = add_exploits(w, old, &s, e);
	free(dropped);
	free(s.epss);
	free(s.percentile);
	free(s.dropped);
	return r;
}

static int add_records(struct vdb_writer *w, struct bytes records, struct err *e)
{
	struct vdb *v = vdb_open_bytes(records, e);
	if (!v)
		return err_ctx(e, "delta");
	int r = vdb_verify(v, e);
	if (r == 0)
		r = vdb_load_advisories(w, v, NULL, e);
	if (r == 0)
		r = add_exploits(w, v, NULL, e);
	if (r == 0)
		r = vdb_load_sources(w, v, e);
	if (r == 0)
		w->newest_ms = vdb_built_ms(v);
	vdb_close(v);
	return r < 0 ? err_ctx(e, "delta") : 0;
}

int delta_apply(const struct vdb *old, const struct delta_view *d, struct buf *out, struct err *e)
{
	struct digest file;
	if (strcmp(d->is.base, vdb_digest(old)) != 0)
		return err_set(e, ERR_CONFLICT, "the delta is for generation %.12s, this is %.12s",
			       d->is.base, vdb_digest(old));
	struct vdb_writer *w = vdb_writer_open(e);
	if (!w)
		return -(int)e->code;
	int r = add_base(w, old, d, e);
	if (r == 0)
		r = add_records(w, d->part[DELTA_RECORDS], e);
	if (r == 0)
		r = vdb_layout(w, out, e);
	vdb_writer_close(w);
	if (r < 0)
		return r;
	digest_of(DIGEST_SHA256, buf_bytes(out), &file);
	if (out->len != d->is.file_len || memcmp(file.hash, d->is.file, VDB_HASH_LEN) != 0)
		return err_set(e, ERR_INTEGRITY,
			       "what the delta leads to is not the file that it was made for");
	return 0;
}

int vdb_delta_apply(const struct vdb *old, struct bytes delta, struct buf *out, struct err *e)
{
	struct delta_view d;
	int r = delta_view(delta, &d, e);
	return r < 0 ? r : delta_apply(old, &d, out, e);
}
