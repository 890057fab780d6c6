#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	eco_fuzz("usr/share/php/.registry/x.reg", (struct bytes){.ptr = data, .len = size});
	return 0;
}
