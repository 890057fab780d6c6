#include "base/base64.h"

static const char alphabets[2][65] = {
    [BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

static int value_of(enum base64_form form, uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (byte_is_digit(c))
		return c - '0' + 52;
	const char *a = alphabets[form];
	return c == (uint8_t)a[62] ? 62 : c == (uint8_t)a[63] ? 63 : -1;
}

bool base64_decode(enum base64_form form, struct bytes in, uint8_t *ret, size_t *ret_len)
{
	if (form == BASE64_STANDARD) {
		if (in.len % 4)
			return false;
		for (int i = 0; i < 2 && in.len > 0 && in.ptr[in.len - 1] == '='; i++)
			in.len--;
	}
	if (in.len % 4 == 1)
		return false;
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;
	for (size_t i = 0; i < in.len; i++) {
		int v = value_of(form, in.ptr[i]);
		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			ret[n++] = (uint8_t)(bits >> have & 0xff);
		}
	}
	*ret_len = n;
	return (bits & ((1U << have) - 1)) == 0;
}

void base64_put(enum base64_form form, struct bytes in, struct buf *out)
{
	const char *a = alphabets[form];
	for (size_t i = 0; i < in.len; i += 3) {
		size_t left = in.len - i;
		uint32_t v = (uint32_t)in.ptr[i] << 16;
		v |= left > 1 ? (uint32_t)in.ptr[i + 1] << 8 : 0;
		v |= left > 2 ? in.ptr[i + 2] : 0;
		buf_put_u8(out, (uint8_t)a[v >> 18 & 63]);
		buf_put_u8(out, (uint8_t)a[v >> 12 & 63]);
		if (left > 1)
			buf_put_u8(out, (uint8_t)a[v >> 6 & 63]);
		if (left > 2)
			buf_put_u8(out, (uint8_t)a[v & 63]);
		for (size_t pad = left; form == BASE64_STANDARD && pad < 3; pad++)
			buf_put_u8(out, '=');
	}
}
