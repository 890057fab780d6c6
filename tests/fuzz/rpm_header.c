#include "eco/rpm.h"
#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eco_catch c;
	eco_catch_init(&c);
	const struct eco_sink sink = eco_catch_sink(&c);
	if (rpm_header_parse((struct bytes){.ptr = data, .len = size}, 0, &sink, NULL) < 0)
		abort();
	eco_catch_free(&c);
	return 0;
}
