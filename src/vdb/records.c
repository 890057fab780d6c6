#include "vdb/records.h"

#include <stdlib.h>
#include <string.h>

struct conv {
	struct intern *t;
	struct arena *a;
	struct err *e;
	int r; /* first failure; sticky */
};

static uint32_t text(struct conv *c, struct bytes s)
{
	uint32_t n = 0;
	if (c->r == 0)
		c->r = intern_add(c->t, s, &n, c->e);
	return n;
}

/* Cut long texts where a UTF-8 character begins. */
static uint32_t text_cut(struct conv *c, struct bytes s, size_t max)
{
	s = bytes_trim(s);
	if (s.len <= max)
		return text(c, s);
	size_t n = max;
	while (n > 0 && (s.ptr[n] & 0xc0U) == 0x80U)
		n--;
	char *cut = arena_alloc(c->a, n + 8, 1);
	if (!cut) {
		if (c->r == 0)
			c->r = err_set(c->e, ERR_NOMEM, "advisory: no memory");
		return 0;
	}
	memcpy(cut, s.ptr, n);
	memcpy(cut + n, " [\xe2\x80\xa6]", 6);
	return text(c, (struct bytes){.ptr = (const uint8_t *)cut, .len = n + 6});
}

static void *array(struct conv *c, size_t n, size_t size)
{
	if (n == 0 || c->r < 0)
		return NULL;
	void *p = n < UINT32_MAX ? arena_alloc(c->a, n, size) : NULL;
	if (!p)
		c->r = err_set(c->e, ERR_NOMEM, "advisory: no memory");
	return p;
}

static struct rec_list list(struct conv *c, const struct bytes *v, size_t n)
{
	struct rec_list l = {.v = array(c, n, sizeof *l.v)};
	for (size_t i = 0; l.v && i < n; i++)
		l.v[l.count++] = text(c, v[i]);
	return l;
}

static void affected(struct conv *c, const struct adv_affected *from, struct rec_affected *to)
{
	*to = (struct rec_affected){
	    .ecosystem = text(c, from->ecosystem),
	    .name = text(c, from->name),
	    .arches = text(c, from->arches),
	    .module = text(c, from->module),
	    .severity_text = text(c, from->severity_text),
	    .vendor_id = text(c, from->vendor_id),
	    .keyed = from->keyed == ADV_BY_BINARY,
	    .status = (uint8_t)from->status,
	    .events = array(c, from->event_count, sizeof *to->events),
	};
	for (size_t i = 0; to->events && i < from->event_count; i++)
		to->events[to->event_count++] =
		    (struct rec_event){.version = text(c, from->events[i].version),
				       .range = from->events[i].range,
				       .kind = (uint8_t)from->events[i].kind};
	to->versions = list(c, from->versions, from->version_count);
}

int rec_affected_from(struct intern *t, struct arena *a, const struct adv_affected *from,
		      struct rec_affected *ret, struct err *e)
{
	struct conv c = {.t = t, .a = a, .e = e};
	affected(&c, from, ret);
	return c.r;
}

int rec_from_adv(struct intern *t, struct arena *a, const struct adv *adv, struct rec *ret,
		 struct err *e)
{
	struct conv c = {.t = t, .a = a, .e = e};
	struct rec r = {
	    .feed = text(&c, adv->feed),
	    .id = text(&c, adv->id),
	    .summary = text_cut(&c, adv->summary, REC_SUMMARY_MAX),
	    .details = text_cut(&c, adv->details, REC_DETAILS_MAX),
	    .severity_text = text(&c, adv->severity_text),
	    .severity = (uint8_t)adv->severity,
	    .published_ms = adv->published_ms,
	    .modified_ms = adv->modified_ms,
	    .withdrawn_ms = adv->withdrawn_ms,
	    .aliases = list(&c, adv->aliases, adv->alias_count),
	    .cvss = list(&c, adv->cvss, adv->cvss_count),
	    .cwes = list(&c, adv->cwes, adv->cwe_count),
	    .references = array(&c, adv->reference_count, sizeof *r.references),
	    .affected = array(&c, adv->affected_count, sizeof *r.affected),
	};
	for (size_t i = 0; r.references && i < adv->reference_count; i++)
		r.references[r.reference_count++] =
		    (struct rec_reference){.type = text(&c, adv->references[i].type),
					   .url = text(&c, adv->references[i].url)};
	for (size_t i = 0; r.affected && i < adv->affected_count; i++)
		affected(&c, &adv->affected[i], &r.affected[r.affected_count++]);
	if (c.r == 0)
		*ret = r;
	return c.r;
}

