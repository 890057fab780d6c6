#include "worker/tasks.h"

#include "archive/tar.h"
#include "codec/codec.h"

/* An image saved as a tar (docker-archive, OCI layout): a record for every member that a reader of
 * images can want: where its bytes are. Offsets only help in a plain file, so a compressed one is
 * first written plain to the output file. */

static int list(struct session *s, struct stream *in, struct buf *buf, struct err *e)
{
	struct tar *t = tar_open(in, &s->start.limits, e);
	if (!t)
		return -(int)e->code;
	struct tar_entry ent;
	int r;
	while ((r = tar_next(t, &ent, e)) > 0) {
		if (ent.type == TAR_GLOBAL)
			continue;
		buf_clear(buf);
		buf_put_blob(buf, ent.path);
		buf_put_u8(buf, (uint8_t)ent.type);
		buf_put_blob(buf, ent.link);
		buf_put_le64(buf, ent.offset);
		buf_put_le64(buf, ent.stored);
		if (ent.path.len > LIMIT_PATH_MAX || ent.link.len > LIMIT_PATH_MAX)
			r = session_note(s, ent.path, BYTES_LIT("an overlong path: left out"), e);
		else if (ent.sparse) /* its bytes are not contiguous */
			r = session_note(s, ent.path, BYTES_LIT("sparse member left out"), e);
		else if (!buf_ok(buf))
			r = err_set(e, ERR_NOMEM, "member: no memory");
		else
			r = session_record(s, TASK_MEMBER, buf_bytes(buf), e);
		if (r < 0)
			break;
	}
	tar_close(t);
	return r;
}

int task_list_tar(struct session *s, int out_fd, struct err *e)
{
	const char *codec = NULL;
	s->start.limits.layer_window_max = LIMIT_WINDOW_MAX; /* no layer, and little else is kept */
	struct stream *in = session_open_input(s, e);
	if (in)
		in = codec_open(in, &s->start.limits, &codec, e);
	if (!in)
		return -(int)e->code;
	int r = 0;
	if (!bytes_eq_lit(bytes_of(codec), "none")) {
		r = out_fd >= 0
			? task_put_plain(in, UINT64_MAX, out_fd, e)
			: err_set(e, ERR_UNSUPPORTED, "compressed, and no file to put it plain");
		stream_close(in);
		in = NULL;
		if (r == 0)
			in = stream_open_fd(out_fd, 0, UINT64_MAX, NULL, NULL, e);
		if (r == 0 && !in)
			r = -(int)e->code;
	}
	struct buf buf;
	buf_init(&buf, 2 * LIMIT_PATH_MAX + 64);
	if (r == 0)
		r = list(s, in, &buf, e);
	buf_free(&buf);
	stream_close(in);
	return r;
}
