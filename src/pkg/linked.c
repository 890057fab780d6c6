#include "pkg/linked.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS 3U
#define CODE_MASK 0x3ffffU /* six bits of each letter */

/* Changing how a path becomes a code changes what stored inventories mean. */
static uint32_t code_of(struct bytes path)
{
	return (uint32_t)(bytes_hash(path, 0) & CODE_MASK);
}

static void letters_of(uint32_t code, char out[LETTERS])
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (unsigned i = 0; i < LETTERS; i++)
		out[i] = letters[code >> (6 * (LETTERS - 1 - i)) & 63];
}

void linked_add(struct linked *l, struct bytes path)
{
	if (l->count == LINKED_MAX)
		l->overflow = true;
	else
		l->codes[l->count++] = code_of(path);
}

static int by_code(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

void linked_put(struct linked *l, char out[LINKED_CAP])
{
	static const char front[] = LINKED_KEY "=";
	size_t len = sizeof front - 1;
	out[0] = 0;
	if (l->count == 0 || l->overflow)
		return;
	qsort(l->codes, l->count, sizeof *l->codes, by_code);
	memcpy(out, front, len);
	for (size_t i = 0; i < l->count; i++) {
		if (i > 0 && l->codes[i] == l->codes[i - 1])
			continue;
		letters_of(l->codes[i], out + len);
		len += LETTERS;
	}
	out[len] = 0;
}

bool linked_is(struct bytes qualifier)
{
	return bytes_has_prefix_lit(qualifier, LINKED_KEY "=");
}

enum linked_answer linked_find(struct bytes qualifiers, struct bytes path)
{
	char code[LETTERS];
	struct bytes letters = {.ptr = (const uint8_t *)code, .len = LETTERS};
	letters_of(code_of(path), code);
	while (qualifiers.len > 0) {
		struct bytes one = bytes_cut(&qualifiers, '&');
		if (!linked_is(one))
			continue;
		one = bytes_from(one, sizeof LINKED_KEY);
		if (one.len == 0 || one.len % LETTERS != 0)
			return LINKED_UNKNOWN;
		for (; one.len > 0; one = bytes_from(one, LETTERS))
			if (bytes_eq(bytes_part(one, 0, LETTERS), letters))
				return LINKED_PRESENT;
		return LINKED_ABSENT;
	}
	return LINKED_UNKNOWN;
}

struct bytes linked_without(struct bytes qualifiers, struct arena *a, bool *ret_ok)
{
	size_t len = 0;
	*ret_ok = true;
	if (bytes_find_bytes(qualifiers, BYTES_LIT(LINKED_KEY "=")) == qualifiers.len)
		return qualifiers;
	uint8_t *out = arena_alloc(a, qualifiers.len, 1);
	*ret_ok = out != NULL;
	while (out && qualifiers.len > 0) {
		struct bytes one = bytes_cut(&qualifiers, '&');
		if (linked_is(one) || one.len == 0)
			continue;
		if (len > 0)
			out[len++] = '&';
		memcpy(out + len, one.ptr, one.len);
		len += one.len;
	}
	return (struct bytes){.ptr = out, .len = len};
}
