#include "report/rows.h"

#include "pkg/version.h"

#include <stdlib.h>

static int by_check(const void *a, const void *b)
{
	const struct report_finding *x = *(const struct report_finding *const *)a;
	const struct report_finding *y = *(const struct report_finding *const *)b;
	if (x->id != y->id)
		return (x->id > y->id) - (x->id < y->id);
	int r = bytes_cmp(x->package, y->package);
	return r ? r : bytes_cmp(x->installed_version, y->installed_version);
}

static int worst_first(const void *a, const void *b)
{
	const struct report_row *x = a, *y = b;
	const struct report_finding *f = x->f, *g = y->f;
	if (f->kev != g->kev)
		return (int)g->kev - (int)f->kev;
	if (f->severity != g->severity)
		return (int)g->severity - (int)f->severity;
	double cf = f->cvss.version == CVSS_NONE ? -1 : f->cvss.base;
	double cg = g->cvss.version == CVSS_NONE ? -1 : g->cvss.base;
	if (cf < cg || cf > cg)
		return (cf < cg) - (cf > cg);
	if (f->epss < g->epss || f->epss > g->epss)
		return (f->epss < g->epss) - (f->epss > g->epss);
	int r = bytes_cmp(x->package, y->package);
	if (r == 0)
		r = bytes_cmp(f->advisory, g->advisory);
	return r ? r : (f->id > g->id) - (f->id < g->id);
}

/* The order of the package's kind, by its package URL; NULL: none is known. */
static const struct ver_scheme *scheme_of(struct bytes purl)
{
	static const struct {
		const char *type, *scheme;
	} schemes[] = {{"pkg:deb/", "dpkg"},	{"pkg:rpm/", "rpm"},	      {"pkg:apk/", "apk"},
		       {"pkg:npm/", "npm"},	{"pkg:pypi/", "pep440"},      {"pkg:golang/", "go"},
		       {"pkg:maven/", "maven"}, {"pkg:cargo/", "cargo"},      {"pkg:gem/", "gem"},
		       {"pkg:nuget/", "nuget"}, {"pkg:composer/", "composer"}};
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		if (bytes_has_prefix_lit(purl, schemes[i].type))
			return ver_find(bytes_of(schemes[i].scheme));
	}
	return NULL;
}

static bool is_newer(struct bytes a, struct bytes b, struct bytes purl)
{
	const struct ver_scheme *s = scheme_of(purl);
	if (a.len == 0 || b.len == 0)
		return a.len > 0;
	return s ? s->cmp(a, b) > 0 : bytes_cmp(a, b) > 0;
}

static void add_match(struct report_row *row, const struct report_finding *f)
{
	if (row->matches++ == 0) {
		row->f = f;
		row->package = f->source_name.len ? f->source_name : f->package;
		row->installed = f->installed_version;
		row->fixed = f->fixed_version;
		row->patchable = f->patchable;
		return;
	}
	/* Binary packages with versions of their own: then that of their source speaks for all. */
	if (!bytes_eq(row->installed, f->installed_version) && f->source_version.len)
		row->installed = f->source_version;
	if (is_newer(f->fixed_version, row->fixed, f->purl)) {
		row->fixed = f->fixed_version;
		row->f = f;
	}
	row->patchable = row->patchable || f->patchable;
}

int report_rows(const struct report_finding *findings, size_t count, struct arena *a,
		struct report_row **ret, size_t *ret_count, struct err *e)
{
	const struct report_finding **order = arena_alloc(a, count, sizeof *order);
	struct report_row *rows = arena_alloc(a, count, sizeof *rows);
	size_t n = 0;
	if (!order || !rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu findings", count);
	for (size_t i = 0; i < count; i++)
		order[i] = &findings[i];
	if (count)
		qsort(order, count, sizeof *order, by_check);
	for (size_t i = 0; i < count; i++) {
		n += i == 0 || order[i]->id != order[i - 1]->id;
		add_match(&rows[n - 1], order[i]);
	}
	if (n)
		qsort(rows, n, sizeof *rows, worst_first);
	*ret = rows;
	*ret_count = n;
	return 0;
}

struct report_counts report_counts_of(const struct report_row *rows, size_t count)
{
	struct report_counts c = {.checks = count};
	for (size_t i = 0; i < count; i++) {
		c.matches += rows[i].matches;
		c.severities[rows[i].f->severity]++;
		c.kev += rows[i].f->kev;
		c.fixed += rows[i].fixed.len > 0;
		size_t k = 0;
		while (k < i && !bytes_eq(rows[k].package, rows[i].package))
			k++;
		c.packages += k == i;
	}
	return c;
}

int report_upgrades(const struct report_row *rows, size_t count, struct arena *a,
		    struct report_upgrade **ret, size_t *ret_count, struct err *e)
{
	struct report_upgrade *list = arena_alloc(a, count, sizeof *list);
	size_t n = 0;
	if (!list)
		return err_set(e, ERR_NOMEM, "no memory for %zu upgrades", count);
	for (size_t i = 0; i < count; i++) {
		const struct report_row *r = &rows[i];
		size_t k = 0;
		if (!r->fixed.len)
			continue;
		while (k < n && !bytes_eq(list[k].package, r->package))
			k++;
		if (k == n)
			list[n++] = (struct report_upgrade){.package = r->package};
		struct report_upgrade *u = &list[k];
		if (is_newer(r->fixed, u->version, r->f->purl)) {
			u->version = r->fixed;
			u->deliverable = r->patchable;
		}
		u->clears++;
		u->kev += r->f->kev;
	}
	*ret = list;
	*ret_count = n;
	return 0;
}
