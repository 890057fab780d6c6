#include "report/parts.h"

#include <stdio.h>
#include <stdlib.h>

static int by_purl(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int c = bytes_cmp(x->purl, y->purl);
	if (c == 0)
		c = bytes_cmp(x->package->pkg.path, y->package->pkg.path);
	return c ? c : (x->package > y->package) - (x->package < y->package);
}

int parts_of(const struct report *r, struct arena *a, struct part **ret, size_t *ret_count,
	     struct err *e)
{
	size_t count = report_package_count(r);
	struct buf purl;
	struct part *parts = arena_alloc(a, count + 1, sizeof *parts);
	bool ok = parts != NULL;
	buf_init(&purl, PKG_PURL_MAX);
	for (size_t i = 0; ok && i < count; i++) {
		buf_clear(&purl);
		parts[i].package = &r->assess->image->packages[i];
		pkg_purl(&parts[i].package->pkg, &purl);
		ok = buf_ok(&purl);
		if (ok)
			parts[i].purl = arena_bytes(a, buf_bytes(&purl), &ok);
	}
	buf_free(&purl);
	if (!ok)
		return err_set(e, ERR_NOMEM, "no memory for the report");
	if (count)
		qsort(parts, count, sizeof *parts, by_purl);
	*ret = parts;
	*ret_count = count;
	return 0;
}

static int by_match_purl(const void *a, const void *b)
{
	const struct finding_match *const *x = a, *const *y = b;
	int c = bytes_cmp((*x)->purl, (*y)->purl);
	return c ? c : (*x > *y) - (*x < *y);
}

const struct finding_match **parts_hit(const struct finding *f, size_t *ret_count, struct err *e)
{
	size_t n = 0;
	const struct finding_match **rows = calloc(f->match_listed + 1, sizeof *rows);
	if (!rows) {
		err_set(e, ERR_NOMEM, "no memory for the report");
		return NULL;
	}
	for (size_t i = 0; i < f->match_listed; i++)
		rows[i] = &f->matches[i];
	qsort(rows, f->match_listed, sizeof *rows, by_match_purl);
	for (size_t i = 0; i < f->match_listed; i++)
		if (n == 0 || !bytes_eq(rows[n - 1]->purl, rows[i]->purl))
			rows[n++] = rows[i];
	*ret_count = n;
	return rows;
}

void parts_unread(const struct report *r, void (*put)(void *arg, struct bytes text), void *arg)
{
	const struct inv_image *image = r->assess->image;
	if (image->state != INV_ASSESSED)
		put(arg, image->lack.len	? image->lack
			 : image->doubt.len	? image->doubt
			 : image->package_count ? BYTES_LIT("part of the image could not be read")
						: BYTES_LIT("no packages were found"));
	for (size_t i = 0; i < r->assess->gap_count; i++) {
		const struct assess_gap *g = &r->assess->gaps[i];
		char text[400];
		(void)snprintf(text, sizeof text, "%zu file%s %.*s", g->count,
			       g->count == 1 ? "" : "s", BYTES_ARG(bytes_part(g->reason, 0, 300)));
		if (g->files)
			put(arg, bytes_of(text));
	}
}

void parts_extras(const struct report *r, const struct inv_package *ip,
		  void (*put)(void *arg, const char *name, struct bytes value), void *arg)
{
	const struct pkg *p = &ip->pkg;
	const struct {
		const char *name;
		struct bytes value;
	} rows[] = {
	    {"class", bytes_of(pkg_class_word((int)p->class))},
	    {"source_name", p->source_name},
	    {"source_version", p->source_version},
	    {"distro", p->distro},
	    {"module", p->module},
	    {"vendor", p->vendor},
	    {"license", p->license},
	    {"third_party", bytes_of(p->third_party ? "true" : "")},
	    {"layer", ip->layer < r->assess->layer_count
			  ? bytes_of(r->assess->layers[ip->layer].digest)
			  : BYTES_NONE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].value.len)
			put(arg, rows[i].name, rows[i].value);
}
