#include "codec/member.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "codec/inflate.h"
#include "codec/stream_impl.h"

struct member_stream {
	struct member m;
	struct stream *in;
	struct inflate *z; /* NULL: stored */
	uint64_t made;
	uint32_t crc;
	bool blocks_done;
};

static int finish(const struct member_stream *s, struct err *e)
{
	if (s->made != s->m.size)
		return err_set(e, ERR_INTEGRITY,
			       "member of %" PRIu64 " bytes, %" PRIu64 " announced", s->made,
			       s->m.size);
	if (s->crc != s->m.crc32)
		return err_set(e, ERR_INTEGRITY, "CRC-32 is %08x, %08x announced", s->crc,
			       s->m.crc32);
	return 0;
}

/* 0 or more bytes; *ret_end when no more will come. */
static int64_t read_some(struct member_stream *s, uint8_t *out, size_t cap, bool *ret_end,
			 struct err *e)
{
	struct bytes b = BYTES_NONE;
	int rc = stream_peek(s->in, 1, &b, e);
	if (rc < 0)
		return rc;
	if (!s->z) {
		*ret_end = rc == 0;
		size_t n = rc == 0 ? 0 : b.len < cap ? b.len : cap;
		if (n > 0)
			memcpy(out, b.ptr, n);
		stream_consume(s->in, n);
		return (int64_t)n;
	}
	struct engine_io io = {.in = b.ptr, .in_len = rc ? b.len : 0, .out = out, .out_cap = cap};
	rc = inflate_run(s->z, &io, e);
	if (rc < 0)
		return rc;
	stream_consume(s->in, io.used < io.in_len ? io.used : io.in_len);
	*ret_end = rc > 0;
	if (rc == 0 && io.in_len == 0 && io.made == 0)
		return err_set(e, ERR_TRUNCATED, "deflate: the data ends inside a block");
	return (int64_t)io.made;
}

static int64_t member_read(void *impl, uint8_t *out, size_t cap, struct err *e)
{
	struct member_stream *s = impl;

	while (!s->blocks_done) {
		int64_t n = read_some(s, out, cap, &s->blocks_done, e);
		if (n < 0)
			return n;
		if ((uint64_t)n > s->m.size - s->made)
			return err_set(e, ERR_INTEGRITY,
				       "member of more than the %" PRIu64 " bytes announced",
				       s->m.size);
		s->made += (uint64_t)n;
		s->crc = inflate_crc32(s->crc, out, (size_t)n);
		if (n > 0)
			return n;
	}
	return finish(s, e);
}

static void member_close(void *impl)
{
	struct member_stream *s = impl;
	inflate_close(s->z);
	stream_close(s->in);
	free(s);
}

static const struct stream_ops member_ops = {
    .read = member_read, .skip = NULL, .close = member_close};

struct stream *member_open(struct stream *in, const struct member *m, struct err *e)
{
	struct member_stream *s = calloc(1, sizeof *s);
	if (!s) {
		stream_close(in);
		(void)err_set(e, ERR_NOMEM, "member: no memory");
		return NULL;
	}
	*s = (struct member_stream){.m = *m, .in = in};
	if (m->method == MEMBER_DEFLATE) {
		s->z = inflate_open(e);
		if (!s->z) {
			member_close(s);
			return NULL;
		}
		inflate_reset(s->z, false);
	} else if (m->method != MEMBER_STORED) {
		member_close(s);
		(void)err_set(e, ERR_UNSUPPORTED, "compression method %u", m->method);
		return NULL;
	}
	return stream_open(&member_ops, s, e);
}
