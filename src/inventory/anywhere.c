/* Files that state packages wherever they lie: the tree of all layers is walked once. A package has
 * the layer since which its file has stated it. A file that a package of the distribution owns is
 * assessed as part of that one, which its distribution may have mended without a new version. */
#include "inventory/merge.h"

#include <stdio.h>

int anywhere_find(struct merge *m, struct err *e)
{
	const struct tree *t = overlay_tree(m->overlay);
	int r = 0;
	steps_add(&m->steps, t->count);
	for (uint32_t i = 0; r == 0 && i < t->count; i++) {
		const struct layer_entry *ent = t->nodes[i].entry;
		if (ent && ent->kind == LAYER_FILE && eco_table[ent->eco].anywhere &&
		    ent->merge == ECO_PART)
			r = view_add(&m->views[ent->eco], i, e);
	}
	return r;
}

static int note_left_out(struct merge *m, size_t eco, size_t count, struct err *e)
{
	if (count == 0)
		return 0;
	char *text =
	    arena_printf(m->a,
			 "%zu of the %s belong to packages of the distribution: assessed as "
			 "part of those",
			 count, eco_table[eco].name);
	return text ? note_add(m, -1, BYTES_NONE, bytes_of(text), e) : merge_no_memory(e);
}

/* A package of a distribution that a file states: its note may leave the release, or all of the
 * distribution, to the image. */
static struct pkg of_image(const struct inv_image *im, struct pkg p, struct bytes distro)
{
	bool same = p.namespace.len == 0 || bytes_eq(p.namespace, im->distro.id);
	if (p.class != PKG_OS || p.distro.len > 0 || !im->has_distro || !same)
		return p;
	p.namespace = im->distro.id;
	p.distro = distro;
	return p;
}

static int put_view(struct merge *m, size_t eco, struct bytes distro, struct err *e)
{
	const struct view *v = &m->views[eco];
	struct inv_image *im = &m->image;
	size_t left_out = 0;
	int r = 0;
	for (size_t i = 0; r == 0 && i < v->node_count; i++) {
		const struct tree_node *n = merge_node(m, v->nodes[i]);
		const struct layer_entry *ent = n->entry;
		bool own = ent->pkg_count > 0 && owner_is_own(m, n->since, ent->path);
		left_out += own ? ent->pkg_count : 0;
		for (uint32_t k = 0; !own && k < ent->pkg_count; k++)
			im->packages[im->package_count++] = (struct inv_package){
			    .pkg = of_image(
				im, m->layers[n->content_layer].pkgs[ent->pkg_first + k], distro),
			    .layer = n->since};
		r = steps_check(&m->steps, e);
	}
	return r < 0 ? r : note_left_out(m, eco, left_out, e);
}

int anywhere_put(struct merge *m, struct err *e)
{
	struct bytes distro;
	int r = merge_distro_text(m, &distro, e);
	for (size_t i = 0; r == 0 && i < eco_count; i++)
		r = eco_table[i].anywhere ? put_view(m, i, distro, e) : 0;
	return r;
}
