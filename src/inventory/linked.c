/* Symbolic links in the place of a file, or of a folder of files, that states packages wherever it
 * lies. Files are read by their own names: what a link leads to was read when it has such a name
 * itself, and is listed at its own path. What it leads to otherwise was not read: that is said. */
#include "inventory/marks.h"
#include "inventory/merge.h"

/* Is what lies at the way's end read, or nothing that could state packages? */
static bool is_settled(const struct merge *m, size_t eco, const struct overlay_way *way)
{
	if (way->end == TREE_NONE)
		return true; /* links in a circle lead nowhere */
	const struct layer_entry *ent = merge_node(m, way->end)->entry;
	if (ent)
		return ent->kind == LAYER_FILE && ent->eco == eco;
	return way->doubt == TREE_NONE &&
	       (way->is_exact || !(way->end_mask & (MARK_FILE | MARK_LINK)));
}

static int say(struct merge *m, uint32_t link, size_t eco, struct err *e)
{
	struct bytes target = merge_node(m, link)->entry->target;
	char *text =
	    arena_printf(m->a, "%s may be stated behind a link to %.*s, where nothing was read",
			 eco_table[eco].name, BYTES_ARG(bytes_part(target, 0, 200)));
	return text ? note_at(m, link, bytes_of(text), true, e) : merge_no_memory(e);
}

/* A link to the file itself. */
static int look_at_file(struct merge *m, uint32_t link, size_t eco, struct err *e)
{
	struct overlay_way way;
	int r = overlay_way_behind(m->overlay, link, &way, e);
	return r < 0 || is_settled(m, eco, &way) ? r : say(m, link, eco, e);
}

/* Has a layer something at below, in the folder of this hash? */
static bool has_file(struct merge *m, uint64_t hash, struct bytes below)
{
	while (below.len > 0)
		hash = mark_child(hash, bytes_cut(&below, '/'));
	bool found = false;
	for (size_t i = 0; !found && i < m->layer_count; i++) {
		const struct lay *l = &m->layers[i];
		steps_add(&m->steps, 20);
		found = l->marks_full || (marks_find(l->marks, hash) & (MARK_FILE | MARK_LINK));
	}
	return found;
}

/* A link in the place of a folder, in which below is looked for. */
static int look_at_folder(struct merge *m, uint32_t link, size_t eco, struct bytes below,
			  struct err *e)
{
	struct overlay_way way;
	uint8_t end[LIMIT_PATH_MAX];
	struct bytes rest;
	int r = overlay_way_behind(m->overlay, link, &way, e);
	if (r < 0 || way.end == TREE_NONE ||
	    eco_is_folder(eco, tree_path(overlay_tree(m->overlay), way.end, end), &rest))
		return r;
	bool several = bytes_find(below, '*') < below.len;
	bool found = several ? way.end_mask & (MARK_DIR | MARK_IMPLIED)
			     : has_file(m, merge_node(m, way.end)->hash, below);
	return found || way.doubt != TREE_NONE ? say(m, link, eco, e) : 0;
}

static int look_at(struct merge *m, uint32_t link, struct err *e)
{
	uint8_t out[LIMIT_PATH_MAX];
	struct bytes below, path = tree_path(overlay_tree(m->overlay), link, out);
	int r = 0;
	for (size_t eco = 0; r == 0 && eco < eco_count; eco++) {
		bool file = eco_is_anywhere(eco, path);
		if (eco_table[eco].class == PKG_DECLARED ||
		    (!file && !eco_is_folder(eco, path, &below)))
			continue;
		if (owner_is_own(m, merge_node(m, link)->layer, path))
			return 0;
		r = file ? look_at_file(m, link, eco, e) : look_at_folder(m, link, eco, below, e);
	}
	return r;
}

int linked_note(struct merge *m, struct err *e)
{
	/* ways make nodes */
	uint32_t count = overlay_tree(m->overlay)->count;
	int r = 0;
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		const struct layer_entry *ent = merge_node(m, i)->entry;
		steps_add(&m->steps, 1);
		if (ent && ent->kind == LAYER_SYMLINK)
			r = look_at(m, i, e);
		if (r == 0)
			r = steps_check(&m->steps, e);
	}
	return r;
}
