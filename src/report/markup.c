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

/* The sequence of n > 1 bytes is a C1 control, a mark of direction, or U+FFFE and U+FFFF. */
static bool is_refused(const uint8_t *p, size_t n)
{
	if (n == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	if (n != 3)
		return false;
	if (p[0] == 0xe2)
		return (p[1] == 0x80 &&
			(p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae))) ||
		       (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
	return p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe;
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
