#include "vdb/delta_impl.h"

#include "base/limits.h"
#include "base/num.h"
#include "oci/digest.h"

#include <stdlib.h>
#include <string.h>

/* A hash over all that a database says of each advisory; equal ones are taken to be equal. Two that
 * are not are found when the delta is tried. */
struct sums {
	uint64_t *of;
	struct buf scratch;
};

static int add_entry(void *arg, uint32_t advisory, const struct adv_affected *x, struct err *e)
{
	struct sums *s = arg;
	struct adv_affected copy = *x;
	const struct adv one = {.affected = &copy, .affected_count = 1};
	buf_clear(&s->scratch);
	adv_put(&s->scratch, &one);
	s->of[advisory] = bytes_hash(buf_bytes(&s->scratch), s->of[advisory]);
	return buf_ok(&s->scratch) ? 0 : err_nomem(e);
}

static int sums_of(const struct vdb *v, struct sums *s, struct err *e)
{
	int r = 0;
	buf_init(&s->scratch, 64U << 20);
	s->of = calloc((size_t)v->rows[VDB_ADVISORIES] + 1, sizeof *s->of);
	if (!s->of)
		return err_nomem(e);
	for (uint32_t i = 0; r == 0 && i < v->rows[VDB_ADVISORIES]; i++) {
		struct arena a;
		struct adv adv;
		arena_init(&a, 64U << 20);
		r = vdb_advisory(v, i, &a, &adv, e);
		buf_clear(&s->scratch);
		if (r == 0)
			adv_put(&s->scratch, &adv);
		if (r == 0 && !buf_ok(&s->scratch))
			r = err_nomem(e);
		s->of[i] = bytes_hash(buf_bytes(&s->scratch), 1);
		arena_free(&a);
	}
	return r < 0 ? r : vdb_each_entry(v, add_entry, s, e);
}

/* Feed and id: advisories are sorted by them. */
static int name_of(const struct vdb *v, uint32_t i, struct bytes ret[2], struct err *e)
{
	struct cursor c = vdb_cursor(v, VDB_BODIES, vdb_row_u32(v, VDB_ADVISORIES, i, 4));
	return vdb_string(v, cur_varint(&c), &ret[0]) && cur_ok(&c) &&
		       vdb_string(v, vdb_row_u32(v, VDB_ADVISORIES, i, 0), &ret[1])
		   ? 0
		   : vdb_damaged(e, "advisory");
}

/* The rows of a sorted section of both files side by side: <0: row i of old comes first, or now has
 * no more. */
static int name_cmp(const struct bytes x[2], const struct bytes y[2])
{
	int c = bytes_cmp(x[0], y[0]);
	return c ? c : bytes_cmp(x[1], y[1]);
}

struct making {
	const struct vdb *old, *now;
	struct sums was, is;
	uint8_t *dropped;     /* of old's advisories */
	uint8_t *same;	      /* of now's advisories */
	uint8_t *gone;	      /* of old's exploit facts */
	int64_t (*moved)[2];  /* of old's exploit facts: by how much score and percentile differ */
	struct vdb_writer *w; /* what is new */
};

static int compare_advisories(struct making *m, struct err *e)
{
	uint32_t i = 0, n = m->old->rows[VDB_ADVISORIES];
	uint32_t k = 0, count = m->now->rows[VDB_ADVISORIES];
	while (i < n || k < count) {
		struct bytes x[2], y[2];
		if ((i < n && name_of(m->old, i, x, e) < 0) ||
		    (k < count && name_of(m->now, k, y, e) < 0))
			return -(int)e->code;
		int c = i == n ? 1 : k == count ? -1 : name_cmp(x, y);
		bool same = c == 0 && m->was.of[i] == m->is.of[k];
		if (c <= 0)
			m->dropped[i++] = !same;
		if (c >= 0)
			m->same[k++] = same;
	}
	return 0;
}