static int cmp_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int cmp_string(const void *a, const void *b, void *rank)
{
	const uint32_t *r = rank, *x = a, *y = b;
	return cmp_u64(r[*x], r[*y]);
}

static int cmp_reference(const void *a, const void *b, void *rank)
{
	const uint32_t *r = rank;
	const struct rec_reference *x = a, *y = b;
	int c = cmp_u64(r[x->type], r[y->type]);
	return c ? c : cmp_u64(r[x->url], r[y->url]);
}

static int cmp_list(const struct rec_list *a, const struct rec_list *b, const uint32_t *r)
{
	for (uint32_t i = 0; i < a->count && i < b->count; i++)
		if (a->v[i] != b->v[i])
			return cmp_u64(r[a->v[i]], r[b->v[i]]);
	return cmp_u64(a->count, b->count);
}

static int cmp_events(const struct rec_affected *a, const struct rec_affected *b, const uint32_t *r)
{
	for (uint32_t i = 0; i < a->event_count && i < b->event_count; i++) {
		const struct rec_event *x = &a->events[i], *y = &b->events[i];
		int c = cmp_u64(x->range, y->range);
		c = c ? c : cmp_u64(x->kind, y->kind);
		c = c ? c : cmp_u64(r[x->version], r[y->version]);
		if (c)
			return c;
	}
	return cmp_u64(a->event_count, b->event_count);
}

static int cmp_affected(const void *a, const void *b, void *rank)
{
	const uint32_t *r = rank;
	const struct rec_affected *x = a, *y = b;
	const uint32_t pair[][2] = {
	    {x->ecosystem, y->ecosystem}, {x->name, y->name},
	    {x->arches, y->arches},	  {x->module, y->module},
	    {x->vendor_id, y->vendor_id}, {x->severity_text, y->severity_text},
	};
	for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
		if (pair[i][0] != pair[i][1])
			return cmp_u64(r[pair[i][0]], r[pair[i][1]]);
	int c = cmp_u64(x->keyed, y->keyed);
	c = c ? c : cmp_u64(x->status, y->status);
	c = c ? c : cmp_events(x, y, r);
	return c ? c : cmp_list(&x->versions, &y->versions, r);
}

static int cmp_rec(const void *a, const void *b, void *rank)
{
	const uint32_t *r = rank;
	const struct rec *x = a, *y = b;
	int c = cmp_u64(r[x->feed], r[y->feed]);
	c = c ? c : cmp_u64(r[x->id], r[y->id]);
	return c ? c : (y->modified_ms > x->modified_ms) - (y->modified_ms < x->modified_ms);
}

/* Sort n elements and drop repetitions; returns how many stay. */
static uint32_t sort_unique(void *v, uint32_t n, size_t size,
			    int (*cmp)(const void *, const void *, void *), const uint32_t *rank)
{
	if (n < 2)
		return n;
	void *ctx = (void *)(uintptr_t)rank;
	qsort_r(v, n, size, cmp, ctx);
	uint8_t *p = v;
	uint32_t kept = 1;
	for (uint32_t i = 1; i < n; i++) {
		if (cmp(p + (kept - 1) * size, p + i * size, ctx) == 0)
			continue;
		if (kept != i)
			memcpy(p + kept * size, p + i * size, size);
		kept++;
	}
	return kept;
}

