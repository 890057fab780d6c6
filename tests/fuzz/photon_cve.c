#define FEED_PATH "cve_data_photon5.0.json"
#include "feed_put.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return put_import("photon-cve", data, size);
}
