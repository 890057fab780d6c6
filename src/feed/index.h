/* index: numbers of things by their ids, as documents refer to them. */
#pragma once
#include "base/arena.h"
#include <stdint.h>

#define INDEX_NONE UINT32_MAX

struct index_slot {
	struct bytes id;
	uint32_t number;
};
struct index {
	struct index_slot *slots;
	size_t cap, count;
	uint64_t seed; /* ids are a stranger's */
	struct arena *a;
};

/* For up to expected ids at first; it grows. False: no memory. */
bool index_init(struct index *ix, struct arena *a, size_t expected, const void *seed);
/* id means number, unless it meant something before. False: no memory. */
bool index_add(struct index *ix, struct bytes id, uint32_t number);
/* INDEX_NONE: unknown. */
uint32_t index_find(const struct index *ix, struct bytes id);
