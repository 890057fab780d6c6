/* Server-sent events (WHATWG HTML §9.2): the library asks for bytes on the request's own thread,
 * which may wait. A comment line every KEEP_ALIVE_MS shows proxies and the watchdog life. */
#include "base/clock.h"
#include "http/conn.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_ALIVE_MS 15000
#define SLICE_MS 500	     /* how late a closed client or a closing server is noticed */
#define EVENT_MAX (1U << 20) /* bytes that one call of next may add */
#define BLOCK_LEN 16384	     /* the library's buffer per reply */

struct events {
	struct http_conn *conn;
	http_event_fn next;
	void (*done)(void *arg);
	void *arg;
	struct buf out;
	size_t sent;
	bool ended;
};

static void events_free(void *cls)
{
	struct events *v = cls;
	if (v->done)
		v->done(v->arg);
	buf_free(&v->out);
	free(v);
}

static bool client_left(const struct http_conn *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

bool http_is_gone(const struct http_request *r)
{
	return client_left(r->conn);
}

/* Wait for the next event text. */
static void fill(struct events *v)
{
	int64_t until = clock_mono_ms() + KEEP_ALIVE_MS;
	buf_clear(&v->out);
	v->sent = 0;
	while (v->out.len == 0 && !v->ended) {
		if (atomic_load(&v->conn->server->closing) || client_left(v->conn)) {
			v->ended = true;
			return;
		}
		conn_phase_set(v->conn, CONN_WORKING);
		if (v->next(v->arg, &v->out, SLICE_MS) < 0 || !buf_ok(&v->out))
			v->ended = true;
		conn_turn(v->conn, CONN_REPLYING);
		if (v->out.len == 0 && clock_mono_ms() >= until)
			buf_put_text(&v->out, ":\n\n");
	}
}

static ssize_t events_read(void *cls, uint64_t pos, char *out, size_t max)
{
	(void)pos;
	struct events *v = cls;
	if (v->sent == v->out.len && !v->ended)
		fill(v);
	struct bytes left = bytes_part(bytes_from(buf_bytes(&v->out), v->sent), 0, max);
	if (left.len == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	memcpy(out, left.ptr, left.len);
	v->sent += left.len;
	v->conn->request.bytes_out += left.len;
	return (ssize_t)left.len;
}

int http_reply_events(struct http_request *r, http_event_fn next, void (*done)(void *arg),
		      void *arg, struct err *e)
{
	struct events *v = calloc(1, sizeof *v);
	if (!v) {
		if (done)
			done(arg);
		return err_set(e, ERR_NOMEM, "events");
	}
	*v = (struct events){.conn = r->conn, .next = next, .done = done, .arg = arg};
	buf_init(&v->out, EVENT_MAX);
	struct MHD_Response *response = mhd_lib.create_response_from_callback(
	    MHD_SIZE_UNKNOWN, BLOCK_LEN, events_read, v, events_free);
	if (!response) {
		events_free(v);
		return err_set(e, ERR_NOMEM, "events");
	}
	(void)mhd_lib.add_response_header(response, "Cache-Control", "no-store");
	(void)mhd_lib.add_response_header(response, "X-Accel-Buffering", "no");
	return reply_set(r, 200, "text/event-stream", response, 0, e);
}
