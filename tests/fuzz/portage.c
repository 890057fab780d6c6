#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"var/db/pkg/dev-lang/perl-5.38.2-r1/CONTENTS",
					    "var/db/pkg/dev-lang/perl-5.38.2-r1/LICENSE"};
	eco_fuzz_choice(paths, sizeof paths / sizeof *paths, data, size);
	return 0;
}
