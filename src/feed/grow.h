/* grow: a growing array in an arena, for importers that do not know counts beforehand. */
#pragma once
#include "base/arena.h"

/* Room for one more element behind count of them: old or a larger copy (doubling, zeroed behind
 * the copy); NULL when memory is spent. */
void *feed_grow(struct arena *a, void *old, size_t count, size_t size);
/* Append b to *list unless it is there; the run is borrowed. False when memory is spent. */
bool feed_add_once(struct arena *a, struct bytes **list, size_t *count, struct bytes b);
