#include "feed/grow.h"

#include <stdint.h>
#include <string.h>

#define GROW_FIRST 4U

void *feed_grow(struct arena *a, void *old, size_t count, size_t size)
{
	bool full = count == 0 || (count >= GROW_FIRST && (count & (count - 1)) == 0);
	if (!full)
		return old;
	size_t cap = count == 0 ? GROW_FIRST : count > SIZE_MAX / 2 ? 0 : 2 * count;
	void *room = cap ? arena_alloc(a, cap, size) : NULL;
	if (room && count > 0)
		memcpy(room, old, count * size);
	return room;
}

#define LINEAR_MAX 32U /* most lists are no longer */

/* 1: it is in the list, 0: not, -1: no memory. */
static int is_listed(struct arena *a, const struct bytes *list, size_t count, struct index *ix,
		     struct bytes b)
{
	if (!ix || count < LINEAR_MAX || count >= INDEX_NONE) {
		for (size_t i = 0; i < count; i++)
			if (bytes_eq(list[i], b))
				return 1;
		return 0;
	}
	if (!ix->slots && !index_init(ix, a, 2 * count, list))
		return -1;
	for (size_t i = ix->count; i < count; i++)
		if (!index_add(ix, list[i], (uint32_t)i))
			return -1;
	return index_find(ix, b) != INDEX_NONE;
}

bool feed_add_once(struct arena *a, struct bytes **list, size_t *count, struct index *ix,
		   struct bytes b)
{
	int listed = is_listed(a, *list, *count, ix, b);
	if (listed)
		return listed > 0;
	struct bytes *room = feed_grow(a, *list, *count, sizeof *room);
	if (!room)
		return false;
	*list = room;
	room[(*count)++] = b;
	return true;
}
