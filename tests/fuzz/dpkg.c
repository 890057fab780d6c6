#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {
	    "var/lib/dpkg/status",	   "var/lib/dpkg/status.d/a",
	    "var/lib/dpkg/updates/0001",   "var/lib/dpkg/info/a:b.list",
	    "var/lib/dpkg/info/a.md5sums", "var/lib/dpkg/status.d/bGliYzY=.md5sums",
	    "usr/lib/opkg/status"};
	eco_fuzz_choice(paths, sizeof paths / sizeof paths[0], data, size);
	return 0;
}
