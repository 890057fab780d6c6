#include "base/bytes.h"

#include <string.h>

struct bytes bytes_of(const char *text)
{
	return text ? (struct bytes){.ptr = (const uint8_t *)text, .len = strlen(text)}
		    : BYTES_NONE;
}

bool bytes_eq(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool bytes_eq_lit(struct bytes a, const char *text)
{
	return bytes_eq(a, bytes_of(text));
}

bool bytes_eq_nocase(struct bytes a, struct bytes b)
{
	if (a.len != b.len ||
	    (a.len && (!a.ptr || !b.ptr))) /* a run of some bytes has an address */
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (byte_lower(a.ptr[i]) != byte_lower(b.ptr[i]))
			return false;
	return true;
}

int bytes_cmp(struct bytes a, struct bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.ptr, b.ptr, n) : 0;
	return r ? r : (a.len > b.len) - (a.len < b.len);
}

int bytes_cmp_nocase(struct bytes a, struct bytes b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++) {
		int d = byte_lower(a.ptr[i]) - byte_lower(b.ptr[i]);
		if (d)
			return d;
	}
	return (a.len > b.len) - (a.len < b.len);
}

bool bytes_has_prefix(struct bytes b, struct bytes prefix)
{
	return b.len >= prefix.len &&
	       bytes_eq((struct bytes){.ptr = b.ptr, .len = prefix.len}, prefix);
}

bool bytes_has_suffix(struct bytes b, struct bytes suffix)
{
	return b.len >= suffix.len && bytes_eq(bytes_from(b, b.len - suffix.len), suffix);
}

bool bytes_has_prefix_nocase(struct bytes b, struct bytes prefix)
{
	return bytes_eq_nocase(bytes_part(b, 0, prefix.len), prefix);
}

bool bytes_has_prefix_lit(struct bytes b, const char *prefix)
{
	return bytes_has_prefix(b, bytes_of(prefix));
}

bool bytes_has_suffix_lit(struct bytes b, const char *suffix)
{
	return bytes_has_suffix(b, bytes_of(suffix));
}

size_t bytes_find(struct bytes b, uint8_t c)
{
	const uint8_t *p = b.len ? memchr(b.ptr, c, b.len) : NULL;
	return p ? (size_t)(p - b.ptr) : b.len;
}

size_t bytes_find_last(struct bytes b, uint8_t c)
{
	const uint8_t *p = b.len ? memrchr(b.ptr, c, b.len) : NULL;
	return p ? (size_t)(p - b.ptr) : b.len;
}

/* What memmem prepares costs more than looking through a name. */
#define SHORT_LEN 256U
static size_t find_short(struct bytes b, struct bytes needle)
{
	for (size_t off = 0; needle.len <= b.len - off; off++) {
		const uint8_t *p = memchr(b.ptr + off, needle.ptr[0], b.len - off - needle.len + 1);
		if (!p)
			break;
		off = (size_t)(p - b.ptr);
		if (memcmp(p, needle.ptr, needle.len) == 0)
			return off;
	}
	return b.len;
}

size_t bytes_find_bytes(struct bytes b, struct bytes needle)
{
	if (needle.len == 0)
		return 0;
	if (b.len <= SHORT_LEN)
		return find_short(b, needle);
	const uint8_t *p = memmem(b.ptr, b.len, needle.ptr, needle.len);
	return p ? (size_t)(p - b.ptr) : b.len;
}

struct bytes bytes_from(struct bytes b, size_t off)
{
	if (off >= b.len)
		return BYTES_NONE;
	return (struct bytes){.ptr = b.ptr + off, .len = b.len - off};
}

struct bytes bytes_part(struct bytes b, size_t off, size_t len)
{
	struct bytes r = bytes_from(b, off);
	if (r.len > len)
		r.len = len;
	return r;
}

struct bytes bytes_trim(struct bytes b)
{
	size_t from = 0, to = b.len;
	while (from < to && byte_is_space(b.ptr[from]))
		from++;
	while (to > from && byte_is_space(b.ptr[to - 1]))
		to--;
	return bytes_part(b, from, to - from);
}

struct bytes bytes_cut(struct bytes *rest, uint8_t sep)
{
	size_t at = bytes_find(*rest, sep);
	struct bytes head = bytes_part(*rest, 0, at);
	*rest = bytes_from(*rest, at < rest->len ? at + 1 : at);
	return head;
}

struct bytes *bytes_slot_find(const struct bytes_slot *slots, size_t count, struct bytes name)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_eq_lit(name, slots[i].name))
			return slots[i].to;
	return NULL;
}

uint64_t bytes_hash(struct bytes b, uint64_t seed)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;
	for (size_t i = 0; i < b.len; i++)
		h = (h ^ b.ptr[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ (h >> 32);
}

bool byte_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

bool byte_is_alpha(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool byte_is_alnum(uint8_t c)
{
	return byte_is_digit(c) || byte_is_alpha(c);
}

bool byte_is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool byte_is_hex(uint8_t c)
{
	return byte_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

uint8_t byte_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}
