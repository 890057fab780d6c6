/* A layer takes effect in three steps: what its marks remove or replace; its
 * whiteouts and opaque marks, which hide lower layers only; then its members in their order, each
 * put where its folders really are. Spec: OCI image-spec layer.md "Representing Changes", "Applying
 * Changesets". */
#include "inventory/overlay.h"

#include "inventory/marks.h"

#include <stdlib.h>
#include <string.h>

#define NEAR_ROOT 2U		   /* components: links so near the root are recorded */
#define LOWER_LINKS_MAX (1U << 20) /* links of lower layers, as hashes */
#define THROUGHS_MAX 4096U

struct overlay {
	const struct lay *layers;
	uint32_t layer_count, next;
	struct tree tree;
	uint32_t implied_end; /* layers from here on put nothing into folders they do not state */
	uint64_t *lower;      /* hashes of the links of the layers laid; open addressing */
	size_t lower_count, lower_cap;
	struct overlay_through *throughs;
	size_t through_count, through_cap;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "image inventory: out of memory");
}

static const struct tree_walk to_entry = {.make = true, .replace = true};
static const struct tree_walk look_at = {.follow_last = true};
static const struct tree_walk look_at_itself = {.follow_last = false};

static void find_implied_end(struct overlay *o)
{
	for (uint32_t i = o->layer_count; i > 0 && o->implied_end == 0; i--) {
		const struct lay *l = &o->layers[i - 1];
		size_t n = l->marks.len / MARK_LEN;
		for (size_t k = 0; k < n && o->implied_end == 0; k++) {
			if (marks_at(l->marks, k) & MARK_IMPLIED)
				o->implied_end = i;
		}
		if (l->marks_full)
			o->implied_end = i;
		steps_add(o->tree.steps, n / 64);
	}
}

/* The locations and the folders above them. */
static int make_known(struct overlay *o, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < eco_count; i++) {
		for (const char *const *loc = eco_table[i].locations; r == 0 && *loc; loc++) {
			uint32_t node;
			r = tree_find(&o->tree, eco_location_of(*loc).folder, &to_entry, &node, e);
			for (; r == 0 && node != TREE_NONE; node = o->tree.nodes[node].parent)
				o->tree.nodes[node].known = true;
		}
	}
	return r;
}

struct overlay *overlay_open(const struct lay *layers, size_t layer_count, struct steps *steps,
			     struct err *e)
{
	struct overlay *o = calloc(1, sizeof *o);
	if (!o) {
		(void)no_memory(e);
		return NULL;
	}
	o->layers = layers;
	o->layer_count = (uint32_t)layer_count;
	if (tree_init(&o->tree, steps, e) < 0 || make_known(o, e) < 0) {
		overlay_close(o);
		return NULL;
	}
	find_implied_end(o);
	return o;
}

void overlay_close(struct overlay *o)
{
	if (!o)
		return;
	tree_free(&o->tree);
	free(o->lower);
	free(o->throughs);
	free(o);
}

const struct tree *overlay_tree(const struct overlay *o)
{
	return &o->tree;
}

static uint32_t find(struct overlay *o, struct bytes path, const struct tree_walk *how)
{
	uint32_t node;
	return tree_find(&o->tree, path, how, &node, NULL) < 0 ? TREE_NONE : node;
}

static uint32_t with_entry(const struct overlay *o, uint32_t node)
{
	return node != TREE_NONE && o->tree.nodes[node].entry ? node : TREE_NONE;
}

uint32_t overlay_find(struct overlay *o, struct bytes path)
{
	return with_entry(o, find(o, path, &look_at));
}

uint32_t overlay_folder(struct overlay *o, struct bytes path)
{
	return find(o, path, &look_at);
}

uint32_t overlay_link(struct overlay *o, struct bytes path)
{
	uint32_t node = with_entry(o, find(o, path, &look_at_itself));
	bool is_link = node != TREE_NONE && o->tree.nodes[node].entry->kind == LAYER_SYMLINK;
	return is_link ? node : TREE_NONE;
}

/* ways */

static unsigned marks_of(struct overlay *o, uint32_t layer, uint64_t hash)
{
	const struct lay *l = &o->layers[layer];
	steps_add(o->tree.steps, 20);
	return l->marks_full ? MARK_ALL : marks_find(l->marks, hash);
}

