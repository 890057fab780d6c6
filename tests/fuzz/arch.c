#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"var/lib/pacman/local/bash-5.2.037-1/desc",
					    "var/lib/pacman/local/bash-5.2.037-1/files"};
	eco_fuzz_choice(paths, sizeof paths / sizeof paths[0], data, size);
	return 0;
}
