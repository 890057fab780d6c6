/* http: server, router, requests and replies. Reads HTTP/1.1 and speaks TLS itself
 * (docs/decisions/http-server.md). A request is worked on by one thread at a time, not always the
 * same, and handlers may block. Refused before any handler, with 400/414/417/431/501/505 and the
 * connection closed: two Content-Lengths, Content-Length with Transfer-Encoding, a
 * Transfer-Encoding other than "chunked" (400 when chunked is not its last coding and that once,
 * else 501), no or two Hosts (HTTP/1.1), control bytes in a header, a line that does not end in
 * CR LF, a header or request line over its limit, a target whose path is not clean (http/uri.h).
 * A body's bad framing ends the connection with 400, 413 or 431. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/content.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct http_request;
struct http_route;
struct api_doc;

enum http_method {
	HTTP_GET = 1,
	HTTP_HEAD = 2,
	HTTP_POST = 4,
	HTTP_PUT = 8,
	HTTP_PATCH = 16,
	HTTP_DELETE = 32,
	HTTP_OPTIONS = 64
};

/* The caller; set by the server's authorise hook before the handler runs. Opaque here, defined by
 * access/. */
struct principal;

/* How a body arrives at a route that streams it: pushed piece by piece, by one thread at a time,
 * straight from its read buffer. Order of the calls:
 *
 *   begin  once, after authorisation, before any byte of the body is read (and before
 *          "100 Continue" is sent). 0: go on, with what it stored in *ret_state. <0: the server
 *          writes the error reply. A reply sent here is final too. In both cases no further call
 *          is made, so begin frees what it made; the client's body is not read and the
 *          connection is closed.
 *   data   for every piece, piece.len > 0, borrowed until it returns; may block (that is the
 *          back-pressure). <0: abort follows, then the server writes the error reply and closes
 *          the connection. Sends no reply itself.
 *   end    once, when the body is whole (also when it was empty). Takes state back (frees it
 *          whatever it returns) and sends the reply, or returns <0 as a plain handler does.
 *   abort  instead of end, once: the client went away, sent a bad chunk, was too slow, or data
 *          failed. Takes state back, sends nothing.
 *
 * So after a begin that returned 0 without a reply, exactly one of end and abort is called. */
struct http_stream {
	int (*begin)(struct http_request *r, void **ret_state, struct err *e);
	int (*data)(struct http_request *r, void *state, struct bytes piece, struct err *e);
	int (*end)(struct http_request *r, void *state, struct err *e);
	void (*abort)(struct http_request *r, void *state);
};

/* One row: the only place where a route is named. http_server_open refuses a row without an action
 * (a public route has HTTP_PUBLIC), and one with none or both of handle and stream. */
#define HTTP_PUBLIC "public"
struct http_route {
	unsigned methods; /* of enum http_method; a row with GET serves HEAD too */
	/* "/v2/{name...}/blobs/{digest}": {x} one segment, {x...} one or more segments. A literal
	 * segment wins over {x}, {x} over {x...}; at most one {x...} in a pattern. A trailing "/"
	 * counts: "/v2/" is not "/v2". Segments are not empty; those of an {x...} may be in a row
	 * with HTTP_OCI_ERRORS, whose handler refuses invalid names. */
	const char *pattern;
	/* <0: the server writes the error reply (status by http_status_of) in the row's format. */
	int (*handle)(struct http_request *r, struct err *e);
	const char *action;  /* what access/ must allow: "registries/pull/read"; or HTTP_PUBLIC */
	bool anywhere;	     /* at any scope will do: the handler shows what the caller may see */
	uint64_t body_max;   /* bytes; 0 = a body is refused (413); UINT64_MAX = no limit */
	const char *summary; /* one line for the OpenAPI document */
	int error_format;    /* enum http_error_format */
	const struct http_stream *stream; /* instead of handle: the body is pushed; else whole */
	const struct api_doc *doc;	  /* request and reply, for api/; not used here */
};
enum http_error_format { HTTP_PROBLEM, HTTP_OCI_ERRORS };

