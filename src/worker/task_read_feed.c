#include "worker/tasks.h"

#include "feed/feed.h"
#include "advisory/feeds.h"

/* A feed's document, archive or zip: a record for every advisory and exploit fact in it. */

struct sink_state {
	struct session *s;
	struct buf buf;
};

static int send_buf(struct sink_state *st, enum task_record type, struct err *e)
{
	if (!buf_ok(&st->buf))
		return err_set(e, ERR_NOMEM, "record: no memory");
	return session_record(st->s, type, buf_bytes(&st->buf), e);
}

static int on_advisory(void *arg, const struct adv *a, struct err *e)
{
	struct sink_state *st = arg;
	buf_clear(&st->buf);
	adv_put(&st->buf, a);
	if (!buf_ok(&st->buf))
		return session_note(st->s, a->id, BYTES_LIT("record too large"), e);
	return send_buf(st, TASK_ADVISORY, e);
}

static int on_exploit(void *arg, const struct adv_exploit *x, struct err *e)
{
	struct sink_state *st = arg;
	buf_clear(&st->buf);
	adv_exploit_put(&st->buf, x);
	return send_buf(st, TASK_EXPLOIT, e);
}

static int on_note(void *arg, struct bytes where, const char *text, struct err *e)
{
	struct sink_state *st = arg;
	return session_note(st->s, where, bytes_of(text), e);
}

int task_read_feed(struct session *s, int out_fd, struct err *e)
{
	(void)out_fd;
	const struct feed *f = feed_find(s->start.name);
	if (!f)
		return err_set(e, ERR_UNSUPPORTED,
			       "no feed is called \"%.*s\"; there are " FEED_NAMES,
			       BYTES_ARG(s->start.name));
	/* An operator's file, in a worker that does nothing else. */
	s->start.limits.layer_window_max = LIMIT_WINDOW_MAX;
	struct sink_state st = {.s = s};
	buf_init(&st.buf, 16U << 20);
	struct feed_sink sink = {
	    .arg = &st, .advisory = on_advisory, .exploit = on_exploit, .note = on_note};
	int r = feed_read(f, s->start.path, TASK_IN_FD, &s->start.limits, &sink, e);
	buf_free(&st.buf);
	return r;
}
