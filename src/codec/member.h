/* member: one member of an archive that names the method, length and CRC-32 of each (zip). */
#pragma once
#include "codec/stream.h"

#define MEMBER_STORED 0
#define MEMBER_DEFLATE 8

struct member {
	uint16_t method; /* MEMBER_STORED or MEMBER_DEFLATE; others are ERR_UNSUPPORTED */
	uint64_t size;	 /* plain bytes: exactly so many, else ERR_INTEGRITY */
	uint32_t crc32;	 /* of the plain bytes, else ERR_INTEGRITY */
};

/* The plain bytes. in gives the stored bytes and no more; ownership of in passes, also on failure.
 * NULL + *e on failure. Never gives more than m->size bytes. Error at the end: ERR_TRUNCATED,
 * ERR_INTEGRITY; within: ERR_FORMAT. */
struct stream *member_open(struct stream *in, const struct member *m, struct err *e);
