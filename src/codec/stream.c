#include "codec/stream.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "codec/stream_impl.h"

/* A stream owns one buffer of 2 * STREAM_PEEK_MAX bytes and a window [win, win + win_len) into it.
 * The producer writes into the buffer directly, at most READ_MAX bytes at a time, so that the only
 * bytes ever copied are those of a window too short for the next peek: they move to the front and
 * the producer goes on after them. A stream over memory has no buffer: its window is the memory.
 */

#define READ_MAX STREAM_PEEK_MAX
#define BUF_CAP (2U * STREAM_PEEK_MAX)

struct stream {
	const struct stream_ops *ops;
	void *impl;
	uint8_t *buf;
	const uint8_t *win;
	size_t win_len;
	uint64_t consumed;
	uint64_t produced;
	uint64_t out_max;
	uint64_t ratio_max;
	uint64_t ratio_free;
	const struct stream *in;
	stream_see_fn see;
	void *see_arg;
	bool ended;
	bool failed;
	struct err why;
};

static int fail(struct stream *s, struct err *why, struct err *e)
{
	if (why->code == ERR_OK)
		(void)err_set(why, ERR_INTERNAL, "stream: an error without a reason");
	s->failed = true;
	s->why = *why;
	s->win_len = 0;
	if (e)
		*e = *why;
	return -(int)why->code;
}

static int fail_again(const struct stream *s, struct err *e)
{
	if (e)
		*e = s->why;
	return -(int)s->why.code;
}

static int check_limits(const struct stream *s, struct err *why)
{
	if (s->produced > s->out_max)
		return err_set(why, ERR_LIMIT, "more than %" PRIu64 " bytes uncompressed",
			       s->out_max);
	if (!s->in || s->produced <= s->ratio_free)
		return 0;
	uint64_t taken = stream_offset(s->in);
	if (s->produced / (taken ? taken : 1) > s->ratio_max)
		return err_set(why, ERR_LIMIT,
			       "%" PRIu64 " bytes from %" PRIu64
			       " compressed: a ratio above %" PRIu64 " to one",
			       s->produced, taken, s->ratio_max);
	return 0;
}

/* What came of the implementation: got bytes at out, its end or its error. 1, 0, <0. */
static int account(struct stream *s, const uint8_t *out, int64_t got, struct err *why,
		   struct err *e)
{
	if (got < 0)
		return fail(s, why, e);
	if (got == 0) {
		s->ended = true;
		return 0;
	}
	if (s->see)
		s->see(s->see_arg, (struct bytes){.ptr = out, .len = (size_t)got});
	s->produced += (uint64_t)got;
	if (check_limits(s, why) < 0)
		return fail(s, why, e);
	return 1;
}

/* Bytes that the implementation holds: they are the window, or follow what is left of it. */
static int refill_shown(struct stream *s, struct err *e)
{
	struct err why = ERR_INIT;
	struct bytes shown = BYTES_NONE;
	int64_t got = s->ops->show(s->impl, &shown, &why);
	int r = account(s, shown.ptr, got > 0 ? (int64_t)shown.len : got, &why, e);
	if (r <= 0)
		return r;
	if (s->win_len > 0)
		memcpy(s->buf + s->win_len, shown.ptr, shown.len);
	else
		s->win = shown.ptr;
	s->win_len += shown.len;
	return 1;
}

/* More bytes after the window: 1, 0 at the end, <0. */
static int refill(struct stream *s, struct err *e)
{
	struct err why = ERR_INIT;

	if (s->win_len > 0 && s->win != s->buf)
		memmove(s->buf, s->win, s->win_len);
	s->win = s->buf;
	if (s->ops->show)
		return refill_shown(s, e);
	size_t room = BUF_CAP - s->win_len;
	uint8_t *out = s->buf + s->win_len;
	int64_t got = s->ops->read(s->impl, out, room < READ_MAX ? room : READ_MAX, &why);
	int r = account(s, out, got, &why, e);
	if (r > 0)
		s->win_len += (size_t)got;
	return r;
}

int64_t stream_take(struct stream *s, uint8_t *out, size_t cap, struct err *e)
{
	struct err why = ERR_INIT;
	if (s->failed)
		return fail_again(s, e);
	if (s->win_len > 0 || s->ended || s->ops->show) {
		struct bytes b;
		int r = stream_peek(s, 1, &b, e);
		if (r <= 0)
			return r;
		b = bytes_part(b, 0, cap);
		memcpy(out, b.ptr, b.len);
		stream_consume(s, b.len);
		return (int64_t)b.len;
	}
	int64_t got = s->ops->read(s->impl, out, cap < READ_MAX ? cap : READ_MAX, &why);
	int r = account(s, out, got, &why, e);
	if (r > 0)
		s->consumed += (uint64_t)got;
	return r > 0 ? got : r;
}

