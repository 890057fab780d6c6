/* A layer takes effect in four steps: what its own paths, as written, hide of lower layers
 * (whiteouts, opaque folders, files and links where folders were, folders where links were); its
 * symbolic links; what its whiteouts hide when their folders are followed through links; its files,
 * put where their folders really are: an archive may say lib/x although lib is a link that a lower
 * layer made. Spec: OCI image-spec layer.md "Representing Changes", "Applying Changesets". */
#include "inventory/overlay.h"

#include <stdlib.h>
#include <string.h>

#define LINKS_MAX 40	       /* followed in one path: what Linux allows */
#define NODES_MAX (256U << 10) /* a hundred layers of a large image have 20,000 */

enum hide { HIDE_PATH = 1, HIDE_BELOW = 2, HIDE_NONDIR = 4 };

struct hider {
	struct bytes path;
	uint64_t hash;
	unsigned what;
	bool used;
};

struct hider_set {
	struct hider *slots;
	size_t cap; /* a power of two */
	size_t count;
};

struct ovl {
	const struct lay *layers;
	size_t layer_count, next;
	struct ovl_node *nodes;
	size_t node_count, node_cap;
	uint32_t *slots; /* by path: index of a living node + 1 */
	size_t slot_cap;
	struct arena arena; /* real paths that differ from the written ones */
	size_t link_count;  /* living symbolic links */
};

/* FNV-1a, byte by byte: the hash of every prefix of a path comes in one walk over it. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
static uint64_t hash_step(uint64_t h, uint8_t c)
{
	return (h ^ c) * UINT64_C(0x100000001b3);
}

static uint64_t hash_path(struct bytes path)
{
	uint64_t h = HASH_START;
	for (size_t i = 0; i < path.len; i++)
		h = hash_step(h, path.ptr[i]);
	return h;
}

static size_t spread(uint64_t h, size_t cap)
{
	return (size_t)(h ^ (h >> 29)) & (cap - 1);
}

static int spent(struct err *e)
{
	return err_set(e, ERR_NOMEM, "image inventory: out of memory");
}

struct ovl *ovl_open(const struct lay *layers, size_t layer_count, struct err *e)
{
	struct ovl *o = calloc(1, sizeof *o);
	if (!o) {
		(void)spent(e);
		return NULL;
	}
	o->layers = layers;
	o->layer_count = layer_count;
	arena_init(&o->arena, (size_t)256 << 20);
	return o;
}

void ovl_close(struct ovl *o)
{
	if (!o)
		return;
	arena_free(&o->arena);
	free(o->nodes);
	free(o->slots);
	free(o);
}

/* nodes */

static uint32_t *slot_find(const struct ovl *o, struct bytes path, uint64_t hash)
{
	for (size_t i = spread(hash, o->slot_cap);; i = (i + 1) & (o->slot_cap - 1)) {
		if (o->slots[i] == 0)
			return &o->slots[i];
		const struct ovl_node *n = &o->nodes[o->slots[i] - 1];
		if (n->hash == hash && bytes_eq(n->path, path))
			return &o->slots[i];
	}
}

static struct ovl_node *node_at(const struct ovl *o, struct bytes path, uint64_t hash)
{
	if (o->slot_cap == 0)
		return NULL;
	uint32_t index = *slot_find(o, path, hash);
	return index == 0 || o->nodes[index - 1].gone ? NULL : &o->nodes[index - 1];
}

static bool room_for_node(struct ovl *o)
{
	if (o->node_count == o->node_cap) {
		size_t cap = o->node_cap ? o->node_cap * 2 : 256;
		struct ovl_node *bigger = realloc(o->nodes, cap * sizeof *bigger);
		if (!bigger)
			return false;
		o->nodes = bigger;
		o->node_cap = cap;
	}
	if (o->slot_cap / 2 > o->node_count)
		return true;
	size_t cap = o->slot_cap ? o->slot_cap * 2 : 1024;
	uint32_t *slots = calloc(cap, sizeof *slots);
	if (!slots)
		return false;
	free(o->slots);
	o->slots = slots;
	o->slot_cap = cap;
	for (size_t i = 0; i < o->node_count; i++)
		*slot_find(o, o->nodes[i].path, o->nodes[i].hash) = (uint32_t)i + 1;
	return true;
}

static void node_drop(struct ovl *o, struct ovl_node *n)
{
	if (!n || n->gone)
		return;
	n->gone = true;
	o->link_count -= n->entry->kind == LAY_SYMLINK;
}

static int node_put(struct ovl *o, struct bytes path, const struct lay_entry *entry, uint32_t layer,
		    struct err *e)
{
	if (o->node_count >= NODES_MAX)
		return err_set(e, ERR_LIMIT, "image inventory: more than %u entries", NODES_MAX);
	if (!room_for_node(o))
		return spent(e);
	uint64_t hash = hash_path(path);
	node_drop(o, node_at(o, path, hash));
	o->nodes[o->node_count] = (struct ovl_node){
	    .path = path, .entry = entry, .layer = layer, .content_layer = layer, .hash = hash};
	*slot_find(o, path, hash) = (uint32_t)++o->node_count;
	o->link_count += entry->kind == LAY_SYMLINK;
	return 0;
}

