#include "../unit/layer_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A layer of any bytes; its inventory, when there is one, must be one that layer_parse accepts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tar_source s = {.bytes = {.ptr = data, .len = size}};
	struct arena a;
	struct lay lay;
	struct buf out;
	arena_init(&a, (size_t)256 << 20);
	if (index_tars(&s, -1, &out, NULL) == 0 && layer_parse(buf_bytes(&out), &a, &lay, NULL) < 0)
		abort();
	arena_free(&a);
	buf_free(&out);
	return 0;
}
