/* http: server, router, requests and replies. Wraps the HTTP library: nothing else includes it. A request is served by one thread from first byte to last
 * (docs/decisions), so handlers may block. Refused before any handler: two Content-Lengths, Content-Length with Transfer-Encoding, no Host (HTTP/1.1), header or
 * request line over its limit; all with 400/431/414 and the connection closed. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include <stdint.h>

struct http_request;
struct http_route;

enum http_method { HTTP_GET = 1, HTTP_HEAD = 2, HTTP_POST = 4, HTTP_PUT = 8, HTTP_PATCH = 16, HTTP_DELETE = 32, HTTP_OPTIONS = 64 };

/* Who asks; filled by the server's authenticate hook before the handler runs. Opaque here, access/ owns it. */
struct principal;

/* One row: the only place where a route is named. A row without action does not compile into the table (HTTP_PUBLIC says so in words). */
#define HTTP_PUBLIC "public"
struct http_route {
	unsigned methods;      /* of enum http_method */
	const char *pattern;   /* "/v2/{name...}/blobs/{digest}": {x} one segment, {x...} one or more segments */
	int (*handle)(struct http_request *r, struct err *e); /* <0: the server writes the error reply with the row's error format */
	const char *action;    /* what access/ must allow, e.g. "registries/pull/read"; HTTP_PUBLIC for none */
	uint64_t body_max;     /* bytes; 0 = no body expected; UINT64_MAX = streamed by the handler with http_body_read */
	const char *summary;   /* one line for the OpenAPI document */
	int error_format;      /* enum http_error_format */
};
enum http_error_format { HTTP_PROBLEM, HTTP_OCI_ERRORS };

/* The request; runs live until the handler returns. */
struct arena *http_arena(struct http_request *r);
void *http_context(struct http_request *r);               /* the application's pointer given to the server */
enum http_method http_method_get(const struct http_request *r);
struct bytes http_path(const struct http_request *r);     /* decoded path */
struct bytes http_target(const struct http_request *r);   /* as sent, with query */
struct bytes http_param(const struct http_request *r, const char *name); /* of the pattern; decoded */
struct bytes http_query(const struct http_request *r, const char *name, bool *ret_present); /* decoded; the first of that name */
/* All values of a repeated query parameter, in order: fills out, returns the count (<= max). */
size_t http_query_all(const struct http_request *r, const char *name, struct bytes *out, size_t max);
struct bytes http_header(const struct http_request *r, const char *name); /* any case; several are joined by ", " */
struct bytes http_peer(const struct http_request *r);      /* "127.0.0.1" */
bool http_is_tls(const struct http_request *r);
const struct principal *http_principal(const struct http_request *r);
/* -1 when the length is unknown (chunked). */
int64_t http_body_length(const struct http_request *r);
/* The whole body, for routes with a finite body_max. */
struct bytes http_body(const struct http_request *r);
/* Streamed routes: the next piece (blocks): bytes > 0, 0 at the end, <0 (ERR_TRUNCATED: the client went away; ERR_LIMIT). Borrowed until the next call. */
int http_body_read(struct http_request *r, struct bytes *ret, struct err *e);

/* The reply. Headers first, then exactly one of the senders. */
int http_reply_header(struct http_request *r, const char *name, struct bytes value, struct err *e); /* refuses CR, LF, NUL */
int http_reply_bytes(struct http_request *r, unsigned status, const char *content_type, struct bytes body, struct err *e); /* copied; HEAD sends only headers */
int http_reply_empty(struct http_request *r, unsigned status, struct err *e);
/* A file's part; fd is taken. sendfile where there is no TLS. */
int http_reply_file(struct http_request *r, unsigned status, const char *content_type, int fd, uint64_t off, uint64_t len, struct err *e);
/* Server-sent events: next fills *out with the next event text (blocks at most timeout_ms, may leave it empty for a keep-alive), 0 to go on, <0 to end. */
typedef int (*http_event_fn)(void *arg, struct buf *out, unsigned timeout_ms);
int http_reply_events(struct http_request *r, http_event_fn next, void (*done)(void *arg), void *arg, struct err *e);
/* RFC 9457 problem or OCI error body by the route's error_format; code is the OCI code ("BLOB_UNKNOWN") or the problem's type slug. */
int http_reply_error(struct http_request *r, unsigned status, const char *code, const char *detail, struct err *e);
unsigned http_status_of(enum err_code code);

struct http_hooks {
	void *context;
	/* Authenticate and authorise for route->action. Return 0 = go on (principal set with http_principal_set), 1 = a reply was sent (401/403). */
	int (*authorise)(struct http_request *r, const struct http_route *route, struct err *e);
	/* After each request, for logs and metrics. route NULL = none fitted. */
	void (*served)(void *context, const struct http_request *r, const struct http_route *route, unsigned status, int64_t took_us, uint64_t bytes_in, uint64_t bytes_out);
};
void http_principal_set(struct http_request *r, const struct principal *p);

struct http_options {
	const char *address; /* "127.0.0.1", "::" */
	uint16_t port;       /* 0 = any; http_server_port tells */
	const char *tls_cert_pem, *tls_key_pem; /* contents; NULL = plain */
	unsigned connections_max;   /* at once; 1,024 */
	unsigned connections_per_ip_max; /* 0 = no limit */
	unsigned header_timeout_ms; /* from connect or end of the last reply to the end of the headers; 20,000 */
	unsigned idle_timeout_ms;   /* between two bytes of a body or reply; 60,000 */
	uint64_t header_max;        /* bytes; 32 KiB */
};
struct http_server;
struct http_server *http_server_open(const struct http_options *o, const struct http_route *const *tables, const size_t *counts, size_t table_count,
				     const struct http_hooks *hooks, struct err *e);
uint16_t http_server_port(const struct http_server *s);
/* Stops accepting, lets running requests finish for at most grace_ms. */
void http_server_close(struct http_server *s, unsigned grace_ms);
