#include "match/finding.h"

#include "pkg/version.h"

#include <stdlib.h>

const char *finding_severity_word(int i)
{
	return i >= 0 && i <= ADV_SEV_CRITICAL ? adv_severity_word((enum adv_severity)i) : NULL;
}

const char *finding_status_word(int i)
{
	return i >= 0 && i <= ADV_NOT_AFFECTED ? adv_status_word((enum adv_status)i) : NULL;
}

struct bytes finding_package(const struct finding *f)
{
	return f->check.source_name;
}

bool finding_is_newer(struct bytes a, struct bytes b, struct bytes type)
{
	static const char *const schemes[][2] = {
	    {"deb", "dpkg"},	{"rpm", "rpm"},	    {"apk", "apk"},	      {"npm", "npm"},
	    {"pypi", "pep440"}, {"golang", "go"},   {"maven", "maven"},	      {"cargo", "cargo"},
	    {"gem", "gem"},	{"nuget", "nuget"}, {"composer", "composer"}, {"alpm", "alpm"}};
	const struct ver_scheme *s = NULL;
	if (a.len == 0 || b.len == 0)
		return a.len > 0 && b.len == 0;
	for (size_t i = 0; !s && i < sizeof schemes / sizeof *schemes; i++)
		if (bytes_eq_lit(type, schemes[i][0]))
			s = ver_find(bytes_of(schemes[i][1]));
	return s ? s->cmp(a, b) > 0 : bytes_cmp(a, b) > 0;
}

enum adv_status finding_status(unsigned mask)
{
	static const enum adv_status order[] = {
	    ADV_FIXED,	      ADV_AFFECTED,    ADV_UNDER_INVESTIGATION, ADV_FIX_DEFERRED,
	    ADV_WILL_NOT_FIX, ADV_END_OF_LIFE, ADV_NOT_AFFECTED};
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (mask & 1U << order[i])
			return order[i];
	return ADV_UNKNOWN;
}

static int by_package(const void *a, const void *b)
{
	const struct finding_match *x = a, *y = b;
	int r = bytes_cmp(x->pkg.name, y->pkg.name);
	return r ? r : pkg_cmp(&x->pkg, &y->pkg);
}

void finding_settle(struct finding *f)
{
	unsigned statuses = 0;
	size_t n = f->match_listed;
	f->patchable = false;
	f->origin = n ? f->matches[0].origin : FINDING_ORIGIN_UNKNOWN;
	f->best = 0;
	if (n)
		qsort(f->matches, n, sizeof *f->matches, by_package);
	for (size_t i = 0; i < n; i++) {
		const struct finding_match *m = &f->matches[i];
		statuses |= 1U << m->status;
		f->patchable = f->patchable || m->patchable;
		if (m->origin != f->origin)
			f->origin = FINDING_ORIGIN_IMAGE;
		if (i == 0)
			f->installed = m->pkg.version;
		/* Binary packages of versions of their own: that of their source is said. */
		else if (!bytes_eq(f->installed, m->pkg.version) && m->pkg.source_version.len)
			f->installed = m->pkg.source_version;
		if (finding_is_newer(m->fixed_version, f->matches[f->best].fixed_version,
				     m->pkg.type))
			f->best = i;
	}
	f->status = finding_status(statuses);
	f->fixed = n ? f->matches[f->best].fixed_version : BYTES_NONE;
	f->remediation = n ? f->matches[f->best].remediation : BYTES_NONE;
	f->match_count = f->match_count ? f->match_count : n;
}

int finding_cmp(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int r = (int)y->check.severity - (int)x->check.severity;
	if (r == 0)
		r = bytes_cmp(finding_package(x), finding_package(y));
	return r ? r : (x->check.id > y->check.id) - (x->check.id < y->check.id);
}

int finding_match_set(struct finding_match *m, const struct pkg *p, const struct match *match,
		      struct arena *a, struct err *e)
{
	struct buf purl;
	bool ok;
	buf_init(&purl, PKG_PURL_MAX);
	pkg_purl(p, &purl);
	*m = (struct finding_match){.pkg = *p,
				    .purl = arena_bytes(a, buf_bytes(&purl), &ok),
				    .fixed_version = match->fixed_version,
				    .remediation = match->remediation,
				    .status = match->status,
				    .patchable = match->patchable,
				    .evidence = match->evidence};
	ok = ok && buf_ok(&purl);
	buf_free(&purl);
	return ok ? 0 : err_set(e, ERR_NOMEM, "no memory for a finding");
}

const char *finding_fix_state(const struct finding_match *m)
{
	if (m->fixed_version.len)
		return "fixed";
	if (m->status == ADV_WILL_NOT_FIX || m->status == ADV_END_OF_LIFE)
		return "wont-fix";
	return m->status == ADV_UNKNOWN ? "unknown" : "not-fixed";
}
