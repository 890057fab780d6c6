#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"srv/poetry.lock", "srv/Pipfile.lock",
					    "srv/requirements.txt"};
	eco_fuzz_choice(paths, sizeof paths / sizeof paths[0], data, size);
	return 0;
}
