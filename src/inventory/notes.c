/* Notes on an image besides its packages, and which of them make the image partial. Two kinds
 * do: something that counts was not read; and doubts: engines differ on what the layers show, or
 * something is on the path to a database that the inventories do not cover fully. */
#include "inventory/marks.h"
#include "inventory/merge.h"

#include <stdlib.h>
#include <string.h>

#define NOTE_COUNT_MAX 4000U

enum { AT_LOCATION = 1, IS_USED = 2 };

int note_add(struct merge *m, int32_t layer, struct bytes path, struct bytes text, struct err *e)
{
	struct inv_image *im = &m->image;
	if (im->note_count > NOTE_COUNT_MAX)
		return 0;
	if (im->note_count == NOTE_COUNT_MAX) {
		layer = -1;
		path = BYTES_NONE;
		text = BYTES_LIT("further notes are left out");
	}
	struct inv_note *notes = merge_grow(im->notes, im->note_count, &m->note_cap, sizeof *notes);
	if (!notes)
		return merge_no_memory(e);
	im->notes = notes;
	notes[im->note_count++] = (struct inv_note){.layer = layer, .path = path, .text = text};
	return 0;
}

int note_doubt(struct merge *m, int32_t layer, struct bytes path, struct bytes text, struct err *e)
{
	m->partial = true;
	if (m->image.doubt.len == 0)
		m->image.doubt = text;
	return note_add(m, layer, path, text, e);
}

/* The path of node, kept. */
static int path_of(const struct merge *m, uint32_t node, struct bytes *ret, struct err *e)
{
	uint8_t path[LIMIT_PATH_MAX];
	bool ok;
	*ret = arena_bytes(m->a, tree_path(overlay_tree(m->overlay), node, path), &ok);
	return ok ? 0 : merge_no_memory(e);
}

int note_at(struct merge *m, uint32_t node, struct bytes text, bool doubt, struct err *e)
{
	struct bytes path;
	int32_t layer = (int32_t)merge_node(m, node)->layer;
	int r = path_of(m, node, &path, e);
	if (r < 0)
		return r;
	return doubt ? note_doubt(m, layer, path, text, e) : note_add(m, layer, path, text, e);
}

/* layers */

static int note_diff_ids(struct merge *m, struct err *e)
{
	const struct inv_source *s = m->source;
	if (!s->has_config)
		return 0;
	if (s->diff_id_count != m->layer_count) {
		char *text =
		    arena_printf(m->a,
				 "the config names %zu layers (rootfs.diff_ids), the "
				 "manifest %zu: engines refuse the image or run other layers",
				 s->diff_id_count, m->layer_count);
		return text ? note_doubt(m, -1, BYTES_NONE, bytes_of(text), e) : merge_no_memory(e);
	}
	int r = 0;
	for (size_t i = 0; r == 0 && i < m->layer_count; i++) {
		const struct lay *l = &m->layers[i];
		const struct digest *d = &s->diff_ids[i];
		bool differs = d->algo != DIGEST_SHA256 || d->len != LAYER_DIFF_ID_LEN ||
			       memcmp(d->hash, l->diff_id, LAYER_DIFF_ID_LEN) != 0;
		if (!l->has_diff_id || !differs)
			continue;
		char *text = arena_printf(m->a,
					  "layer %zu is not what the config names "
					  "(rootfs.diff_ids): engines refuse the image, or run "
					  "other content",
					  i + 1);
		r = text ? note_doubt(m, (int32_t)i, BYTES_NONE, bytes_of(text), e)
			 : merge_no_memory(e);
	}
	return r;
}

static bool is_of_layer(const struct lay *l, const struct layer_entry *ent)
{
	return ent >= l->entries && ent < l->entries + l->entry_count;
}

/* What a package of the distribution owns is assessed as part of that one, whatever it states. */
static bool is_owned(struct merge *m, uint32_t node)
{
	const struct tree_node *n = merge_node(m, node);
	return eco_table[n->entry->eco].anywhere && n->entry->kind == LAYER_FILE &&
	       owner_is_own(m, n->since, n->entry->path);
}

