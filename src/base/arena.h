/* arena: one lifetime of memory with a budget. Results borrow from it; nothing is freed
 * individually. An exhausted budget is a normal outcome of hostile input: allocation returns NULL
 * and the caller reports ERR_NOMEM. Under ASan each allocation is its own block. */
#pragma once
#include "base/bytes.h"
#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *blocks;
	size_t budget; /* bytes that may still be allocated from the system */
	size_t used;   /* bytes allocated from the system */
	bool refused;
};

/* budget: total bytes. Nothing is allocated here. */
void arena_init(struct arena *a, size_t budget);
/* Was an allocation refused because of the budget (or its size overflowed), not by the system? */
bool arena_is_spent(const struct arena *a);
/* Raise the budget by so many bytes: saying that it is spent takes some, too. */
void arena_allow(struct arena *a, size_t more);
/* Accepts a zeroed struct; the arena may be used again after arena_init. */
void arena_free(struct arena *a);
/* n elements of size bytes, zeroed, aligned for any type; NULL when n*size overflows or the budget
 * is exhausted. */
void *arena_alloc(struct arena *a, size_t n, size_t size)
    __attribute__((malloc, warn_unused_result, alloc_size(2, 3)));
/* For a list that grows: space for one element after the count that are there, which may move;
 * *cap is 0 at first. NULL without memory. */
void *arena_grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size)
    __attribute__((warn_unused_result));
/* A copy in the arena. *ret_ok is false when out of memory. The empty run needs no memory. */
struct bytes arena_bytes(struct arena *a, struct bytes b, bool *ret_ok);
/* The same with A to Z as a to z. */
struct bytes arena_lower(struct arena *a, struct bytes b, bool *ret_ok);
/* As a C string; NULL when out of memory or b contains a NUL. */
char *arena_cstr(struct arena *a, struct bytes b) __attribute__((warn_unused_result));
/* printf into the arena; NULL when out of memory. */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
