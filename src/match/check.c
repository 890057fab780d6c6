/* From verdicts to matches. Records that mean the same security check become one match: same
 * vendor, same id as the vendor writes it, same source package. docs/decisions/security-checks.md
 * holds why. */
#include "match/check.h"

#include "match/category.h"
#include "match/ecosystem.h"
#include "match/inspected.h"
#include "match/kernel.h"
#include "match/range.h"
#include "match/remedy.h"
#include "match/settle.h"
#include "match/severity.h"
#include "match/stream.h"
#include "match/withdrawn.h"
#include "oci/digest.h"

#include <stdlib.h>
#include <string.h>

static struct bytes source_of(const struct pkg *p)
{
	return p->source_name.len ? p->source_name : p->name;
}

uint64_t check_number(struct bytes vendor, struct bytes id, struct bytes source)
{
	struct buf b;
	struct digest d;
	uint64_t v = 0;
	buf_init(&b, vendor.len + id.len + source.len + 2);
	for (size_t i = 0; i < vendor.len; i++)
		buf_put_u8(&b, byte_lower(vendor.ptr[i]));
	buf_put_u8(&b, 0);
	buf_put(&b, id);
	buf_put_u8(&b, 0);
	buf_put(&b, source);
	digest_of(buf_ok(&b) ? DIGEST_SHA256 : DIGEST_NONE, buf_bytes(&b), &d);
	if (d.algo != DIGEST_NONE) {
		for (size_t i = 0; i < 8; i++)
			v = v << 8 | d.hash[i];
		v >>= 12;
		v = v ? v : 1;
	}
	buf_free(&b);
	return v; /* 0: no memory */
}

static bool is_pro(const struct verdict *v)
{
	return bytes_has_prefix_lit(v->hit->affected.ecosystem, "Ubuntu:Pro:");
}

/* The same record says for the other of the release and Ubuntu Pro that the package has the fix:
 * what the release delivers, Pro need not repeat; and where the release has no fix, Pro's is
 * installed. */
static bool other_has_fix(const struct verdicts *all, const struct verdict *v)
{
	if (!is_pro(v) && v->fixed.len)
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (all->v[i].hit->advisory == v->hit->advisory &&
		    is_pro(&all->v[i]) != is_pro(v) && all->v[i].kind == VERDICT_OUT_OF_RANGE &&
		    all->v[i].fixed.len)
			return true;
	return false;
}

/* Wolfi and Chainguard make a record of their own for each component and architecture of a package
 * that a CVE is about: what people look for is the CVE. */
static bool is_of_component(const struct adv *adv)
{
	return bytes_has_prefix_lit(adv->id, "CGA-");
}

/* The one id of that kind among an advisory's own and its aliases; empty for none and for several.
 */
static struct bytes only(const struct adv *adv, const char *start)
{
	struct bytes found = BYTES_NONE;
	for (size_t i = 0; i <= adv->alias_count; i++) {
		struct bytes id = i < adv->alias_count ? adv->aliases[i] : adv->id;
		if (!bytes_has_prefix_lit(id, start) || bytes_eq(id, found))
			continue;
		if (found.len)
			return BYTES_NONE;
		found = id;
	}
	return found;
}

/* The CVE that a GHSA means, which other bodies' records name by the GHSA alone: what its own
 * record says, else one that names this GHSA and one CVE. */
static int cve_of(const struct gather *g, struct bytes ghsa, struct bytes *ret)
{
	uint32_t *ids;
	int64_t n = vdb_find_id(g->v, ghsa, g->a, &ids, g->e);
	bool own = false;
	for (int64_t i = 0; i < n && !own; i++) {
		struct adv adv;
		int r = vdb_advisory(g->v, ids[i], g->a, &adv, g->e);
		if (r < 0)
			return r;
		struct bytes cve = only(&adv, "CVE-");
		if (adv.withdrawn_ms || cve.len == 0 || !bytes_eq(only(&adv, "GHSA-"), ghsa))
			continue;
		own = bytes_eq(adv.id, ghsa);
		if (own || ret->len == 0)
			*ret = cve;
	}
	return n < 0 ? (int)n : 0;
}