static bool has_same_facts(const struct adv_exploit *x, const struct adv_exploit *y)
{
	return x->kev == y->kev && x->ransomware == y->ransomware && x->kev_lists == y->kev_lists &&
	       x->kev_added_ms == y->kev_added_ms && x->kev_due_ms == y->kev_due_ms &&
	       x->kev_due_list == y->kev_due_list && bytes_eq(x->kev_action, y->kev_action) &&
	       bytes_eq(x->kev_name, y->kev_name) && (x->epss < 0) == (y->epss < 0) &&
	       (x->epss_percentile < 0) == (y->epss_percentile < 0);
}

static int64_t moved_by(const struct making *m, uint32_t i, uint32_t k, uint32_t off)
{
	return (int64_t)vdb_row_u32(m->now, VDB_EXPLOITS, k, off) -
	       vdb_row_u32(m->old, VDB_EXPLOITS, i, off);
}

static int compare_exploits(struct making *m, struct err *e)
{
	uint32_t i = 0, n = m->old->rows[VDB_EXPLOITS], k = 0, count = m->now->rows[VDB_EXPLOITS];
	int r = 0;
	while (r == 0 && (i < n || k < count)) {
		struct adv_exploit x, y;
		if ((i < n && !vdb_exploit_at(m->old, i, &x)) ||
		    (k < count && !vdb_exploit_at(m->now, k, &y)))
			return vdb_damaged(e, "exploit facts");
		int c = i == n ? 1 : k == count ? -1 : bytes_cmp(x.cve, y.cve);
		bool stays = c == 0 && has_same_facts(&x, &y);
		if (stays) {
			m->moved[i][0] = moved_by(m, i, k, 4);
			m->moved[i][1] = moved_by(m, i, k, 8);
		}
		if (c >= 0 && !stays)
			r = vdb_writer_add_exploit(m->w, &y, e);
		if (c <= 0)
			m->gone[i++] = !stays;
		k += c >= 0;
	}
	return r;
}

static void put_rows(struct buf *b, const uint8_t *marks, uint32_t rows)
{
	uint64_t n = 0;
	uint32_t next = 0;
	for (uint32_t i = 0; i < rows; i++)
		n += marks[i];
	buf_put_varint(b, n);
	for (uint32_t i = 0; i < rows; i++) {
		if (!marks[i])
			continue;
		buf_put_varint(b, i - next);
		next = i + 1;
	}
}

static void put_difference(struct buf *b, int64_t d)
{
	buf_put_varint(b, d < 0 ? (uint64_t)-d * 2 - 1 : (uint64_t)d * 2);
}

/* The greatest power of ten that all differences are multiples of: scores have few decimals. */
static int64_t unit_of(const struct making *m)
{
	int64_t unit = VDB_DELTA_UNIT_MAX;
	for (uint32_t i = 0; i < m->old->rows[VDB_EXPLOITS]; i++)
		while (m->moved[i][0] % unit || m->moved[i][1] % unit)
			unit /= 10;
	return unit;
}

static void put_scores(struct buf *b, const struct making *m)
{
	uint32_t rows = m->old->rows[VDB_EXPLOITS], next = 0;
	int64_t unit = unit_of(m);
	uint64_t n = 0;
	for (uint32_t i = 0; i < rows; i++)
		n += m->moved[i][0] || m->moved[i][1];
	buf_put_varint(b, (uint64_t)unit);
	buf_put_varint(b, n);
	for (uint32_t i = 0; i < rows; i++) {
		if (!m->moved[i][0] && !m->moved[i][1])
			continue;
		buf_put_varint(b, i - next);
		put_difference(b, m->moved[i][0] / unit);
		put_difference(b, m->moved[i][1] / unit);
		next = i + 1;
	}
}

static void put_hash(struct buf *b, const uint8_t hash[VDB_HASH_LEN])
{
	buf_put(b, (struct bytes){.ptr = hash, .len = VDB_HASH_LEN});
}

