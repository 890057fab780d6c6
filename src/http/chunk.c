/*   1*HEX *( ";" token *visible ) CR LF  data CR LF      for each chunk
 *   1*"0" *( ";" token *visible ) CR LF                  the last one, of no data
 *   *( token ":" value CR LF ) CR LF             trailers
 *
 * White space around extensions, which the grammar has for old senders, is refused as Node refuses
 * it; and so is a trailer that could be taken for framing.
 *
 * One byte at a time outside of data, so that it does not matter how the bytes were cut. */
#include "http/chunk.h"

enum {
	SIZE,
	EXTENSION_NAME, /* after ";": every extension has a name */
	EXTENSION,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	LINE, /* where a trailer begins, or the end */
	NAME,
	VALUE,
	VALUE_LF,
	END_LF,
	DONE,
};

static bool is_token_byte(uint8_t c)
{
	static const char also[] = "!#$%&'*+-.^_`|~";
	struct bytes b = {.ptr = (const uint8_t *)also, .len = sizeof also - 1};
	return byte_is_alnum(c) || bytes_find(b, c) < b.len;
}

static bool is_text(uint8_t c)
{
	return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static int size_digit(struct chunk *k, uint8_t c)
{
	k->digits++;
	if (k->left >> 60)
		return -413;
	unsigned v = byte_is_digit(c) ? c - (unsigned)'0' : byte_lower(c) - (unsigned)'a' + 10;
	k->left = k->left << 4 | v;
	return SIZE;
}

/* The state after a byte of a size's line, or <0. */
static int size_step(struct chunk *k, uint8_t c)
{
	if (k->state == SIZE && byte_is_hex(c))
		return size_digit(k, c);
	if (k->digits == 0)
		return -400;
	if (k->state == SIZE_LF) {
		if (c != '\n')
			return -400;
		k->line = 0;
		return k->left ? DATA : LINE;
	}
	if (k->state == EXTENSION_NAME)
		return is_token_byte(c) ? EXTENSION : -400;
	if (c == ';')
		return EXTENSION_NAME;
	if (k->state == EXTENSION && c > 0x20 && c < 0x7f)
		return EXTENSION;
	return c == '\r' ? SIZE_LF : -400;
}

static int data_end_step(struct chunk *k, uint8_t c)
{
	if (k->state == DATA_CR)
		return c == '\r' ? DATA_LF : -400;
	k->digits = 0;
	return c == '\n' ? SIZE : -400;
}

static int name_step(struct chunk *k, uint8_t c)
{
	if (!is_token_byte(c))
		return -400;
	if (k->name_len < sizeof k->name)
		k->name[k->name_len] = byte_lower(c);
	k->name_len++;
	return NAME;
}

/* The name is complete: fields of framing and routing are not allowed in trailers. */
static int name_end(struct chunk *k)
{
	struct bytes name = {.ptr = k->name, .len = k->name_len};
	k->name_len = 0;
	if (name.len > sizeof k->name)
		return VALUE;
	bool framing = bytes_eq_lit(name, "content-length") ||
		       bytes_eq_lit(name, "transfer-encoding") || bytes_eq_lit(name, "host");
	return framing ? -400 : VALUE;
}

static int trailer_step(struct chunk *k, uint8_t c)
{
	switch (k->state) {
	case LINE:
		return c == '\r' ? END_LF : name_step(k, c);
	case NAME:
		return c == ':' ? name_end(k) : name_step(k, c);
	case VALUE:
		return c == '\r' ? VALUE_LF : is_text(c) ? VALUE : -400;
	case VALUE_LF:
		return c == '\n' ? LINE : -400;
	case END_LF:
	default:
		return c == '\n' ? DONE : -400;
	}
}

static int step(struct chunk *k, uint8_t c)
{
	if (k->state <= SIZE_LF)
		return ++k->line > CHUNK_LINE_MAX ? -431 : size_step(k, c);
	if (k->state <= DATA_LF)
		return data_end_step(k, c);
	return ++k->trailer > CHUNK_TRAILER_MAX ? -431 : trailer_step(k, c);
}

int chunk_next(struct chunk *k, struct bytes *in, struct bytes *ret_data)
{
	while (k->state != DONE && in->len > 0) {
		if (k->state == DATA) {
			size_t n = k->left < in->len ? (size_t)k->left : in->len;
			*ret_data = bytes_part(*in, 0, n);
			*in = bytes_from(*in, n);
			k->left -= n;
			if (k->left == 0)
				k->state = DATA_CR;
			return CHUNK_DATA;
		}
		int next = step(k, in->ptr[0]);
		if (next < 0)
			return next;
		k->state = next;
		*in = bytes_from(*in, 1);
	}
	return k->state == DONE ? CHUNK_END : CHUNK_MORE;
}
