/* word (eco_word_): a word that is looked for in bytes that go by once, in pieces. Inside eco
 * only. */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

#define ECO_WORD_MAX 64U /* bytes of one */

struct eco_word {
	uint8_t carry[ECO_WORD_MAX]; /* the end of what went by */
	size_t carry_len;
	bool met;
};
/* The next piece; word is the same each time. */
void eco_word_see(struct eco_word *w, struct bytes word, struct bytes b);
