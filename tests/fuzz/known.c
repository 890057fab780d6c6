#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The parser goes by the file's name, too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"usr/sbin/nginx", "usr/lib/libpython3.11.so.1.0"};
	struct bytes file = {.ptr = data, .len = size};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct eco_catch c;
		eco_catch_init(&c);
		int r = eco_catch_parse_row(&c, ECO_KNOWN, paths[i], file, NULL);
		if (r == -ERR_INTERNAL || c.touched == UINT64_MAX)
			abort();
		eco_catch_free(&c);
	}
	return 0;
}