/* The request; runs live until the handler (of a stream: end or abort) returns. */
struct arena *http_arena(struct http_request *r);
void *http_context(struct http_request *r); /* the application's pointer given to the server */
enum http_method http_method_get(const struct http_request *r);
const struct http_route *http_route_get(const struct http_request *r);	 /* NULL: none fitted */
struct bytes http_target(const struct http_request *r);			 /* as sent, with query */
struct bytes http_param(const struct http_request *r, const char *name); /* decoded */
/* Of the query, decoded; the first of that name. ret_present may be NULL. */
struct bytes http_query(const struct http_request *r, const char *name, bool *ret_present);
/* All values of a repeated parameter, in order: fills out, returns the count (<= max). */
size_t http_query_all(const struct http_request *r, const char *name, struct bytes *out,
		      size_t max);
/* The same of a body of type application/x-www-form-urlencoded (finite body_max). */
struct bytes http_form(struct http_request *r, const char *name, bool *ret_present);
size_t http_form_all(struct http_request *r, const char *name, struct bytes *out, size_t max);
/* Any case; several lines of the name are joined by ", ". Empty when absent. */
struct bytes http_header(struct http_request *r, const char *name);
/* "127.0.0.1": the client's address, also behind a proxy of ours. */
struct bytes http_peer(const struct http_request *r);
bool http_is_tls(const struct http_request *r);
/* The client has disconnected, or at least shut its sending side: the work can be abandoned. */
bool http_is_gone(const struct http_request *r);
const struct principal *http_principal(const struct http_request *r);
void http_principal_set(struct http_request *r, const struct principal *p);
/* -1 when the length is unknown (chunked). */
int64_t http_body_length(const struct http_request *r);
/* The whole body, for routes with handle. */
struct bytes http_body(const struct http_request *r);

/* The reply. Headers first, then exactly one of the senders. HEAD sends the headers only, with
 * the Content-Length that GET would have. */
/* Refuses CR, LF, NUL and bytes that no header may hold. Content-Length is the senders' own. */
int http_reply_header(struct http_request *r, const char *name, struct bytes value, struct err *e);
/* body is copied. */
int http_reply_bytes(struct http_request *r, unsigned status, const char *content_type,
		     struct bytes body, struct err *e);
/* A file that lives as long as the server: not copied. As gzip when the client takes that; 304 when
 * the client has it. What may be kept: etag's owner says for how long. */
struct http_static {
	const char *type, *etag; /* etag: without quotes, of plain */
	struct bytes plain, gzip;
	bool lasting; /* its address will never hold anything else */
};
/* The weight among the parameters of a range or coding; 1 where there is none that can be read.
 * Spec: RFC 9110 §12.4.2. */
double http_weight(struct bytes parameters);
int http_reply_static(struct http_request *r, const struct http_static *f, struct err *e);
int http_reply_empty(struct http_request *r, unsigned status, struct err *e);
/* A HEAD reply for a body of this length, without the body. */
int http_reply_head(struct http_request *r, unsigned status, const char *content_type, uint64_t len,
		    struct err *e);
/* A file's part; fd is taken (closed on failure too). sendfile where there is no TLS. */
int http_reply_file(struct http_request *r, unsigned status, const char *content_type, int fd,
		    uint64_t off, uint64_t len, struct err *e);
/* A content's part; it is taken, also on failure. sendfile where it is a file and there is no
 * TLS. */
int http_reply_content(struct http_request *r, unsigned status, struct content *c, uint64_t off,
		       uint64_t len, struct err *e);
/* Server-sent events: next fills *out with the next event text (blocks at most timeout_ms, may
 * leave it empty for a keep-alive), 0 to go on, <0 to end. done is called once in any case. */
typedef int (*http_event_fn)(void *arg, struct buf *out, unsigned timeout_ms);
int http_reply_events(struct http_request *r, http_event_fn next, void (*done)(void *arg),
		      void *arg, struct err *e);
/* RFC 9457 problem or OCI error body by the route's error_format; code is the OCI code
 * ("BLOB_UNKNOWN") or the problem's type slug. */
int http_reply_error(struct http_request *r, unsigned status, const char *code, const char *detail,
		     struct err *e);
unsigned http_status_of(enum err_code code);

