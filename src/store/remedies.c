/* '=' and the text as it is, or '~' and the text with a byte of 1 for the name and a byte of 2 for
 * the version. */
#include "store/remedies.h"

#include <string.h>

enum { NAME = 1, FIXED = 2 };

static bool stands_at(struct bytes text, size_t at, struct bytes what)
{
	return what.len && what.len <= text.len - at &&
	       memcmp(text.ptr + at, what.ptr, what.len) == 0;
}

void remedies_template(struct bytes text, struct bytes name, struct bytes fixed, struct buf *out)
{
	bool plain =
	    text.len && (memchr(text.ptr, NAME, text.len) || memchr(text.ptr, FIXED, text.len));
	buf_put_u8(out, plain ? '=' : '~');
	for (size_t at = 0; at < text.len;) {
		if (!plain && stands_at(text, at, name)) {
			buf_put_u8(out, NAME);
			at += name.len;
		} else if (!plain && stands_at(text, at, fixed)) {
			buf_put_u8(out, FIXED);
			at += fixed.len;
		} else {
			buf_put_u8(out, text.ptr[at++]);
		}
	}
}

int remedies_text(struct bytes template, struct bytes name, struct bytes fixed, struct arena *a,
		  struct bytes *ret, struct err *e)
{
	struct buf text;
	bool ok = true;
	if (template.len == 0 || (template.ptr[0] != '=' && template.ptr[0] != '~'))
		return err_set(e, ERR_DAMAGED, "a remedy is damaged");
	buf_init(&text, SIZE_MAX / 4);
	for (size_t i = 1; i < template.len; i++) {
		uint8_t c = template.ptr[i];
		if (template.ptr[0] == '~' && (c == NAME || c == FIXED))
			buf_put(&text, c == NAME ? name : fixed);
		else
			buf_put_u8(&text, c);
	}
	if (buf_ok(&text))
		*ret = arena_bytes(a, buf_bytes(&text), &ok);
	ok = ok && buf_ok(&text);
	buf_free(&text);
	return ok ? 0 : err_set(e, ERR_NOMEM, "no memory for a remedy");
}
