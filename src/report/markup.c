/* XML 1.0 (fifth edition) §2.2 Char, §2.4; HTML: a superset of what is written here. */
#include "report/markup.h"

#include "base/utf8.h"

static const char *reference(uint8_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* The sequence of n > 1 bytes is one that is obeyed, or U+FFFE and U+FFFF. */
static bool is_refused(const uint8_t *p, size_t n)
{
	return utf8_is_obeyed(p, n) || (n == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe);
}

void markup_put(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.len;) {
		uint8_t c = text.ptr[i];
		size_t n = utf8_len(text.ptr + i, text.len - i);
		bool plain =
		    n == 1 && (c >= 0x20 ? c != 0x7f : c == '\t' || c == '\n' || c == '\r');
		if (plain && reference(c))
			buf_put_text(out, reference(c));
		else if (plain || (n > 1 && !is_refused(text.ptr + i, n)))
			buf_put(out, bytes_part(text, i, n));
		else
			buf_put_text(out, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
}
