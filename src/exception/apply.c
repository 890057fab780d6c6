/* Which exceptions take out which matches. Documents are strangers': what is compared is found by
 * the vulnerability's name in a sorted list, and comparisons are counted. */
#include "exception/parse.h"

#include <stdlib.h>

#define ID_HASHED_MAX 64U  /* bytes of a name that its hash is of: real ones have 20 */
#define COST_PER_BYTES 16U /* bytes of qualifiers that are compared in one step */

/* A name in an exception that can fit the image. */
struct name {
	uint32_t hash, item, id; /* of x->items, of its ids */
};

struct names {
	const struct exceptions *x;
	struct name *names; /* by hash, then in the order of the exceptions */
	size_t count;
	uint32_t *general; /* exceptions without a name: they fit any */
	size_t general_count;
	uint64_t steps_left;
};

static uint32_t hash_of(struct bytes id)
{
	uint8_t text[ID_HASHED_MAX];
	size_t n = id.len < sizeof text ? id.len : sizeof text;
	for (size_t i = 0; i < n; i++)
		text[i] = byte_lower(id.ptr[i]);
	return (uint32_t)bytes_hash((struct bytes){.ptr = text, .len = n}, 0);
}

static int by_hash(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->item > y->item) - (x->item < y->item);
}

/* A namespace is of Grype's database: nothing here has one. */
static bool can_fit(const struct exception *x, const struct exception_image *image, int64_t now_ms)
{
	return (!x->expires_ms || x->expires_ms > now_ms) && !x->namespace.len &&
	       exception_is_of(x, image);
}

static int names_init(struct names *n, const struct exceptions *x,
		      const struct exception_image *image, int64_t now_ms, struct arena *a,
		      struct err *e)
{
	size_t names = 0, general = 0;
	for (size_t i = 0; i < x->count; i++) {
		names += x->items[i].id_count;
		general += x->items[i].id_count == 0;
	}
	*n = (struct names){.x = x,
			    .names = arena_alloc(a, names, sizeof *n->names),
			    .general = arena_alloc(a, general, sizeof *n->general)};
	if ((names && !n->names) || (general && !n->general))
		return err_nomem(e);
	for (size_t i = 0; i < x->count; i++) {
		const struct exception *one = &x->items[i];
		if (!can_fit(one, image, now_ms))
			continue;
		if (one->id_count == 0)
			n->general[n->general_count++] = (uint32_t)i;
		for (size_t k = 0; k < one->id_count; k++)
			n->names[n->count++] = (struct name){
			    .hash = hash_of(one->ids[k]), .item = (uint32_t)i, .id = (uint32_t)k};
	}
	if (n->count)
		qsort(n->names, n->count, sizeof *n->names, by_hash);
	return 0;
}

/* Of the exceptions that fit: the first that ignores, the latest statement. */
struct decision {
	const struct exception *ignored, *vex;
};

static void decide(struct decision *d, const struct exception *one)
{
	if (one->kind == EXCEPTION_IGNORED)
		d->ignored = d->ignored && d->ignored < one ? d->ignored : one;
	else if (!d->vex || one->at_ms > d->vex->at_ms ||
		 (one->at_ms == d->vex->at_ms && one > d->vex))
		d->vex = one;
}

/* A match, and its package as its purl states it. */
struct subject {
	const struct finding_match *match;
	struct pkg have;
};

static int consider(struct names *n, uint32_t item, const struct subject *s, struct decision *d,
		    struct err *e)
{
	const struct exception *one = &n->x->items[item];
	uint64_t cost = 1 + one->package.qualifiers.len / COST_PER_BYTES + one->path_count +
			COST_PER_BYTES * (uint64_t)one->purl_count;
	if (cost > n->steps_left)
		return err_set(e, ERR_LIMIT,
			       "too many statements are about the same vulnerabilities to compare "
			       "each with each package");
	n->steps_left -= cost;
	if (exception_fits(one, s->match, &s->have))
		decide(d, one);
	return 0;
}

/* The first of this hash, or where it would be. */
static size_t names_find(const struct names *n, uint32_t hash)
{
	size_t from = 0, to = n->count;
	while (from < to) {
		size_t at = from + (to - from) / 2;
		if (n->names[at].hash < hash)
			from = at + 1;
		else
			to = at;
	}
	return from;
}

