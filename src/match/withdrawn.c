/* The CVE List (feed cve5) and NVD, which follows it, say which CVEs are none: of their records of
 * one CVE the newest counts. A rejected CVE that is a duplicate of another stays, under the number
 * that the vendor gave it: the vulnerability exists. */
#include "match/withdrawn.h"

#include "base/clock.h"

static bool is_authority(const struct adv *adv)
{
	return bytes_eq_lit(adv->feed, "cve5") || bytes_eq_lit(adv->feed, "nvd");
}

/* "… is a duplicate of CVE-2024-2", or "of another". */
static bool names_another(const struct adv *adv)
{
	if (bytes_find_bytes(adv->summary, BYTES_LIT("uplicate")) < adv->summary.len ||
	    bytes_find_bytes(adv->summary, BYTES_LIT("DUPLICATE")) < adv->summary.len)
		return true;
	for (size_t i = 0; i < adv->alias_count; i++)
		if (candidate_is_cve(adv->aliases[i]))
			return true;
	return false;
}

int withdrawn_cve(const struct gather *g, struct bytes cve, struct adv *ret)
{
	uint32_t *ids;
	int64_t n = vdb_find_id(g->v, cve, g->a, &ids, g->e);
	struct adv newest = {.id = BYTES_NONE};
	for (int64_t i = 0; i < n; i++) {
		struct adv adv;
		int r = vdb_advisory(g->v, ids[i], g->a, &adv, g->e);
		if (r < 0)
			return r;
		if (is_authority(&adv) && bytes_eq(adv.id, cve) &&
		    (newest.id.len == 0 || adv.modified_ms > newest.modified_ms))
			newest = adv;
	}
	if (n < 0)
		return (int)n;
	*ret = newest;
	return newest.withdrawn_ms != 0 && !names_another(&newest);
}

int withdrawn_all(const struct gather *g, const struct bytes *cves, size_t n, struct adv *ret)
{
	int all = n > 0;
	for (size_t i = 0; all > 0 && i < n; i++) {
		struct adv one;
		all = withdrawn_cve(g, cves[i], i ? &one : ret);
	}
	return all;
}

void withdrawn_put(struct buf *out, const struct adv *gone)
{
	char when[CLOCK_RFC3339_CAP];
	buf_printf(out, "%.*s was %s", BYTES_ARG(gone->id),
		   candidate_is_cve(gone->id) && is_authority(gone) ? "rejected" : "withdrawn");
	if (gone->withdrawn_ms > ADV_WITHDRAWN_UNDATED) {
		clock_rfc3339(gone->withdrawn_ms, when);
		buf_printf(out, " on %.10s", when);
	}
	buf_printf(out, " (%.*s)", BYTES_ARG(gone->feed));
	if (gone->summary.len)
		buf_printf(out, ": %.*s", BYTES_ARG(gone->summary));
}
