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

static int put_view(struct merge *m, size_t eco, struct err *e)
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
			    .pkg = m->layers[n->content_layer].pkgs[ent->pkg_first + k],
			    .layer = n->since};
		r = steps_check(&m->steps, e);
	}
	return r < 0 ? r : note_left_out(m, eco, left_out, e);
}

int anywhere_put(struct merge *m, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < eco_count; i++)
		r = eco_table[i].anywhere ? put_view(m, i, e) : 0;
	return r;
}