static bool is_exact(const struct tree_node *n)
{
	return n->known || n->wanted;
}

struct look {
	struct overlay *o;
	struct overlay_way *way;
	uint32_t layer_end; /* layers from here on are not laid yet */
	bool is_location;
};

static void see(void *arg, uint32_t node, bool last)
{
	const struct look *look = arg;
	struct overlay *o = look->o;
	struct tree_node *n = &o->tree.nodes[node];
	bool is_link = n->entry && n->entry->kind == LAYER_SYMLINK;
	n->on_way = n->on_way || look->is_location;
	look->way->by_link = look->way->by_link || is_link;
	for (uint32_t i = 0; !last && !is_exact(n) && i < look->layer_end; i++) {
		unsigned mask = marks_of(o, i, n->hash), bad = MARK_FILE | MARK_GONE;
		if (n->depth > NEAR_ROOT)
			bad |= MARK_LINK;
		if (n->unsure || (is_link && i >= n->layer))
			bad |= MARK_DIR;
		if ((mask & bad) && look->way->doubt == TREE_NONE) {
			look->way->doubt = node;
			look->way->doubt_layer = i;
		}
	}
}

static int way_from(struct overlay *o, uint32_t from, struct bytes path, uint32_t layer_end,
		    bool is_location, struct overlay_way *ret, struct err *e)
{
	struct look look = {.o = o, .way = ret, .layer_end = layer_end, .is_location = is_location};
	const struct tree_walk how = {
	    .make = true, .follow_last = true, .from = from, .see = see, .arg = &look};
	*ret = (struct overlay_way){.doubt = TREE_NONE};
	int r = tree_find(&o->tree, path, &how, &ret->end, e);
	if (r < 0 || ret->end == TREE_NONE)
		return r;
	const struct tree_node *end = &o->tree.nodes[ret->end];
	ret->is_exact = is_exact(end);
	ret->end_mask = ret->end == TREE_ROOT ? MARK_DIR : 0;
	for (uint32_t i = 0; i < layer_end; i++) {
		unsigned mask = marks_of(o, i, end->hash);
		if (mask && !ret->end_mask)
			ret->end_layer = i;
		ret->end_mask |= mask;
	}
	return 0;
}

/* what lies behind lower links */

static uint64_t *lower_slot(const struct overlay *o, uint64_t hash)
{
	for (size_t i = (size_t)hash & (o->lower_cap - 1);; i = (i + 1) & (o->lower_cap - 1)) {
		steps_add(o->tree.steps, 1);
		if (o->lower[i] == 0 || o->lower[i] == hash)
			return &o->lower[i];
	}
}

static int lower_add(struct overlay *o, uint64_t hash, struct err *e)
{
	if (o->lower_count >= o->lower_cap / 2) {
		size_t cap = o->lower_cap ? o->lower_cap * 2 : 1024, old_cap = o->lower_cap;
		uint64_t *old = o->lower;
		if (o->lower_count >= LOWER_LINKS_MAX)
			return err_set(e, ERR_LIMIT, "the layers have more than %u symbolic links",
				       LOWER_LINKS_MAX);
		o->lower = calloc(cap, sizeof *o->lower);
		if (!o->lower) {
			o->lower = old;
			return no_memory(e);
		}
		o->lower_cap = cap;
		for (size_t i = 0; i < old_cap; i++) {
			if (old[i])
				*lower_slot(o, old[i]) = old[i];
		}
		free(old);
	}
	uint64_t *slot = lower_slot(o, hash);
	o->lower_count += *slot == 0;
	*slot = hash;
	return 0;
}

static int add_lower_links(struct overlay *o, const struct lay *l, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < l->marks.len / MARK_LEN; i++) {
		uint64_t mark = marks_at(l->marks, i);
		if (mark & MARK_LINK)
			r = lower_add(o, mark >> MARK_MASK_BITS | UINT64_C(1) << 63, e);
	}
	steps_add(o->tree.steps, l->marks.len / 64);
	return r;
}

