/* What the locations of each ecosystem show, looked at after each layer: the layer of a package is
 * the one since which every look showed it. */
#include "inventory/merge.h"

#include <stdlib.h>
#include <string.h>

uint32_t view_file_of(const struct merge *m, const struct eco_location *at, uint32_t node)
{
	const struct tree *t = overlay_tree(m->overlay);
	if (!eco_name_fits(t->nodes[node].name, at->name))
		return TREE_NONE;
	for (struct bytes rest = at->below; rest.len > 0 && node != TREE_NONE;) {
		struct bytes name = bytes_cut(&rest, '/');
		node = t->nodes[node].child;
		while (node != TREE_NONE && !bytes_eq(t->nodes[node].name, name))
			node = t->nodes[node].sibling;
	}
	return node;
}

int view_add(struct view *v, uint32_t node, struct err *e)
{
	uint32_t *nodes = merge_grow(v->nodes, v->node_count, &v->node_cap, sizeof *nodes);
	if (!nodes)
		return merge_no_memory(e);
	v->nodes = nodes;
	v->nodes[v->node_count++] = node;
	return 0;
}

/* The PART file of a location at this node. */
static int look_at(struct merge *m, size_t eco, const struct eco_location *at, uint32_t node,
		   struct err *e)
{
	struct view *v = &m->views[eco];
	uint32_t file = view_file_of(m, at, node);
	const struct layer_entry *ent =
	    file == TREE_NONE ? NULL : overlay_tree(m->overlay)->nodes[file].entry;
	if (!ent || ent->kind != LAYER_FILE || ent->eco != eco || ent->merge != ECO_PART)
		return 0;
	v->found = v->found || ent->note.len == 0;
	return view_add(v, file, e);
}

#define LEVELS 8U /* of folders in a location: the table's have three */

/* The PART files in a folder whose first child is node, or in the folders of it, or of those. */
static int look_children(struct merge *m, size_t eco, const struct eco_location *at, uint32_t node,
			 struct err *e)
{
	const struct tree *t = overlay_tree(m->overlay);
	struct {
		struct eco_location at;
		uint32_t node;
	} levels[LEVELS] = {{.at = *at, .node = node}};
	for (size_t n = 1; n > 0;) {
		const struct eco_location here = levels[n - 1].at;
		uint32_t child = levels[n - 1].node;
		if (child == TREE_NONE) {
			n--;
			continue;
		}
		levels[n - 1].node = t->nodes[child].sibling;
		steps_add(&m->steps, 1);
		if (!bytes_has_prefix_lit(here.below, "*/")) {
			if (look_at(m, eco, &here, child, e) < 0)
				return -(int)e->code;
		} else if (eco_name_fits(t->nodes[child].name, here.name)) {
			if (n == LEVELS)
				return err_set(e, ERR_INTERNAL, "a location has too many folders");
			levels[n].at = (struct eco_location){.name = BYTES_LIT("*"),
							     .below = bytes_from(here.below, 2)};
			levels[n++].node = t->nodes[child].child;
		}
	}
	return 0;
}

static int look_folder(struct merge *m, size_t eco, const struct eco_location *at, struct err *e)
{
	uint32_t folder = overlay_folder(m->overlay, at->folder);
	return folder == TREE_NONE
		   ? 0
		   : look_children(m, eco, at, overlay_tree(m->overlay)->nodes[folder].child, e);
}

/* Of the files that describe the same thing the first location with content is used.
 */