/* The same vulnerability of a language's package has records of several bodies (GHSA, PYSEC,
 * RUSTSEC, MAL) in one feed, and more in others: they are one check, by their CVE, or, where there
 * is none, by GitHub's id. */
static int id_of(const struct gather *g, const struct adv *adv, struct bytes *ret)
{
	struct bytes cve = BYTES_NONE, ghsa = BYTES_NONE;
	int r = 0;
	if (g->p->class != PKG_OS) {
		cve = only(adv, "CVE-");
		ghsa = cve.len ? BYTES_NONE : only(adv, "GHSA-");
		r = ghsa.len ? cve_of(g, ghsa, &cve) : 0;
	} else if (is_of_component(adv)) {
		cve = only(adv, "CVE-");
	} else if (bytes_has_prefix_lit(adv->id, "GHSA-") && adv->alias_count == 0) {
		/* Wolfi's list has both ids of a vulnerability, each as an entry */
		r = cve_of(g, adv->id, &cve);
	}
	*ret = cve.len ? cve : ghsa.len ? ghsa : candidate_vendor_id(adv->id);
	return r;
}

static int64_t gather(const struct gather *g, const struct verdicts *all, struct candidate **ret)
{
	struct candidate *list = all->count ? arena_alloc(g->a, all->count, sizeof *list) : NULL;
	size_t n = 0;
	if (all->count && !list)
		return err_nomem(g->e);
	for (size_t i = 0; i < all->count; i++) {
		const struct verdict *v = &all->v[i];
		if (v->kind != VERDICT_AFFECTED || other_has_fix(all, v))
			continue;
		struct candidate *c = &list[n];
		int r = vdb_advisory(g->v, v->hit->advisory, g->a, &c->adv, g->e);
		if (r < 0)
			return r;
		c->v = v;
		c->second = stream_is_second(g->p, &v->hit->affected);
		r = id_of(g, &c->adv, &c->id);
		if (r < 0)
			return r;
		c->check = check_number(ecosystem_vendor(v->hit->affected.ecosystem), c->id,
					source_of(g->p));
		if (c->check == 0)
			return err_nomem(g->e);
		n++;
	}
	*ret = list;
	return settle_drop(g, all, list, (int64_t)n);
}

/* By check; within one the record that decides comes first: of the image's own release, with a fix
 * (of components: without one, since all have to be fixed), then one that the image's own
 * repositories deliver, then the highest fix (fixed everywhere), then the state that says most. */
static int cmp_candidate(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	if (a->check != b->check)
		return a->check < b->check ? -1 : 1;
	if (a->second != b->second)
		return a->second ? 1 : -1;
	bool fa = a->v->fixed.len, fb = b->v->fixed.len;
	if (fa != fb)
		return fa != (is_of_component(&a->adv) && is_of_component(&b->adv)) ? -1 : 1;
	bool oa = a->v->from == FIX_OWN, ob = b->v->from == FIX_OWN;
	if (oa != ob)
		return oa ? -1 : 1;
	int c = fa ? a->v->scheme->cmp(b->v->fixed, a->v->fixed) : 0;
	if (c)
		return c;
	enum adv_status sa = a->v->hit->affected.status, sb = b->v->hit->affected.status;
	if (sa != sb)
		return sa > sb ? -1 : 1;
	c = (a->v->hit->advisory > b->v->hit->advisory) -
	    (a->v->hit->advisory < b->v->hit->advisory);
	return c ? c : (a->v > b->v) - (a->v < b->v);
}

static void add_cve(struct match_check *c, struct bytes id)
{
	for (size_t i = 0; i < c->cve_count; i++)
		if (bytes_eq(c->cves[i], id))
			return;
	if (candidate_is_cve(id))
		c->cves[c->cve_count++] = id;
}

