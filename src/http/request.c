/* A request's way. The library calls request_target with the request line, request_call once after
 * the headers (a reply queued here ends the connection), once for each piece of the body, once at
 * its end (a reply queued here keeps the connection), and request_done when the reply left or the
 * connection died. Handlers make their reply whenever they like; it is queued where it does the
 * least harm: at the end if the body is short enough to be read away, else at once, and then the
 * rest of the client's bytes is read away before the socket closes, because closing with unread
 * bytes resets the connection and the reply may never be seen. */
#include "base/clock.h"
#include "http/conn.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define LINGER_MS 2000	       /* waiting for the client to see an early reply and stop */
#define LINGER_MAX (64U << 20) /* bytes read away meanwhile */

void conn_phase_set(struct http_conn *c, enum conn_phase phase)
{
	atomic_store_explicit(&c->since_ms, clock_mono_ms(), memory_order_relaxed);
	atomic_store_explicit(&c->phase, (int)phase, memory_order_release);
}

void conn_turn(struct http_conn *c, enum conn_phase phase)
{
	(void)atomic_fetch_add_explicit(&c->turn, 1, memory_order_relaxed);
	conn_phase_set(c, phase);
}

static void request_reset(struct http_request *r, struct http_conn *c)
{
	struct buf body = r->body;
	memset(r, 0, offsetof(struct http_request, path));
	r->query = r->form = NULL;
	memset(&r->match, 0, sizeof *r - offsetof(struct http_request, match));
	buf_clear(&body);
	r->body = body;
	r->conn = c;
	arena_init(&r->arena, CONN_ARENA_MAX);
	r->begin_us = clock_mono_us();
}

void *request_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	(void)cls;
	const union MHD_ConnectionInfo *info =
	    mhd_lib.get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (!info || !info->socket_context)
		return NULL;
	struct http_conn *c = info->socket_context;
	struct http_request *r = &c->request;
	request_reset(r, c);
	c->mhd = mhd;
	c->target_len = strlen(target);
	if (c->target_len <= sizeof c->target)
		memcpy(c->target, target, c->target_len);
	return r;
}

static bool method_parse(const char *word, enum http_method *ret)
{
	static const struct {
		const char *word;
		enum http_method method;
	} rows[] = {
	    {"GET", HTTP_GET},	       {"HEAD", HTTP_HEAD},   {"POST", HTTP_POST},
	    {"PUT", HTTP_PUT},	       {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE},
	    {"OPTIONS", HTTP_OPTIONS},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(word, rows[i].word) == 0) {
			*ret = rows[i].method;
			return true;
		}
	}
	return false;
}

/* The status to refuse with, or 0. */
static unsigned parse_head(struct http_request *r, const char *method, const char *url,
			   const char *version, struct err *e)
{
	struct http_conn *c = r->conn;
	if (c->target_len > sizeof c->target) {
		(void)err_set(e, ERR_LIMIT, "request target of %zu bytes", c->target_len);
		return 414;
	}
	r->target = (struct bytes){.ptr = (const uint8_t *)c->target, .len = c->target_len};
	unsigned status = header_check(r, method, url, version);
	if (status) {
		(void)err_set(e, ERR_FORMAT, "the request's headers cannot be accepted");
		return status;
	}
	if (!method_parse(method, &r->method)) {
		(void)err_set(e, ERR_UNSUPPORTED, "unknown method");
		return 501;
	}
	struct bytes path;
	if (bytes_eq_lit(r->target, "*") && r->method == HTTP_OPTIONS)
		path = BYTES_LIT("/");
	else if (uri_split(r->target, &path, &r->query_text, e) < 0)
		return 400;
	int rc = uri_path_parse(path, &r->arena, &r->path, e);
	return rc == 0 ? 0 : rc == -ERR_LIMIT ? 414 : rc == -ERR_NOMEM ? 503 : 400;
}

