/* Any bytes as a pack: refused, or as long as they say. Any bytes packed: the same again. */
#include "store/pack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {.ptr = data, .len = size};
	struct buf packed, out;
	unsigned sum = 0;
	buf_init(&packed, (size_t)1 << 24);
	buf_init(&out, (size_t)1 << 24);
	if (pack_get(in, (size_t)1 << 20, &out, NULL) == 0) {
		for (size_t i = 0; i < out.len; i++)
			sum += out.ptr[i];
	}
	buf_clear(&out);
	pack_put(in, &packed);
	if (!buf_ok(&packed) || pack_get(buf_bytes(&packed), size, &out, NULL) < 0 ||
	    !bytes_eq(buf_bytes(&out), in))
		abort();
	buf_clear(&out);
	if (pack_text_get(in, (size_t)1 << 20, &out, NULL) == 0) {
		for (size_t i = 0; i < out.len; i++)
			sum += out.ptr[i];
	}
	buf_clear(&out);
	buf_clear(&packed);
	pack_text_put(in, &packed);
	if (!buf_ok(&packed) || pack_text_get(buf_bytes(&packed), size, &out, NULL) < 0 ||
	    !bytes_eq(buf_bytes(&out), in))
		abort();
	buf_free(&packed);
	buf_free(&out);
	return sum == 1U << 31;
}
