#include "store/digest_key.h"

#include "base/num.h"

#include <string.h>

#define HASH_LEN 32U
static const char prefix[] = "sha256:";

struct bytes digest_key_of(struct bytes text, struct digest_key *k)
{
	size_t n = sizeof prefix - 1;
	bool is_plain = text.len == n + 2 * HASH_LEN && memcmp(text.ptr, prefix, n) == 0;
	/* Digits in lower case only: the text must come back as it was. */
	for (size_t i = n; is_plain && i < text.len; i++)
		is_plain = (text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
			   (text.ptr[i] >= 'a' && text.ptr[i] <= 'f');
	if (is_plain && num_hex_decode(bytes_from(text, n), k->room, HASH_LEN))
		return (struct bytes){.ptr = k->room, .len = HASH_LEN};
	if (text.len != HASH_LEN)
		return text;
	memcpy(k->room, text.ptr, HASH_LEN);
	k->room[HASH_LEN] = 0;
	return (struct bytes){.ptr = k->room, .len = HASH_LEN + 1};
}

struct bytes digest_key_text(struct bytes key, struct arena *a, bool *ok)
{
	if (key.len != HASH_LEN) {
		if (key.len == HASH_LEN + 1 && key.ptr[HASH_LEN] == 0)
			key.len = HASH_LEN;
		return arena_bytes(a, key, ok);
	}
	char *text = arena_alloc(a, sizeof prefix + 2 * HASH_LEN, 1);
	*ok = text != NULL;
	if (!text)
		return BYTES_NONE;
	memcpy(text, prefix, sizeof prefix - 1);
	num_hex_encode(key, text + sizeof prefix - 1);
	return (struct bytes){.ptr = (const uint8_t *)text,
			      .len = sizeof prefix - 1 + 2 * HASH_LEN};
}
