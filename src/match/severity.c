/* Who says how grave a check is. The vendor's word comes first: for the package, for the record,
 * for a record that an erratum took the place of. Then a score: of the check's own records, else of
 * other records of its CVEs, of which NVD precedes the CVE record (its authority's vectors, or
 * CISA's), and that precedes GitHub's and any other; an erratum about several CVEs comes last, for
 * its gravest may be another. Then the most severe word of those records. A
 * check that has a word is given the score of others as well: rules ask for it.
 * docs/decisions/security-checks.md holds why. */
#include "match/severity.h"

#define BORROW_BUDGET (64U << 20) /* bytes: the records of one CVE, without their packages */

enum rank { RANK_NVD, RANK_CVE, RANK_GITHUB, RANK_OTHER, RANK_SEVERAL, RANKS };

static enum rank rank_of(const struct adv *adv)
{
	if (bytes_eq_lit(adv->feed, "nvd"))
		return RANK_NVD;
	if (bytes_eq_lit(adv->feed, "cve5"))
		return RANK_CVE;
	if (bytes_has_prefix_lit(adv->id, "GHSA-"))
		return RANK_GITHUB;
	size_t cves = candidate_is_cve(candidate_vendor_id(adv->id));
	for (size_t i = 0; i < adv->alias_count && cves < 2; i++)
		cves += candidate_is_cve(adv->aliases[i]);
	return cves < 2 ? RANK_OTHER : RANK_SEVERAL;
}

static void better(struct cvss_score *have, struct cvss_score s)
{
	if (s.version > have->version || (s.version == have->version && s.base > have->base))
		*have = s;
}

/* v3.1, v3.0, v4.0, v2 */
static unsigned preference(enum cvss_version v)
{
	static const unsigned order[] = {
	    [CVSS_NONE] = 0, [CVSS_2_0] = 1, [CVSS_4_0] = 2, [CVSS_3_0] = 3, [CVSS_3_1] = 4};
	return order[v];
}

/* The vectors of one record. False: out of memory. */
static bool add_vectors(const struct gather *g, struct match_check *c, const struct adv *adv)
{
	for (size_t i = 0; i < adv->cvss_count; i++) {
		struct cvss_score s;
		if (!cvss_parse(adv->cvss[i], &s))
			continue;
		if (s.version == CVSS_2_0)
			better(&c->cvss_v2, s);
		else if (s.version == CVSS_4_0)
			better(&c->cvss_v4, s);
		else
			better(&c->cvss_v3, s);
		unsigned was = preference(c->cvss.version), is = preference(s.version);
		if (is < was || (is == was && s.base <= c->cvss.base && was > 0))
			continue;
		c->cvss = s;
		c->cvss_vector = adv->cvss[i];
		char *by =
		    arena_printf(g->a, "%.*s %.*s", BYTES_ARG(adv->feed), BYTES_ARG(adv->id));
		if (!by)
			return false;
		c->cvss_source = bytes_of(by);
	}
	return true;
}

static bool has_vector(const struct adv *adv)
{
	struct cvss_score s;
	bool has = false;
	for (size_t i = 0; i < adv->cvss_count && !has; i++)
		has = cvss_parse(adv->cvss[i], &s);
	return has;
}

/* The records of one CVE: the vectors of the first rank that has any, and the most severe word. */
static int borrow_all(const struct gather *g, struct match_check *c, const uint32_t *ids, int64_t n,
		      struct arena *tmp, enum adv_severity *word)
{
	enum rank first = RANKS, said = RANKS;
	struct adv *list = arena_alloc(tmp, (size_t)n, sizeof *list);
	if (!list)
		return err_nomem(g->e);
	for (int64_t i = 0; i < n; i++) {
		int r = vdb_advisory(g->v, ids[i], tmp, &list[i], g->e);
		if (r < 0)
			return r;
		enum rank rank = rank_of(&list[i]);
		if (rank < first && has_vector(&list[i]))
			first = rank;
		if (list[i].severity != ADV_SEV_UNKNOWN && rank < said)
			said = rank;
	}
	/* those about this CVE alone, where there are any */
	for (int64_t i = 0; i < n; i++)
		if ((said == RANK_SEVERAL || rank_of(&list[i]) != RANK_SEVERAL) &&
		    list[i].severity > *word)
			*word = list[i].severity;
	for (int64_t i = 0; i < n; i++)
		if (rank_of(&list[i]) == first && !add_vectors(g, c, &list[i]))
			return err_nomem(g->e);
	return 0;
}