static bool fill_cves(struct match_check *c, const struct candidate *v, size_t n, struct arena *a)
{
	size_t most = 0;
	for (size_t i = 0; i < n; i++)
		most += 1 + v[i].adv.alias_count;
	c->cves = arena_alloc(a, most, sizeof *c->cves);
	if (!c->cves)
		return false;
	for (size_t i = 0; i < n; i++)
		add_cve(c, v[i].id);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].adv.alias_count; k++)
			add_cve(c, v[i].adv.aliases[k]);
	return true;
}

/* A feed without texts (Alpine's) may be helped by any other record of the same CVEs. */
static int borrow_text(const struct gather *g, struct match_check *c)
{
	for (size_t i = 0; i < c->cve_count && !c->summary.len && !c->details.len; i++) {
		uint32_t *ids;
		int64_t n = vdb_find_id(g->v, c->cves[i], g->a, &ids, g->e);
		if (n < 0)
			return (int)n;
		for (int64_t k = 0; k < n && !c->summary.len && !c->details.len; k++) {
			struct adv adv;
			int r = vdb_advisory(g->v, ids[k], g->a, &adv, g->e);
			if (r < 0)
				return r;
			/* of the CVE alone: an erratum's text is about other things as well */
			if (adv.withdrawn_ms || !bytes_eq(candidate_vendor_id(adv.id), c->cves[i]))
				continue;
			c->summary = adv.summary;
			c->details = adv.details;
		}
	}
	return 0;
}

/* The action is that of the CVE that is due first. */
static void fill_due(struct match_check *c, const struct adv_exploit *x)
{
	bool first = x->kev_due_ms && (!c->kev_due_ms || x->kev_due_ms < c->kev_due_ms);
	if (first) {
		c->kev_due_ms = x->kev_due_ms;
		c->kev_due_by = adv_kev_number(x->kev_due_list);
	}
	if (x->kev_action.len && (first || !c->kev_action.len))
		c->kev_action = x->kev_action;
}

static void fill_exploits(const struct vdb *v, struct match_check *c)
{
	c->epss = c->epss_percentile = -1;
	for (size_t i = 0; i < c->cve_count; i++) {
		struct adv_exploit x;
		if (!vdb_exploit(v, c->cves[i], &x))
			continue;
		c->kev |= x.kev;
		c->ransomware |= x.ransomware;
		fill_due(c, &x);
		if (x.epss > c->epss) {
			c->epss = x.epss;
			c->epss_percentile = x.epss_percentile;
		}
	}
}

static struct bytes first_text(struct bytes have, struct bytes more)
{
	return have.len ? have : more;
}

static struct bytes title_of(const struct match_check *c, struct bytes vendor, struct bytes erratum,
			     struct arena *a)
{
	bool update = !candidate_is_cve(c->advisory) || erratum.len;
	char *t = arena_printf(a, "%.*s %s %.*s (%.*s%s%.*s)", BYTES_ARG(vendor),
			       update ? "Security Update for" : "Vulnerability in",
			       BYTES_ARG(c->source_name), BYTES_ARG(erratum),
			       erratum.len ? ": " : "", BYTES_ARG(c->advisory));
	return bytes_of(t);
}

static int fill_check(const struct gather *g, const struct candidate *v, size_t n,
		      const struct covered *covered, struct match_check *c)
{
	struct bytes vendor = ecosystem_vendor(v->v->hit->affected.ecosystem);
	*c = (struct match_check){
	    .id = v->check,
	    .advisory = v->id,
	    .source_name = source_of(g->p),
	    .category = category_of(vendor, g->p, source_of(g->p)),
	};
	if (!fill_cves(c, v, n, g->a))
		return err_nomem(g->e);
	int r = severity_fill(g, c, v, n, covered);
	if (r < 0)
		return r;
	fill_exploits(g->v, c);
	for (size_t i = 0; i < n; i++) {
		if (bytes_has_prefix_lit(v[i].adv.id, "MAL-"))
			c->category = BYTES_LIT(MATCH_MALICIOUS);
		c->summary = first_text(c->summary, v[i].adv.summary);
		c->details = first_text(c->details, v[i].adv.details);
		if (!c->published_ms)
			c->published_ms = v[i].adv.published_ms;
		if (v[i].adv.modified_ms > c->modified_ms)
			c->modified_ms = v[i].adv.modified_ms;
		if (c->reference_count == 0) {
			c->references = v[i].adv.references;
			c->reference_count = v[i].adv.reference_count;
		}
	}
	r = borrow_text(g, c);
	if (r < 0)
		return r;
	struct bytes erratum = v->v->hit->affected.vendor_id;
	if (bytes_eq(erratum, c->advisory) || candidate_is_cve(erratum))
		erratum = BYTES_NONE;
	c->title = title_of(c, vendor, erratum, g->a);
	return c->title.len ? 0 : err_nomem(g->e);
}

