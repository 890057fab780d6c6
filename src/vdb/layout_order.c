/* Ranks and gathering: everything that follows walks sorted arrays of numbers. */
#include "vdb/layout.h"

#include <stdlib.h>

static int cmp_text(const void *a, const void *b, void *ctx)
{
	const uint32_t *x = a, *y = b;
	return bytes_cmp(layout_text(ctx, *x), layout_text(ctx, *y));
}

int layout_rank(struct layout *l, struct err *e)
{
	uint32_t n = l->w->strings.count;
	l->order = calloc(n, sizeof *l->order);
	l->rank = calloc(n, sizeof *l->rank);
	l->uses = calloc(n, sizeof *l->uses);
	l->ref = calloc(n, sizeof *l->ref);
	if (!l->order || !l->rank || !l->uses || !l->ref)
		return err_nomem(e);
	for (uint32_t i = 0; i < n; i++)
		l->order[i] = i;
	qsort_r(l->order, n, sizeof *l->order, cmp_text, l);
	for (uint32_t i = 0; i < n; i++)
		l->rank[l->order[i]] = i;
	return 0;
}

static int cmp_entry(const void *a, const void *b, void *ctx)
{
	const struct layout *l = ctx;
	const struct layout_entry *x = a, *y = b;
	int c = layout_cmp(l->rank[x->affected->ecosystem], l->rank[y->affected->ecosystem]);
	c = c ? c : layout_cmp(l->rank[x->affected->name], l->rank[y->affected->name]);
	c = c ? c : layout_cmp(x->advisory, y->advisory);
	/* Same advisory: the order of its own (sorted) array. */
	return c ? c : (x->affected > y->affected) - (x->affected < y->affected);
}

static int gather_keys(struct layout *l, struct err *e)
{
	struct vdb_writer *w = l->w;
	for (size_t i = 0; i < w->rec_count; i++)
		l->entry_count += w->recs[i].affected_count;
	if (l->entry_count >= UINT32_MAX / 2 || w->rec_count >= UINT32_MAX / 2)
		return err_set(e, ERR_LIMIT, "database layout: too many records");
	l->entries = calloc(l->entry_count + 1, sizeof *l->entries);
	l->keys = calloc(l->entry_count + 1, sizeof *l->keys);
	if (!l->entries || !l->keys)
		return err_nomem(e);
	size_t n = 0;
	for (size_t i = 0; i < w->rec_count; i++)
		for (uint32_t k = 0; k < w->recs[i].affected_count; k++)
			l->entries[n++] = (struct layout_entry){.affected = &w->recs[i].affected[k],
								.advisory = (uint32_t)i};
	if (n)
		qsort_r(l->entries, n, sizeof *l->entries, cmp_entry, l);
	for (uint32_t i = 0; i < n; i++) {
		const struct rec_affected *a = l->entries[i].affected;
		const struct rec_affected *before = i ? l->entries[i - 1].affected : NULL;
		if (!before || before->ecosystem != a->ecosystem || before->name != a->name)
			l->keys[l->key_count++] = (struct layout_key){.first = i};
		l->keys[l->key_count - 1].count++;
		l->entries[i].affected->key = (uint32_t)(l->key_count - 1);
	}
	return 0;
}

static int cmp_id(const void *a, const void *b, void *ctx)
{
	const struct layout *l = ctx;
	const struct layout_id *x = a, *y = b;
	int c = layout_cmp(l->rank[x->string], l->rank[y->string]);
	return c ? c : layout_cmp(x->advisory, y->advisory);
}

static int gather_ids(struct layout *l, struct err *e)
{
	struct vdb_writer *w = l->w;
	size_t n = w->rec_count;
	for (size_t i = 0; i < w->rec_count; i++)
		n += w->recs[i].aliases.count;
	l->ids = calloc(n + 1, sizeof *l->ids);
	if (!l->ids)
		return err_nomem(e);
	n = 0;
	for (uint32_t i = 0; i < w->rec_count; i++) {
		l->ids[n++] = (struct layout_id){.string = w->recs[i].id, .advisory = i};
		for (uint32_t k = 0; k < w->recs[i].aliases.count; k++)
			l->ids[n++] =
			    (struct layout_id){.string = w->recs[i].aliases.v[k], .advisory = i};
	}
	if (n)
		qsort_r(l->ids, n, sizeof *l->ids, cmp_id, l);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || cmp_id(&l->ids[l->id_count - 1], &l->ids[i], l) != 0)
			l->ids[l->id_count++] = l->ids[i];
	return 0;
}

static int cmp_exploit(const void *a, const void *b, void *ctx)
{
	const struct layout *l = ctx;
	const struct rec_exploit *x = a, *y = b;
	return layout_cmp(l->rank[x->cve], l->rank[y->cve]);
}

static uint32_t greater_units(uint32_t a, uint32_t b)
{
	if (a == VDB_EPSS_UNKNOWN || b == VDB_EPSS_UNKNOWN)
		return a < b ? a : b;
	return a > b ? a : b;
}

/* The earliest is kept, with its list; CISA's of the same day from several. */
static void join_due(struct rec_exploit *k, const struct rec_exploit *x)
{
	if (x->due_ms == 0 || (k->due_ms && k->due_ms < x->due_ms) ||
	    (k->due_ms == x->due_ms && k->due_list < x->due_list))
		return;
	k->due_ms = x->due_ms;
	k->due_list = x->due_list;
}

/* KEV and EPSS say different things of one CVE: one row of both. */
static void join_exploits(struct layout *l)
{
	struct vdb_writer *w = l->w;
	if (w->exploit_count)
		qsort_r(w->exploits, w->exploit_count, sizeof *w->exploits, cmp_exploit, l);
	size_t kept = 0;
	for (size_t i = 0; i < w->exploit_count; i++) {
		struct rec_exploit *x = &w->exploits[i];
		struct rec_exploit *k = kept ? &w->exploits[kept - 1] : NULL;
		if (!k || k->cve != x->cve) {
			w->exploits[kept++] = *x;
			continue;
		}
		k->kev |= x->kev;
		k->ransomware |= x->ransomware;
		k->epss = greater_units(k->epss, x->epss);
		k->percentile = greater_units(k->percentile, x->percentile);
		k->kev_lists |= x->kev_lists;
		if (x->added_ms && (!k->added_ms || x->added_ms < k->added_ms))
			k->added_ms = x->added_ms; /* since when one of them knows */
		join_due(k, x);
		if (l->rank[x->action] > l->rank[k->action])
			k->action = x->action;
		if (l->rank[x->name] > l->rank[k->name])
			k->name = x->name;
	}
	w->exploit_count = kept;
}

int layout_gather(struct layout *l, struct err *e)
{
	join_exploits(l);
	int r = gather_keys(l, e);
	return r < 0 ? r : gather_ids(l, e);
}