static int borrow_of(const struct gather *g, struct match_check *c, struct bytes cve,
		     enum adv_severity *word)
{
	uint32_t *ids;
	struct arena tmp; /* lists only: texts borrow from the database */
	arena_init(&tmp, BORROW_BUDGET);
	int64_t n = vdb_find_id(g->v, cve, &tmp, &ids, g->e);
	int r = n > 0 ? borrow_all(g, c, ids, n, &tmp, word) : (int)n;
	arena_free(&tmp);
	return r;
}

/* The CVE that the records of an id which is none are about ("GHSA-…"), where they name one alone.
 */
static int cve_of(const struct gather *g, struct bytes id, struct bytes *ret)
{
	uint32_t *ids;
	struct arena tmp;
	int r = 0;
	arena_init(&tmp, BORROW_BUDGET);
	int64_t n = vdb_find_id(g->v, id, &tmp, &ids, g->e);
	for (int64_t i = 0; r == 0 && i < n && ret->len == 0; i++) {
		struct adv adv;
		size_t cves = 0;
		r = vdb_advisory(g->v, ids[i], &tmp, &adv, g->e);
		struct bytes cve = BYTES_NONE;
		for (size_t k = 0; r == 0 && !adv.withdrawn_ms && k < adv.alias_count; k++)
			if (candidate_is_cve(adv.aliases[k])) {
				cve = adv.aliases[k];
				cves++;
			}
		if (cves == 1)
			*ret = cve;
	}
	arena_free(&tmp);
	return n < 0 ? (int)n : r;
}

/* A check that names no CVE: by GitHub's ids, and by the CVE that others say they are. */
static int borrow_by_alias(const struct gather *g, struct match_check *c, const struct adv *adv,
			   enum adv_severity *word)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i <= adv->alias_count; i++) {
		struct bytes id = i < adv->alias_count ? adv->aliases[i] : adv->id;
		struct bytes cve = BYTES_NONE;
		if (!bytes_has_prefix_lit(id, "GHSA-"))
			continue;
		r = cve_of(g, id, &cve);
		if (r == 0)
			r = borrow_of(g, c, cve.len ? cve : id, word);
		if (r == 0 && cve.len && c->cvss.version == CVSS_NONE)
			r = borrow_of(g, c, id, word);
	}
	return r;
}

/* What the vendor says of the check; of an erratum without a word, the most severe that it says of
 * the CVEs in it. */
static enum adv_severity vendor_severity(const struct match_check *c, const struct candidate *v,
					 size_t n, const struct covered *covered)
{
	enum adv_severity s = candidate_severity(v, n), most = ADV_SEV_UNKNOWN;
	for (size_t i = 0; s == ADV_SEV_UNKNOWN && i < c->cve_count; i++) {
		enum adv_severity of_cve = cover_severity(covered, c->cves[i]);
		most = of_cve > most ? of_cve : most;
	}
	return s != ADV_SEV_UNKNOWN ? s : most;
}

int severity_fill(const struct gather *g, struct match_check *c, const struct candidate *v,
		  size_t n, const struct covered *covered)
{
	enum adv_severity word = ADV_SEV_UNKNOWN;
	int r = 0;
	for (size_t i = 0; i < n; i++)
		if (!add_vectors(g, c, &v[i].adv))
			return err_nomem(g->e);
	bool own = c->cvss.version != CVSS_NONE;
	for (size_t i = 0; r == 0 && !own && i < c->cve_count; i++)
		r = borrow_of(g, c, c->cves[i], &word);
	for (size_t i = 0; r == 0 && !own && c->cve_count == 0 && i < n; i++)
		r = borrow_by_alias(g, c, &v[i].adv, &word);
	if (r < 0)
		return r;
	c->vendor_severity = vendor_severity(c, v, n, covered);
	c->severity = c->vendor_severity;
	if (c->severity != ADV_SEV_UNKNOWN)
		return 0;
	c->severity_from_cvss = c->cvss.version != CVSS_NONE;
	c->severity = c->severity_from_cvss ? cvss_severity(c->cvss) : word;
	return 0;
}
