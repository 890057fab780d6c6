#include "eco/rpm.h"
#include "eco_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_header(void *arg, uint64_t off, struct bytes blob, struct err *e)
{
	const struct eco_sink sink = eco_catch_sink(arg);
	return rpm_header_parse(blob, off, &sink, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eco_catch c;
	eco_catch_init(&c);
	const struct rpm_sink sink = {.arg = &c, .header = on_header, .note = eco_catch_note};
	(void)rpm_ndb_read((struct bytes){.ptr = data, .len = size}, &sink, NULL);
	eco_catch_free(&c);
	return 0;
}
