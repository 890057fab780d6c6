#include "rpm_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rpm_fuzz(rpm_ndb_read, data, size);
	return 0;
}
