/* decode: what the fuzz targets of codec/ have in common. */
#pragma once
#include "codec/table.h"
#include "touch.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* First byte: how large the peeks are; the rest is the input. */
static inline int decode(struct stream *(*open)(struct stream *, const struct limits *,
						struct err *),
			 const uint8_t *data, size_t size)
{
	struct limits lim = LIMITS_DEFAULT;
	struct err e = ERR_INIT;
	struct bytes b;
	int rc;

	if (size == 0)
		return 0;
	size_t want = (size_t)data[0] * 1025 + 1;
	if (want > STREAM_PEEK_MAX)
		want = STREAM_PEEK_MAX;
	lim.layer_out_max = 4U << 20;
	struct stream *in = stream_open_bytes((struct bytes){.ptr = data + 1, .len = size - 1}, &e);
	struct stream *s = in ? open(in, &lim, &e) : NULL;
	while (s && (rc = stream_peek(s, want, &b, &e)) > 0) {
		touch(b);
		stream_consume(s, b.len > 7 && (data[0] & 1U) ? b.len - 7 : b.len);
	}
	if (s && stream_offset(s) > lim.layer_out_max)
		abort();
	stream_close(s);
	return 0;
}
