#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"etc/os-release",	  "etc/lsb-release",
					    "etc/centos-release", "etc/SuSE-release",
					    "etc/alpine-release", "etc/debian_version"};
	eco_fuzz_choice(paths, sizeof paths / sizeof paths[0], data, size);
	return 0;
}
