#include "feed/index.h"

#define SLOTS_MIN 64U

static struct index_slot *slot_of(const struct index *ix, struct bytes id)
{
	size_t i = (size_t)bytes_hash(id, ix->seed) & (ix->cap - 1);
	while (ix->slots[i].id.len > 0 && !bytes_eq(ix->slots[i].id, id))
		i = (i + 1) & (ix->cap - 1);
	return &ix->slots[i];
}

bool index_init(struct index *ix, struct arena *a, size_t expected, const void *seed)
{
	*ix = (struct index){.cap = SLOTS_MIN, .seed = (uint64_t)(uintptr_t)seed, .a = a};
	while (ix->cap / 2 < expected && ix->cap <= SIZE_MAX / 4)
		ix->cap *= 2;
	ix->slots = arena_alloc(a, ix->cap, sizeof *ix->slots);
	return ix->slots != NULL;
}

static bool grow(struct index *ix)
{
	struct index old = *ix;
	if (ix->cap > SIZE_MAX / 4)
		return false;
	ix->slots = arena_alloc(ix->a, 2 * old.cap, sizeof *ix->slots);
	if (!ix->slots) {
		ix->slots = old.slots;
		return false;
	}
	ix->cap = 2 * old.cap;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].id.len > 0)
			*slot_of(ix, old.slots[i].id) = old.slots[i];
	return true;
}

bool index_add(struct index *ix, struct bytes id, uint32_t number)
{
	if (id.len == 0)
		return true;
	if (ix->count >= ix->cap / 2 && !grow(ix))
		return false;
	struct index_slot *s = slot_of(ix, id);
	if (s->id.len > 0)
		return true;
	*s = (struct index_slot){id, number};
	ix->count++;
	return true;
}

uint32_t index_find(const struct index *ix, struct bytes id)
{
	return id.len > 0 && slot_of(ix, id)->id.len > 0 ? slot_of(ix, id)->number : INDEX_NONE;
}
