#include "pkg/streams.h"

static bool is_word(struct bytes word)
{
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = word.ptr[i];
		bool lower_alnum = byte_is_digit(c) || (c >= 'a' && c <= 'z');
		if (!lower_alnum && c != '.' && c != '_' && c != ':' && c != '-')
			return false;
	}
	return word.len > 0 && word.len <= PKG_STREAM_LEN_MAX;
}

bool pkg_streams_has(struct bytes text, struct bytes word)
{
	while (text.len > 0)
		if (bytes_eq(bytes_cut(&text, ','), word))
			return true;
	return false;
}

int pkg_streams_add(struct bytes *text, struct bytes word, struct arena *a, struct err *e)
{
	struct bytes rest = *text;
	size_t before = 0, count = 0;
	if (!is_word(word))
		return err_set(e, ERR_FORMAT, "product stream: not of [a-z0-9._:-], 1 to %d bytes",
			       PKG_STREAM_LEN_MAX);
	for (; rest.len > 0; count++) {
		size_t end = (size_t)(rest.ptr - text->ptr) + bytes_find(rest, ',');
		int order = bytes_cmp(bytes_cut(&rest, ','), word);
		if (order == 0)
			return 0;
		if (order < 0)
			before = end;
	}
	if (count >= PKG_STREAMS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d product streams", PKG_STREAMS_MAX);
	struct bytes head = bytes_part(*text, 0, before), tail = bytes_from(*text, before);
	char *joined;
	if (head.len > 0)
		joined = arena_printf(a, "%.*s,%.*s%.*s", BYTES_ARG(head), BYTES_ARG(word),
				      BYTES_ARG(tail));
	else
		joined = arena_printf(a, "%.*s%s%.*s", BYTES_ARG(word), tail.len ? "," : "",
				      BYTES_ARG(tail));
	if (!joined)
		return err_set(e, ERR_NOMEM, "product streams: no memory");
	*text = bytes_of(joined);
	return 0;
}
