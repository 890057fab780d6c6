/* eco_fuzz: hand the input to the parser that wants a path, keep what it states, look at every byte
 * of it. */
#pragma once
#include "../unit/eco_catch.h"
#include <stdlib.h>

static inline void eco_fuzz(const char *path, struct bytes file)
{
	struct eco_catch c;
	eco_catch_init(&c);
	int r = eco_catch_parse(&c, path, file, NULL);
	if (r == -ERR_NOT_FOUND || r == -ERR_INTERNAL || c.touched == UINT64_MAX)
		abort();
	eco_catch_free(&c);
}

/* The first byte chooses one of count paths, the rest is the file. */
static inline void eco_fuzz_choice(const char *const *paths, size_t count, const uint8_t *data,
				   size_t size)
{
	if (size > 0)
		eco_fuzz(paths[data[0] % count], (struct bytes){.ptr = data + 1, .len = size - 1});
}

/* With the row of that id, whose files no path tells. */
static inline void eco_fuzz_row(size_t row, struct bytes file)
{
	struct eco_catch c;
	eco_catch_init(&c);
	int r = eco_catch_parse_row(&c, row, "usr/bin/app", file, NULL);
	if (r == -ERR_INTERNAL || c.touched == UINT64_MAX)
		abort();
	eco_catch_free(&c);
}
