#include "store/like.h"

int like_pattern(struct bytes text, struct arena *a, struct bytes *ret, struct err *e)
{
	uint8_t *out = arena_alloc(a, 2 * text.len + 2, 1);
	size_t n = 0;
	if (!out)
		return err_nomem(e);
	out[n++] = '%';
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = byte_lower(text.ptr[i]);
		if (c == '%' || c == '_' || c == '!')
			out[n++] = '!';
		out[n++] = c;
	}
	out[n++] = '%';
	*ret = text.len ? (struct bytes){.ptr = out, .len = n} : BYTES_NONE;
	return 0;
}
