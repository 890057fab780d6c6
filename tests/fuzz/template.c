/* A template over a fixed value: it ends, within its limits. */
#include "report/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct buf out;
	struct err e = ERR_INIT;
	arena_init(&a, 16U << 20);
	buf_init(&out, 1U << 20);
	(void)template_render(
	    (struct bytes){.ptr = data, .len = size},
	    BYTES_LIT(
		"{\"a\":[{\"x\":\"1\\\"\"},{\"x\":2},{\"a\":[]}],\"b\":{\"c\":true},\"t\":\"<&>\",\"n\":null}"),
	    &a, &out, &e);
	buf_free(&out);
	arena_free(&a);
	return 0;
}
