#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_EACH 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_EACH 1
#endif
#endif
#ifndef ARENA_EACH
#define ARENA_EACH 0
#endif

#define BLOCK_MIN 8192U /* below this the system's own overhead dominates */
#define BLOCK_MAX (256U * 1024U)

struct arena_block {
	struct arena_block *next;
	size_t cap;
	size_t len;
	_Alignas(max_align_t) uint8_t data[];
};

void arena_init(struct arena *a, size_t budget)
{
	*a = (struct arena){.blocks = NULL, .budget = budget, .used = 0};
}

bool arena_is_spent(const struct arena *a)
{
	return a->refused;
}

void arena_allow(struct arena *a, size_t more)
{
	a->budget += more;
}

void arena_free(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;
		free(a->blocks);
		a->blocks = next;
	}
	*a = (struct arena){0};
}

static struct arena_block *block_add(struct arena *a, size_t want)
{
	size_t cap = want;
	if (!ARENA_EACH) {
		size_t usual = a->used < BLOCK_MAX ? a->used : BLOCK_MAX;
		if (usual < BLOCK_MIN)
			usual = BLOCK_MIN;
		if (cap < usual)
			cap = usual;
	}
	if (cap > a->budget)
		cap = want;
	if (cap > a->budget) {
		a->refused = true;
		return NULL;
	}
	struct arena_block *b = malloc(sizeof *b + cap);
	if (!b)
		return NULL;
	*b = (struct arena_block){.next = a->blocks, .cap = cap, .len = 0};
	a->blocks = b;
	a->budget -= cap;
	a->used += cap;
	return b;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	size_t want;
	if (__builtin_mul_overflow(n, size, &want) || want > SIZE_MAX / 4) {
		a->refused = true;
		return NULL;
	}
	if (want == 0)
		want = 1;
	const size_t unit = ARENA_EACH ? 1 : _Alignof(max_align_t);
	size_t step = (want + unit - 1) & ~(unit - 1);
	struct arena_block *b = a->blocks;
	if (ARENA_EACH || !b || step > b->cap - b->len)
		b = block_add(a, step);
	if (!b)
		return NULL;
	void *p = b->data + b->len;
	b->len += step;
	memset(p, 0, want);
	return p;
}

void *arena_grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	size_t want = *cap ? 2 * *cap : 16;
	void *grown = arena_alloc(a, want, size);
	if (!grown)
		return NULL;
	if (count)
		memcpy(grown, items, count * size);
	*cap = want;
	return grown;
}

struct bytes arena_bytes(struct arena *a, struct bytes b, bool *ret_ok)
{
	*ret_ok = true;
	if (b.len == 0)
		return BYTES_NONE;
	uint8_t *p = arena_alloc(a, b.len, 1);
	if (!p) {
		*ret_ok = false;
		return BYTES_NONE;
	}
	memcpy(p, b.ptr, b.len);
	return (struct bytes){.ptr = p, .len = b.len};
}

struct bytes arena_lower(struct arena *a, struct bytes b, bool *ret_ok)
{
	uint8_t *text = b.len > 0 ? arena_alloc(a, b.len, 1) : NULL;
	*ret_ok = b.len == 0 || text;
	for (size_t i = 0; text && i < b.len; i++)
		text[i] = byte_lower(b.ptr[i]);
	return text ? (struct bytes){.ptr = text, .len = b.len} : BYTES_NONE;
}

char *arena_cstr(struct arena *a, struct bytes b)
{
	if (bytes_find(b, 0) != b.len)
		return NULL;
	char *p = arena_alloc(a, b.len + 1, 1);
	if (p && b.len)
		memcpy(p, b.ptr, b.len);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1, 1);
	if (p)
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}
