/* base64: RFC 4648. Strict: no line breaks, unused bits zero, padding exactly as in the alphabet's
 * form (standard: with "=", URL: none). */
#pragma once
#include "base/buf.h"
#include "base/bytes.h"

enum base64_form { BASE64_STANDARD, BASE64_URL };

/* ret needs 3 * (in.len / 4) + 3 bytes. False if in is not base64 of that form. */
bool base64_decode(enum base64_form form, struct bytes in, uint8_t *ret, size_t *ret_len);
void base64_put(enum base64_form form, struct bytes in, struct buf *out);
