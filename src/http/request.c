/* A request from its head to its reply. Handlers make their reply whenever they like; where
 * it leaves is decided in conn.c: at the end of the body if that is short enough to be read away,
 * else at once, and then the connection ends. */
#include "base/clock.h"
#include "http/conn.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of memory for a body that is kept whole, to begin with. */
#define BODY_FIRST_LEN (16U << 10)

/* An IPv4 address stays one on a socket of both families. */
static void peer_text(const struct sockaddr_storage *addr, char *out, socklen_t cap)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	const char *text = NULL;
	memcpy(&in4, addr, sizeof in4);
	memcpy(&in6, addr, sizeof in6);
	if (addr->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
		text = inet_ntop(AF_INET, in6.sin6_addr.s6_addr + 12, out, cap);
	else if (addr->ss_family == AF_INET6)
		text = inet_ntop(AF_INET6, &in6.sin6_addr, out, cap);
	else
		text = inet_ntop(AF_INET, &in4.sin_addr, out, cap);
	if (!text)
		out[0] = '\0';
}

/* "192.0.2.1", "2001:db8::1", with a port too: "192.0.2.1:80", "[2001:db8::1]:80". False: none. */
static bool forwarded_text(struct bytes item, char out[INET6_ADDRSTRLEN])
{
	char text[INET6_ADDRSTRLEN] = "";
	struct sockaddr_storage addr = {.ss_family = AF_INET6};
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	bool bracket = item.len && item.ptr[0] == '[';
	size_t colon = bytes_find(item, ':');
	if (bracket)
		item = bytes_part(item, 1, bytes_find(item, ']') - 1);
	else if (colon == bytes_find_last(item, ':')) /* of IPv6 there are more */
		item = bytes_part(item, 0, colon);
	if (item.len == 0 || item.len >= sizeof text || bytes_find(item, 0) < item.len)
		return false;
	memcpy(text, item.ptr, item.len);
	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		memcpy(&addr, &in4, sizeof in4);
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(&addr, &in6, sizeof in6);
	else
		return false;
	peer_text(&addr, out, INET6_ADDRSTRLEN);
	return true;
}

/* X-Forwarded-For: a proxy adds the address that it got the request from at the end. What stands
 * before the first one that is no proxy of ours is anybody's word. */
static void find_client(struct http_request *r)
{
	const struct http_options *o = &r->conn->server->options;
	struct bytes list = BYTES_NONE;
	bool more = o->is_proxy && o->is_proxy(o->is_proxy_arg, bytes_of(r->peer));
	if (more)
		list = http_header(r, "X-Forwarded-For");
	while (more && list.len) {
		size_t comma = bytes_find_last(list, ',');
		bool last = comma == list.len;
		more =
		    forwarded_text(bytes_trim(bytes_from(list, last ? 0 : comma + 1)), r->peer) &&
		    o->is_proxy(o->is_proxy_arg, bytes_of(r->peer));
		list = bytes_part(list, 0, last ? 0 : comma);
	}
}

struct http_request *request_open(struct http_conn *c, struct bytes head)
{
	struct http_request *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	bool ok = true;
	arena_init(&r->arena, CONN_ARENA_MAX);
	/* The fields borrow from the head, and it must outlive the thread's buffer. */
	struct bytes copy = arena_bytes(&r->arena, head, &ok);
	if (!ok) {
		arena_free(&r->arena);
		free(r);
		return NULL;
	}
	r->conn = c;
	r->head.target = copy; /* until it is parsed */
	r->reply.file = (struct content)CONTENT_INIT;
	r->begin_us = clock_mono_us();
	buf_init(&r->body, SIZE_MAX);
	buf_init(&r->reply.head, SIZE_MAX);
	peer_text(&c->addr, r->peer, sizeof r->peer);
	return r;
}

void request_close(struct http_request *r)
{
	struct http_server *s = r->conn->server;
	if (s->hooks.served)
		s->hooks.served(s->hooks.context, r, r->match.route, r->reply.status,
				clock_mono_us() - r->begin_us, r->body_in, r->bytes_out);
	reply_drop(r);
	arena_free(&r->arena);
	buf_free(&r->body);
	free(r);
}

size_t request_memory(const struct http_request *r)
{
	size_t body = r->reply.kind == REPLY_BYTES && !r->reply.lasting ? r->reply.body.len : 0;
	return sizeof *r + r->arena.used + r->body.cap + r->reply.head.cap + body;
}

