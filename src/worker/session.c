#include "worker/session.h"

#include "base/num.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Messages as jail/task.h has them. The socket blocks: a parent that does not read yet slows the
 * task down and loses nothing. A parent that has ended ends the task at the next message. */

#define NOTE_MAX 10000U	    /* notes sent one by one */
#define NOTE_TEXT_MAX 1000U /* bytes of a note's text */

void session_init(struct session *s, int sock)
{
	*s = (struct session){.sock = sock};
	buf_init(&s->batch, LIMIT_FRAME_MAX);
	buf_init(&s->out, LIMIT_FRAME_MAX);
}

void session_free(struct session *s)
{
	buf_free(&s->batch);
	buf_free(&s->out);
}

static int send_message(struct session *s, const struct buf *m, struct err *e)
{
	if (!buf_ok(m))
		return err_set(e, ERR_NOMEM, "answer: no memory");
	for (;;) {
		if (send(s->sock, m->ptr, m->len, MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EPIPE || errno == ECONNRESET)
			return err_set(e, ERR_CANCELLED, "the parent has ended");
		if (errno != EINTR)
			return err_sys(e, "answer");
	}
}

/* The next message: its type, 0 = the parent closed, <0 error. */
static int receive(struct session *s, int flags, struct cursor *ret, struct err *e)
{
	ssize_t n;
	do {
		n = recv(s->sock, s->request, sizeof s->request, flags | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "request");
	if (n == 0)
		return 0;
	if ((size_t)n > sizeof s->request)
		return err_set(e, ERR_FORMAT, "request: oversized");
	*ret = cur_of((struct bytes){.ptr = s->request, .len = (size_t)n});
	uint8_t type = task_head_take(ret);
	return cur_ok(ret) ? type : err_set(e, ERR_FORMAT, "request: not a message");
}

int session_wait_start(struct session *s, struct err *e)
{
	struct cursor c;
	int type = receive(s, 0, &c, e);
	if (type <= 0 || type == TASK_CANCEL)
		return type < 0 ? type : 0;
	if (type != TASK_START)
		return err_set(e, ERR_FORMAT, "request: not a START");
	int r = task_start_take(&c, &s->start, e);
	if (r < 0)
		return r;
	s->is_final = s->start.len != UINT64_MAX;
	return 1;
}

/* Take one message about the growing file. 1 = taken, 0 = none waits (only with MSG_DONTWAIT). */
static int take_growth(struct session *s, int flags, struct err *e)
{
	/* START's texts are borrowed from the one request buffer: growth has its own small one. */
	uint8_t room[64];
	ssize_t n;
	do {
		n = recv(s->sock, room, sizeof room, flags | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return err_sys(e, "request");
	if (n == 0)
		return err_set(e, ERR_CANCELLED, "cancelled");
	if ((size_t)n > sizeof room)
		return err_set(e, ERR_FORMAT, "request: oversized");
	struct cursor c = cur_of((struct bytes){.ptr = room, .len = (size_t)n});
	uint8_t type = task_head_take(&c);
	if (type == TASK_CANCEL)
		return err_set(e, ERR_CANCELLED, "cancelled");
	uint64_t available;
	bool final;
	if (type != TASK_AVAILABLE)
		return err_set(e, ERR_FORMAT, "request: not AVAILABLE");
	int r = task_available_take(&c, &available, &final, e);
	if (r < 0)
		return r;
	if (available < s->available || s->is_final)
		return err_set(e, ERR_FORMAT, "request: the file shrank or went on after its end");
	s->available = available;
	s->is_final = final;
	return 1;
}

/* A stream_wait_fn. */
static int64_t wait_growth(void *arg, uint64_t have, bool *ret_final, struct err *e)
{
	struct session *s = arg;
	int r = 1;
	while (r > 0 && !s->is_final)
		r = take_growth(s, s->available > have ? MSG_DONTWAIT : 0, e);
	if (r < 0)
		return r;
	*ret_final = s->is_final;
	return (int64_t)s->available;
}

struct stream *session_open_input(struct session *s, struct err *e)
{
	/* Asked for growth a stream trusts only what was announced: not for a file that is whole.
	 */
	bool grows = s->start.len == UINT64_MAX;
	return stream_open_fd(TASK_IN_FD, s->start.off, s->start.len, grows ? wait_growth : NULL, s,
			      e);
}

int session_read_input(struct session *s, const char *what, struct buf *out, struct err *e)
{
	struct bytes part;
	int r = 1;
	struct stream *in = session_open_input(s, e);
	if (!in)
		return -(int)e->code;
	while (buf_ok(out) && (r = stream_peek(in, STREAM_PEEK_MAX, &part, e)) > 0) {
		buf_put(out, part);
		stream_consume(in, part.len);
	}
	stream_close(in);
	if (buf_is_spent(out))
		return err_set(e, ERR_LIMIT, "%s of more than %zu MiB", what, out->max >> 20);
	return buf_ok(out) ? r : err_nomem(e);
}

static int flush(struct session *s, struct err *e)
{
	if (s->batch.len == 0)
		return 0;
	int r = send_message(s, &s->batch, e);
	buf_clear(&s->batch);
	return r;
}

static int send_parts(struct session *s, enum task_record type, struct bytes body, struct err *e)
{
	int r = 0;
	do {
		struct bytes part = bytes_part(body, 0, TASK_FRAME_FILL);
		body = bytes_from(body, part.len);
		buf_clear(&s->out);
		task_head_put(&s->out, TASK_RECORD);
		buf_put_u8(&s->out, (uint8_t)type);
		buf_put_u8(&s->out, body.len > 0);
		buf_put(&s->out, part);
		r = send_message(s, &s->out, e);
	} while (r == 0 && body.len > 0);
	return r;
}

int session_record(struct session *s, enum task_record type, struct bytes body, struct err *e)
{
	int r = 0;
	if (s->batch.len > 0 && (s->batch_type != type || body.len > TASK_FRAME_FILL / 2 ||
				 s->batch.len + body.len > TASK_FRAME_FILL))
		r = flush(s, e);
	if (r < 0)
		return r;
	s->record_count++;
	if (body.len > TASK_FRAME_FILL / 2)
		return send_parts(s, type, body, e);
	if (s->batch.len == 0) {
		task_head_put(&s->batch, TASK_BATCH);
		buf_put_u8(&s->batch, (uint8_t)type);
		s->batch_type = type;
	}
	buf_put_blob(&s->batch, body);
	return buf_ok(&s->batch) ? 0 : err_set(e, ERR_NOMEM, "answer: no memory");
}

static int send_note(struct session *s, struct bytes where, struct bytes text, struct err *e)
{
	buf_clear(&s->out);
	task_head_put(&s->out, TASK_NOTE);
	buf_put_blob(&s->out, bytes_part(where, 0, LIMIT_PATH_MAX));
	buf_put_blob(&s->out, bytes_part(text, 0, NOTE_TEXT_MAX));
	return send_message(s, &s->out, e);
}

int session_note(struct session *s, struct bytes where, struct bytes text, struct err *e)
{
	if (++s->note_count > NOTE_MAX)
		return 0;
	return send_note(s, where, text, e);
}

int session_done(struct session *s, struct err *e)
{
	int r = flush(s, e);
	if (r == 0 && s->note_count > NOTE_MAX) {
		buf_clear(&s->batch);
		buf_printf(&s->batch, "%llu further note%s not listed",
			   (unsigned long long)(s->note_count - NOTE_MAX),
			   num_plural(s->note_count - NOTE_MAX));
		r = send_note(s, BYTES_NONE, buf_bytes(&s->batch), e);
	}
	if (r < 0)
		return r;
	buf_clear(&s->out);
	task_head_put(&s->out, TASK_DONE);
	buf_put_le64(&s->out, s->record_count);
	return send_message(s, &s->out, e);
}

int session_failed(struct session *s, const struct err *task_error)
{
	buf_clear(&s->out);
	task_head_put(&s->out, TASK_FAILED);
	buf_put_u8(&s->out, (uint8_t)task_error->code);
	buf_put_blob(&s->out, bytes_of(task_error->msg));
	return send_message(s, &s->out, NULL);
}

int session_ready(struct session *s, const struct cage_report *r, struct err *e)
{
	buf_clear(&s->out);
	task_ready_put(&s->out, r);
	return send_message(s, &s->out, e);
}
