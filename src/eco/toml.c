#include "eco/toml.h"

bool toml_next(struct toml *t, struct bytes *ret_key, struct bytes *ret_value)
{
	while (t->rest.len > 0) {
		struct bytes line = bytes_trim(bytes_cut(&t->rest, '\n'));
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		*ret_key = BYTES_NONE;
		*ret_value = line;
		if (line.ptr[0] == '[')
			return true;
		*ret_key = bytes_trim(bytes_cut(&line, '='));
		*ret_value = bytes_trim(line);
		if (ret_key->len > 0)
			return true;
	}
	return false;
}

struct bytes toml_text(struct bytes value)
{
	if (value.len < 2 || (value.ptr[0] != '"' && value.ptr[0] != '\''))
		return BYTES_NONE;
	uint8_t quote = value.ptr[0];
	value = bytes_from(value, 1);
	size_t end = bytes_find(value, quote);
	return end < value.len ? bytes_part(value, 0, end) : BYTES_NONE;
}