/* Does the image's result rest on what layer has at path? By a hard link it may be seen elsewhere.
 */
static bool file_counts(struct merge *m, const uint8_t *flags, size_t layer, struct bytes path)
{
	const struct tree *t = overlay_tree(m->overlay);
	const struct lay *l = &m->layers[layer];
	steps_add(&m->steps, t->count);
	for (uint32_t i = 0; flags && i < t->count; i++) {
		const struct tree_node *n = &t->nodes[i];
		if (n->entry && flags[i] && n->content_layer == layer && is_of_layer(l, n->entry) &&
		    bytes_eq(n->entry->path, path) && !is_owned(m, i))
			return true;
	}
	return false;
}

/* A note of a layer about a file counts while the file is visible and that layer's. */
static int note_layer(struct merge *m, const uint8_t *flags, size_t layer, struct err *e)
{
	const struct lay *l = &m->layers[layer];
	int32_t number = (int32_t)layer;
	if (l->absent.len > 0) {
		m->partial = true;
		m->image.absent = m->image.absent_count++ ? m->image.absent : l->absent;
		return note_add(m, number, BYTES_NONE, l->absent, e);
	}
	bool said_why = false;
	int r = l->complete ? 0 : steps_check(&m->steps, e);
	for (size_t i = 0; r == 0 && i < l->note_count; i++) {
		const struct layer_note *note = &l->notes[i];
		uint32_t node = note->path.len ? overlay_find(m->overlay, note->path) : TREE_NONE;
		bool replaced = node != TREE_NONE && merge_node(m, node)->layer != layer;
		bool why = !l->complete && note->path.len == 0;
		bool counts = note->doubt == LAYER_DOUBT || why ||
			      (note->doubt == LAYER_DOUBT_OF_FILE &&
			       file_counts(m, flags, layer, note->path));
		if (replaced && !counts)
			continue;
		said_why = said_why || note->path.len == 0;
		m->partial = m->partial || why;
		r = counts && !why ? note_doubt(m, number, note->path, note->text, e)
				   : note_add(m, number, note->path, note->text, e);
		if (r == 0)
			r = steps_check(&m->steps, e);
	}
	m->partial = m->partial || !l->complete;
	if (r < 0 || l->complete || said_why)
		return r;
	return note_add(m, number, BYTES_NONE, BYTES_LIT("the layer was not read to its end"), e);
}

/* ways */

/* The link in whose place a database would be: the file itself, or the folder it lies in. */
static uint32_t link_at(const struct merge *m, struct bytes location)
{
	bool folder = bytes_has_suffix_lit(location, "/");
	struct bytes path = bytes_part(location, 0, location.len - folder);
	uint32_t link = overlay_link(m->overlay, path);
	size_t slash = bytes_find_last(path, '/');
	if (link == TREE_NONE && !folder && slash < path.len)
		link = overlay_link(m->overlay, bytes_part(path, 0, slash));
	return link;
}

static bool has_database(const struct merge *m)
{
	for (size_t i = 0; i < eco_count; i++) {
		if (eco_table[i].purl_type && eco_table[i].class == PKG_OS && m->views[i].found)
			return true;
	}
	return false;
}

/* Only files whose own name is wanted are read: a database of another name is not,
 * whatever link leads to it. In an image without any database each link is reported. *ret_said:
 * that was so. */
static int note_links(struct merge *m, size_t eco, bool *ret_said, struct err *e)
{
	uint32_t told = TREE_NONE;
	int r = 0;
	*ret_said = false;
	if (!eco_table[eco].purl_type || has_database(m))
		return 0;
	for (const char *const *loc = eco_table[eco].locations; r == 0 && *loc; loc++) {
		uint32_t link = link_at(m, eco_location_of(*loc).folder);
		if (link == TREE_NONE || link == told)
			continue;
		told = link;
		*ret_said = true;
		struct bytes target = merge_node(m, link)->entry->target;
		char *text =
		    arena_printf(m->a, "%s are behind a link to %.*s, where nothing was read",
				 eco_table[eco].name, BYTES_ARG(bytes_part(target, 0, 200)));
		r = text ? note_at(m, link, bytes_of(text), true, e) : merge_no_memory(e);
	}
	return r;
}

