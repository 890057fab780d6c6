#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The parser goes by the path alone. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[256];
	struct eco_catch c;
	size_t n = size < sizeof path - 1 ? size : sizeof path - 1;
	if (n)
		memcpy(path, data, n);
	path[n] = 0;
	eco_catch_init(&c);
	int r = eco_catch_parse_row(&c, ECO_NIX, path, BYTES_NONE, NULL);
	if (r == -ERR_INTERNAL || c.touched == UINT64_MAX)
		abort();
	eco_catch_free(&c);
	return 0;
}