static int look(struct merge *m, size_t eco, struct err *e)
{
	struct view *v = &m->views[eco];
	bool has_winner = false;
	v->node_count = 0;
	v->found = false;
	v->distro = TREE_NONE;
	for (const char *const *loc = eco_table[eco].locations; *loc; loc++) {
		struct eco_location at = eco_location_of(*loc);
		if (at.name.len) {
			int r = look_folder(m, eco, &at, e);
			if (r < 0)
				return r;
			continue;
		}
		uint32_t node = overlay_find(m->overlay, at.folder);
		const struct layer_entry *ent =
		    node == TREE_NONE ? NULL : merge_node(m, node)->entry;
		if (!ent || ent->kind != LAYER_FILE || ent->eco != eco)
			continue;
		v->found = v->found || ent->note.len == 0;
		if (ent->has_distro && v->distro == TREE_NONE)
			v->distro = node;
		if (ent->pkg_count == 0 || has_winner)
			continue;
		has_winner = true;
		int r = view_add(v, node, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* identity */

static int identity_cmp(const struct pkg *a, const struct pkg *b)
{
	const struct bytes *fa[] = {&a->name,	     &a->version,	 &a->arch,  &a->type,
				    &a->source_name, &a->source_version, &a->module};
	const struct bytes *fb[] = {&b->name,	     &b->version,	 &b->arch,  &b->type,
				    &b->source_name, &b->source_version, &b->module};
	for (size_t i = 0; i < sizeof fa / sizeof fa[0]; i++) {
		int r = bytes_cmp(*fa[i], *fb[i]);
		if (r != 0)
			return r;
	}
	return 0;
}

static int seen_cmp(const void *a, const void *b)
{
	const struct seen *sa = a, *sb = b;
	int r = identity_cmp(sa->pkg, sb->pkg);
	return r != 0 ? r : bytes_cmp(sa->pkg->path, sb->pkg->path);
}

static bool view_changed(const struct merge *m, const struct view *v)
{
	if (v->node_count != v->last_count)
		return true;
	for (size_t i = 0; i < v->node_count; i++) {
		if (merge_node(m, v->nodes[i])->entry != v->last[i])
			return true;
	}
	return false;
}

static int view_remember(const struct merge *m, struct view *v, struct err *e)
{
	v->last_count = 0;
	for (size_t i = 0; i < v->node_count; i++) {
		const struct layer_entry **last =
		    merge_grow(v->last, v->last_count, &v->last_cap, sizeof *last);
		if (!last)
			return merge_no_memory(e);
		v->last = last;
		v->last[v->last_count++] = merge_node(m, v->nodes[i])->entry;
	}
	return 0;
}

static void steps_sort(struct merge *m, size_t n)
{
	uint64_t cost = n;
	for (size_t left = n; left > 1; left /= 2)
		cost += n;
	steps_add(&m->steps, cost);
}

/* Sorted, each identity once. */
static int view_list(struct merge *m, const struct view *v, uint32_t layer, struct seen **ret,
		     size_t *ret_count, struct err *e)
{
	size_t count = 0, n = 0;
	for (size_t i = 0; i < v->node_count; i++)
		count += merge_node(m, v->nodes[i])->entry->pkg_count;
	steps_sort(m, count);
	int r = steps_check(&m->steps, e);
	if (r < 0)
		return r;
	struct seen *list = calloc(count ? count : 1, sizeof *list);
	if (!list)
		return merge_no_memory(e);
	for (size_t i = 0; i < v->node_count; i++) {
		const struct tree_node *node = merge_node(m, v->nodes[i]);
		const struct layer_entry *ent = node->entry;
		const struct lay *l = &m->layers[node->content_layer];
		for (uint32_t k = 0; k < ent->pkg_count; k++)
			list[n++] =
			    (struct seen){.pkg = &l->pkgs[ent->pkg_first + k], .layer = layer};
	}
	qsort(list, n, sizeof *list, seen_cmp);
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || identity_cmp(list[kept - 1].pkg, list[i].pkg) != 0)
			list[kept++] = list[i];
	}
	*ret = list;
	*ret_count = kept;
	return 0;
}

/* What was seen before as well keeps its layer. */
static int view_update(struct merge *m, struct view *v, uint32_t layer, struct err *e)
{
	struct seen *now = NULL;
	size_t now_count = 0;
	if (!view_changed(m, v))
		return 0;
	int r = view_list(m, v, layer, &now, &now_count, e);
	if (r < 0)
		return r;
	for (size_t i = 0, k = 0; i < now_count && k < v->seen_count;) {
		int order = identity_cmp(now[i].pkg, v->seen[k].pkg);
		if (order == 0)
			now[i].layer = v->seen[k].layer;
		i += order <= 0;
		k += order >= 0;
	}
	free(v->seen);
	v->seen = now;
	v->seen_count = now_count;
	return view_remember(m, v, e);
}

int view_look_all(struct merge *m, uint32_t layer, struct err *e)
{
	for (size_t i = 0; i < eco_count; i++) {
		int r = look(m, i, e);
		if (r == 0)
			r = view_update(m, &m->views[i], layer, e);
		if (r < 0)
			return r;
	}
	return 0;
}

bool view_has_all(const struct merge *m, const struct view *v, const struct tree_node *n)
{
	const struct lay *l = &m->layers[n->content_layer];
	for (uint32_t i = 0; i < n->entry->pkg_count; i++) {
		const struct pkg *p = &l->pkgs[n->entry->pkg_first + i];
		size_t low = 0, high = v->seen_count;
		while (low < high) {
			size_t mid = low + (high - low) / 2;
			if (identity_cmp(v->seen[mid].pkg, p) < 0)
				low = mid + 1;
			else
				high = mid;
		}
		if (low == v->seen_count || identity_cmp(v->seen[low].pkg, p) != 0)
			return false;
	}
	return true;
}

void view_free(struct view *v)
{
	free(v->nodes);
	free(v->last);
	free(v->seen);
}