int stream_peek(struct stream *s, size_t want, struct bytes *ret, struct err *e)
{
	assert(want <= STREAM_PEEK_MAX);
	if (s->failed)
		return fail_again(s, e);
	if (want == 0)
		want = 1;
	while (s->win_len < want && !s->ended) {
		int rc = refill(s, e);
		if (rc < 0)
			return rc;
	}
	*ret = (struct bytes){.ptr = s->win, .len = s->win_len};
	return s->win_len > 0;
}

void stream_consume(struct stream *s, size_t n)
{
	assert(n <= s->win_len);
	s->win_len -= n;
	if (n > 0)
		s->win += n;
	s->consumed += n;
}

static int truncated(uint64_t n, struct err *e)
{
	return err_set(e, ERR_TRUNCATED, "the data ends %" PRIu64 " bytes early", n);
}

int stream_skip(struct stream *s, uint64_t n, struct err *e)
{
	for (;;) {
		struct err why = ERR_INIT;
		size_t part = n < s->win_len ? (size_t)n : s->win_len;
		stream_consume(s, part);
		n -= part;
		if (s->failed)
			return fail_again(s, e);
		if (n == 0)
			return 0;
		if (s->ended)
			return truncated(n, e);
		if (s->ops->skip && !s->see) {
			if (n > s->out_max - s->produced) {
				s->produced = s->out_max + 1;
				(void)check_limits(s, &why);
				return fail(s, &why, e);
			}
			if (s->ops->skip(s->impl, n, &why) < 0)
				return fail(s, &why, e);
			s->produced += n;
			s->consumed += n;
			return 0;
		}
		int rc = refill(s, e);
		if (rc < 0)
			return rc;
	}
}

int stream_read(struct stream *s, void *out, size_t n, struct err *e)
{
	uint8_t *at = out;

	while (n > 0) {
		struct bytes b = BYTES_NONE;
		int rc = stream_peek(s, 1, &b, e);
		if (rc < 0)
			return rc;
		if (rc == 0 || !b.ptr)
			return truncated(n, e);
		size_t part = b.len < n ? b.len : n;
		memcpy(at, b.ptr, part);
		stream_consume(s, part);
		at += part;
		n -= part;
	}
	return 0;
}

void stream_watch(struct stream *s, stream_see_fn see, void *arg)
{
	assert(s->consumed == 0);
	s->see = see;
	s->see_arg = arg;
	if (s->win_len > 0)
		see(arg, (struct bytes){.ptr = s->win, .len = s->win_len});
}

uint64_t stream_offset(const struct stream *s)
{
	return s->consumed;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	if (s->ops && s->ops->close)
		s->ops->close(s->impl);
	free(s->buf);
	free(s);
}

struct stream *stream_open(const struct stream_ops *ops, void *impl, struct err *e)
{
	struct stream *s = calloc(1, sizeof *s);
	uint8_t *buf = io_block(BUF_CAP);
	if (!s || !buf) {
		free(s);
		free(buf);
		ops->close(impl);
		(void)err_set(e, ERR_NOMEM, "stream: no memory");
		return NULL;
	}
	s->ops = ops;
	s->impl = impl;
	s->buf = buf;
	s->win = buf;
	s->out_max = UINT64_MAX - 1;
	s->ratio_max = UINT64_MAX;
	return s;
}

void stream_set_limits(struct stream *s, uint64_t out_max, uint64_t ratio_max,
		       const struct stream *in)
{
	s->out_max = out_max < UINT64_MAX ? out_max : UINT64_MAX - 1;
	s->ratio_max = ratio_max;
	s->ratio_free = s->out_max / STREAM_RATIO_SHARE;
	s->in = in;
	struct err why = ERR_INIT;
	if (!s->failed && s->produced > s->out_max && check_limits(s, &why) < 0)
		(void)fail(s, &why, NULL);
}

struct stream *stream_open_bytes(struct bytes b, struct err *e)
{
	static const uint8_t none[1];
	struct stream *s = calloc(1, sizeof *s);
	if (!s) {
		(void)err_set(e, ERR_NOMEM, "stream: no memory");
		return NULL;
	}
	s->win = b.len ? b.ptr : none;
	s->win_len = b.len;
	s->produced = b.len;
	s->out_max = UINT64_MAX - 1;
	s->ratio_max = UINT64_MAX;
	s->ended = true;
	return s;
}