static int through_add(struct overlay *o, uint32_t link, uint32_t target, uint32_t layer,
		       struct err *e)
{
	if (o->through_count == THROUGHS_MAX)
		return err_set(e, ERR_LIMIT, "the layers put too much behind lower layers' links");
	if (o->through_count == o->through_cap) {
		size_t cap = o->through_cap ? o->through_cap * 2 : 16;
		struct overlay_through *bigger = realloc(o->throughs, cap * sizeof *bigger);
		if (!bigger)
			return no_memory(e);
		o->throughs = bigger;
		o->through_cap = cap;
	}
	o->throughs[o->through_count++] =
	    (struct overlay_through){.link = link, .target = target, .layer = layer};
	return 0;
}

static bool is_implied(const struct lay *l, uint64_t hash)
{
	return l->marks_full || (marks_find(l->marks, hash) & MARK_IMPLIED);
}

static bool is_sure(const struct overlay_way *w)
{
	return w->doubt == TREE_NONE &&
	       (w->is_exact || !(w->end_mask & (MARK_FILE | MARK_LINK | MARK_GONE)));
}

/* Behind links whose targets entries record. */
static int find_known_throughs(struct overlay *o, const struct lay *l, uint32_t layer,
			       struct err *e)
{
	int r = 0;
	for (uint32_t i = 0; r == 0 && i < o->tree.link_count; i++) {
		uint32_t node = o->tree.links[i];
		const struct layer_entry *entry = o->tree.nodes[node].entry;
		struct overlay_way way;
		steps_add(o->tree.steps, 20);
		if (!entry || entry->kind != LAYER_SYMLINK ||
		    !is_implied(l, o->tree.nodes[node].hash))
			continue;
		r = way_from(o, o->tree.nodes[node].parent, entry->target, layer, false, &way, e);
		if (r == 0)
			r = through_add(o, node, is_sure(&way) ? way.end : TREE_NONE, layer, e);
	}
	return r;
}

static bool has_entry(const struct overlay *o, uint64_t short_hash)
{
	for (uint32_t i = 0; i < o->tree.link_count; i++) {
		if (o->tree.nodes[o->tree.links[i]].hash >> MARK_HASH_SHIFT == short_hash)
			return true;
	}
	return false;
}

/* Behind others. One is enough to know. */
static int find_other_throughs(struct overlay *o, const struct lay *l, uint32_t layer,
			       struct err *e)
{
	size_t n = o->lower_count > 0 ? l->marks.len / MARK_LEN : 0;
	steps_add(o->tree.steps, n / 64);
	for (size_t i = 0; i < n; i++) {
		uint64_t mark = marks_at(l->marks, i), hash = mark >> MARK_MASK_BITS;
		if (!(mark & MARK_IMPLIED) || !*lower_slot(o, hash | UINT64_C(1) << 63))
			continue;
		steps_add(o->tree.steps, o->tree.link_count);
		if (!has_entry(o, hash))
			return through_add(o, TREE_NONE, TREE_NONE, layer, e);
	}
	return l->marks_full && o->lower_count > 0 ? through_add(o, TREE_NONE, TREE_NONE, layer, e)
						   : 0;
}

/* entries */

static bool hides(const struct layer_entry *ent)
{
	return ent->kind == LAYER_WHITEOUT || ent->kind == LAYER_OPAQUE;
}

/* What lies at node, where entries are incomplete, under what a layer marks there. True: nothing
 * is left below it. */
static bool hide_marked(struct overlay *o, uint32_t node, uint32_t layer)
{
	struct tree_node *n = &o->tree.nodes[node];
	unsigned mask = marks_of(o, layer, n->hash);
	bool is_link = n->entry && n->entry->kind == LAYER_SYMLINK;
	unsigned hiding = MARK_FILE | MARK_GONE | (n->depth > NEAR_ROOT ? MARK_LINK : 0U);
	if (n->entry && n->entry->kind == LAYER_FILE) /* its path does not say so */
		hiding |= MARK_LINK | MARK_DIR;
	if (mask & hiding) {
		tree_drop_below(&o->tree, node);
		tree_drop(&o->tree, node);
		return true;
	}
	if (is_link && (mask & MARK_DIR)) {
		n->unsure = true;
		tree_drop(&o->tree, node);
	}
	return false;
}

