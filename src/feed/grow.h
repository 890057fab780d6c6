/* grow: a growing array in an arena, for importers that do not know counts in advance. */
#pragma once
#include "feed/index.h"

/* Space for one more element after the first count: old or a larger copy (doubled, the new part
 * zeroed); NULL when out of memory. */
void *feed_grow(struct arena *a, void *old, size_t count, size_t size);
/* Append b to *list unless it is already in it; the run is borrowed. ix: of this list, zeroed with
 * it; NULL: the list is bounded by its caller. False when out of memory. */
bool feed_add_once(struct arena *a, struct bytes **list, size_t *count, struct index *ix,
		   struct bytes b);