/* The part that a Range header asks for of a body of size bytes: 1 = serve 206 with
 * [*ret_off, *ret_off + *ret_len), 0 = serve the whole (no header, another unit, several ranges,
 * not well-formed), -ERR_LIMIT = 416 (first byte past the end, or a suffix of 0 bytes).
 * Spec: RFC 9110 §14.1.2, §14.2. */
int http_range_parse(struct bytes header, uint64_t size, uint64_t *ret_off, uint64_t *ret_len);
/* The value of an If-None-Match (or If-Match) header names this entity tag (with its quotes);
 * "*" names every one. Weak comparison. Spec: RFC 9110 §8.8.3.2, §13.1.2. */
bool http_etag_matches(struct bytes header, struct bytes etag);

struct http_hooks {
	void *context;
	/* Authenticate and authorise for route->action. Called for every route, public ones too.
	 * 0 = go on (principal set with http_principal_set), 1 = a reply was sent (401/403), <0 =
	 * the server writes the error reply. */
	int (*authorise)(struct http_request *r, const struct http_route *route, struct err *e);
	/* Before a 4xx other than 401 is sent, whoever decided it. May be NULL. */
	void (*refused)(struct http_request *r, unsigned status);
	/* After each request, for logs and metrics. route NULL = none fitted. */
	void (*served)(void *context, const struct http_request *r, const struct http_route *route,
		       unsigned status, int64_t took_us, uint64_t bytes_in, uint64_t bytes_out);
};

/* 0 and NULL mean the default given for each. */
struct http_options {
	const char *address;			/* "127.0.0.1" (default), "::" */
	uint16_t port;				/* 0 = any: see http_server_port */
	const char *tls_cert_pem, *tls_key_pem; /* contents; NULL = plain */
	/* At once; 1,024. A few more (an eighth, at most 64) for addresses that hold few. At the
	 * limit, the longest idle connection of the address that holds most is closed. */
	unsigned connections_max;
	unsigned connections_per_ip_max; /* 0 = no limit; an IPv6 /64 is one address */
	unsigned threads_max;		 /* requests handled at once; 128 */
	/* Bytes that waiting clients may hold together: replies that they have not
	 * taken, bodies that are kept whole, half-read heads. Past it a new large reply or body
	 * becomes 503 with Retry-After, and the slowest reader is disconnected; 256 MiB */
	uint64_t memory_max;
	/* Deadlines. Past one, the connection is cut, up to half a second late. */
	uint64_t header_timeout_ms; /* from a request's first byte to the end of its headers, and
				     * from connect to the first byte; 20,000 */
	uint64_t idle_timeout_ms;   /* from the end of a reply to the next first byte; 75,000 */
	/* Total time of waiting for a client that moves less than rate_min bytes per second of it
	 * (0: no byte). A body that is kept whole must arrive within it; 60,000. */
	uint64_t body_timeout_ms;
	uint64_t reply_timeout_ms; /* the same for a reply that the client does not read; 60,000 */
	uint64_t rate_min;
	uint64_t upload_timeout_ms; /* of one streamed body, first byte to last; 43,200,000 */
	uint64_t header_max;	    /* bytes of request line and headers; 32 KiB */
	/* Is the address (text) a proxy of ours, whose X-Forwarded-For is believed? NULL: none. */
	bool (*is_proxy)(void *arg, struct bytes address);
	void *is_proxy_arg;
};
struct http_server;
struct http_server *http_server_open(const struct http_options *o,
				     const struct http_route *const *tables, const size_t *counts,
				     size_t table_count, const struct http_hooks *hooks,
				     struct err *e);
uint16_t http_server_port(const struct http_server *s);
/* Use another certificate and key (PEM) for new connections. <0: the old pair stays. */
int http_server_tls(struct http_server *s, const char *cert_pem, const char *key_pem,
		    struct err *e);
/* Current connections: from accept until the socket is closed and no thread has it. */
unsigned http_server_connections(struct http_server *s);
/* Stops accepting, lets running requests finish for at most grace_ms, then cuts them. Returns
 * within three seconds more. False: a handler has not returned; the server stays, and what its
 * handlers use must stay, too. NULL accepted. */
bool http_server_close(struct http_server *s, unsigned grace_ms);
