/* A reply's head, and how head and body leave: as much as the socket takes, and the rest when the
 * client has read. A file goes from the page cache to the socket (sendfile), or through the
 * thread's buffer where TLS has to see it, as a content does that is no file. */
#include "http/conn.h"

#include "base/clock.h"
#include "base/io.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <time.h>

#define SENDFILE_MAX (1U << 30) /* bytes of one call: the system's own limit is 2 GiB */
#define PIECE_LEN (64U << 10)	/* bytes that are read, and encrypted, at once */

/* "Sun, 06 Nov 1994 08:49:37 GMT", made once a second. Spec: RFC 9110 §5.6.7. */
static const char *date_of(struct hand *h)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;
	if (now != h->date_sec && gmtime_r(&now, &tm)) {
		h->date_sec = now;
		(void)snprintf(h->date, sizeof h->date, "%s, %02u %s %04u %02u:%02u:%02u GMT",
			       days[tm.tm_wday % 7], (unsigned)tm.tm_mday % 100,
			       months[tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000,
			       (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
			       (unsigned)tm.tm_sec % 100);
	}
	return h->date;
}

static bool has_no_body(const struct http_request *r)
{
	unsigned status = r->reply.status;
	return r->method == HTTP_HEAD || r->reply.kind == REPLY_HEAD || status == 204 ||
	       status == 304 || status < 200;
}

static int compose(struct hand *h, struct http_request *r)
{
	struct reply *p = &r->reply;
	struct buf *out = &p->head;
	bool events = p->kind == REPLY_EVENTS;
	r->close = r->close || events || atomic_load(&r->conn->server->closing);
	buf_printf(out, "HTTP/1.1 %u %s\r\nDate: %s\r\n", p->status, reply_phrase(p->status),
		   date_of(h));
	if (r->close)
		buf_put_text(out, "Connection: close\r\n");
	if (p->content_type)
		buf_printf(out, "Content-Type: %s\r\n", p->content_type);
	if (events && r->head.one_one)
		buf_put_text(out, "Transfer-Encoding: chunked\r\n");
	else if (!events && p->status != 204 && p->status != 304)
		buf_printf(out, "Content-Length: %llu\r\n", (unsigned long long)p->len);
	for (size_t i = 0; i < r->header_count; i++) {
		buf_put_text(out, r->headers[i].name);
		buf_put_text(out, ": ");
		buf_put_text(out, r->headers[i].value);
		buf_put_text(out, "\r\n");
	}
	buf_put_text(out, "\r\n");
	if (!has_no_body(r) && p->body.len <= CONN_SMALL_LEN)
		buf_put(out, p->body);
	return buf_ok(out) ? 0 : -ERR_NOMEM;
}

/* Bytes that follow the run of the head. */
static size_t body_behind(const struct http_request *r)
{
	bool behind = !has_no_body(r) && r->reply.body.len > CONN_SMALL_LEN;
	return behind ? r->reply.body.len : 0;
}

/* 1 = it has left, 0 = wait, <0 = lost. */
static int send_bytes(struct http_request *r)
{
	struct reply *p = &r->reply;
	size_t behind = body_behind(r);
	bool more = behind > 0 || (p->kind == REPLY_FILE && !has_no_body(r) && p->left > 0);
	while (p->sent < p->head.len + behind) {
		bool in_head = p->sent < p->head.len;
		struct bytes left = in_head ? bytes_from(buf_bytes(&p->head), p->sent)
					    : bytes_from(p->body, p->sent - p->head.len);
		ssize_t n = conn_write(r->conn, left.ptr, left.len, in_head && more);
		if (n < 0)
			return n == CONN_WAIT ? 0 : -1;
		p->sent += (size_t)n;
	}
	return 1;
}

static ssize_t send_piece(struct hand *h, struct http_request *r)
{
	struct reply *p = &r->reply;
	struct http_conn *c = r->conn;
	size_t want = p->left < SENDFILE_MAX ? (size_t)p->left : SENDFILE_MAX;
	if (c->tls || p->file.stream) {
		if (want > PIECE_LEN)
			want = PIECE_LEN;
		ssize_t n = content_read(&p->file, h->piece, want, p->off, NULL);
		return n <= 0 ? CONN_LOST : conn_write(c, h->piece, (size_t)n, false);
	}
	off_t off = (off_t)p->off;
	ssize_t n = sendfile(c->fd, p->file.fd, &off, want);
	c->want = EPOLLOUT;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? CONN_WAIT : CONN_LOST;
	return n == 0 ? CONN_LOST : n; /* the file is shorter than announced */
}

static int send_file(struct hand *h, struct http_request *r)
{
	struct reply *p = &r->reply;
	while (p->left > 0) {
		ssize_t n = send_piece(h, r);
		if (n < 0)
			return n == CONN_WAIT ? 0 : -1;
		p->off += (uint64_t)n;
		p->left -= (uint64_t)n;
		r->bytes_out += (uint64_t)n;
	}
	return 1;
}

int reply_send(struct hand *h, struct http_request *r)
{
	struct reply *p = &r->reply;
	if (p->head.len == 0 && compose(h, r) < 0)
		return -1;
	int rc = send_bytes(r);
	if (rc <= 0 || has_no_body(r))
		return rc;
	if (p->kind == REPLY_FILE)
		return send_file(h, r);
	if (p->kind == REPLY_EVENTS)
		return events_send(h, r) < 0 ? -1 : 1;
	r->bytes_out = p->body.len;
	return 1;
}
