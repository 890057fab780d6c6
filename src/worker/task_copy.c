#include "worker/tasks.h"

#include "base/io.h"
#include "base/num.h"
#include "codec/codec.h"

/* A file that travels: compressed, or plain again. */

#define COPY_STEP 262144U /* bytes */

int task_put_plain(struct stream *in, uint64_t max, int out_fd, struct err *e)
{
	struct bytes part;
	int r;
	while ((r = stream_peek(in, COPY_STEP, &part, e)) > 0) {
		if (part.len > max)
			return err_set(e, ERR_LIMIT, "it holds more than was stated");
		if (io_write(out_fd, part.ptr, part.len, e) < 0)
			return err_ctx(e, "plain copy");
		max -= part.len;
		stream_consume(in, part.len);
	}
	return r;
}

static int no_file(struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "there is no file for the result");
}

int task_pack(struct session *s, int out_fd, struct err *e)
{
	if (out_fd < 0)
		return no_file(e);
	struct stream *in = session_open_input(s, e);
	int r = in ? zstd_pack(in, out_fd, e) : -(int)e->code;
	stream_close(in);
	return r;
}

int task_unpack(struct session *s, int out_fd, struct err *e)
{
	uint64_t max;
	if (out_fd < 0)
		return no_file(e);
	if (!num_u64(s->start.name, UINT64_MAX, &max))
		return err_set(e, ERR_FORMAT, "the length that it must not pass is not a number");
	struct stream *in = session_open_input(s, e);
	if (in)
		in = codec_open(in, &s->start.limits, NULL, e);
	int r = in ? task_put_plain(in, max, out_fd, e) : -(int)e->code;
	stream_close(in);
	return r;
}