const struct ovl_node *ovl_nodes(const struct ovl *o, size_t *ret_count)
{
	*ret_count = o->node_count;
	return o->nodes;
}

/* resolution of symbolic links */

struct walk {
	uint8_t done[LIMIT_PATH_MAX]; /* real path so far */
	size_t done_len;
	uint8_t todo[2][LIMIT_PATH_MAX]; /* what is left lies in one; a link's target and the rest
					    are joined in the other */
	unsigned side;
	struct bytes rest;
	unsigned links;
};

static void walk_up(struct walk *w)
{
	while (w->done_len > 0 && w->done[w->done_len - 1] != '/')
		w->done_len--;
	if (w->done_len > 0)
		w->done_len--;
}

/* Put a link's target in front of what is left. */
static bool walk_link(struct walk *w, struct bytes target)
{
	w->side ^= 1;
	uint8_t *out = w->todo[w->side];
	if (++w->links > LINKS_MAX || target.len + 1 + w->rest.len > LIMIT_PATH_MAX)
		return false;
	memcpy(out, target.ptr, target.len);
	out[target.len] = '/';
	if (w->rest.len > 0)
		memcpy(out + target.len + 1, w->rest.ptr, w->rest.len);
	w->rest = (struct bytes){.ptr = out, .len = target.len + 1 + w->rest.len};
	if (target.ptr[0] == '/')
		w->done_len = 0;
	return true;
}

static bool is_only_slashes(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] != '/')
			return false;
	}
	return true;
}

static bool walk_part(const struct ovl *o, struct walk *w, struct bytes part, bool follow)
{
	if (part.len == 0 || bytes_eq_lit(part, "."))
		return true;
	if (bytes_eq_lit(part, "..")) {
		walk_up(w);
		return true;
	}
	size_t parent_len = w->done_len, slash = parent_len > 0;
	if (part.len + slash > LIMIT_PATH_MAX - parent_len)
		return false;
	if (slash)
		w->done[parent_len] = '/';
	memcpy(w->done + parent_len + slash, part.ptr, part.len);
	w->done_len = parent_len + slash + part.len;
	if (!follow)
		return true;
	struct bytes here = {.ptr = w->done, .len = w->done_len};
	const struct ovl_node *n = node_at(o, here, hash_path(here));
	if (!n || n->entry->kind != LAY_SYMLINK || n->entry->target.len == 0)
		return true;
	w->done_len = parent_len;
	return walk_link(w, n->entry->target);
}

static bool real_path(const struct ovl *o, struct bytes path, bool follow_last, struct walk *w)
{
	w->done_len = 0;
	w->side = 0;
	w->links = 0;
	w->rest = path;
	while (w->rest.len > 0) {
		struct bytes part = bytes_cut(&w->rest, '/');
		bool is_last = is_only_slashes(w->rest);
		if (!walk_part(o, w, part, follow_last || !is_last))
			return false;
	}
	return true;
}

bool ovl_real_path(const struct ovl *o, struct bytes path, uint8_t *out, size_t *ret_len)
{
	struct walk w;
	if (!real_path(o, path, true, &w))
		return false;
	memcpy(out, w.done, w.done_len);
	*ret_len = w.done_len;
	return true;
}

const struct ovl_node *ovl_find(const struct ovl *o, struct bytes path)
{
	struct walk w;
	if (!real_path(o, path, true, &w) || w.done_len == 0)
		return NULL;
	struct bytes real = {.ptr = w.done, .len = w.done_len};
	return node_at(o, real, hash_path(real));
}

const struct ovl_node *ovl_link(const struct ovl *o, struct bytes path)
{
	struct walk w;
	if (!real_path(o, path, false, &w) || w.done_len == 0)
		return NULL;
	struct bytes real = {.ptr = w.done, .len = w.done_len};
	const struct ovl_node *n = node_at(o, real, hash_path(real));
	return n && n->entry->kind == LAY_SYMLINK ? n : NULL;
}

/* Where entry really lies: its folders followed, its last component not. Copied when it differs
 * from what was written. */
static int entry_path(struct ovl *o, struct bytes path, struct bytes *ret, struct err *e)
{
	struct walk w;
	*ret = path;
	if (o->link_count == 0 || path.len == 0)
		return 0;
	if (!real_path(o, path, false, &w) || w.done_len == 0)
		return 0; /* a loop of links: it stays where it was written, and is never found */
	struct bytes real = {.ptr = w.done, .len = w.done_len};
	if (bytes_eq(real, path))
		return 0;
	bool ok;
	*ret = arena_bytes(&o->arena, real, &ok);
	return ok ? 0 : spent(e);
}

/* what a layer hides of those below */

static unsigned hides(const struct lay_entry *ent)
{
	switch (ent->kind) {
	case LAY_WHITEOUT:
		return HIDE_PATH | HIDE_BELOW;
	case LAY_OPAQUE:
		return HIDE_BELOW;
	case LAY_DIR:
		return HIDE_NONDIR;
	case LAY_FILE:
	case LAY_HARDLINK:
	case LAY_SYMLINK:
	case LAY_OTHER:
		break;
	}
	return HIDE_PATH | HIDE_BELOW;
}