static enum adv_status status_of(const struct verdict *v)
{
	enum adv_status s = v->hit->affected.status;
	if (v->fixed.len)
		return v->from == FIX_OWN ? ADV_FIXED : ADV_AFFECTED;
	return s == ADV_FIXED || s == ADV_UNKNOWN ? ADV_AFFECTED : s;
}

static int fill_match(const struct gather *g, const struct candidate *v, size_t n,
		      const struct covered *covered, struct match *m)
{
	const struct verdict *d = v->v;
	int r = fill_check(g, v, n, covered, &m->check);
	if (r < 0)
		return r;
	m->fixed_version = d->from == FIX_OWN ? d->fixed : BYTES_NONE;
	m->status = status_of(d);
	m->patchable = m->fixed_version.len > 0;
	m->evidence = (struct match_evidence){
	    .ecosystem = d->hit->affected.ecosystem,
	    .keyed_name = d->hit->affected.name,
	    .keyed = d->hit->affected.keyed,
	    .compared = d->compared,
	    .scheme = bytes_of(d->scheme->name),
	    .range = d->listed ? BYTES_LIT("listed version") : range_text(&d->hit->affected, g->a),
	};
	m->remediation = remedy_text(g->p, m, d, g->a);
	return m->evidence.range.len && m->remediation.len ? 0 : err_nomem(g->e);
}

static size_t make_groups(const struct candidate *list, size_t n, struct group *groups)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || list[i].check != list[i - 1].check)
			groups[count++] = (struct group){.first = i};
		groups[count - 1].count++;
	}
	return count;
}

int64_t match_package(const struct vdb *v, const struct pkg *p, struct arena *a, struct match **ret,
		      struct err *e)
{
	struct pkg copy;
	struct gather g = {.v = v, .p = kernel_of(p, a, &copy), .a = a, .e = e};
	struct verdicts all;
	struct candidate *list = NULL;
	*ret = NULL;
	if (p->class == PKG_CONTENT)
		return inspected_match(p, a, ret, e);
	if (!g.p)
		return err_nomem(e);
	int r = verdict_all(v, g.p, a, &all, e);
	int64_t n = r < 0 ? r : gather(&g, &all, &list);
	if (n <= 0 || !list)
		return n;
	qsort(list, (size_t)n, sizeof *list, cmp_candidate);
	struct group *groups = arena_alloc(a, (size_t)n, sizeof *groups);
	struct match *matches = arena_alloc(a, (size_t)n, sizeof *matches);
	if (!groups || !matches)
		return err_nomem(e);
	struct adv gone;
	size_t count = make_groups(list, (size_t)n, groups);
	struct covered covered;
	r = cover_drop(&g, &all, list, groups, count, &covered);
	int64_t kept = 0;
	for (size_t i = 0; r == 0 && i < count; i++)
		if (!groups[i].dropped) {
			struct match *m = &matches[kept];
			r = fill_match(&g, &list[groups[i].first], groups[i].count, &covered, m);
			if (r == 0)
				r = withdrawn_all(&g, m->check.cves, m->check.cve_count, &gone);
			kept += r == 0;
			r = r > 0 ? 0 : r;
		}
	if (r < 0)
		return r;
	*ret = matches;
	return kept;
}