/* "GET, HEAD, PUT" for Allow. */
static void allow_put(struct http_request *r)
{
	static const struct {
		unsigned method;
		const char *word;
	} rows[] = {
	    {HTTP_GET, "GET"},	       {HTTP_HEAD, "HEAD"},   {HTTP_POST, "POST"},
	    {HTTP_PUT, "PUT"},	       {HTTP_PATCH, "PATCH"}, {HTTP_DELETE, "DELETE"},
	    {HTTP_OPTIONS, "OPTIONS"},
	};
	char text[64] = "";
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!((r->match.methods | HTTP_OPTIONS) & rows[i].method))
			continue;
		size_t used = strlen(text);
		(void)snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "",
			       rows[i].word);
	}
	(void)http_reply_header(r, "Allow", bytes_of(text), NULL);
}

/* Route, admit, and check the body's length: leaves a reply made, or none to go on. */
static int admit(struct http_request *r, struct err *e)
{
	struct http_server *s = r->conn->server;
	int rc = route_find(s->routes, &r->path, r->method, &r->arena, &r->match, e);
	if (rc < 0)
		return rc;
	const struct http_route *route = r->match.route;
	if (!route && r->match.methods) {
		allow_put(r);
		if (r->method == HTTP_OPTIONS)
			return http_reply_empty(r, 204, e);
		return http_reply_error(r, 405, "UNSUPPORTED", "method not allowed here", e);
	}
	if (!route)
		return err_set(e, ERR_NOT_FOUND, "no such resource");
	/* A query that is not read to its end would look like one without filters. */
	if (uri_form_count(r->query_text) > URI_PAIRS_MAX)
		return http_reply_error(r, 414, "UNSUPPORTED", "too many query parameters", e);
	if (s->hooks.authorise) {
		rc = s->hooks.authorise(r, route, e);
		if (rc < 0 || r->response)
			return rc < 0 ? rc : 0;
		if (rc > 0)
			return err_set(e, ERR_DENIED, "not allowed");
	} else if (strcmp(route->action, HTTP_PUBLIC) != 0) {
		return err_set(e, ERR_DENIED, "no one is allowed");
	}
	r->admitted = true;
	if (r->body_len > 0 && (uint64_t)r->body_len > route->body_max)
		return http_reply_error(r, 413, "SIZE_INVALID", "the body is too large", e);
	if (!route->stream)
		return 0;
	rc = route->stream->begin(r, &r->stream_state, e);
	r->stream_open = rc >= 0 && !r->response;
	return rc;
}

static bool expects_continue(struct http_request *r)
{
	return mhd_lib.lookup_connection_value(r->conn->mhd, MHD_HEADER_KIND, "Expect") != NULL;
}

static enum MHD_Result first_call(struct http_request *r, const char *method, const char *url,
				  const char *version)
{
	struct err e = ERR_INIT;
	conn_phase_set(r->conn, CONN_WORKING);
	unsigned status = parse_head(r, method, url, version, &e);
	if (status) {
		r->close = true;
		r->lost = http_reply_error(r, status, "UNSUPPORTED", e.msg, NULL) < 0;
	} else if (admit(r, &e) < 0) {
		reply_failed(r, &e);
	}
	if (r->lost) /* refused, if only by closing: no handler may run */
		return MHD_NO;
	bool body_short = r->body_len >= 0 && r->body_len <= CONN_DRAIN_SMALL;
	if (r->response && (r->close || (r->body_len && (!body_short || expects_continue(r))))) {
		r->linger = true;
		return reply_queue(r);
	}
	atomic_store_explicit(&r->conn->body_ms, clock_mono_ms(), memory_order_relaxed);
	if (r->body_len)
		conn_turn(r->conn, r->stream_open ? CONN_STREAM : CONN_WHOLE);
	return MHD_YES;
}

/* The stream failed: tell it once, and keep the error as the reply to send when the rest of the
 * body was read away (the library takes no reply in the middle of a body). */
static void stream_fail(struct http_request *r, const struct err *e)
{
	r->stream_open = false;
	r->match.route->stream->abort(r, r->stream_state);
	r->close = true;
	reply_failed(r, e);
}

static void take_whole(struct http_request *r, struct bytes piece)
{
	uint64_t max = r->match.route->body_max;
	if (r->body.len + piece.len > max) {
		r->lost = http_reply_error(r, 413, "SIZE_INVALID", "the body is too large", NULL) < 0;
		return;
	}
	r->body.max = (size_t)max;
	if (r->body.cap == 0 && r->body_len > 0)
		(void)buf_room(&r->body, (size_t)r->body_len);
	buf_put(&r->body, piece);
	if (!buf_ok(&r->body)) {
		struct err e = ERR_INIT;
		(void)err_set(&e, ERR_NOMEM, "body of %zu bytes", r->body.len);
		reply_failed(r, &e);
	}
}

