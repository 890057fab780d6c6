#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"srv/package-lock.json", "srv/yarn.lock"};
	eco_fuzz_choice(paths, sizeof paths / sizeof paths[0], data, size);
	return 0;
}
