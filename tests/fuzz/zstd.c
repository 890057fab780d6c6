#include "decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return decode(zstd_open, data, size);
}
