#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"usr/lib/python3/six-1.dist-info/METADATA",
					    "usr/lib/python3/six-1.egg-info",
					    "usr/lib/python3/six-1.egg", "opt/app.pyz"};
	eco_fuzz_choice(paths, sizeof paths / sizeof paths[0], data, size);
	return 0;
}