/* *ret: what takes the match out of what is said of id, or NULL. */
static int find(struct names *n, struct bytes id, const struct subject *s,
		const struct exception **ret, struct err *e)
{
	struct decision d = {.vex = NULL};
	uint32_t hash = hash_of(id);
	for (size_t i = names_find(n, hash); i < n->count && n->names[i].hash == hash; i++) {
		const struct name *name = &n->names[i];
		if (bytes_eq_nocase(n->x->items[name->item].ids[name->id], id) &&
		    consider(n, name->item, s, &d, e) < 0)
			return -(int)e->code;
	}
	for (size_t i = 0; i < n->general_count; i++)
		if (consider(n, n->general[i], s, &d, e) < 0)
			return -(int)e->code;
	if (d.vex && d.vex->status != ADV_NOT_AFFECTED && d.vex->status != ADV_FIXED)
		d.vex = NULL;
	*ret = d.ignored ? d.ignored : d.vex;
	return 0;
}

/* What takes a match of f out: its advisory as a whole, or each of its vulnerabilities. */
static int find_all(struct names *n, const struct finding *f, const struct subject *s,
		    const struct exception **ret, struct err *e)
{
	const struct match_check *c = &f->check;
	const struct exception *by = NULL;
	*ret = NULL;
	if (c->advisory.len && find(n, c->advisory, s, ret, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; !*ret && i < c->cve_count; i++) {
		const struct exception *one = NULL;
		if (find(n, c->cves[i], s, &one, e) < 0)
			return -(int)e->code;
		if (!one)
			return 0;
		by = by ? by : one;
	}
	*ret = *ret ? *ret : by;
	return 0;
}

static int match_find(struct names *n, const struct finding *f, const struct finding_match *m,
		      const struct exception **ret, struct err *e)
{
	struct arena a;
	struct subject s = {.match = m};
	struct err why = ERR_INIT;
	arena_init(&a, 1U << 20);
	if (pkg_purl_read(m->purl, &a, &s.have, &why) < 0)
		s.have = m->pkg;
	int r = find_all(n, f, &s, ret, e);
	arena_free(&a);
	return r;
}

static int put_hit(struct exception_findings *all, struct exception_hit hit, struct arena *a,
		   struct err *e)
{
	struct exception_hit *more =
	    arena_grow(a, all->hits, all->hit_count, &all->hit_cap, sizeof *more);
	if (!more)
		return err_nomem(e);
	all->hits = more;
	more[all->hit_count++] = hit;
	return 0;
}

/* What is left of a finding after kept of its matches. */
static void settle_rest(struct finding *f, size_t kept)
{
	size_t gone = f->match_listed - kept;
	f->match_listed = kept;
	f->match_count -= gone < f->match_count ? gone : f->match_count;
	if (!kept || !gone)
		return;
	f->match_count = f->match_count > kept ? f->match_count : 0;
	finding_settle(f);
}

/* Take matches out of one finding; 1: some are left. */
static int apply_one(struct names *n, struct exception_findings *all, struct finding *f,
		     struct arena *a, struct err *e)
{
	size_t kept = 0, first = all->hit_count;
	for (size_t i = 0; i < f->match_listed; i++) {
		const struct exception *x = NULL;
		if (match_find(n, f, &f->matches[i], &x, e) < 0)
			return -(int)e->code;
		struct exception_hit hit = {.check = f->check, .match = f->matches[i], .by = x};
		if (!x)
			f->matches[kept++] = f->matches[i];
		else if (put_hit(all, hit, a, e) < 0)
			return -(int)e->code;
	}
	settle_rest(f, kept);
	if (!kept && all->hit_count > first)
		all->hits[all->hit_count - 1].whole = true;
	return kept > 0;
}

int exceptions_apply(const struct exceptions *x, const struct exception_image *image,
		     int64_t now_ms, struct exception_findings *f, struct arena *a, struct err *e)
{
	struct names n;
	size_t kept = 0;
	if (names_init(&n, x, image, now_ms, a, e) < 0)
		return -(int)e->code;
	n.steps_left = f->steps_max ? f->steps_max : EXCEPTION_STEPS_MAX;
	if (!n.count && !n.general_count)
		return 0;
	for (size_t i = 0; i < f->count; i++) {
		int r = apply_one(&n, f, &f->items[i], a, e);
		if (r < 0)
			return r;
		if (r)
			f->items[kept++] = f->items[i];
	}
	f->count = kept;
	return 0;
}
