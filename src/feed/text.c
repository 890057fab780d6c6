#include "feed/text.h"

struct bytes text_word(struct bytes *rest)
{
	*rest = bytes_trim(*rest);
	size_t n = 0;
	while (n < rest->len && !byte_is_space(rest->ptr[n]))
		n++;
	struct bytes word = bytes_part(*rest, 0, n);
	*rest = bytes_trim(bytes_from(*rest, n));
	return word;
}

bool text_has(struct bytes text, const char *part)
{
	struct bytes want = bytes_of(part);
	for (size_t i = 0; want.len <= text.len && i <= text.len - want.len; i++)
		if (bytes_eq_nocase(bytes_part(text, i, want.len), want))
			return true;
	return false;
}

struct bytes text_file_name(struct bytes path)
{
	size_t slash = bytes_find_last(path, '/');
	return slash < path.len ? bytes_from(path, slash + 1) : path;
}

struct bytes text_flow(struct arena *a, struct bytes text, bool *ok)
{
	size_t len = 0;
	text = bytes_trim(text);
	uint8_t *room = text.len > 0 ? arena_alloc(a, text.len, 1) : NULL;
	if (!room) {
		*ok = *ok && text.len == 0;
		return BYTES_NONE;
	}
	for (size_t i = 0; i < text.len; i++) {
		bool blank = byte_is_space(text.ptr[i]);
		if (!blank || room[len - 1] != ' ')
			room[len++] = blank ? ' ' : text.ptr[i];
	}
	return (struct bytes){room, len};
}
