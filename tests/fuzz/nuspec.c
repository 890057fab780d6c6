#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	eco_fuzz("root/.nuget/packages/a/1.0.0/a.nuspec", (struct bytes){.ptr = data, .len = size});
	return 0;
}
