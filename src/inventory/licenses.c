/* Licences that files of their own state, of packages whose database does not: Debian's
 * usr/share/doc/PACKAGE/copyright, Gentoo's LICENSE, NuGet's NAME.nuspec (by "name/version", as
 * a cache holds several versions). The topmost layer with one counts; that a layer above took the
 * file away does not change the licence. A package without a file has that of
 * another one of the same source: its folder is then a link to that one's (Debian Policy 12.5). */
#include "inventory/merge.h"
#include "pkg/version.h"

#include <stdlib.h>
#include <string.h>

#define NUGET_NAME_MAX 1024U /* bytes, as of any field of a package */

struct stated {
	struct bytes key; /* name of the package, or of its source */
	struct bytes license;
	size_t order; /* lowest first */
};

static int by_key(const void *a, const void *b)
{
	const struct stated *x = a, *y = b;
	int order = bytes_cmp(x->key, y->key);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* The first one whose key is not before key; count: there is none. */
static size_t find_first(const struct stated *all, size_t count, struct bytes key)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (bytes_cmp(all[mid].key, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The first one with that key, or NULL. */
static const struct stated *find(const struct stated *all, size_t count, struct bytes key)
{
	size_t at = find_first(all, count, key);
	return at < count && bytes_eq(all[at].key, key) ? &all[at] : NULL;
}

/* Sorts, and counts its cost. */
static void sort(struct merge *m, struct stated *all, size_t count)
{
	uint64_t cost = count;
	for (size_t left = count; left > 1; left /= 2)
		cost += count;
	steps_add(&m->steps, cost);
	if (count)
		qsort(all, count, sizeof *all, by_key);
}

static bool has_files(const struct pkg *p)
{
	return p->class == PKG_OS &&
	       (bytes_eq_lit(p->type, "deb") || bytes_eq_lit(p->type, "ebuild"));
}

static bool lacks(const struct pkg *p)
{
	return has_files(p) && p->license.len == 0;
}

static void put_by_name(struct merge *m, const struct stated *all, size_t count)
{
	for (size_t i = 0; i < m->image.package_count; i++) {
		struct pkg *p = &m->image.packages[i].pkg;
		const struct stated *s = lacks(p) ? find(all, count, p->name) : NULL;
		if (s)
			p->license = s->license;
	}
}

/* Of NuGet's packages, whose versions are written in more than one form ("2.0", "2.0.0") */
static struct bytes of_version(struct merge *m, const struct stated *all, size_t count,
			       const struct pkg *p)
{
	const struct ver_scheme *order = ver_of_ecosystem(BYTES_LIT("NuGet"));
	uint8_t text[NUGET_NAME_MAX + 1];
	struct bytes name = p->source_name, front = {.ptr = text, .len = name.len + 1};
	if (name.len == 0 || name.len > NUGET_NAME_MAX)
		return BYTES_NONE;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '/';
	for (size_t i = find_first(all, count, front); i < count; i++) {
		if (!bytes_has_prefix(all[i].key, front))
			break;
		steps_add(&m->steps, 1);
		if (order->cmp(bytes_from(all[i].key, front.len), p->version) == 0)
			return all[i].license;
	}
	return BYTES_NONE;
}

static int put_by_version(struct merge *m, const struct stated *all, size_t count, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < m->image.package_count; i++) {
		struct pkg *p = &m->image.packages[i].pkg;
		if (p->class == PKG_OS || p->license.len || !bytes_eq_lit(p->type, "nuget"))
			continue;
		p->license = of_version(m, all, count, p);
		r = steps_check(&m->steps, e);
	}
	return r;
}

/* space: for as many as the image has packages. */
static void put_by_source(struct merge *m, struct stated *space)
{
	size_t n = 0;
	for (size_t i = 0; i < m->image.package_count; i++) {
		const struct pkg *p = &m->image.packages[i].pkg;
		if (has_files(p) && p->license.len)
			space[n++] = (struct stated){
			    .key = p->source_name, .license = p->license, .order = i};
	}
	sort(m, space, n);
	for (size_t i = 0; i < m->image.package_count; i++) {
		struct pkg *p = &m->image.packages[i].pkg;
		const struct stated *s = lacks(p) ? find(space, n, p->source_name) : NULL;
		if (s)
			p->license = s->license;
	}
}

int licenses_put(struct merge *m, struct err *e)
{
	size_t count = 0, n = 0;
	for (size_t i = 0; i < m->layer_count; i++)
		count += m->layers[i].license_count;
	if (count == 0)
		return 0;
	size_t cap = count > m->image.package_count ? count : m->image.package_count;
	struct stated *all = calloc(cap, sizeof *all);
	if (!all)
		return merge_no_memory(e);
	for (size_t i = m->layer_count; i-- > 0;) {
		const struct lay *l = &m->layers[i];
		for (size_t k = l->license_count; k-- > 0;) {
			all[n] = (struct stated){.key = l->licenses[k].name,
						 .license = l->licenses[k].license,
						 .order = n};
			n++;
		}
	}
	sort(m, all, n);
	put_by_name(m, all, n);
	int r = put_by_version(m, all, n, e);
	put_by_source(m, all);
	free(all);
	return r < 0 ? r : steps_check(&m->steps, e);
}
