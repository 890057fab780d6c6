#include "pkg/python_name.h"

static bool is_separator(uint8_t c)
{
	return c == '-' || c == '_' || c == '.';
}

bool python_name_is_valid(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!byte_is_alnum(name.ptr[i]) && !is_separator(name.ptr[i]))
			return false;
	return name.len > 0 && byte_is_alnum(name.ptr[0]) && byte_is_alnum(name.ptr[name.len - 1]);
}

struct bytes python_name(struct bytes name, struct arena *a)
{
	uint8_t *out = name.len ? arena_alloc(a, name.len, 1) : NULL;
	size_t n = 0;
	if (!out)
		return BYTES_NONE;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_separator(name.ptr[i]))
			out[n++] = byte_lower(name.ptr[i]);
		else if (i == 0 || !is_separator(name.ptr[i - 1]))
			out[n++] = '-';
	}
	return (struct bytes){.ptr = out, .len = n};
}
