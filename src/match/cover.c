/* Errata over records of single CVEs. A CVE's own record is left out when an erratum that hits the
 * same package with a fix at least as high lists the CVE; what the vendor said of its severity
 * stays. docs/decisions/security-checks.md holds why. */
#include "match/ecosystem.h"
#include "match/idset.h"
#include "match/stream.h"

#include <stdlib.h>

struct covered_cve {
	struct bytes cve;
	enum adv_severity severity;
};

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

/* Errata with a fix that hit this package, by what they list. (The ecosystems of one package are of
 * one vendor.) */
static int listed_by_matches(const struct gather *g, const struct candidate *list,
			     const struct group *groups, size_t n, struct id_set *ret)
{
	size_t most = 0;
	for (size_t i = 0; i < n; i++)
		most += list[groups[i].first].adv.alias_count;
	int r = idset_make(ret, most, g->a, g->e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct candidate *c = &list[groups[i].first];
		if (candidate_is_cve(c->id) || c->v->fixed.len == 0)
			continue;
		for (size_t k = 0; k < c->adv.alias_count; k++)
			idset_add(ret, c->adv.aliases[k], c);
	}
	idset_sort(ret);
	return r;
}

/* Of the release's own product stream, as Red Hat names it. */
static bool is_of_release(const struct verdict *v)
{
	return stream_is_main(&v->hit->affected);
}

static bool is_installed_erratum(const struct gather *g, const struct verdict *v)
{
	(void)g;
	return v->kind == VERDICT_OUT_OF_RANGE && v->fixed.len;
}

static bool is_installed_of_stream(const struct gather *g, const struct verdict *v)
{
	return is_installed_erratum(g, v) && !is_of_release(v);
}

/* Red Hat keeps a CVE's own record "affected" although an erratum that the package already has
 * fixed it: what those errata are and list; of all, or of those of other streams than the release's
 * own. */
static int fixed_by_errata(const struct gather *g, const struct verdicts *all, bool other_streams,
			   struct id_set *ret)
{
	*ret = (struct id_set){.v = NULL};
	if (all->count == 0 ||
	    !bytes_eq_lit(ecosystem_vendor(all->v->hit->affected.ecosystem), "Red Hat"))
		return 0;
	return idset_of(g, all, other_streams ? is_installed_of_stream : is_installed_erratum, ret);
}

/* An erratum below the CVE's own fix fixed it in part only; one that wants Ubuntu Pro does not
 * count as a fix that all get. */
static bool says_it_all(const struct candidate *erratum, const struct candidate *c)
{
	if (c->v->fixed.len == 0)
		return true;
	return (erratum->v->from == FIX_OWN || c->v->from != FIX_OWN) &&
	       c->v->scheme->cmp(erratum->v->fixed, c->v->fixed) >= 0;
}

static bool is_covered(const struct id_set *listed, const struct id_set *fixed,
		       const struct candidate *c)
{
	for (size_t i = idset_first(listed, c->id);
	     i < listed->count && bytes_eq(listed->v[i].id, c->id); i++)
		if (says_it_all(listed->v[i].by, c))
			return true;
	return c->v->fixed.len == 0 && idset_first(fixed, c->id) < fixed->count;
}

/* An image of an extended update stream: an erratum of the release's own stream lists CVEs. Has
 * each of them an erratum of the image's stream, one that is installed or that is reported? */
static bool is_told_by_stream(const struct id_set *listed, const struct id_set *fixed,
			      const struct candidate *c)
{
	size_t told = 0;
	for (size_t k = 0; k < c->adv.alias_count; k++) {
		struct bytes id = c->adv.aliases[k];
		if (!candidate_is_cve(id))
			continue;
		bool found = idset_first(fixed, id) < fixed->count;
		for (size_t i = idset_first(listed, id);
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

static int cmp_covered(const void *a, const void *b)
{
	const struct covered_cve *x = a, *y = b;
	return bytes_cmp(x->cve, y->cve);
}

static int keep_severities(const struct gather *g, const struct candidate *list,
			   const struct group *groups, size_t n, struct covered *ret)
{
	*ret = (struct covered){.v = arena_alloc(g->a, n ? n : 1, sizeof *ret->v)};
	if (!ret->v)
		return err_nomem(g->e);
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
