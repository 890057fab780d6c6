#include "rpm_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rpm_fuzz(rpm_sqlite_read, data, size);
	return 0;
}
