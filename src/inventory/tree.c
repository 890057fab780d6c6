#include "inventory/path_rest.h"
#include "inventory/tree.h"

#include "inventory/marks.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "image inventory: out of memory");
}

/* nodes */

static uint32_t *slot_find(const struct tree *t, uint32_t parent, struct bytes name, uint64_t hash)
{
	for (size_t i = (size_t)hash & (t->slot_cap - 1);; i = (i + 1) & (t->slot_cap - 1)) {
		steps_add(t->steps, 1);
		if (t->slots[i] == 0)
			return &t->slots[i];
		const struct tree_node *n = &t->nodes[t->slots[i] - 1];
		if (n->hash == hash && n->parent == parent && bytes_eq(n->name, name))
			return &t->slots[i];
	}
}

static bool room_for_node(struct tree *t)
{
	if (t->count == t->cap) {
		uint32_t cap = t->cap ? t->cap * 2 : 256;
		struct tree_node *bigger = realloc(t->nodes, cap * sizeof *bigger);
		if (!bigger)
			return false;
		t->nodes = bigger;
		t->cap = cap;
	}
	if (t->slot_cap / 2 > t->count)
		return true;
	size_t cap = t->slot_cap ? t->slot_cap * 2 : 1024;
	uint32_t *slots = calloc(cap, sizeof *slots);
	if (!slots)
		return false;
	free(t->slots);
	t->slots = slots;
	t->slot_cap = cap;
	for (uint32_t i = 1; i < t->count; i++) {
		const struct tree_node *n = &t->nodes[i];
		*slot_find(t, n->parent, n->name, n->hash) = i + 1;
	}
	return true;
}

int tree_init(struct tree *t, struct steps *steps, struct err *e)
{
	*t = (struct tree){.steps = steps};
	if (!room_for_node(t))
		return no_memory(e);
	t->nodes[0] = (struct tree_node){.hash = MARK_ROOT,
					 .parent = TREE_NONE,
					 .child = TREE_NONE,
					 .sibling = TREE_NONE,
					 .known = true};
	t->count = 1;
	return 0;
}

void tree_free(struct tree *t)
{
	free(t->nodes);
	free(t->slots);
	free(t->links);
	*t = (struct tree){.count = 0};
}

/* The node of name in folder; *ret TREE_NONE if there is none and none is to be created. */
static int child(struct tree *t, uint32_t folder, struct bytes name, bool make, uint32_t *ret,
		 struct err *e)
{
	uint64_t hash = mark_child(t->nodes[folder].hash, name);
	uint32_t at = *slot_find(t, folder, name, hash);
	*ret = at - 1;
	if (at != 0)
		return 0;
	*ret = TREE_NONE;
	if (!make)
		return 0;
	if (t->count >= TREE_NODES_MAX)
		return err_set(e, ERR_LIMIT, "the layers put something at more than %u paths",
			       TREE_NODES_MAX);
	if (!room_for_node(t))
		return no_memory(e);
	*ret = t->count++;
	t->nodes[*ret] = (struct tree_node){.name = name,
					    .hash = hash,
					    .parent = folder,
					    .child = TREE_NONE,
					    .sibling = t->nodes[folder].child,
					    .depth = (uint16_t)(t->nodes[folder].depth + 1)};
	t->nodes[folder].child = *ret;
	*slot_find(t, folder, name, hash) = *ret + 1;
	return 0;
}

static void count_live(struct tree *t, uint32_t node, int32_t by)
{
	for (; node != TREE_NONE; node = t->nodes[node].parent) {
		t->nodes[node].live += (uint32_t)by;
		steps_add(t->steps, 1);
	}
	t->changed = true;
}

static int list_link(struct tree *t, uint32_t node, struct err *e)
{
	if (t->nodes[node].listed)
		return 0;
	if (t->link_count == t->link_cap) {
		uint32_t cap = t->link_cap ? t->link_cap * 2 : 64;
		uint32_t *bigger = realloc(t->links, cap * sizeof *bigger);
		if (!bigger)
			return no_memory(e);
		t->links = bigger;
		t->link_cap = cap;
	}
	t->nodes[node].listed = true;
	t->links[t->link_count++] = node;
	return 0;
}