/* Is what lies in this folder read by its name alone? Its path ends in location; or, where
 * databases behind links are looked for, in the last two components of it behind some other folder.
 */
static bool has_name_of(const struct merge *m, size_t eco, uint32_t node, struct bytes location)
{
	int parts = eco_table[eco].purl_type ? 2 : LAYER_PARTS_MAX;
	for (; parts > 0 && location.len > 0; parts--) {
		size_t slash = bytes_find_last(location, '/');
		struct bytes name =
		    slash < location.len ? bytes_from(location, slash + 1) : location;
		if (node == TREE_ROOT || !bytes_eq(merge_node(m, node)->name, name))
			return false;
		node = merge_node(m, node)->parent;
		location = bytes_part(location, 0, slash < location.len ? slash : 0);
	}
	return location.len == 0 || node != TREE_ROOT;
}

/* Is there something at the end of a location's way that was not read, or as something else? */
static bool is_unread(const struct merge *m, size_t eco, const struct eco_location *location,
		      const struct overlay_way *way)
{
	bool is_folder = location->name.len > 0;
	const struct layer_entry *ent = merge_node(m, way->end)->entry;
	if (!is_folder && !ent)
		return !way->is_exact && (way->end_mask & (MARK_FILE | MARK_LINK));
	if (!is_folder)
		return (ent->kind == LAYER_FILE && ent->eco != eco) ||
		       (ent->kind == LAYER_OTHER && way->by_link);
	/* what lies in a folder of the right name was read */
	struct bytes path = location->folder;
	return (!way->is_exact && (way->end_mask & (MARK_FILE | MARK_LINK | MARK_GONE))) ||
	       (way->end_mask && !has_name_of(m, eco, way->end, bytes_part(path, 0, path.len - 1)));
}

static int note_way(struct merge *m, size_t eco, const struct eco_location *location,
		    const struct overlay_way *way, bool said, struct err *e)
{
	struct bytes path = BYTES_NONE;
	const char *what = NULL;
	uint32_t layer = 0;
	int r = 0;
	if (way->end == TREE_NONE) {
		what = "looked for behind links in a circle, or more than are followed";
	} else if (way->doubt != TREE_NONE) {
		what = "looked for behind this path, where this layer has something that "
		       "was not recorded";
		layer = way->doubt_layer;
		r = path_of(m, way->doubt, &path, e);
	} else if (!said && is_unread(m, eco, location, way)) {
		what = "stated here, behind a link, and not read as such";
		layer = way->end_layer;
		r = path_of(m, way->end, &path, e);
	}
	if (r < 0 || !what)
		return r;
	char *text = arena_printf(m->a, "%s: %s", eco_table[eco].name, what);
	return text ? note_doubt(m, path.len ? (int32_t)layer : -1, path, bytes_of(text), e)
		    : merge_no_memory(e);
}

/* Do the ways to this ecosystem's files matter for the image? */
static bool matters(const struct merge *m, size_t eco)
{
	return !eco_table[eco].refines ||
	       (m->image.has_distro && bytes_eq_lit(m->image.distro.id, eco_table[eco].refines));
}