static int hide_by_marks(struct overlay *o, uint32_t layer, struct err *e)
{
	const struct tree *t = &o->tree;
	uint32_t here = o->layers[layer].marks.len ? t->nodes[TREE_ROOT].child : TREE_NONE;
	while (here != TREE_NONE) {
		const struct tree_node *n = &t->nodes[here];
		bool done = n->live == 0 || (!is_exact(n) && hide_marked(o, here, layer));
		int r = steps_check(t->steps, e);
		steps_add(t->steps, 1);
		if (r < 0)
			return r;
		if (!done && n->child != TREE_NONE) {
			here = n->child;
			continue;
		}
		while (here != TREE_ROOT && t->nodes[here].sibling == TREE_NONE)
			here = t->nodes[here].parent;
		here = here == TREE_ROOT ? TREE_NONE : t->nodes[here].sibling;
	}
	return 0;
}

/* Folders that the layer states in the place of lower links: whiteouts in them do not go through
 * those. */
static int drop_links(struct overlay *o, const struct lay *l, struct err *e)
{
	for (size_t i = 0; i < l->entry_count; i++) {
		uint32_t node;
		if (l->entries[i].kind != LAYER_DIR)
			continue;
		int r = tree_find(&o->tree, l->entries[i].path, &look_at_itself, &node, e);
		if (r < 0)
			return r;
		const struct layer_entry *old =
		    node == TREE_NONE ? NULL : o->tree.nodes[node].entry;
		if (old && old->kind == LAYER_SYMLINK)
			tree_drop(&o->tree, node);
	}
	return 0;
}

static int hide_lower(struct overlay *o, const struct lay *l, struct err *e)
{
	for (size_t i = 0; i < l->entry_count; i++) {
		const struct layer_entry *ent = &l->entries[i];
		uint32_t node;
		if (!hides(ent))
			continue;
		int r = tree_find(&o->tree, ent->path, &look_at_itself, &node, e);
		if (r < 0)
			return r;
		if (node == TREE_NONE)
			continue;
		tree_drop_below(&o->tree, node);
		if (ent->kind == LAYER_WHITEOUT)
			tree_drop(&o->tree, node);
	}
	return 0;
}

/* File lists of packages: many, and nothing is looked up by their paths. */
static bool is_ownership(const struct layer_entry *ent)
{
	return (ent->kind == LAYER_FILE || ent->kind == LAYER_HARDLINK) &&
	       ent->merge == ECO_OWNERSHIP;
}

/* A hard link shows what its target names now, whatever becomes of the target later; to a symbolic
 * link it is another one. */
static int put_hard_link(struct overlay *o, uint32_t node, const struct layer_entry *ent,
			 uint32_t layer, struct err *e)
{
	uint32_t target = with_entry(o, find(o, ent->target, &look_at_itself));
	const struct tree_node *to = target == TREE_NONE ? NULL : &o->tree.nodes[target];
	const struct layer_entry *entry = ent;
	uint32_t content_layer = layer;
	if (to && to->entry->kind == LAYER_FILE && to->entry->eco == ent->eco) {
		entry = to->entry;
		content_layer = to->content_layer;
	} else if (to && to->entry->kind == LAYER_SYMLINK) {
		entry = to->entry;
	}
	return tree_put(&o->tree, node, entry, layer, content_layer, e);
}

static bool is_part(const struct layer_entry *ent)
{
	return ent && ent->kind == LAYER_FILE && ent->merge == ECO_PART;
}

/* Does the file of entry, in layer, state the packages that lie at node already? */
static bool states_same(const struct overlay *o, const struct tree_node *n,
			const struct layer_entry *entry, uint32_t layer)
{
	const struct layer_entry *old = n->entry;
	if (!is_part(old) || !is_part(entry) || old->eco != entry->eco ||
	    old->pkg_count != entry->pkg_count)
		return false;
	steps_add(o->tree.steps, entry->pkg_count);
	for (uint32_t i = 0; i < entry->pkg_count; i++)
		if (pkg_cmp(&o->layers[n->content_layer].pkgs[old->pkg_first + i],
			    &o->layers[layer].pkgs[entry->pkg_first + i]) != 0)
			return false;
	return true;
}

