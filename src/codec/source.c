#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "codec/stream_impl.h"

/* A descriptor as a stream, read with pread at our own offset. With a wait callback the file is
 * still being written: only bytes that the callback has announced are read (a file may be longer
 * than what of it is valid, as after fallocate). */

/* Bytes: what is read at once stays in the processor's cache until it is used. */
#define READ_STEP (64U << 10)

struct source {
	int fd;
	uint64_t pos;
	uint64_t end;	/* exclusive; UINT64_MAX: the file's own end */
	uint64_t known; /* with wait: bytes that are known to be written */
	stream_wait_fn wait;
	void *wait_arg;
	bool final;
};

/* How many bytes may be read at pos now: 0 = end, <0 = error. Blocks in wait. */
static int64_t source_left(struct source *f, struct err *e)
{
	if (f->pos >= f->end)
		return 0;
	while (f->wait && f->pos >= f->known && !f->final) {
		bool final = false;
		int64_t have = f->wait(f->wait_arg, f->known, &final, e);
		if (have < 0)
			return have;
		if ((uint64_t)have > f->known)
			f->known = (uint64_t)have;
		f->final = final;
	}
	uint64_t end = f->end;
	if (f->wait && f->known < end)
		end = f->known;
	if (f->pos >= end)
		return 0;
	return end - f->pos > INT64_MAX ? INT64_MAX : (int64_t)(end - f->pos);
}

static int64_t source_read(void *impl, uint8_t *out, size_t cap, struct err *e)
{
	struct source *f = impl;
	int64_t left = source_left(f, e);
	if (left <= 0)
		return left;
	if (cap > READ_STEP)
		cap = READ_STEP;
	size_t n = (uint64_t)left < cap ? (size_t)left : cap;
	ssize_t got;
	do
		got = pread(f->fd, out, n, (off_t)f->pos);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, "read at byte %" PRIu64, f->pos);
	if (got == 0 && f->wait)
		return err_set(e, ERR_TRUNCATED, "the file is shorter than announced");
	f->pos += (uint64_t)got;
	return got;
}

static int source_early(uint64_t n, struct err *e)
{
	return err_set(e, ERR_TRUNCATED, "the file ends %" PRIu64 " bytes early", n);
}

static int source_skip(void *impl, uint64_t n, struct err *e)
{
	struct source *f = impl;

	if (!f->wait) {
		uint64_t size;
		int r = io_size(f->fd, &size, e);
		if (r < 0)
			return r;
		uint64_t end = size < f->end ? size : f->end;
		uint64_t left = f->pos < end ? end - f->pos : 0;
		if (n > left)
			return source_early(n - left, e);
		f->pos += n;
		return 0;
	}
	while (n > 0) {
		int64_t left = source_left(f, e);
		if (left < 0)
			return (int)left;
		if (left == 0)
			return source_early(n, e);
		uint64_t part = (uint64_t)left < n ? (uint64_t)left : n;
		f->pos += part;
		n -= part;
	}
	return 0;
}

static const struct stream_ops source_ops = {
    .read = source_read, .skip = source_skip, .close = free};

struct stream *stream_open_fd(int fd, uint64_t off, uint64_t len, stream_wait_fn wait,
			      void *wait_arg, struct err *e)
{
	/* pread takes a signed offset. */
	if (off > INT64_MAX) {
		(void)err_set(e, ERR_LIMIT, "offset %" PRIu64 " is past the largest file offset",
			      off);
		return NULL;
	}
	struct source *f = calloc(1, sizeof *f);
	if (!f) {
		(void)err_set(e, ERR_NOMEM, "stream: no memory");
		return NULL;
	}
	*f = (struct source){.fd = fd, .pos = off, .wait = wait, .wait_arg = wait_arg};
	f->end = len > (uint64_t)INT64_MAX - off ? (uint64_t)INT64_MAX : off + len;
	return stream_open(&source_ops, f, e);
}
