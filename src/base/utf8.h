/* utf8: sequences of RFC 3629 (no over-long form, no surrogate, nothing above U+10FFFF). */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Bytes of the sequence that starts at p with n > 0 bytes left; 0 if it is invalid. */
size_t utf8_len(const uint8_t *p, size_t n);
/* The 1 to 4 bytes of a code point (<= U+10FFFF) into out[4]: how many. */
size_t utf8_put(uint8_t *out, uint32_t code);
