/* Packages of attached bills of materials. What was read from the layers stands: of a package that
 * is there already, by type, namespace, name and version, nothing is added, however the bill
 * spells its name. */
#include "pkg/purl.h"
#include "scan/attached.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	const struct pkg *const *p = a, *const *q = b;
	const struct pkg *x = *p, *y = *q;
	int r = bytes_cmp(x->type, y->type);
	r = r ? r : bytes_cmp(x->namespace, y->namespace);
	r = r ? r : purl_name_cmp(x->type, x->name, y->name);
	return r ? r : bytes_cmp(x->version, y->version);
}

static int by_package(const void *a, const void *b)
{
	const struct inv_package *x = a, *y = b;
	return pkg_cmp(&x->pkg, &y->pkg);
}

struct adding {
	const struct pkg **known; /* sorted by by_name: of the layers */
	size_t known_count;
	struct inv_package *list;
	size_t count, max;
};

static bool is_known(const struct adding *x, const struct pkg *p)
{
	return x->known_count && bsearch(&p, x->known, x->known_count, sizeof *x->known, by_name);
}

/* How many of a bill were added. */
static size_t add_bill(struct adding *x, const struct bill *bill, struct bytes path)
{
	size_t first = x->count;
	for (size_t i = 0; i < bill->package_count && x->count < x->max; i++) {
		struct pkg p = bill->packages[i].pkg;
		if (is_known(x, &p))
			continue;
		p.class = PKG_DECLARED;
		p.path = path;
		x->list[x->count++] = (struct inv_package){.pkg = p, .layer = UINT32_MAX};
	}
	return x->count - first;
}

/* Two bills may list the same. */
static void settle(struct inv_package *list, size_t *count)
{
	size_t kept = 0;
	if (*count)
		qsort(list, *count, sizeof *list, by_package);
	for (size_t i = 0; i < *count; i++)
		if (!kept || by_package(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	*count = kept;
}

static int begin(struct adding *x, const struct attached *from, const struct inv_image *image,
		 struct arena *a, struct err *e)
{
	size_t all = image->package_count;
	for (size_t i = 0; i < from->bill_count; i++)
		all += from->bills[i].bill.package_count;
	x->max = all < LIMIT_PACKAGES_MAX ? all : LIMIT_PACKAGES_MAX;
	x->max = x->max > image->package_count ? x->max : image->package_count;
	x->list = arena_alloc(a, x->max, sizeof *x->list);
	x->known = arena_alloc(a, image->package_count, sizeof *x->known);
	if ((x->max && !x->list) || (image->package_count && !x->known))
		return err_nomem(e);
	for (size_t i = 0; i < image->package_count; i++) {
		x->list[x->count++] = image->packages[i];
		x->known[x->known_count++] = &image->packages[i].pkg;
	}
	if (x->known_count)
		qsort(x->known, x->known_count, sizeof *x->known, by_name);
	return 0;
}

int attached_take_packages(struct attached *x, struct inv_image *image, struct arena *a,
			   struct err *e)
{
	struct adding adding = {.count = 0};
	if (!x->bill_count)
		return 0;
	if (begin(&adding, x, image, a, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < x->bill_count; i++) {
		struct attached_doc *d = &x->docs[x->bills[i].doc];
		const char *path = arena_printf(a, "attached %.*s", BYTES_ARG(d->digest));
		if (!path)
			return err_nomem(e);
		if (d->state == ATTACHED_APPLIED || d->state == ATTACHED_SHOWN)
			d->packages = add_bill(&adding, &x->bills[i].bill, bytes_of(path));
	}
	settle(adding.list, &adding.count);
	image->packages = adding.list;
	image->package_count = adding.count;
	return 0;
}