static int put_all(const struct making *m, struct bytes records, struct buf *out, struct err *e)
{
	struct buf dropped, exploits;
	struct digest d;
	buf_init(&dropped, LIMIT_VDB_DELTA_MAX);
	buf_init(&exploits, LIMIT_VDB_DELTA_MAX);
	put_rows(&dropped, m->dropped, m->old->rows[VDB_ADVISORIES]);
	put_rows(&exploits, m->gone, m->old->rows[VDB_EXPLOITS]);
	put_scores(&exploits, m);
	digest_of(DIGEST_SHA256, m->now->all, &d);
	buf_put_text(out, DELTA_MAGIC);
	buf_put_le32(out, DELTA_VERSION);
	buf_put_le32(out, 0);
	put_hash(out, m->old->digest);
	put_hash(out, m->now->digest);
	put_hash(out, d.hash);
	buf_put_le64(out, m->now->all.len);
	buf_put_le64(out, dropped.len);
	buf_put_le64(out, exploits.len);
	buf_put(out, buf_bytes(&dropped));
	buf_put(out, buf_bytes(&exploits));
	buf_put(out, records);
	digest_of(DIGEST_SHA256, buf_bytes(out), &d);
	put_hash(out, d.hash);
	bool ok = buf_ok(out) && buf_ok(&dropped) && buf_ok(&exploits);
	buf_free(&dropped);
	buf_free(&exploits);
	return ok ? 0 : err_nomem(e);
}

static int make(struct making *m, struct buf *records, struct err *e)
{
	if (!m->dropped || !m->same || !m->gone || !m->moved)
		return err_nomem(e);
	if (sums_of(m->old, &m->was, e) < 0 || sums_of(m->now, &m->is, e) < 0 ||
	    compare_advisories(m, e) < 0 || compare_exploits(m, e) < 0 ||
	    vdb_load_advisories(m->w, m->now, m->same, e) < 0 ||
	    vdb_load_sources(m->w, m->now, e) < 0)
		return -(int)e->code;
	m->w->newest_ms = vdb_built_ms(m->now);
	return vdb_layout(m->w, records, e);
}

/* It leads to the same bytes. */
static int try(const struct making *m, struct bytes delta, struct err *e)
{
	struct buf file;
	buf_init(&file, SIZE_MAX / 4);
	int r = vdb_delta_apply(m->old, delta, &file, e);
	if (r == -ERR_INTEGRITY)
		r = err_set(e, ERR_UNSUPPORTED,
			    "no delta leads to this file: it was written by another version of "
			    "Plimsoll");
	buf_free(&file);
	return r;
}

int vdb_delta_make(const struct vdb *old, const struct vdb *now, struct buf *out, struct err *e)
{
	size_t advisories = old->rows[VDB_ADVISORIES], rows = old->rows[VDB_EXPLOITS];
	struct buf records;
	struct making m = {.old = old,
			   .now = now,
			   .dropped = calloc(advisories + 1, 1),
			   .same = calloc((size_t)now->rows[VDB_ADVISORIES] + 1, 1),
			   .gone = calloc(rows + 1, 1),
			   .moved = calloc(rows + 1, sizeof *m.moved),
			   .w = vdb_writer_open(e)};
	buf_init(&records, SIZE_MAX / 4);
	int r = m.w ? make(&m, &records, e) : -(int)e->code;
	if (r == 0 && records.len > LIMIT_VDB_DELTA_MAX / 2)
		r = err_set(e, ERR_LIMIT, "the two files differ too much for a delta");
	if (r == 0)
		r = put_all(&m, buf_bytes(&records), out, e);
	if (r == 0)
		r = try(&m, buf_bytes(out), e);
	buf_free(&records);
	buf_free(&m.was.scratch);
	buf_free(&m.is.scratch);
	free(m.was.of);
	free(m.is.of);
	free(m.dropped);
	free(m.same);
	free(m.gone);
	free(m.moved);
	vdb_writer_close(m.w);
	return r;
}