static int put_file(struct overlay *o, uint32_t node, const struct layer_entry *ent, uint32_t layer,
		    struct err *e)
{
	const struct tree_node *n = &o->tree.nodes[node];
	uint32_t since = states_same(o, n, ent, layer) ? n->since : layer;
	int r = tree_put(&o->tree, node, ent, layer, layer, e);
	o->tree.nodes[node].since = since;
	return r;
}

static int put_entry(struct overlay *o, const struct layer_entry *ent, uint32_t layer,
		     struct err *e)
{
	uint32_t node;
	int r = tree_find(&o->tree, ent->path, &to_entry, &node, e);
	if (r < 0 || node == TREE_NONE || node == TREE_ROOT)
		return r; /* links in a circle: it is never found */
	/* what else happens at a path that says nothing of its content is known by marks alone */
	if ((ent->kind == LAYER_FILE || ent->kind == LAYER_HARDLINK) &&
	    !eco_table[ent->eco].by_content)
		o->tree.nodes[node].wanted = true;
	if (ent->kind == LAYER_DIR) {
		tree_drop(&o->tree, node);
		return 0;
	}
	return ent->kind == LAYER_HARDLINK ? put_hard_link(o, node, ent, layer, e)
					   : put_file(o, node, ent, layer, e);
}

static bool is_same_layer(const struct lay *a, const struct lay *b)
{
	return a->entry_count > 0 && a->entries == b->entries && a->marks.ptr == b->marks.ptr;
}

int overlay_push(struct overlay *o, bool *ret_changed, struct err *e)
{
	if (o->next >= o->layer_count)
		return err_set(e, ERR_INTERNAL, "image inventory: no layer left");
	const struct lay *l = &o->layers[o->next];
	uint32_t layer = o->next++;
	o->tree.changed = false;
	int r = steps_check(o->tree.steps, e);
	bool again = layer > 0 && is_same_layer(l, l - 1);
	if (r == 0 && !again && layer < o->implied_end)
		r = find_known_throughs(o, l, layer, e);
	if (r == 0 && !again && layer < o->implied_end)
		r = find_other_throughs(o, l, layer, e);
	if (r == 0 && !again)
		r = hide_by_marks(o, layer, e);
	if (r == 0 && !again)
		r = drop_links(o, l, e);
	if (r == 0 && !again)
		r = hide_lower(o, l, e);
	for (size_t i = 0; r == 0 && !again && i < l->entry_count; i++) {
		if (!hides(&l->entries[i]) && !is_ownership(&l->entries[i]))
			r = put_entry(o, &l->entries[i], layer, e);
	}
	if (r == 0 && !again && layer + 1 < o->implied_end)
		r = add_lower_links(o, l, e);
	if (ret_changed)
		*ret_changed = o->tree.changed;
	return r;
}

static int way_to_location(struct overlay *o, uint32_t from, struct bytes path,
			   struct overlay_way *ret, struct err *e)
{
	int r = way_from(o, from, path, o->layer_count, true, ret, e);
	if (r == 0 && ret->end != TREE_NONE)
		o->tree.nodes[ret->end].on_way = true; /* its last part may have been ".." */
	return r;
}

int overlay_way(struct overlay *o, struct bytes path, struct overlay_way *ret, struct err *e)
{
	return way_to_location(o, TREE_ROOT, path, ret, e);
}

int overlay_way_behind(struct overlay *o, uint32_t link, struct overlay_way *ret, struct err *e)
{
	const struct tree_node *n = &o->tree.nodes[link];
	return way_to_location(o, n->parent, n->entry->target, ret, e);
}

bool overlay_is_folder_above(struct overlay *o, uint32_t node)
{
	const struct tree_node *n = &o->tree.nodes[node];
	for (uint32_t i = n->layer + 1; i < o->layer_count; i++) {
		if (marks_of(o, i, n->hash) & MARK_IMPLIED)
			return true;
	}
	return false;
}

const struct overlay_through *overlay_throughs(const struct overlay *o, size_t *ret_count)
{
	*ret_count = o->through_count;
	return o->throughs;
}

bool overlay_through_matters(const struct overlay *o, const struct overlay_through *t)
{
	return t->link == TREE_NONE || t->target == TREE_NONE || t->target == TREE_ROOT ||
	       o->tree.nodes[t->link].on_way || o->tree.nodes[t->target].on_way;
}
