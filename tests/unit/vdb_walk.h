/* vdb_walk: ask a database everything it can be asked, adding up what it answers. For hostile
 * files: nothing may crash, errors are fine. */
#pragma once
#include "vdb/vdb.h"

static inline uint64_t walk_add(uint64_t sum, struct bytes b)
{
	return bytes_hash(b, sum); /* touches every byte */
}

static inline uint64_t walk_affected(uint64_t sum, const struct adv_affected *x)
{
	sum = walk_add(sum, x->ecosystem);
	sum = walk_add(sum, x->name);
	sum = walk_add(sum, x->arches);
	sum = walk_add(sum, x->module);
	sum = walk_add(sum, x->severity_text);
	sum = walk_add(sum, x->vendor_id);
	for (size_t i = 0; i < x->event_count; i++)
		sum = walk_add(sum + x->events[i].range + (uint64_t)x->events[i].kind,
			       x->events[i].version);
	for (size_t i = 0; i < x->version_count; i++)
		sum = walk_add(sum, x->versions[i]);
	return sum + (uint64_t)x->status + (uint64_t)x->keyed;
}

static inline uint64_t walk_list(uint64_t sum, const struct bytes *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = walk_add(sum, v[i]);
	return sum;
}

struct walk {
	const struct vdb *v;
	uint64_t sum;
};

static inline int walk_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	struct walk *w = arg;
	struct vdb_hit *hits;
	struct arena a;
	arena_init(&a, 1U << 22);
	(void)e;
	int64_t n = vdb_find(w->v, ecosystem, name, &a, &hits, NULL);
	for (int64_t i = 0; i < n; i++)
		w->sum = walk_affected(w->sum, &hits[i].affected);
	w->sum += (uint64_t)n + vdb_has_ecosystem(w->v, ecosystem);
	arena_free(&a);
	return 0;
}

static inline void walk_advisory(struct walk *w, uint32_t i)
{
	struct arena a;
	struct adv adv;
	arena_init(&a, 1U << 22);
	if (vdb_advisory_full(w->v, i, &a, &adv, NULL) == 0) {
		uint32_t *ids;
		struct adv_exploit x;
		w->sum = walk_add(w->sum, adv.summary);
		w->sum = walk_add(w->sum, adv.details);
		w->sum = walk_add(w->sum, adv.feed);
		w->sum = walk_list(w->sum, adv.aliases, adv.alias_count);
		w->sum = walk_list(w->sum, adv.cvss, adv.cvss_count);
		w->sum = walk_list(w->sum, adv.cwes, adv.cwe_count);
		for (size_t k = 0; k < adv.reference_count; k++)
			w->sum = walk_add(walk_add(w->sum, adv.references[k].type),
					  adv.references[k].url);
		for (size_t k = 0; k < adv.affected_count; k++)
			w->sum = walk_affected(w->sum, &adv.affected[k]);
		w->sum += (uint64_t)vdb_find_id(w->v, adv.id, &a, &ids, NULL);
		for (size_t k = 0; k < adv.alias_count; k++)
			if (vdb_exploit(w->v, adv.aliases[k], &x))
				w->sum = walk_add(w->sum + x.kev + (uint64_t)x.kev_due_ms +
						      x.kev_due_list,
						  x.kev_action);
	}
	arena_free(&a);
}

static inline uint64_t walk_all(const struct vdb *v)
{
	struct walk w = {.v = v, .sum = 1};
	struct vdb_counts c = vdb_counts_get(v);
	struct vdb_source s;
	for (uint32_t i = 0; i < c.advisories && i < 100000; i++)
		walk_advisory(&w, i);
	(void)vdb_diff(NULL, v, walk_key, &w, NULL);
	for (size_t i = 0; i < vdb_source_count(v); i++)
		if (vdb_source_get(v, i, &s))
			w.sum = walk_add(walk_add(w.sum, s.feed), s.source) + s.records;
	return w.sum;
}
