/* rpm_fuzz: hand the input to the reader of one of rpm's containers, and each header it finds to
 * the parser of headers. */
#pragma once
#include "eco/rpm.h"
#include "eco_fuzz.h"

static inline int rpm_fuzz_header(void *arg, uint64_t off, struct bytes blob, struct err *e)
{
	const struct eco_sink sink = eco_catch_sink(arg);
	return rpm_header_parse(blob, off, &sink, e);
}

static inline void rpm_fuzz(int (*read)(struct bytes file, const struct rpm_sink *sink,
					struct err *e),
			    const uint8_t *data, size_t size)
{
	struct eco_catch c;
	eco_catch_init(&c);
	const struct rpm_sink sink = {.arg = &c, .header = rpm_fuzz_header, .note = eco_catch_note};
	(void)read((struct bytes){.ptr = data, .len = size}, &sink, NULL);
	eco_catch_free(&c);
}
