/* ahead: a stream that is read ahead of its reader. One thread produces the bytes, another passes
 * them to a function that sees them all (a hash), the caller's reads them: inflating a layer,
 * hashing it and looking into it take about as long each. The bytes are in a ring of slots that all
 * three share, and are not copied. */
#pragma once
#include "codec/stream.h"

struct ahead;
/* Start both threads, which run when this returns; they make no system call but futex, exit and
 * what the streams given to them make. NULL + ERR_NOMEM, ERR_IO. */
struct ahead *ahead_open(struct err *e);
/* No stream of it is open any more. NULL accepted. */
void ahead_close(struct ahead *a);

/* What s yields, one such stream at a time; takes s, also on failure (NULL + ERR_NOMEM). Until it
 * is closed s and what s reads from belong to the other thread. see gets every byte of s once and
 * in order, on a thread of its own: all of them once the end was reported, those up to some place
 * when it is closed before. in (may be NULL): a stream that s reads from, for ahead_taken. Closing
 * waits for a read of s that has begun. */
struct ahead_watch {
	stream_see_fn see;
	void *arg;
};
struct stream *ahead_stream(struct ahead *a, struct stream *s, const struct stream *in,
			    struct ahead_watch watch, struct err *e);
/* Bytes of in that were consumed to produce what the reader has been shown. Depends on the bytes
 * alone, not on how far ahead the other thread is. Good until the next ahead_stream. */
uint64_t ahead_taken(const struct ahead *a);
