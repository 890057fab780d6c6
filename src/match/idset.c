#include "match/idset.h"

#include <stdlib.h>

static int cmp_listed(const void *a, const void *b)
{
	const struct listed_id *x = a, *y = b;
	return bytes_cmp(x->id, y->id);
}

int idset_make(struct id_set *s, size_t most, struct arena *a, struct err *e)
{
	*s = (struct id_set){.v = arena_alloc(a, most ? most : 1, sizeof *s->v)};
	return s->v ? 0 : err_nomem(e);
}

void idset_add(struct id_set *s, struct bytes id, const struct candidate *by)
{
	s->v[s->count++] = (struct listed_id){.id = id, .by = by};
}

void idset_sort(struct id_set *s)
{
	if (s->count)
		qsort(s->v, s->count, sizeof *s->v, cmp_listed);
}

size_t idset_first(const struct id_set *s, struct bytes id)
{
	size_t low = 0, high = s->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (bytes_cmp(s->v[mid].id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->count && bytes_eq(s->v[low].id, id) ? low : s->count;
}

bool idset_has(const struct id_set *s, struct bytes id)
{
	return idset_first(s, id) < s->count;
}

bool idset_has_all(const struct id_set *s, const struct candidate *c)
{
	size_t cves = 0;
	if (candidate_is_cve(c->id))
		return idset_has(s, c->id);
	for (size_t i = 0; i < c->adv.alias_count; i++) {
		if (!candidate_is_cve(c->adv.aliases[i]))
			continue;
		if (!idset_has(s, c->adv.aliases[i]))
			return false;
		cves++;
	}
	return cves > 0;
}

int idset_of(const struct gather *g, const struct verdicts *all, idset_fn is_meant,
	     struct id_set *ret)
{
	size_t most = 0, n = 0;
	struct adv *advs = arena_alloc(g->a, all->count ? all->count : 1, sizeof *advs);
	if (!advs)
		return err_set(g->e, ERR_NOMEM, "match: no memory");
	for (size_t i = 0; i < all->count; i++) {
		if (!is_meant(g, &all->v[i]))
			continue;
		int r = vdb_advisory(g->v, all->v[i].hit->advisory, g->a, &advs[n], g->e);
		if (r < 0)
			return r;
		most += 1 + advs[n++].alias_count;
	}
	int r = idset_make(ret, most, g->a, g->e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		idset_add(ret, candidate_vendor_id(advs[i].id), NULL);
		for (size_t k = 0; k < advs[i].alias_count; k++)
			idset_add(ret, advs[i].aliases[k], NULL);
	}
	if (r == 0)
		idset_sort(ret);
	return r;
}
