/* digest_key: digests as columns keep them: the 32 bytes of a SHA-256, the text itself of any other
 * (a text of 32 bytes is followed by a NUL, which a text never has). */
#pragma once
#include "base/arena.h"
#include "base/bytes.h"

struct digest_key {
	uint8_t room[33];
};
/* The key of a digest's text. Borrows from k or from text. */
struct bytes digest_key_of(struct bytes text, struct digest_key *k);
/* The text of a key, in the arena; BYTES_NONE and *ok = false without memory. */
struct bytes digest_key_text(struct bytes key, struct arena *a, bool *ok);
