#include "inventory/path_rest.h"
#include "inventory/place.h"

#include <stdlib.h>
#include <string.h>

void place_init(struct place *p)
{
	*p = (struct place){.cap = 0};
	arena_init(&p->arena, PLACE_LINKS_LEN);
}

void place_free(struct place *p)
{
	free(p->slots);
	free(p->links);
	arena_free(&p->arena);
	place_init(p);
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "layer: out of memory");
}

/* marks */

static uint64_t *slot_find(const struct place *p, uint64_t hash)
{
	for (size_t i = (size_t)(hash >> 32) & (p->cap - 1);; i = (i + 1) & (p->cap - 1)) {
		uint64_t *s = &p->slots[i];
		if (*s == 0 || (*s ^ hash) >> MARK_MASK_BITS == 0)
			return s;
	}
}

unsigned place_mask(const struct place *p, uint64_t hash)
{
	return p->cap ? (unsigned)(*slot_find(p, hash) & MARK_ALL) : 0;
}

static bool slots_grow(struct place *p)
{
	size_t cap = p->cap ? p->cap * 2 : 1024;
	uint64_t *old = p->slots, *bigger = calloc(cap, sizeof *bigger);
	size_t old_cap = p->cap;
	if (!bigger)
		return false;
	p->slots = bigger;
	p->cap = cap;
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i])
			*slot_find(p, old[i]) = old[i];
	}
	free(old);
	return true;
}

static int mark_add(struct place *p, uint64_t hash, unsigned mark, struct err *e)
{
	uint64_t *s = p->cap ? slot_find(p, hash) : NULL;
	if (!s || *s == 0) {
		if (p->count >= PLACE_MARKS_MAX) {
			p->full = true;
			return 0;
		}
		if (p->count >= p->cap / 8 * 7 && !slots_grow(p))
			return no_memory(e);
		s = slot_find(p, hash);
		*s = hash & ~(uint64_t)MARK_ALL;
		p->count++;
	}
	*s |= mark;
	return 0;
}

void place_mark(struct place *p, uint64_t hash, unsigned mark)
{
	uint64_t *s = p->cap ? slot_find(p, hash) : NULL;
	if (s && *s)
		*s |= mark;
}

static int mark_cmp(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa >> MARK_HASH_SHIFT,
		 b = *(const uint64_t *)pb >> MARK_HASH_SHIFT;
	return (a > b) - (a < b);
}

void place_put_marks(struct place *p, struct buf *out)
{
	size_t n = 0, kept = 0;
	for (size_t i = 0; i < p->cap; i++) {
		if (p->slots[i])
			p->slots[n++] = p->slots[i];
	}
	if (n > 0)
		qsort(p->slots, n, sizeof *p->slots, mark_cmp);
	for (size_t i = 0; i < n; i++) {
		uint64_t v = p->slots[i];
		if (kept > 0 && mark_cmp(&p->slots[kept - 1], &v) == 0)
			p->slots[kept - 1] |= v & MARK_ALL;
		else
			p->slots[kept++] = v;
	}
	buf_put_u8(out, p->full);
	buf_put_varint(out, kept);
	for (size_t i = 0; i < kept; i++) {
		uint64_t v =
		    p->slots[i] >> MARK_HASH_SHIFT << MARK_MASK_BITS | (p->slots[i] & MARK_ALL);
		buf_put_u8(out, (uint8_t)v);
		buf_put_le32(out, (uint32_t)(v >> 8));
	}
	place_free(p);
}

/* links */

static struct place_link *link_slot(const struct place *p, uint64_t hash)
{
	for (size_t i = (size_t)(hash >> 32) & (p->link_cap - 1);;
	     i = (i + 1) & (p->link_cap - 1)) {
		if (p->links[i].hash == 0 || p->links[i].hash == hash)
			return &p->links[i];
	}
}

struct bytes place_link(const struct place *p, uint64_t hash)
{
	return p->link_cap ? link_slot(p, hash)->target : BYTES_NONE;
}

static bool links_grow(struct place *p)
{
	size_t old_cap = p->link_cap, cap = old_cap ? old_cap * 2 : 256;
	struct place_link *old = p->links, *bigger = calloc(cap, sizeof *bigger);
	if (!bigger)
		return false;
	p->links = bigger;
	p->link_cap = cap;
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].hash)
			*link_slot(p, old[i].hash) = old[i];
	}
	free(old);
	return true;
}

static int link_add(struct place *p, uint64_t hash, struct bytes target, struct err *e)
{
	bool ok;
	if (p->link_count >= PLACE_LINKS_MAX || p->arena.budget < 2 * LIMIT_PATH_MAX) {
		p->lost = true;
		return 0;
	}
	if (p->link_count >= p->link_cap / 2 && !links_grow(p))
		return no_memory(e);
	struct place_link *l = link_slot(p, hash);
	p->link_count += l->hash == 0;
	*l = (struct place_link){.hash = hash, .target = arena_bytes(&p->arena, target, &ok)};
	return ok ? 0 : no_memory(e);
}

int place_put(struct place *p, const struct place_spot *spot, unsigned mark, struct bytes target,
	      struct err *e)
{
	if (mark != MARK_GONE && (spot->had & MARK_LINK) && p->link_cap)
		link_slot(p, spot->hash)->target = BYTES_NONE;
	if ((mark == MARK_FILE || mark == MARK_LINK) && (spot->had & (MARK_DIR | MARK_IMPLIED)))
		p->retyped = true;
	int r = mark == MARK_LINK ? link_add(p, spot->hash, target, e) : 0;
	return r < 0 ? r : mark_add(p, spot->hash, mark, e);
}

