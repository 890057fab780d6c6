#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {
	    "root/.conan/data/poco/1.12.4/_/_/package/abc/conaninfo.txt", "opt/conaninfo.txt"};
	eco_fuzz_choice(paths, 2, data, size);
	return 0;
}
