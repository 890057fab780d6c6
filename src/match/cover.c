/* Errata over records of single CVEs. A CVE's own record is left out when an erratum that hits the same package with a fix at least as high lists the
 * CVE; what the vendor said of its severity stays. docs/decisions/match-checks.md holds why. */
#include "match/candidate.h"

#include <stdlib.h>

/* A kernel has thousands of records on both sides: sorted sets, not loops in loops. */
struct listed_id {
	struct bytes id;
	const struct candidate *by; /* the erratum; NULL: one that is installed already */
};

struct id_set {
	struct listed_id *v;
	size_t count;
};

struct covered_cve {
	struct bytes cve;
	enum adv_severity severity;
};

static int nomem(struct err *e)
{
	return err_set(e, ERR_NOMEM, "match: no memory");
}

bool candidate_is_cve(struct bytes id)
{
	return bytes_has_prefix_lit(id, "CVE-");
}

struct bytes candidate_vendor_id(struct bytes id)
{
	size_t at = bytes_find_bytes(id, BYTES_LIT("-CVE-"));
	for (size_t i = 0; i < at && at < id.len; i++)
		if (!byte_is_alpha(id.ptr[i]))
			return id;
	return at < id.len ? bytes_from(id, at + 1) : id;
}

enum adv_severity candidate_severity(const struct candidate *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum adv_severity s = adv_severity_parse(v[i].v->hit->affected.severity_text);
		if (s == ADV_SEV_UNKNOWN)
			s = v[i].adv.severity;
		if (s != ADV_SEV_UNKNOWN)
			return s;
	}
	return ADV_SEV_UNKNOWN;
}

/* --- sets --- */

static int cmp_listed(const void *a, const void *b)
{
	const struct listed_id *x = a, *y = b;
	return bytes_cmp(x->id, y->id);
}

static int set_make(struct id_set *s, size_t most, struct arena *a, struct err *e)
{
	*s = (struct id_set){.v = arena_alloc(a, most ? most : 1, sizeof *s->v)};
	return s->v ? 0 : nomem(e);
}

static void set_add(struct id_set *s, struct bytes id, const struct candidate *by)
{
	s->v[s->count++] = (struct listed_id){.id = id, .by = by};
}

static void set_sort(struct id_set *s)
{
	if (s->count)
		qsort(s->v, s->count, sizeof *s->v, cmp_listed);
}

/* The first row of id, or count. */
static size_t set_first(const struct id_set *s, struct bytes id)
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

/* --- which errata say what --- */

/* Errata with a fix that hit this package, by what they list. (The ecosystems of one package are of one vendor.) */
static int listed_by_matches(const struct gather *g, const struct candidate *list, const struct group *groups,
			     size_t n, struct id_set *ret)
{
	size_t most = 0;
	for (size_t i = 0; i < n; i++)
		most += list[groups[i].first].adv.alias_count;
	int r = set_make(ret, most, g->a, g->e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct candidate *c = &list[groups[i].first];
		if (candidate_is_cve(c->id) || c->v->fixed.len == 0)
			continue;
		for (size_t k = 0; k < c->adv.alias_count; k++)
			set_add(ret, c->adv.aliases[k], c);
	}
	set_sort(ret);
	return r;
}

/* Of the release's own product stream, as Red Hat names it. */
static bool is_of_release(const struct verdict *v)
{
	return bytes_has_prefix_lit(v->hit->affected.ecosystem, "Red Hat:enterprise_linux:");
}

/* Red Hat keeps a CVE's own record "affected" although an erratum that the package already has
 * fixed it: what those errata are and list; of all, or of those of other streams than the release's
 * own. */
static int fixed_by_errata(const struct gather *g, const struct verdicts *all, bool other_streams,
			   struct id_set *ret)
{
	size_t most = 0, n = 0;
	*ret = (struct id_set){.v = NULL};
	if (all->count == 0 ||
	    !bytes_eq_lit(vendor_of(all->v->hit->affected.ecosystem), "Red Hat"))
		return 0;
	struct adv *advs = arena_alloc(g->a, all->count, sizeof *advs);
	if (!advs)
		return nomem(g->e);
	for (size_t i = 0; i < all->count; i++) {
		if (all->v[i].kind != VERDICT_OUT_OF_RANGE || all->v[i].fixed.len == 0 ||
		    (other_streams && is_of_release(&all->v[i])))
			continue;
		int r = vdb_advisory(g->v, all->v[i].hit->advisory, g->a, &advs[n], g->e);
		if (r < 0)
			return r;
		most += 1 + advs[n++].alias_count;
	}
	int r = set_make(ret, most, g->a, g->e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		set_add(ret, candidate_vendor_id(advs[i].id), NULL);
		for (size_t k = 0; k < advs[i].alias_count; k++)
			set_add(ret, advs[i].aliases[k], NULL);
	}
	set_sort(ret);
	return r;
}