/* False: no method that this side knows. 0 is one that no route has. */
static bool method_parse(struct bytes word, enum http_method *ret)
{
	static const struct {
		const char *word;
		unsigned method;
	} rows[] = {
	    {"GET", HTTP_GET},	       {"HEAD", HTTP_HEAD},   {"POST", HTTP_POST},
	    {"PUT", HTTP_PUT},	       {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE},
	    {"OPTIONS", HTTP_OPTIONS}, {"TRACE", 0},	      {"CONNECT", 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (bytes_eq_lit(word, rows[i].word)) {
			*ret = (enum http_method)rows[i].method;
			return true;
		}
	}
	return false;
}

/* The status to refuse with, or 0. */
static unsigned parse_head(struct http_request *r, struct err *e)
{
	unsigned status = head_parse(r->head.target, &r->arena, &r->head);
	r->target = r->head.target;
	if (status) {
		(void)err_set(e, ERR_FORMAT, "the request's head cannot be accepted");
		return status;
	}
	r->close = r->head.close;
	r->body_len = r->head.body_len;
	find_client(r);
	if (!method_parse(r->head.method, &r->method)) {
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
		if (rc < 0 || reply_made(r))
			return rc < 0 ? rc : 0;
		if (rc > 0)
			return err_set(e, ERR_DENIED, "not allowed");
	} else if (strcmp(route->action, HTTP_PUBLIC) != 0) {
		return err_set(e, ERR_DENIED, "not allowed for anyone");
	}
	if (r->body_len > 0 && (uint64_t)r->body_len > route->body_max)
		return http_reply_error(r, 413, "SIZE_INVALID", "the body is too large", e);
	if (!route->stream)
		return 0;
	rc = route->stream->begin(r, &r->stream_state, e);
	r->stream_open = rc >= 0 && !reply_made(r);
	return rc;
}

void request_begin(struct http_request *r, unsigned refused)
{
	struct err e = ERR_INIT;
	unsigned status = refused;
	if (status)
		(void)err_set(&e, ERR_FORMAT, "the request's head cannot be accepted");
	else
		status = parse_head(r, &e);
	if (status) {
		r->close = true;
		r->lost = http_reply_error(r, status, "UNSUPPORTED", e.msg, NULL) < 0;
	} else if (admit(r, &e) < 0) {
		reply_failed(r, &e);
	}
}

/* The stream failed: abort it once, and reply to the client immediately. */
static void stream_fail(struct http_request *r, const struct err *e)
{
	r->stream_open = false;
	r->match.route->stream->abort(r, r->stream_state);
	r->close = true;
	reply_failed(r, e);
}

/* Memory for more bytes of a body that is kept whole: 0, 1 = replied, <0 = no memory. */
static int body_room(struct http_request *r, size_t more, uint64_t max)
{
	size_t want = r->body.len + more;
	if (want <= r->body.cap)
		return 0;
	size_t cap = r->body.cap ? r->body.cap : BODY_FIRST_LEN;
	while (cap < want)
		cap *= 2;
	if (r->body_len > 0 && cap > (uint64_t)r->body_len)
		cap = (size_t)r->body_len;
	r->body.max = (size_t)max;
	if (cap > max)
		cap = (size_t)max;
	if (!server_take(r->conn->server, r->conn, cap - r->body.cap)) {
		int rc = reply_busy(r, "too many bodies are being received", NULL);
		return rc < 0 ? rc : 1;
	}
	return buf_room(&r->body, cap - r->body.len) ? 0 : -ERR_NOMEM;
}

static void take_whole(struct http_request *r, struct bytes piece)
{
	uint64_t max = r->match.route->body_max;
	struct err e = ERR_INIT;
	int rc = 0;
	if (r->body.len + piece.len > max) {
		r->close = true;
		r->lost =
		    http_reply_error(r, 413, "SIZE_INVALID", "the body is too large", NULL) < 0;
		return;
	}
	rc = body_room(r, piece.len, max);
	if (rc == 0) {
		buf_put(&r->body, piece);
		rc = buf_ok(&r->body) ? 0 : -ERR_NOMEM;
	}
	r->close = r->close || rc != 0;
	if (rc < 0) {
		(void)err_set(&e, ERR_NOMEM, "body of %zu bytes", r->body.len);
		reply_failed(r, &e);
	}
}

void request_body(struct http_request *r, struct bytes piece)
{
	r->body_in += piece.len;
	if (reply_made(r))
		return;
	if (!r->stream_open) {
		take_whole(r, piece);
		return;
	}
	struct err e = ERR_INIT;
	if (r->match.route->stream->data(r, r->stream_state, piece, &e) < 0)
		stream_fail(r, &e);
}

void request_end(struct http_request *r)
{
	struct err e = ERR_INIT;
	int rc = 0;
	if (r->stream_open) {
		r->stream_open = false;
		rc = r->match.route->stream->end(r, r->stream_state, &e);
	} else if (!reply_made(r)) {
		rc = r->match.route->handle(r, &e);
	}
	if (rc < 0)
		reply_failed(r, &e);
	if (!reply_made(r)) {
		(void)err_set(&e, ERR_INTERNAL, "the handler sent no reply");
		reply_failed(r, &e);
	}
}

void request_fail(struct http_request *r, unsigned status)
{
	if (r->stream_open) {
		r->stream_open = false;
		r->match.route->stream->abort(r, r->stream_state);
	}
	r->close = true;
	if (!status || reply_made(r))
		return;
	int rc = status == 503
		     ? reply_busy(r, "too many requests are waiting for their clients", NULL)
		     : http_reply_error(r, status, status == 413 ? "SIZE_INVALID" : "UNSUPPORTED",
					"the body's framing cannot be accepted", NULL);
	r->lost = rc < 0;
}
