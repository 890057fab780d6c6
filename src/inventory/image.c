/* inv_merge: lay the layers over one another (overlay.c) and look, after each, at what every
 * ecosystem's canonical locations show (views.c). What the last look shows are the image's
 * packages. */
#include "inventory/image.h"

#include "inventory/merge.h"
#include "inventory/vendor.h"
#include "pkg/linked.h"

#include <stdlib.h>
#include <string.h>

int merge_no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "image inventory: out of memory");
}

void *merge_grow(void *array, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return array;
	size_t more = *cap ? *cap * 2 : 16;
	void *bigger = realloc(array, more * size);
	if (bigger)
		*cap = more;
	return bigger;
}

static void mark_third_party(struct inv_image *im)
{
	const struct pkg_distro *d = im->has_distro ? &im->distro : NULL;
	bool vendors_stated = false;
	for (size_t i = 0; i < im->package_count && !vendors_stated; i++)
		vendors_stated = vendor_is_own(&im->packages[i].pkg, d);
	for (size_t i = 0; i < im->package_count; i++) {
		struct pkg *p = &im->packages[i].pkg;
		p->third_party = vendor_is_third_party(p, d, vendors_stated);
		im->third_party_count += p->third_party;
	}
}

/* CentOS Stream has ID=centos, like the former rebuild of RHEL: only its name identifies it. */
static struct bytes distro_of_packages(const struct pkg_distro *d)
{
	bool stream = bytes_eq_lit(d->id, "centos") &&
		      bytes_find_bytes(d->name, BYTES_LIT("Stream")) < d->name.len;
	return stream ? BYTES_LIT("centos-stream") : d->id;
}

static int package_cmp(const void *a, const void *b)
{
	return pkg_cmp(&((const struct inv_package *)a)->pkg,
		       &((const struct inv_package *)b)->pkg);
}

static bool is_same_package(const struct pkg *a, const struct pkg *b)
{
	if (a->class != PKG_OS || b->class != PKG_OS)
		return pkg_cmp(a, b) == 0;
	return bytes_eq(a->type, b->type) && bytes_eq(a->name, b->name) &&
	       bytes_eq(a->version, b->version) && bytes_eq(a->arch, b->arch);
}

static bool says_more(const struct pkg *p)
{
	return p->vendor.len > 0 || !bytes_eq(p->source_name, p->name) ||
	       !bytes_eq(p->source_version, p->version);
}

/* Two ecosystems may state the same package of a distribution (a status file next to the manifest
 * of what it was cut from): it is one, as the one that says more has it. A language's package that
 * lies at two places is two. */
static void drop_repeated(struct inv_image *im)
{
	size_t kept = 0;
	qsort(im->packages, im->package_count, sizeof *im->packages, package_cmp);
	for (size_t i = 0; i < im->package_count; i++) {
		struct inv_package *last = kept ? &im->packages[kept - 1] : NULL,
				   *p = &im->packages[i];
		bool same = last && is_same_package(&last->pkg, &p->pkg);
		if (same && p->pkg.class != PKG_OS)
			continue;
		if (!same || bytes_eq(last->pkg.path, p->pkg.path) ||
		    (says_more(&last->pkg) && says_more(&p->pkg)))
			im->packages[kept++] = *p;
		else if (says_more(&p->pkg))
			*last = *p;
	}
	im->package_count = kept;
}

int merge_distro_text(struct merge *m, struct bytes *ret, struct err *e)
{
	const struct pkg_distro *d = &m->image.distro;
	*ret = BYTES_NONE;
	if (!m->image.has_distro)
		return 0;
	struct bytes version = bytes_part(d->version_id, 0, bytes_find(d->version_id, ':'));
	char *text =
	    arena_printf(m->a, "%.*s:%.*s%s%.*s", BYTES_ARG(distro_of_packages(d)),
			 BYTES_ARG(version), d->streams.len ? ":" : "", BYTES_ARG(d->streams));
	*ret = bytes_of(text);
	return text ? 0 : merge_no_memory(e);
}

/* An array for all packages that the views show. */
static int make_room(struct merge *m, struct err *e)
{
	size_t count = 0;
	for (size_t i = 0; i < eco_count; i++) {
		const struct view *v = &m->views[i];
		count += v->seen_count;
		for (size_t k = 0; eco_table[i].anywhere && k < v->node_count; k++)
			count += merge_node(m, v->nodes[k])->entry->pkg_count;
	}
	size_t max = m->source->package_max ? m->source->package_max : LIMIT_PACKAGES_MAX;
	if (count > max)
		return err_set(e, ERR_LIMIT,
			       "the image states %zu packages, more than the %zu that are assessed",
			       count, max);
	m->image.packages = arena_alloc(m->a, count ? count : 1, sizeof *m->image.packages);
	return m->image.packages ? 0 : merge_no_memory(e);
}

