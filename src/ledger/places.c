#include "ledger/places.h"

#include <stdlib.h>

static size_t slot_of(const struct places *p, uint64_t key)
{
	size_t i = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 24) & p->mask;
	while (p->items[i].key && p->items[i].key != key)
		i = (i + 1) & p->mask;
	return i;
}

void places_free(struct places *p)
{
	free(p->items);
	*p = (struct places){0};
}

bool places_find(const struct places *p, uint64_t key, size_t *ret)
{
	size_t i = p->items ? slot_of(p, key) : 0;
	if (!p->items || !p->items[i].key)
		return false;
	*ret = p->items[i].value;
	return true;
}

static bool places_grow(struct places *p)
{
	struct places more = {.mask = p->items ? p->mask * 2 + 1 : 1023, .used = p->used};
	more.items = calloc(more.mask + 1, sizeof *more.items);
	if (!more.items)
		return false;
	for (size_t i = 0; p->items && i <= p->mask; i++) {
		if (p->items[i].key)
			more.items[slot_of(&more, p->items[i].key)] = p->items[i];
	}
	places_free(p);
	*p = more;
	return true;
}

bool places_put(struct places *p, uint64_t key, size_t value)
{
	if ((!p->items || p->used * 2 > p->mask) && !places_grow(p))
		return false;
	size_t i = slot_of(p, key);
	p->used += p->items[i].key == 0;
	p->items[i] = (struct place){.key = key, .value = (uint32_t)value};
	return true;
}
