#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"app/packages.config", "app/Directory.Packages.props"};
	eco_fuzz_choice(paths, sizeof paths / sizeof *paths, data, size);
	return 0;
}