static enum MHD_Result body_call(struct http_request *r, struct bytes piece)
{
	r->bytes_in += piece.len;
	if (r->response) {
		uint64_t max = r->close ? CONN_DRAIN_MAX : CONN_DRAIN_SMALL;
		return r->bytes_in > max ? MHD_NO : MHD_YES;
	}
	if (!r->stream_open) {
		take_whole(r, piece);
		return r->lost ? MHD_NO : MHD_YES;
	}
	struct err e = ERR_INIT;
	conn_phase_set(r->conn, CONN_WORKING);
	int rc = r->match.route->stream->data(r, r->stream_state, piece, &e);
	if (rc < 0)
		stream_fail(r, &e);
	conn_phase_set(r->conn, CONN_STREAM);
	return r->lost ? MHD_NO : MHD_YES;
}

static enum MHD_Result last_call(struct http_request *r)
{
	struct err e = ERR_INIT;
	int rc = 0;
	conn_phase_set(r->conn, CONN_WORKING);
	/* The library takes a bare line feed for the end of a chunk's line. A front that does not
	 * would see this body end elsewhere, so what follows on this connection is not ours to
	 * read. */
	r->close = r->close || r->body_len < 0;
	if (r->stream_open) {
		r->stream_open = false;
		rc = r->match.route->stream->end(r, r->stream_state, &e);
	} else if (!r->response) {
		rc = r->match.route->handle(r, &e);
	}
	if (rc < 0)
		reply_failed(r, &e);
	if (!r->response) {
		(void)err_set(&e, ERR_INTERNAL, "the handler sent no reply");
		reply_failed(r, &e);
	}
	return reply_queue(r);
}

/* NOLINTNEXTLINE(readability-function-size): the library calls it so */
enum MHD_Result request_call(void *cls, struct MHD_Connection *mhd, const char *url,
			     const char *method, const char *version, const char *data,
			     size_t *size, void **ctx)
{
	(void)cls;
	(void)mhd;
	struct http_request *r = *ctx;
	if (!r)
		return MHD_NO;
	if (!r->headers_seen) {
		r->headers_seen = true;
		return first_call(r, method, url, version);
	}
	if (*size) {
		struct bytes piece = {.ptr = (const uint8_t *)data, .len = *size};
		*size = 0;
		return body_call(r, piece);
	}
	return r->status && !r->response ? MHD_YES : last_call(r);
}

/* The reply left early: let the client read it before the socket goes. */
static void linger(int fd)
{
	static const size_t piece_len = 16384;
	uint8_t piece[16384];
	int64_t until = clock_mono_ms() + LINGER_MS;
	size_t total = 0;
	(void)shutdown(fd, SHUT_WR);
	for (;;) {
		int64_t left = until - clock_mono_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (left <= 0 || total > LINGER_MAX || poll(&p, 1, (int)left) <= 0)
			return;
		ssize_t n = recv(fd, piece, piece_len, MSG_DONTWAIT);
		if (n <= 0)
			return;
		total += (size_t)n;
	}
}

void request_done(void *cls, struct MHD_Connection *mhd, void **ctx,
		  enum MHD_RequestTerminationCode how)
{
	(void)mhd;
	struct http_server *s = cls;
	struct http_request *r = *ctx;
	if (!r)
		return;
	*ctx = NULL;
	if (r->stream_open) {
		r->stream_open = false;
		r->match.route->stream->abort(r, r->stream_state);
	}
	if (r->response)
		mhd_lib.destroy_response(r->response);
	r->response = NULL;
	if (s->hooks.served && r->headers_seen)
		s->hooks.served(s->hooks.context, r, r->match.route, r->status,
				clock_mono_us() - r->begin_us, r->bytes_in, r->bytes_out);
	if (r->linger && how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		linger(r->conn->fd);
	arena_free(&r->arena);
	if (r->body.cap > CONN_DRAIN_SMALL)
		buf_free(&r->body);
	conn_turn(r->conn, CONN_IDLE);
}
