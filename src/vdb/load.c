#include "vdb/load.h"

#include <stdlib.h>

/* Bytes for one record or the entries of one package: the largest has some ten thousand. */
#define LOAD_BUDGET (UINT64_C(1) << 30)

int vdb_each_entry(const struct vdb *v, vdb_entry_fn each, void *arg, struct err *e)
{
	int r = 0;
	for (uint32_t i = 0; r == 0 && i < v->rows[VDB_KEYS]; i++) {
		struct vdb_key k;
		struct vdb_hit *hits = NULL;
		struct arena a;
		if (!vdb_key_get(v, i, &k))
			return vdb_damaged(e, "key");
		arena_init(&a, LOAD_BUDGET);
		int64_t n = vdb_key_hits(v, &k, UINT32_MAX, &a, &hits, e);
		r = n < 0 ? (int)n : 0;
		for (int64_t h = 0; r == 0 && h < n; h++)
			r = each(arg, hits[h].advisory, &hits[h].affected, e);
		arena_free(&a);
	}
	return r;
}

struct loading {
	struct vdb_writer *w;
	uint32_t *count; /* entries of each advisory */
	uint32_t *place; /* its record in w, + 1; 0 = left out */
};

static int count_entry(void *arg, uint32_t advisory, const struct adv_affected *x, struct err *e)
{
	struct loading *l = arg;
	(void)x;
	(void)e;
	l->count[advisory]++;
	return 0;
}

static int add_entry(void *arg, uint32_t advisory, const struct adv_affected *x, struct err *e)
{
	struct loading *l = arg;
	if (!l->place[advisory])
		return 0;
	struct rec *to = &l->w->recs[l->place[advisory] - 1];
	int r = rec_affected_from(&l->w->strings, &l->w->arena, x,
				  &to->affected[to->affected_count], e);
	to->affected_count += r == 0;
	return r;
}

/* The record without its entries, but with space for them. */
static int add_body(struct loading *l, const struct vdb *v, uint32_t advisory, struct err *e)
{
	struct vdb_writer *w = l->w;
	struct arena a;
	struct adv adv = {.id = BYTES_NONE};
	struct rec *to = vdb_writer_record(w, e);
	if (!to)
		return -(int)e->code;
	arena_init(&a, LOAD_BUDGET);
	int r = vdb_advisory(v, advisory, &a, &adv, e);
	if (r == 0) {
		struct bytes summary = adv.summary, details = adv.details;
		adv.summary = adv.details = BYTES_NONE; /* as they are: they were cut before */
		r = rec_from_adv(&w->strings, &w->arena, &adv, to, e);
		if (r == 0)
			r = intern_add(&w->strings, summary, &to->summary, e);
		if (r == 0)
			r = intern_add(&w->strings, details, &to->details, e);
	}
	arena_free(&a);
	if (r < 0)
		return r;
	uint32_t n = l->count[advisory];
	to->affected = n ? arena_alloc(&w->arena, n, sizeof *to->affected) : NULL;
	if (n && !to->affected)
		return err_nomem(e);
	l->place[advisory] = (uint32_t)++w->rec_count;
	return 0;
}

int vdb_load_advisories(struct vdb_writer *w, const struct vdb *v, const uint8_t *skip,
			struct err *e)
{
	uint32_t n = v->rows[VDB_ADVISORIES];
	struct loading l = {.w = w,
			    .count = calloc((size_t)n + 1, sizeof *l.count),
			    .place = calloc((size_t)n + 1, sizeof *l.place)};
	int r = l.count && l.place ? 0 : err_nomem(e);
	if (r == 0)
		r = vdb_each_entry(v, count_entry, &l, e);
	for (uint32_t i = 0; r == 0 && i < n; i++)
		if (!skip || !skip[i])
			r = add_body(&l, v, i, e);
	if (r == 0)
		r = vdb_each_entry(v, add_entry, &l, e);
	free(l.count);
	free(l.place);
	return r;
}

int vdb_load_sources(struct vdb_writer *w, const struct vdb *v, struct err *e)
{
	struct vdb_source s;
	int r = 0;
	for (size_t i = 0; r == 0 && vdb_source_get(v, i, &s); i++)
		r = vdb_writer_add_source(w, s.feed, s.source, s.fetched_ms, s.records, s.notes, e);
	return r;
}
