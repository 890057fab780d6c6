#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	eco_fuzz_row(ECO_GRAALVM, (struct bytes){.ptr = data, .len = size});
	return 0;
}