static int note_ways(struct merge *m, size_t eco, struct err *e)
{
	bool said;
	int r = note_links(m, eco, &said, e);
	for (const char *const *loc = eco_table[eco].locations; r == 0 && *loc; loc++) {
		struct overlay_way way;
		size_t count = m->image.note_count;
		struct eco_location at = eco_location_of(*loc);
		r = overlay_way(m->overlay, at.folder, &way, e);
		if (r == 0 && matters(m, eco))
			r = note_way(m, eco, &at, &way, said, e);
		said = said || m->image.note_count > count;
		/* a release file that is not believed in does not count */
		if (!eco_table[eco].purl_type && !eco_table[eco].refines && way.end != TREE_NONE &&
		    way.end == m->views[eco].distro)
			break;
	}
	return r;
}

static int note_throughs(struct merge *m, struct err *e)
{
	size_t count;
	int r = 0;
	for (size_t i = 0; r == 0; i++) {
		const struct overlay_through *t = overlay_throughs(m->overlay, &count);
		if (i == count)
			break;
		if (!overlay_through_matters(m->overlay, &t[i]))
			continue;
		struct bytes path = BYTES_NONE;
		if (t[i].link != TREE_NONE)
			r = path_of(m, t[i].link, &path, e);
		if (r == 0)
			r = note_doubt(
			    m, (int32_t)t[i].layer, path,
			    BYTES_LIT("files lie below a symbolic link of a lower layer: "
				      "engines differ on where they are put"),
			    e);
	}
	return r;
}

/* files */

static void set_flags(struct merge *m, uint8_t *flags)
{
	const struct tree *t = overlay_tree(m->overlay);
	for (size_t eco = 0; eco < eco_count; eco++) {
		const struct view *v = &m->views[eco];
		for (size_t i = 0; i < v->node_count; i++)
			flags[v->nodes[i]] |= IS_USED | AT_LOCATION;
		if (v->distro != TREE_NONE)
			flags[v->distro] |= IS_USED | AT_LOCATION;
		for (const char *const *loc = eco_table[eco].locations; *loc; loc++) {
			struct eco_location at = eco_location_of(*loc);
			uint32_t node = overlay_folder(m->overlay, at.folder);
			if (node == TREE_NONE)
				continue;
			if (at.name.len == 0)
				flags[node] |= AT_LOCATION;
			node = at.name.len ? t->nodes[node].child : TREE_NONE;
			for (; node != TREE_NONE; node = t->nodes[node].sibling) {
				uint32_t file = view_file_of(m, &at, node);
				if (file != TREE_NONE)
					flags[file] |= AT_LOCATION;
			}
		}
	}
}

/* A file that states packages which the image's result does not rest on. */
static int note_unused(struct merge *m, uint32_t node, bool at_location, struct err *e)
{
	const struct tree_node *n = merge_node(m, node);
	bool is_copy = view_has_all(m, &m->views[n->entry->eco], n);
	steps_add(&m->steps, (uint64_t)n->entry->pkg_count * 16);
	if (at_location)
		return note_at(m, node, BYTES_LIT("a second package database; another one is used"),
			       !is_copy, e);
	return note_at(m, node,
		       BYTES_LIT("package database outside the root file system's own place: not "
				 "assessed"),
		       !is_copy, e);
}

static bool is_link(const struct merge *m, uint32_t node)
{
	const struct layer_entry *ent = node == TREE_NONE ? NULL : merge_node(m, node)->entry;
	return ent && ent->kind == LAYER_SYMLINK;
}

/* Links among the files that each state packages of their own: an engine's reader may follow them.
 */
static int note_links_in(struct merge *m, const struct eco_location *at, struct err *e)
{
	const struct tree *t = overlay_tree(m->overlay);
	uint32_t folder = overlay_folder(m->overlay, at->folder);
	uint32_t node = folder == TREE_NONE ? TREE_NONE : t->nodes[folder].child;
	int r = 0;
	for (; r == 0 && node != TREE_NONE; node = t->nodes[node].sibling) {
		uint32_t file = view_file_of(m, at, node);
		uint32_t link = is_link(m, node) ? node : is_link(m, file) ? file : TREE_NONE;
		if (link != TREE_NONE)
			r = note_at(m, link,
				    BYTES_LIT("a link where files state packages: not followed"),
				    true, e);
	}
	return r;
}

