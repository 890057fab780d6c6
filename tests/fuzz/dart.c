#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	eco_fuzz("root/.pub-cache/hosted/pub.dev/http-1.2.1/pubspec.yaml",
		 (struct bytes){.ptr = data, .len = size});
	return 0;
}