/* What the databases state. */
static int put_databases(struct merge *m, struct err *e)
{
	struct inv_image *im = &m->image;
	struct bytes distro;
	int r = merge_distro_text(m, &distro, e);
	for (size_t i = 0; r == 0 && i < eco_count; i++) {
		for (size_t k = 0; k < m->views[i].seen_count; k++) {
			const struct seen *s = &m->views[i].seen[k];
			struct inv_package *p = &im->packages[im->package_count++];
			*p = (struct inv_package){.pkg = *s->pkg, .layer = s->layer};
			if (p->pkg.class != PKG_OS)
				continue;
			p->pkg.namespace = im->has_distro ? im->distro.id : BYTES_NONE;
			p->pkg.distro = distro;
		}
	}
	drop_repeated(im);
	mark_third_party(im);
	return r;
}

static int put_packages(struct merge *m, struct err *e)
{
	int r = anywhere_find(m, e);
	if (r == 0)
		r = make_room(m, e);
	if (r == 0)
		r = put_databases(m, e);
	if (r == 0)
		r = owner_init(m, e);
	if (r == 0)
		r = anywhere_put(m, e);
	if (r == 0)
		drop_repeated(&m->image);
	if (r == 0)
		r = licenses_put(m, e);
	return r;
}

static int finish(struct merge *m, struct inv_image *ret, struct err *e)
{
	int r = release_find(m, e);
	if (r == 0)
		r = put_packages(m, e);
	if (r == 0)
		r = note_all(m, e);
	if (r == 0)
		r = lang_find(m, e);
	if (r == 0)
		r = contents_find(m, e);
	if (r == 0)
		r = steps_check(&m->steps, e);
	if (r < 0)
		return r;
	struct inv_note *notes =
	    arena_alloc(m->a, m->image.note_count ? m->image.note_count : 1, sizeof *notes);
	if (!notes)
		return merge_no_memory(e);
	if (m->image.note_count > 0)
		memcpy(notes, m->image.notes, m->image.note_count * sizeof *notes);
	*ret = m->image;
	ret->notes = notes;
	ret->steps = m->steps.spent;
	return 0;
}

static int merge_layers(struct merge *m, struct err *e)
{
	int r = 0;
	m->overlay = overlay_open(m->layers, m->layer_count, &m->steps, e);
	if (!m->overlay)
		return -(int)e->code;
	for (size_t i = 0; r == 0 && i < m->layer_count; i++) {
		bool changed;
		r = overlay_push(m->overlay, &changed, e);
		if (r == 0 && (changed || i == 0))
			r = view_look_all(m, (uint32_t)i, e);
	}
	return r;
}

/* The budget of one image is exhausted: none of its packages are reported rather than what some of
 * its layers show. */
static int give_up(const struct merge *m, const char *why, struct inv_image *ret, struct err *e)
{
	struct inv_note *note = arena_alloc(m->a, 1, sizeof *note);
	char *text = arena_printf(m->a, "not assessed: %s", why);
	if (!note || !text)
		return merge_no_memory(e);
	*note = (struct inv_note){.layer = -1, .text = bytes_of(text)};
	*ret = (struct inv_image){.notes = note,
				  .note_count = 1,
				  .state = INV_PARTIAL,
				  .unread = true,
				  .doubt = note->text,
				  .steps = m->steps.spent};
	return 0;
}

static int by_package(const void *x, const void *y)
{
	const struct inv_package *a = x, *b = y;
	return pkg_cmp(&a->pkg, &b->pkg);
}

int inv_assume_linked(struct inv_image *image, struct arena *a, struct err *e)
{
	bool ok = true;
	for (size_t i = 0; ok && i < image->package_count; i++) {
		struct pkg *p = &image->packages[i].pkg;
		p->qualifiers = linked_without(p->qualifiers, a, &ok);
	}
	if (!ok)
		return merge_no_memory(e);
	if (image->package_count)
		qsort(image->packages, image->package_count, sizeof *image->packages, by_package);
	return 0;
}

int inv_merge(const struct inv_source *source, struct arena *a, struct inv_image *ret,
	      struct err *e)
{
	struct err own = ERR_INIT;
	struct merge m = {.source = source,
			  .layers = source->layers,
			  .layer_count = source->layer_count,
			  .a = a,
			  .steps = {.max = source->step_max ? source->step_max : INV_STEP_MAX,
				    .cancel = source->cancel}};
	e = e ? e : &own;
	m.views = calloc(eco_count, sizeof *m.views);
	if (!m.views)
		return merge_no_memory(e);
	for (size_t i = 0; i < eco_count; i++)
		m.views[i].distro = TREE_NONE;
	int r = merge_layers(&m, e);
	if (r == 0)
		r = finish(&m, ret, e);
	if (r == -ERR_LIMIT)
		r = give_up(&m, e->msg, ret, e);
	for (size_t i = 0; i < eco_count; i++)
		view_free(&m.views[i]);
	free(m.views);
	free(m.image.notes);
	overlay_close(m.overlay);
	return r;
}