static struct hider *hider_slot(const struct hider_set *s, struct bytes path, uint64_t hash)
{
	for (size_t i = spread(hash, s->cap);; i = (i + 1) & (s->cap - 1)) {
		struct hider *h = &s->slots[i];
		if (!h->used || (h->hash == hash && bytes_eq(h->path, path)))
			return h;
	}
}

static int hiders_open(struct hider_set *s, size_t count, struct err *e)
{
	*s = (struct hider_set){.cap = 16};
	while (s->cap / 2 < count)
		s->cap *= 2;
	s->slots = calloc(s->cap, sizeof *s->slots);
	return s->slots ? 0 : spent(e);
}

static void hiders_add(struct hider_set *s, struct bytes path, unsigned what)
{
	uint64_t hash = hash_path(path);
	struct hider *h = hider_slot(s, path, hash);
	*h = (struct hider){.path = path, .hash = hash, .what = h->what | what, .used = true};
	s->count++;
}

static bool is_hidden(const struct hider_set *s, const struct ovl_node *n)
{
	uint64_t hash = HASH_START;
	for (size_t i = 0; i < n->path.len; i++) {
		if (i == 0 || n->path.ptr[i] == '/') {
			struct bytes above = bytes_part(n->path, 0, i);
			if (hider_slot(s, above, hash)->what & HIDE_BELOW)
				return true;
		}
		hash = hash_step(hash, n->path.ptr[i]);
	}
	unsigned what = hider_slot(s, n->path, hash)->what;
	return (what & HIDE_PATH) || ((what & HIDE_NONDIR) && n->entry->kind != LAY_DIR);
}

static void hiders_apply(struct ovl *o, const struct hider_set *s, uint32_t layer)
{
	for (size_t i = 0; s->count > 0 && i < o->node_count; i++) {
		struct ovl_node *n = &o->nodes[i];
		if (!n->gone && n->layer < layer && is_hidden(s, n))
			node_drop(o, n);
	}
}

/* Hide by the paths of the layer's entries; followed: only those that lie elsewhere than they say.
 */
static int hide_lower(struct ovl *o, const struct lay *l, uint32_t layer, bool followed,
		      struct err *e)
{
	struct hider_set s;
	if (layer == 0 || o->node_count == 0) /* nothing lies below */
		return 0;
	int r = hiders_open(&s, l->entry_count, e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < l->entry_count; i++) {
		const struct lay_entry *ent = &l->entries[i];
		struct bytes path = ent->path;
		if (followed)
			r = entry_path(o, ent->path, &path, e);
		if (r == 0 && (!followed || !bytes_eq(path, ent->path)))
			hiders_add(&s, path, hides(ent));
	}
	if (r == 0)
		hiders_apply(o, &s, layer);
	free(s.slots);
	return r;
}

/* File lists of packages: many, and nothing is looked up by their paths. */
static bool is_ownership(const struct lay_entry *ent)
{
	return (ent->kind == LAY_FILE || ent->kind == LAY_HARDLINK) && ent->merge == ECO_OWNERSHIP;
}

static int put_kind(struct ovl *o, const struct lay *l, uint32_t layer, bool links, struct err *e)
{
	for (size_t i = 0; i < l->entry_count; i++) {
		const struct lay_entry *ent = &l->entries[i];
		if (is_ownership(ent))
			continue;
		bool is_link = ent->kind == LAY_SYMLINK;
		bool is_file =
		    ent->kind == LAY_FILE || ent->kind == LAY_HARDLINK || ent->kind == LAY_OTHER;
		if (links ? !is_link : !is_file)
			continue;
		struct bytes path;
		int r = entry_path(o, ent->path, &path, e);
		if (r == 0)
			r = node_put(o, path, ent, layer, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A hard link shows the file that its target names now, whatever becomes of the target later. */
static void resolve_hard_links(struct ovl *o, uint32_t layer)
{
	for (size_t i = o->node_count; i-- > 0 && o->nodes[i].layer == layer;) {
		struct ovl_node *n = &o->nodes[i];
		if (n->gone || n->entry->kind != LAY_HARDLINK)
			continue;
		const struct ovl_node *to = ovl_find(o, n->entry->target);
		if (to && to->entry->kind == LAY_FILE && to->entry->eco == n->entry->eco) {
			n->entry = to->entry;
			n->content_layer = to->content_layer;
		}
	}
}

int ovl_push(struct ovl *o, struct err *e)
{
	if (o->next >= o->layer_count)
		return err_set(e, ERR_INTERNAL, "image inventory: no layer left");
	const struct lay *l = &o->layers[o->next];
	uint32_t layer = (uint32_t)o->next++;
	int r = hide_lower(o, l, layer, false, e);
	if (r == 0)
		r = put_kind(o, l, layer, true, e);
	if (r == 0 && o->link_count > 0)
		r = hide_lower(o, l, layer, true, e);
	if (r == 0)
		r = put_kind(o, l, layer, false, e);
	if (r == 0)
		resolve_hard_links(o, layer);
	return r;
}