int tree_put(struct tree *t, uint32_t node, const struct layer_entry *entry, uint32_t layer,
	     uint32_t content_layer, struct err *e)
{
	int r = entry->kind == LAYER_SYMLINK ? list_link(t, node, e) : 0;
	if (r < 0)
		return r;
	tree_drop_below(t, node);
	struct tree_node *n = &t->nodes[node];
	if (!n->entry)
		count_live(t, node, 1);
	t->changed = t->changed || n->entry != entry;
	n->entry = entry;
	n->layer = layer;
	n->since = layer;
	n->content_layer = content_layer;
	return 0;
}

void tree_drop(struct tree *t, uint32_t node)
{
	if (t->nodes[node].entry)
		count_live(t, node, -1);
	t->nodes[node].entry = NULL;
}

/* Only nodes above something that lies there are visited, and nothing lies there afterwards: all
 * droppings together cost what the puttings cost. Siblings are another matter, and counted. */
void tree_drop_below(struct tree *t, uint32_t node)
{
	uint32_t here = t->nodes[node].child;
	if (t->nodes[node].live == (t->nodes[node].entry != NULL))
		return;
	while (here != TREE_NONE) {
		steps_add(t->steps, 1);
		tree_drop(t, here);
		if (t->nodes[here].live > 0 && t->nodes[here].child != TREE_NONE) {
			here = t->nodes[here].child;
			continue;
		}
		while (here != node && t->nodes[here].sibling == TREE_NONE)
			here = t->nodes[here].parent;
		here = here == node ? TREE_NONE : t->nodes[here].sibling;
	}
}

struct bytes tree_path(const struct tree *t, uint32_t node, uint8_t *out)
{
	size_t end = LIMIT_PATH_MAX;
	for (; node != TREE_ROOT; node = t->nodes[node].parent) {
		struct bytes name = t->nodes[node].name;
		size_t slash = end < LIMIT_PATH_MAX;
		if (name.len + slash > end)
			break; /* links can lead deeper than a path can say */
		if (slash)
			out[--end] = '/';
		end -= name.len;
		memcpy(out + end, name.ptr, name.len);
	}
	memmove(out, out + end, LIMIT_PATH_MAX - end);
	return (struct bytes){.ptr = out, .len = LIMIT_PATH_MAX - end};
}

/* walks */

struct walk {
	struct path_rest rest;
	uint32_t at;
};

static bool is_only_slashes(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] != '/')
			return false;
	}
	return true;
}

static bool is_done(const struct walk *w)
{
	for (unsigned i = 0; i <= w->rest.depth; i++) {
		if (!is_only_slashes(w->rest.todo[i]))
			return false;
	}
	return true;
}

/* 1: on; 0: the walk ends at w->at. */
static int enter(struct tree *t, struct walk *w, const struct tree_walk *how, struct err *e)
{
	const struct layer_entry *entry = t->nodes[w->at].entry;
	bool last = is_done(w);
	bool is_link = entry && entry->kind == LAYER_SYMLINK && entry->target.len > 0;
	if (how->see)
		how->see(how->arg, w->at, last && !(is_link && how->follow_last));
	if (is_link && (!last || how->follow_last)) {
		if (!path_rest_follow(&w->rest, entry->target)) {
			w->at = TREE_NONE;
			return 0;
		}
		w->at = entry->target.ptr[0] == '/' ? TREE_ROOT : t->nodes[w->at].parent;
	} else if (entry && !last && how->replace) {
		tree_drop(t, w->at);
	}
	int r = steps_check(t->steps, e);
	return r < 0 ? r : 1;
}

int tree_find(struct tree *t, struct bytes path, const struct tree_walk *how, uint32_t *ret,
	      struct err *e)
{
	bool is_absolute = path.len > 0 && path.ptr[0] == '/';
	struct walk w = {.rest.todo = {path}, .at = is_absolute ? TREE_ROOT : how->from};
	int r = 1;
	*ret = TREE_NONE;
	while (r > 0) {
		struct bytes part = path_rest_next(&w.rest);
		steps_add(t->steps, 1);
		if (part.len == 0)
			break;
		if (bytes_eq_lit(part, "..")) {
			if (w.at != TREE_ROOT)
				w.at = t->nodes[w.at].parent;
			continue;
		}
		if (t->nodes[w.at].depth >= LAYER_PARTS_MAX)
			return 0;
		r = child(t, w.at, part, how->make, &w.at, e);
		if (r < 0 || w.at == TREE_NONE)
			return r;
		r = enter(t, &w, how, e);
	}
	*ret = w.at;
	return r < 0 ? r : 0;
}
