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

bool feed_add_once(struct arena *a, struct bytes **list, size_t *count, struct bytes b)
{
	for (size_t i = 0; i < *count; i++)
		if (bytes_eq((*list)[i], b))
			return true;
	struct bytes *room = feed_grow(a, *list, *count, sizeof *room);
	if (!room)
		return false;
	*list = room;
	room[(*count)++] = b;
	return true;
}
