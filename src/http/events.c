/* Server-sent events (WHATWG HTML §9.2). Each stream holds a thread, which waits for events; so
 * there are at most half as many streams as threads. A comment line every KEEP_ALIVE_MS shows
 * proxies and the client life. */
#include "base/clock.h"
#include "http/conn.h"

#include <poll.h>
#include <stdio.h>

#define KEEP_ALIVE_MS 15000
#define SLICE_MS 500	     /* how late a closed client or a closing server is noticed */
#define EVENT_MAX (1U << 20) /* bytes that one call of next may add */

static bool client_left(const struct http_conn *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

bool http_is_gone(const struct http_request *r)
{
	return client_left(r->conn);
}

static bool is_over(const struct http_conn *c)
{
	return atomic_load(&c->server->closing) || atomic_load(&c->cut) || client_left(c);
}

/* The next event text into out: 0, or <0 at the end. */
static int fill(struct http_request *r, struct buf *out)
{
	int64_t until = clock_mono_ms() + KEEP_ALIVE_MS;
	buf_clear(out);
	while (out->len == 0) {
		if (is_over(r->conn) || r->reply.next(r->reply.arg, out, SLICE_MS) < 0 ||
		    !buf_ok(out))
			return -1;
		if (out->len == 0 && clock_mono_ms() >= until)
			buf_put_text(out, ":\n\n");
	}
	return 0;
}

/* Send all; a client that takes nothing for reply-timeout is lost. */
static int send_all(struct http_conn *c, struct bytes b)
{
	int64_t until = clock_mono_ms() + (int64_t)c->server->options.reply_timeout_ms;
	while (b.len > 0) {
		ssize_t n = conn_write(c, b.ptr, b.len, false);
		if (n > 0) {
			b = bytes_from(b, (size_t)n);
			until = clock_mono_ms() + (int64_t)c->server->options.reply_timeout_ms;
			continue;
		}
		struct pollfd p = {.fd = c->fd, .events = POLLOUT};
		if (n != CONN_WAIT || clock_mono_ms() >= until || atomic_load(&c->cut))
			return -1;
		(void)poll(&p, 1, SLICE_MS);
	}
	return 0;
}

static int send_event(struct http_request *r, struct bytes text)
{
	char size[24];
	int n = snprintf(size, sizeof size, "%zx\r\n", text.len);
	if (!r->head.one_one)
		return send_all(r->conn, text);
	if (send_all(r->conn, (struct bytes){.ptr = (const uint8_t *)size, .len = (size_t)n}) < 0 ||
	    send_all(r->conn, text) < 0)
		return -1;
	return send_all(r->conn, BYTES_LIT("\r\n"));
}

int events_send(struct hand *h, struct http_request *r)
{
	struct buf out;
	int rc = 0;
	(void)h;
	buf_init(&out, EVENT_MAX);
	while (rc == 0 && fill(r, &out) == 0) {
		rc = send_event(r, buf_bytes(&out));
		r->bytes_out += out.len;
	}
	buf_free(&out);
	if (rc == 0 && r->head.one_one)
		rc = send_all(r->conn, BYTES_LIT("0\r\n\r\n"));
	return rc;
}

/* 0, 1 = replied that there are too many, <0. */
static int stream_take(struct http_request *r, struct err *e)
{
	struct http_server *s = r->conn->server;
	if (reply_made(r))
		return err_set(e, ERR_INTERNAL, "a second reply");
	if (atomic_fetch_add(&s->event_count, 1) >= (s->options.threads_max + 1) / 2) {
		(void)atomic_fetch_sub(&s->event_count, 1);
		int rc = reply_busy(r, "too many event streams", e);
		return rc < 0 ? rc : 1;
	}
	int rc = http_reply_header(r, "Cache-Control", BYTES_LIT("no-store"), e);
	if (rc == 0)
		rc = http_reply_header(r, "X-Accel-Buffering", BYTES_LIT("no"), e);
	if (rc == 0)
		rc = reply_set(r, REPLY_EVENTS, 200, "text/event-stream", 0, e);
	if (rc < 0)
		(void)atomic_fetch_sub(&s->event_count, 1);
	return rc;
}

int http_reply_events(struct http_request *r, http_event_fn next, void (*done)(void *arg),
		      void *arg, struct err *e)
{
	int rc = stream_take(r, e);
	if (rc == 0) {
		r->reply.next = next;
		r->reply.done = done;
		r->reply.arg = arg;
	} else if (done) {
		done(arg);
	}
	return rc < 0 ? rc : 0;
}
