/* inflate: DEFLATE (RFC 1951) by a library: ISA-L or zlib, chosen at build time; both behave the
 * same. Private to codec/. */
#pragma once
#include "codec/engine.h"

struct inflate;
/* NULL when out of memory. */
struct inflate *inflate_open(struct err *e);
void inflate_close(struct inflate *z);
/* Begin a new run of blocks. trailer: after the last block come CRC-32 and length (RFC 1952
 * §2.3.1), read and checked by inflate_run. */
void inflate_reset(struct inflate *z, bool trailer);
/* As engine_ops.run. ERR_FORMAT, ERR_INTEGRITY. Without trailer io->used at the end may be off by
 * the few bytes a library reads ahead. */
int inflate_run(struct inflate *z, struct engine_io *io, struct err *e);
/* CRC-32 of RFC 1952 §8 over more bytes; begins with 0. */
uint32_t inflate_crc32(uint32_t crc, const uint8_t *ptr, size_t len);
