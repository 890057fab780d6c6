/* utf8: sequences of RFC 3629 (no over-long form, no surrogate, nothing above U+10FFFF). */
#pragma once
#include "base/buf.h"
#include <stddef.h>
#include <stdint.h>

/* Bytes of the sequence that starts at p with n > 0 bytes left; 0 if it is invalid. */
size_t utf8_len(const uint8_t *p, size_t n);
/* Is the valid sequence of n > 1 bytes at p one that a terminal obeys, or that makes a line read as
 * another: a C1 control (U+0080..9F), a mark of direction (U+200E.., U+202A.., U+2066..)? */
bool utf8_is_obeyed(const uint8_t *p, size_t n);
/* The 1 to 4 bytes of a code point (<= U+10FFFF) into out[4]: how many. */
size_t utf8_put(uint8_t *out, uint32_t code);
/* Is text valid, without U+0000: what every database and reader of JSON keeps as it is? */
bool utf8_is_text(struct bytes text);
/* The text, with U+FFFD in place of U+0000 and of each byte that belongs to no sequence. */
void utf8_put_text(struct buf *out, struct bytes text);