static void normalise_one(struct rec *r, const uint32_t *rank)
{
	struct rec_list *lists[] = {&r->aliases, &r->cvss, &r->cwes};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		lists[i]->count =
		    sort_unique(lists[i]->v, lists[i]->count, sizeof(uint32_t), cmp_string, rank);
	r->reference_count = sort_unique(r->references, r->reference_count, sizeof *r->references,
					 cmp_reference, rank);
	for (uint32_t i = 0; i < r->affected_count; i++) {
		struct rec_list *v = &r->affected[i].versions;
		v->count = sort_unique(v->v, v->count, sizeof(uint32_t), cmp_string, rank);
	}
	r->affected_count =
	    sort_unique(r->affected, r->affected_count, sizeof *r->affected, cmp_affected, rank);
}

static void *joined(struct arena *a, const void *x, uint32_t nx, const void *y, uint32_t ny,
		    size_t size)
{
	uint8_t *p = arena_alloc(a, (size_t)nx + ny, size);
	if (p && nx)
		memcpy(p, x, nx * size);
	if (p && ny)
		memcpy(p + nx * size, y, ny * size);
	return p;
}

static bool join_list(struct arena *a, struct rec_list *to, const struct rec_list *more)
{
	if (more->count == 0)
		return true;
	uint32_t *v = joined(a, to->v, to->count, more->v, more->count, sizeof *v);
	if (!v)
		return false;
	*to = (struct rec_list){.v = v, .count = to->count + more->count};
	return true;
}

/* The empty string is number 0 and ranks first, so the greater rank is the one with content.
 */
static void prefer(uint32_t *to, uint32_t other, const uint32_t *rank)
{
	if (rank[other] > rank[*to])
		*to = other;
}

static bool join(struct rec *to, const struct rec *more, const uint32_t *rank, struct arena *a)
{
	prefer(&to->summary, more->summary, rank);
	prefer(&to->details, more->details, rank);
	prefer(&to->severity_text, more->severity_text, rank);
	if (more->severity > to->severity)
		to->severity = more->severity;
	if (more->published_ms && (!to->published_ms || more->published_ms < to->published_ms))
		to->published_ms = more->published_ms;
	if (!more->withdrawn_ms) /* one of them holds */
		to->withdrawn_ms = 0;
	if (!join_list(a, &to->aliases, &more->aliases) || !join_list(a, &to->cvss, &more->cvss) ||
	    !join_list(a, &to->cwes, &more->cwes))
		return false;
	if (more->reference_count) {
		void *p = joined(a, to->references, to->reference_count, more->references,
				 more->reference_count, sizeof *to->references);
		if (!p)
			return false;
		to->references = p;
		to->reference_count += more->reference_count;
	}
	if (more->affected_count) {
		void *p = joined(a, to->affected, to->affected_count, more->affected,
				 more->affected_count, sizeof *to->affected);
		if (!p)
			return false;
		to->affected = p;
		to->affected_count += more->affected_count;
	}
	return true;
}

/* A tracker sends thousands of records of one id, one for each package: joining them one by one
 * would copy quadratically, so the space for all is taken at once by joining in a balanced way. */
static bool join_group(struct rec *g, size_t n, const uint32_t *rank, struct arena *a)
{
	for (size_t step = 1; step < n; step *= 2)
		for (size_t i = 0; i + step < n; i += 2 * step)
			if (!join(&g[i], &g[i + step], rank, a))
				return false;
	return true;
}

int rec_normalise(struct rec *recs, size_t *count, const uint32_t *rank, struct arena *a,
		  struct err *e)
{
	if (*count == 0)
		return 0;
	for (size_t i = 0; i < *count; i++)
		normalise_one(&recs[i], rank);
	qsort_r(recs, *count, sizeof *recs, cmp_rec, (void *)(uintptr_t)rank);
	size_t kept = 0;
	for (size_t i = 0; i < *count;) {
		size_t same_id = i + 1, same_time = 1;
		while (same_id < *count && recs[same_id].feed == recs[i].feed &&
		       recs[same_id].id == recs[i].id) {
			if (recs[same_id].modified_ms == recs[i].modified_ms)
				same_time++;
			same_id++;
		}
		if (same_time > 1 && !join_group(&recs[i], same_time, rank, a))
			return err_set(e, ERR_NOMEM, "advisories: no memory");
		if (same_time > 1)
			normalise_one(&recs[i], rank);
		recs[kept++] = recs[i];
		i = same_id;
	}
	*count = kept;
	return 0;
}