/* What must be said of a file that is visible in the image. */
static int note_node(struct merge *m, uint32_t node, unsigned flags, struct err *e)
{
	const struct layer_entry *ent = merge_node(m, node)->entry;
	bool at_location = flags & AT_LOCATION;
	if (!ent || ent->merge == ECO_OWNERSHIP)
		return 0;
	if ((flags & IS_USED) && overlay_is_folder_above(m->overlay, node)) {
		int r = note_at(m, node,
				BYTES_LIT("an upper layer puts something below this file: engines "
					  "differ on what is left"),
				true, e);
		if (r < 0)
			return r;
	}
	if (ent->kind == LAYER_HARDLINK) {
		m->partial = true;
		return note_at(m, node, BYTES_LIT("hard link to a file that was not read"), false,
			       e);
	}
	if (ent->kind != LAYER_FILE)
		return 0;
	if (ent->note.len > 0 && at_location && !is_owned(m, node)) {
		m->partial = m->partial || eco_table[ent->eco].class != PKG_DECLARED;
		return note_at(m, node, ent->note, false, e);
	}
	if (ent->pkg_count == 0 || (flags & IS_USED))
		return 0;
	return note_unused(m, node, at_location, e);
}

/* What is not looked up of packages whose database leaves their sources out. */
static int note_sources(struct merge *m, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < eco_count; i++) {
		const struct view *v = &m->views[i];
		if (eco_table[i].lacks_sources && v->node_count > 0)
			r = note_at(m, v->nodes[0],
				    BYTES_LIT("does not say which source packages its packages "
					      "are built from: advisories "
					      "for a source of another name are not found"),
				    false, e);
	}
	return r;
}

/* the image */

static int note_image(struct merge *m, struct err *e)
{
	const char *text = NULL;
	bool found = has_database(m);
	if (m->image.has_distro && !found)
		text = "no package database found";
	else if (!m->image.has_distro && found)
		text = "packages found, but no file that names the distribution";
	else if (!m->image.has_distro)
		text = "neither a package database nor a distribution found";
	m->image.unread = m->partial;
	if (!m->partial)
		m->image.lack = bytes_of(text);
	bool nothing = !found && !m->image.has_distro;
	bool partial = m->partial || text != NULL;
	m->image.state = nothing ? INV_NOTHING : partial ? INV_PARTIAL : INV_ASSESSED;
	return text ? note_add(m, -1, BYTES_NONE, bytes_of(text), e) : 0;
}

static int note_files(struct merge *m, struct err *e)
{
	uint32_t count = overlay_tree(m->overlay)->count;
	uint8_t *flags = calloc(count, 1);
	int r = flags ? 0 : merge_no_memory(e);
	if (r == 0)
		set_flags(m, flags);
	for (size_t i = 0; r == 0 && i < m->layer_count; i++)
		r = note_layer(m, flags, i, e);
	for (uint32_t i = 0; r == 0 && flags && i < count; i++) {
		r = note_node(m, i, flags[i], e);
		if (r == 0)
			r = steps_check(&m->steps, e);
	}
	free(flags);
	for (size_t i = 0; r == 0 && i < eco_count; i++) {
		for (const char *const *loc = eco_table[i].locations; r == 0 && *loc; loc++) {
			struct eco_location at = eco_location_of(*loc);
			if (eco_table[i].purl_type && at.name.len)
				r = note_links_in(m, &at, e);
		}
	}
	return r;
}

int note_all(struct merge *m, struct err *e)
{
	int r = note_diff_ids(m, e);
	for (size_t i = 0; r == 0 && i < eco_count; i++)
		r = note_ways(m, i, e);
	if (r == 0)
		r = linked_note(m, e);
	if (r == 0)
		r = note_throughs(m, e);
	if (r == 0)
		r = note_files(m, e);
	if (r == 0)
		r = note_sources(m, e);
	return r < 0 ? r : note_image(m, e);
}