/* a walk along a path */

struct step {
	uint64_t hash;
	size_t end; /* of its name, in the path so far */
};

struct walk {
	struct path_rest rest;
	struct step steps[LAYER_PARTS_MAX + 1]; /* [0]: the root */
	unsigned parts;
};

/* The next component; *ret_last: none follows it. */
static struct bytes next_part(struct walk *w, bool *ret_last)
{
	struct bytes part = path_rest_next(&w->rest);
	*ret_last = true;
	for (unsigned i = 0; i <= w->rest.depth; i++)
		*ret_last = *ret_last && w->rest.todo[i].len == 0;
	return part;
}

/* 1 = a step was made; 0 = there is no more space. */
static int step_down(struct place *p, struct walk *w, struct bytes name)
{
	size_t at = w->steps[w->parts].end, slash = at > 0;
	if (w->parts == LAYER_PARTS_MAX || name.len + slash > LIMIT_PATH_MAX - at)
		return 0;
	if (slash)
		p->out[at] = '/';
	memcpy(p->out + at + slash, name.ptr, name.len);
	w->parts++;
	w->steps[w->parts] = (struct step){.hash = mark_child(w->steps[w->parts - 1].hash, name),
					   .end = at + slash + name.len};
	return 1;
}

/* What the folder just entered is: followed when it is a link of the layer. */
static int enter_folder(struct place *p, struct walk *w, struct place_spot *ret, struct err *e)
{
	uint64_t hash = w->steps[w->parts].hash;
	unsigned mask = place_mask(p, hash);
	struct bytes target = mask & MARK_LINK ? place_link(p, hash) : BYTES_NONE;
	if (target.len == 0) {
		bool is_folder = mask & (MARK_DIR | MARK_IMPLIED);
		ret->unsure = ret->unsure || (mask & MARK_FILE) || ((mask & MARK_LINK) && p->lost);
		return is_folder ? 0 : mark_add(p, hash, MARK_IMPLIED, e);
	}
	if (!path_rest_follow(&w->rest, target)) {
		ret->unsure = true;
		return 0;
	}
	ret->moved = true;
	w->parts = target.ptr[0] == '/' ? 0 : w->parts - 1;
	return 0;
}

static int follow(struct place *p, struct bytes path, struct place_spot *ret, struct err *e)
{
	struct walk w = {.rest.todo = {path}, .steps = {{.hash = MARK_ROOT}}};
	for (;;) {
		bool last;
		struct bytes part = next_part(&w, &last);
		if (part.len == 0)
			break;
		if (bytes_eq_lit(part, "..")) {
			w.parts -= w.parts > 0;
			continue;
		}
		if (!step_down(p, &w, part)) {
			ret->parts = LAYER_PARTS_MAX + 1;
			return 0;
		}
		int r = last ? 0 : enter_folder(p, &w, ret, e);
		if (r < 0)
			return r;
	}
	ret->path = (struct bytes){.ptr = p->out, .len = w.steps[w.parts].end};
	ret->hash = w.steps[w.parts].hash;
	ret->parts = w.parts;
	return 0;
}

/* Most members lie in a folder that is known to be one: then nothing is followed. */
static int find_plain(struct place *p, struct bytes path, struct place_spot *ret, bool *ret_done,
		      struct err *e)
{
	uint64_t hashes[LAYER_PARTS_MAX + 1];
	unsigned n = 0;
	struct bytes rest = path;
	hashes[0] = MARK_ROOT;
	while (rest.len > 0 && n < LAYER_PARTS_MAX) {
		struct bytes name = bytes_cut(&rest, '/');
		hashes[n + 1] = mark_child(hashes[n], name);
		n++;
	}
	*ret_done = false;
	ret->parts = n + (rest.len > 0);
	ret->path = path;
	ret->hash = hashes[n];
	unsigned known = n > 0 ? n - 1 : 0;
	for (; known > 0; known--) {
		unsigned mask = place_mask(p, hashes[known]);
		if (mask & (MARK_LINK | MARK_FILE))
			return 0;
		if ((mask & (MARK_DIR | MARK_IMPLIED)) && !p->retyped)
			break;
	}
	for (unsigned i = known + 1; i < n; i++) {
		bool is_folder = place_mask(p, hashes[i]) & (MARK_DIR | MARK_IMPLIED);
		int r = is_folder ? 0 : mark_add(p, hashes[i], MARK_IMPLIED, e);
		if (r < 0)
			return r;
	}
	*ret_done = true;
	return 0;
}

int place_find(struct place *p, struct bytes path, struct place_spot *ret, struct err *e)
{
	bool done;
	*ret = (struct place_spot){.parts = 0};
	int r = find_plain(p, path, ret, &done, e);
	if (r == 0 && !done)
		r = follow(p, path, ret, e);
	if (r == 0)
		ret->had = place_mask(p, ret->hash);
	return r;
}

void place_folder(const struct place *p, struct place_spot *spot)
{
	size_t slash = bytes_find_last(spot->path, '/');
	spot->path = bytes_part(spot->path, 0, slash == spot->path.len ? 0 : slash);
	spot->hash = mark_path(spot->path);
	spot->had = place_mask(p, spot->hash);
	spot->parts -= spot->parts > 0;
}
