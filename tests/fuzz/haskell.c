#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	eco_fuzz("opt/ghc/lib/package.conf.d/x.conf", (struct bytes){.ptr = data, .len = size});
	return 0;
}