/* An erratum below the CVE's own fix fixed it in part only; one that wants Ubuntu Pro does not stand for a fix that all get. */
static bool says_it_all(const struct candidate *erratum, const struct candidate *c)
{
	if (c->v->fixed.len == 0)
		return true;
	return (erratum->v->from == FIX_OWN || c->v->from != FIX_OWN) &&
	       c->v->scheme->cmp(erratum->v->fixed, c->v->fixed) >= 0;
}

static bool is_covered(const struct id_set *listed, const struct id_set *fixed, const struct candidate *c)
{
	for (size_t i = set_first(listed, c->id); i < listed->count && bytes_eq(listed->v[i].id, c->id); i++)
		if (says_it_all(listed->v[i].by, c))
			return true;
	return c->v->fixed.len == 0 && set_first(fixed, c->id) < fixed->count;
}

/* An image of an extended update stream: an erratum of the release's own stream tells of CVEs. Has
 * each of them an erratum of the image's stream, one that is installed or that is reported? */
static bool is_told_by_stream(const struct id_set *listed, const struct id_set *fixed,
			      const struct candidate *c)
{
	size_t told = 0;
	for (size_t k = 0; k < c->adv.alias_count; k++) {
		struct bytes id = c->adv.aliases[k];
		if (!candidate_is_cve(id))
			continue;
		bool found = set_first(fixed, id) < fixed->count;
		for (size_t i = set_first(listed, id);
		     !found && i < listed->count && bytes_eq(listed->v[i].id, id); i++)
			found = !is_of_release(listed->v[i].by->v);
		if (!found)
			return false;
		told++;
	}
	return told > 0;
}

static int drop_told(const struct gather *g, const struct verdicts *all,
		     const struct candidate *list, struct group *groups, size_t n,
		     const struct id_set *listed)
{
	struct id_set fixed;
	if (!stream_is_extended(g->p))
		return 0;
	int r = fixed_by_errata(g, all, true, &fixed);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct candidate *c = &list[groups[i].first];
		if (!candidate_is_cve(c->id) && is_of_release(c->v) &&
		    is_told_by_stream(listed, &fixed, c))
			groups[i].dropped = true;
	}
	return r;
}

/* --- what stays of those left out --- */

static int cmp_covered(const void *a, const void *b)
{
	const struct covered_cve *x = a, *y = b;
	return bytes_cmp(x->cve, y->cve);
}

static int keep_severities(const struct gather *g, const struct candidate *list, const struct group *groups,
			   size_t n, struct covered *ret)
{
	*ret = (struct covered){.v = arena_alloc(g->a, n ? n : 1, sizeof *ret->v)};
	if (!ret->v)
		return nomem(g->e);
	for (size_t i = 0; i < n; i++) {
		const struct candidate *c = &list[groups[i].first];
		if (groups[i].dropped)
			ret->v[ret->count++] = (struct covered_cve){
				.cve = c->id, .severity = candidate_severity(c, groups[i].count)};
	}
	if (ret->count)
		qsort(ret->v, ret->count, sizeof *ret->v, cmp_covered);
	return 0;
}

int cover_drop(const struct gather *g, const struct verdicts *all, const struct candidate *list,
	       struct group *groups, size_t n, struct covered *ret)
{
	struct id_set listed, fixed;
	int r = listed_by_matches(g, list, groups, n, &listed);
	if (r == 0)
		r = fixed_by_errata(g, all, false, &fixed);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct candidate *c = &list[groups[i].first];
		groups[i].dropped = candidate_is_cve(c->id) && is_covered(&listed, &fixed, c);
	}
	if (r == 0)
		r = drop_told(g, all, list, groups, n, &listed);
	return r < 0 ? r : keep_severities(g, list, groups, n, ret);
}

enum adv_severity cover_severity(const struct covered *c, struct bytes cve)
{
	struct covered_cve key = {.cve = cve};
	const struct covered_cve *found =
		c->count ? bsearch(&key, c->v, c->count, sizeof key, cmp_covered) : NULL;
	return found ? found->severity : ADV_SEV_UNKNOWN;
}
