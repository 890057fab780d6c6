/* cursor (cur_): the only way to read structure from untrusted bytes. Failure is sticky; a failed
 * read yields zero or the empty run, so a header is read straight through and checked once with
 * cur_ok before any value is used. */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>
#include <stdint.h>

struct cursor {
	const uint8_t *ptr;
	size_t len;
	size_t off;
	bool failed;
};

struct cursor cur_of(struct bytes b);
bool cur_ok(const struct cursor *c);
size_t cur_left(const struct cursor *c); /* 0 once failed */
void cur_fail(struct cursor *c);
uint8_t cur_u8(struct cursor *c);
uint16_t cur_be16(struct cursor *c);
uint32_t cur_be32(struct cursor *c);
uint64_t cur_be64(struct cursor *c);
uint16_t cur_le16(struct cursor *c);
uint32_t cur_le32(struct cursor *c);
uint64_t cur_le64(struct cursor *c);
/* Unsigned LEB128 of at most 64 bits; over-long forms fail. */
uint64_t cur_varint(struct cursor *c);
/* The next n bytes, borrowed from the input. */
struct bytes cur_take(struct cursor *c, size_t n);
/* The bytes before delim; the delimiter is consumed. A missing delimiter is a failure, not "the
 * rest". */
struct bytes cur_until(struct cursor *c, uint8_t delim);
/* A varint length and that many bytes. */
struct bytes cur_blob(struct cursor *c);
/* A separate cursor over the next n bytes. */
struct cursor cur_sub(struct cursor *c, size_t n);
void cur_skip(struct cursor *c, size_t n);
