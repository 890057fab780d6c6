/* stream_impl (stream_): how a stream is implemented; for sources and codecs in codec/ only. */
#pragma once
#include "codec/stream.h"

struct stream_ops {
	/* Put at least one byte and at most cap in out: bytes put, 0 = end, <0 = error. */
	int64_t (*read)(void *impl, uint8_t *out, size_t cap, struct err *e);
	/* Or, of bytes that are there already: show at most STREAM_PEEK_MAX of them, which stay
	 * until the next call. 1, 0 = end, <0 = error. NULL: read is there. */
	int64_t (*show)(void *impl, struct bytes *ret, struct err *e);
	/* Pass over n bytes without reading them: 0, ERR_TRUNCATED, ERR_IO. NULL: they are read. */
	int (*skip)(void *impl, uint64_t n, struct err *e);
	/* Frees impl and all it holds. */
	void (*close)(void *impl);
};

/* Takes ownership of impl, also on failure (then ops->close(impl) was called). NULL when out of
 * memory. */
struct stream *stream_open(const struct stream_ops *ops, void *impl, struct err *e);
/* Consume at most cap bytes straight into out: bytes put, 0 = end, <0 = error (sticky). */
int64_t stream_take(struct stream *s, uint8_t *out, size_t cap, struct err *e);
/* From now on: at most out_max bytes in all (ERR_LIMIT). in (may be NULL; stays the codec's): where
 * the bytes come from; once more than out_max / STREAM_RATIO_SHARE bytes came out, out/in must stay
 * <= ratio_max (ERR_LIMIT). */
void stream_set_limits(struct stream *s, uint64_t out_max, uint64_t ratio_max,
		       const struct stream *in);
/* The part of out_max to which no ratio applies, 4 GiB of 20: legitimate layers have long runs of
 * zeros (a sparse lastlog, a disk image), which zstd packs ten thousand to one; that much costs
 * seconds and no memory. Beyond it such a stream is a bomb, stopped before it reaches out_max. */
#define STREAM_RATIO_SHARE 5U
