/* chunk: the chunked transfer coding, decoded in place as bytes arrive.
 * Spec: RFC 9112 §7.1. Strict: CR LF and nothing else ends a line, a size is hexadecimal digits
 * only, extensions and trailers are skipped but must be well-formed, without white space around
 * an extension, and no trailer may have the name of a framing field. */
#pragma once
#include "base/bytes.h"

#define CHUNK_LINE_MAX 4096U	      /* bytes of a size and its extensions: clients send none */
#define CHUNK_TRAILER_MAX (16U << 10) /* bytes of all trailers: clients send under 1 KiB */

struct chunk {
	int state; /* zero: before the first size */
	unsigned digits;
	size_t line, trailer; /* bytes of this line, of all trailers */
	uint64_t left;	      /* bytes of this chunk's data */
	uint8_t name[17];     /* of this trailer, in lower case: the longest that is refused */
	size_t name_len;
};
enum chunk_event {
	CHUNK_MORE, /* in is consumed, and the body has not ended */
	CHUNK_DATA, /* *ret_data borrows the next bytes of the body, at least one */
	CHUNK_END,  /* the body is complete; *in is what follows it */
};
/* Consumes the front of *in. An event, or <0 = refuse with this status: -400 bad framing, -413 a
 * size that has more than 64 bits, -431 trailers or extensions over their limit. */
int chunk_next(struct chunk *k, struct bytes *in, struct bytes *ret_data);
