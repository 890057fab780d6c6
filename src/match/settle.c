/* Candidates that another record for the same vulnerability settles, because it is nearer to the
 * build that is installed. docs/decisions/product-streams.md holds why.
 *
 * - rpm, errata of minor releases: what was fixed for 9.7 in -35.el9_7.2 is fixed again for 9.8 in
 *   -40.el9_8.1; a package of 9.7 needs the first alone.
 * - Red Hat, an image of an extended update stream: its own stream's fix is installed.
 * - Alpine, repositories of several releases: the image's own release fixed this very version.
 * - Alpine, its security team's rejections: the CVE is not about the package, in any release.
 * - Go: its own record names packages, of which the program has nothing; records of other sources
 *   for the same CVEs name modules only.
 * - Wolfi, Chainguard: a record for the package itself precedes one for its origin. */
#include "match/settle.h"

#include "match/ecosystem.h"
#include "match/idset.h"
#include "match/stream.h"

static bool is_of_minor(const struct gather *g, const struct verdict *v)
{
	return (v->kind == VERDICT_OUT_OF_RANGE || v->kind == VERDICT_AFFECTED) && v->fixed.len &&
	       stream_minor(v->fixed) == stream_minor(v->compared) &&
	       (v->kind == VERDICT_OUT_OF_RANGE || v->from == FIX_OWN) &&
	       bytes_eq_lit(g->p->type, "rpm");
}

static bool is_fixed_in_stream(const struct gather *g, const struct verdict *v)
{
	(void)g;
	return v->kind == VERDICT_OUT_OF_RANGE && v->fixed.len &&
	       !stream_is_main(&v->hit->affected);
}

/* "1.2.3" of "1.2.3-r4": a distribution's fix of the same upstream version. */
static struct bytes upstream(struct bytes version)
{
	return bytes_part(version, 0, bytes_find_last(version, '-'));
}

static bool is_fixed_in_release(const struct gather *g, const struct verdict *v)
{
	if (stream_is_second(g->p, &v->hit->affected))
		return false;
	return v->kind == VERDICT_NOT_AFFECTED ||
	       (v->kind == VERDICT_OUT_OF_RANGE && v->fixed.len &&
		bytes_eq(upstream(v->fixed), upstream(v->compared)));
}

static bool is_of_package(const struct gather *g, const struct verdict *v)
{
	(void)g;
	return v->hit->affected.keyed == ADV_BY_BINARY &&
	       (v->kind == VERDICT_AFFECTED || v->kind == VERDICT_OUT_OF_RANGE ||
		v->kind == VERDICT_NOT_AFFECTED);
}

/* Which candidates a rule may settle. */
static bool is_of_other_minor(const struct gather *g, const struct candidate *c)
{
	(void)g;
	return c->v->fixed.len == 0 || stream_minor(c->v->fixed) != stream_minor(c->v->compared);
}

static bool is_of_main_stream(const struct gather *g, const struct candidate *c)
{
	(void)g;
	return stream_is_main(&c->v->hit->affected);
}

static bool is_of_second_branch(const struct gather *g, const struct candidate *c)
{
	return stream_is_second(g->p, &c->v->hit->affected);
}

static bool is_of_origin(const struct gather *g, const struct candidate *c)
{
	(void)g;
	return c->v->hit->affected.keyed == ADV_BY_SOURCE;
}

/* Its security team looked at the CVE and found that it is not about the package. */
static bool is_rejected(const struct gather *g, const struct verdict *v)
{
	(void)g;
	return bytes_eq_lit(v->hit->affected.ecosystem, ECOSYSTEM_ALPINE_REJECTED) &&
	       v->kind == VERDICT_NOT_AFFECTED;
}

static bool is_any(const struct gather *g, const struct candidate *c)
{
	(void)g;
	(void)c;
	return true;
}

static bool is_not_linked(const struct gather *g, const struct verdict *v)
{
	(void)g;
	return v->kind == VERDICT_NOT_LINKED;
}

static bool is_of_other_source(const struct gather *g, const struct candidate *c)
{
	(void)g;
	return c->v->hit->affected.module.len == 0 && !bytes_has_prefix_lit(c->adv.id, "GO-");
}

struct rule {
	idset_fn settles;
	bool (*is_open)(const struct gather *g, const struct candidate *c);
};

static const struct rule *rule_of(const struct pkg *p)
{
	static const struct rule minor = {is_of_minor, is_of_other_minor},
				 stream = {is_fixed_in_stream, is_of_main_stream},
				 branch = {is_fixed_in_release, is_of_second_branch},
				 package = {is_of_package, is_of_origin},
				 linked = {is_not_linked, is_of_other_source};
	if (bytes_eq_lit(p->type, "golang"))
		return &linked;
	if (bytes_eq_lit(p->type, "rpm")) {
		if (stream_is_extended(p))
			return &stream;
		return stream_minor(p->version) != UINT64_MAX ? &minor : NULL;
	}
	if (!bytes_eq_lit(p->type, "apk"))
		return NULL;
	if (bytes_eq_lit(ecosystem_distro_id(p), "alpine"))
		return ecosystem_distro_streams(p).len ? &branch : NULL;
	return bytes_eq(p->name, p->source_name) ? NULL : &package;
}

static int64_t drop(const struct gather *g, const struct verdicts *all, struct candidate *list,
		    int64_t n, const struct rule *rule)
{
	struct id_set set;
	int64_t kept = 0;
	bool any = false;
	for (int64_t i = 0; i < n && !any; i++)
		any = rule->is_open(g, &list[i]);
	if (!any)
		return n;
	int r = idset_of(g, all, rule->settles, &set);
	if (r < 0)
		return r;
	for (int64_t i = 0; i < n; i++)
		if (!rule->is_open(g, &list[i]) || !idset_has_all(&set, &list[i]))
			list[kept++] = list[i];
	return kept;
}

int64_t settle_drop(const struct gather *g, const struct verdicts *all, struct candidate *list,
		    int64_t n)
{
	static const struct rule rejected = {is_rejected, is_any};
	const struct rule *rule = rule_of(g->p);
	if (rule)
		n = drop(g, all, list, n, rule);
	if (n > 0 && bytes_eq_lit(ecosystem_distro_id(g->p), "alpine"))
		n = drop(g, all, list, n, &rejected);
	return n;
}
