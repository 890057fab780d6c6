/* stream: a pull interface for bytes in order. Peek shows the next bytes without consuming them.
 * Sources (a descriptor, bytes in memory) and codecs (gzip, zstd, xz, bzip2) are streams; a codec
 * reads from another stream. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"
#include <stdint.h>

struct stream;

/* Show at least one and, if the stream has them, at least want bytes (want <= STREAM_PEEK_MAX) in
 * *ret; borrowed until the next call on s. Returns 1 = bytes shown (fewer than want only at the
 * end), 0 = end of stream, <0 = error (sticky). */
#define STREAM_PEEK_MAX (256U * 1024U)
int stream_peek(struct stream *s, size_t want, struct bytes *ret, struct err *e);
/* Consume n of the bytes last shown. */
void stream_consume(struct stream *s, size_t n);
/* Consume n bytes without showing them: 0, or ERR_TRUNCATED at the end. */
int stream_skip(struct stream *s, uint64_t n, struct err *e);
/* Copy exactly n bytes to out: 0, ERR_TRUNCATED. */
int stream_read(struct stream *s, void *out, size_t n, struct err *e);
/* Pass every byte of s to see, once and in order, as it is produced, including bytes skipped by
 * stream_skip; at the end of the stream it has seen all. Call it before anything is consumed. */
typedef void (*stream_see_fn)(void *arg, struct bytes b);
void stream_watch(struct stream *s, stream_see_fn see, void *arg);
/* Bytes consumed so far from this stream. */
uint64_t stream_offset(const struct stream *s);
/* Closes s and the stream it reads from; NULL accepted. */
void stream_close(struct stream *s);

/* Bytes in memory, borrowed until close. NULL when out of memory (all stream_open_*). */
struct stream *stream_open_bytes(struct bytes b, struct err *e);

/* A file from off, len bytes (UINT64_MAX: to its end). Uses pread: the descriptor's position is
 * untouched; the caller keeps fd. wait (may be NULL) is called when the file ends before len
 * because it is still being written. It blocks and returns the file's total known length, sets
 * *ret_final when it is final, or returns <0 (ERR_CANCELLED) to end the stream.
 */
typedef int64_t (*stream_wait_fn)(void *arg, uint64_t have, bool *ret_final, struct err *e);
struct stream *stream_open_fd(int fd, uint64_t off, uint64_t len, stream_wait_fn wait,
			      void *wait_arg, struct err *e);
