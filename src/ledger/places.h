/* places: a number's place in an array. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open addressing, 0 is no key. Zeroed at first. */
struct places {
	struct place {
		uint64_t key;
		uint32_t value;
	} * items;
	size_t mask, used;
};
void places_free(struct places *p); /* empty then */
bool places_find(const struct places *p, uint64_t key, size_t *ret);
bool places_put(struct places *p, uint64_t key, size_t value); /* false: no memory */
