#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"srv/node_modules/@a/b/package.json",
					    "srv/node_modules/a/dist/package.json",
					    "srv/.yarn/cache/a-npm-1.0.0.zip"};
	eco_fuzz_choice(paths, sizeof paths / sizeof paths[0], data, size);
	return 0;
}
