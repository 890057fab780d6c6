/* How handlers make their replies; send.c sends them. */
#include "base/json.h"
#include "base/log.h"
#include "base/own.h"
#include "http/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_BODY_MAX 8192 /* bytes: a message has at most 512 */

static bool is_token(const char *name)
{
	static const char also[] = "!#$%&'*+-.^_`|~";
	for (const char *p = name; *p; p++)
		if (!byte_is_alnum((uint8_t)*p) && !strchr(also, *p))
			return false;
	return name[0] != '\0';
}

int http_reply_header(struct http_request *r, const char *name, struct bytes value, struct err *e)
{
	if (reply_made(r))
		return err_set(e, ERR_INTERNAL, "header %s after the reply", name);
	if (!is_token(name))
		return err_set(e, ERR_FORMAT, "header name");
	for (size_t i = 0; i < value.len; i++)
		if ((value.ptr[i] < 0x20 && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
			return err_set(e, ERR_FORMAT, "header %s: byte %zu is a control", name, i);
	if (r->header_count == CONN_HEADERS_OUT_MAX)
		return err_set(e, ERR_LIMIT, "more than %d reply headers", CONN_HEADERS_OUT_MAX);
	char *copy_name = arena_cstr(&r->arena, bytes_of(name));
	char *copy = arena_cstr(&r->arena, value);
	if (!copy_name || !copy)
		return err_set(e, ERR_NOMEM, "header %s", name);
	r->headers[r->header_count++] = (struct reply_header){.name = copy_name, .value = copy};
	return 0;
}

bool reply_made(const struct http_request *r)
{
	return r->reply.kind != REPLY_NONE;
}

void reply_drop(struct http_request *r)
{
	struct reply *reply = &r->reply;
	union {
		const uint8_t *in;
		void *out;
	} body = {.in = reply->body.ptr};
	if (!reply->lasting)
		free(body.out);
	buf_free(&reply->head);
	content_close(&reply->file);
	reply->body = BYTES_NONE;
	if (reply->kind != REPLY_EVENTS)
		return;
	(void)atomic_fetch_sub(&r->conn->server->event_count, 1);
	if (reply->done)
		reply->done(reply->arg);
}

int reply_set(struct http_request *r, enum reply_kind kind, unsigned status,
	      const char *content_type, uint64_t len, struct err *e)
{
	if (reply_made(r))
		return err_set(e, ERR_INTERNAL, "a second reply");
	char *type = content_type ? arena_cstr(&r->arena, bytes_of(content_type)) : NULL;
	if (content_type && !type)
		return err_set(e, ERR_NOMEM, "reply");
	r->reply.kind = kind;
	r->reply.status = status;
	r->reply.content_type = type;
	r->reply.len = len;
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): an error's body is short and not charged, where it ends */
int reply_busy(struct http_request *r, const char *why, struct err *e)
{
	if (reply_made(r))
		return err_set(e, ERR_INTERNAL, "a second reply");
	r->header_count = 0; /* they were of another reply */
	int rc = http_reply_header(r, "Retry-After", BYTES_LIT("1"), e);
	return rc < 0 ? rc : http_reply_error(r, 503, "TOOMANYREQUESTS", why, e);
}

/* NOLINTNEXTLINE(misc-no-recursion): an error's body is short and not charged, where it ends */
int http_reply_bytes(struct http_request *r, unsigned status, const char *content_type,
		     struct bytes body, struct err *e)
{
	if (body.len > CONN_CHARGED_LEN && !server_take(r->conn->server, r->conn, body.len))
		return reply_busy(r, "too many replies are waiting for their readers", e);
	uint8_t *copy = body.len ? malloc(body.len) : NULL;
	if (body.len && !copy)
		return err_set(e, ERR_NOMEM, "reply of %zu bytes", body.len);
	if (body.len)
		memcpy(copy, body.ptr, body.len);
	int rc = reply_set(r, REPLY_BYTES, status, content_type, body.len, e);
	if (rc < 0)
		free(copy);
	else
		r->reply.body = (struct bytes){.ptr = copy, .len = body.len};
	return rc;
}

int http_reply_empty(struct http_request *r, unsigned status, struct err *e)
{
	return http_reply_bytes(r, status, NULL, BYTES_NONE, e);
}

int http_reply_head(struct http_request *r, unsigned status, const char *content_type, uint64_t len,
		    struct err *e)
{
	if (r->method != HTTP_HEAD)
		return err_set(e, ERR_INTERNAL,
			       "a reply without a body to a method other than HEAD");
	return reply_set(r, REPLY_HEAD, status, content_type, len, e);
}

int http_reply_file(struct http_request *r, unsigned status, const char *content_type, int fd,
		    uint64_t off, uint64_t len, struct err *e)
{
	OWN_CONTENT struct content file = {.fd = fd};
	int rc = reply_set(r, REPLY_FILE, status, content_type, len, e);
	if (rc < 0)
		return rc;
	r->reply.file = content_steal(&file);
	r->reply.off = off;
	r->reply.left = len;
	return 0;
}

int http_reply_content(struct http_request *r, unsigned status, struct content *c, uint64_t off,
		       uint64_t len, struct err *e)
{
	OWN_CONTENT struct content file = content_steal(c);
	int rc = reply_set(r, REPLY_FILE, status, "application/octet-stream", len, e);
	if (rc < 0)
		return rc;
	r->reply.file = content_steal(&file);
	r->reply.off = off;
	r->reply.left = len;
	return 0;
}

static void oci_errors_put(struct buf *out, const char *code, const char *detail)
{
	struct json_out w;
	json_out_init(&w, out, false);
	json_put_object(&w, NULL);
	json_put_array(&w, "errors");
	json_put_object(&w, NULL);
	json_put_text(&w, "code", code);
	json_put_text(&w, "message", detail);
	json_put_end(&w, '}');
	json_put_end(&w, ']');
	json_put_end(&w, '}');
}

/* Those that are sent by this tree, and their neighbours. Spec: RFC 9110 §15. */
const char *reply_phrase(unsigned status)
{
	static const struct {
		unsigned status;
		const char *phrase;
	} rows[] = {
	    {200, "OK"},
	    {201, "Created"},
	    {202, "Accepted"},
	    {204, "No Content"},
	    {206, "Partial Content"},
	    {301, "Moved Permanently"},
	    {302, "Found"},
	    {303, "See Other"},
	    {304, "Not Modified"},
	    {307, "Temporary Redirect"},
	    {308, "Permanent Redirect"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {406, "Not Acceptable"},
	    {408, "Request Timeout"},
	    {409, "Conflict"},
	    {410, "Gone"},
	    {411, "Length Required"},
	    {412, "Precondition Failed"},
	    {413, "Content Too Large"},
	    {414, "URI Too Long"},
	    {415, "Unsupported Media Type"},
	    {416, "Range Not Satisfiable"},
	    {417, "Expectation Failed"},
	    {422, "Unprocessable Content"},
	    {428, "Precondition Required"},
	    {429, "Too Many Requests"},
	    {431, "Request Header Fields Too Large"},
	    {500, "Internal Server Error"},
	    {501, "Not Implemented"},
	    {502, "Bad Gateway"},
	    {503, "Service Unavailable"},
	    {504, "Gateway Timeout"},
	    {505, "HTTP Version Not Supported"},
	    {507, "Insufficient Storage"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].status == status)
			return rows[i].phrase;
	return "Error";
}

/* "NOT_FOUND" and "not found" -> "not_found" */
static void slug_put(struct json_out *w, const char *code)
{
	char slug[64];
	size_t n = 0;
	for (; n < sizeof slug - 1 && code[n]; n++)
		slug[n] = code[n] == ' ' ? '_' : (char)byte_lower((uint8_t)code[n]);
	slug[n] = '\0';
	json_put_text(w, "code", slug);
}

static void problem_put(struct buf *out, unsigned status, const char *code, const char *detail)
{
	struct json_out w;
	json_out_init(&w, out, false);
	json_put_object(&w, NULL);
	json_put_text(&w, "type", "about:blank");
	json_put_text(&w, "title", reply_phrase(status));
	json_put_u64(&w, "status", status);
	json_put_text(&w, "detail", detail);
	slug_put(&w, code);
	json_put_end(&w, '}');
}

/* Without a route, the path decides the error format. */
static bool speaks_oci(const struct http_request *r)
{
	if (r->match.route)
		return r->match.route->error_format == HTTP_OCI_ERRORS;
	return bytes_has_prefix_lit(r->target, "/v2/") || bytes_eq_lit(r->target, "/v2");
}

/* NOLINTNEXTLINE(misc-no-recursion): an error's body is short and not charged, where it ends */
int http_reply_error(struct http_request *r, unsigned status, const char *code, const char *detail,
		     struct err *e)
{
	struct buf out;
	buf_init(&out, ERROR_BODY_MAX);
	bool oci = speaks_oci(r);
	if (status / 100 == 4 && status != 401 && r->conn->server->hooks.refused)
		r->conn->server->hooks.refused(r, status);
	if (oci)
		oci_errors_put(&out, code, detail);
	else
		problem_put(&out, status, code, detail);
	int rc = buf_ok(&out) ? 0 : err_set(e, ERR_NOMEM, "error reply");
	if (rc == 0)
		rc = http_reply_bytes(r, status,
				      oci ? "application/json" : "application/problem+json",
				      buf_bytes(&out), e);
	buf_free(&out);
	return rc;
}

struct status_row {
	unsigned status;
	const char *oci; /* the specification's code, or the nearest */
};

static struct status_row status_row(enum err_code code)
{
	static const struct status_row rows[ERR_CODE_COUNT] = {
	    [ERR_OK] = {500, "UNKNOWN"},
	    [ERR_NOMEM] = {503, "TOOMANYREQUESTS"},
	    [ERR_IO] = {500, "UNKNOWN"},
	    [ERR_TRUNCATED] = {400, "SIZE_INVALID"},
	    [ERR_FORMAT] = {400, "UNSUPPORTED"},
	    [ERR_LIMIT] = {413, "SIZE_INVALID"},
	    [ERR_UNSUPPORTED] = {400, "UNSUPPORTED"},
	    [ERR_INTEGRITY] = {400, "DIGEST_INVALID"},
	    [ERR_NOT_FOUND] = {404, "NAME_UNKNOWN"},
	    [ERR_CONFLICT] = {409, "DENIED"},
	    [ERR_DENIED] = {403, "DENIED"},
	    [ERR_TIMEOUT] = {503, "UNKNOWN"},
	    [ERR_CANCELLED] = {503, "UNKNOWN"},
	    [ERR_CHILD] = {502, "UNKNOWN"},
	    [ERR_INTERNAL] = {500, "UNKNOWN"},
	    [ERR_DAMAGED] = {500, "UNKNOWN"},
	};
	return (unsigned)code < ERR_CODE_COUNT ? rows[code] : rows[ERR_INTERNAL];
}

unsigned http_status_of(enum err_code code)
{
	return status_row(code).status;
}

/* Faults that pass by themselves, though the code says no more than that the system refused. */
static struct status_row row_of(const struct err *e, const char **ret_public)
{
	struct status_row row = status_row(e->code);
	*ret_public = NULL;
	if (err_is_no_space(e)) {
		row.status = 507;
		*ret_public = "the server has no space left";
	} else if (err_is_no_descriptor(e)) {
		row = status_row(ERR_NOMEM);
		*ret_public = "the server has too many files open";
	} else if (err_is_no_database(e)) {
		row.status = 503;
		*ret_public = "the database does not answer";
	}
	return row;
}

static bool has_header(const struct http_request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (strcmp(r->headers[i].name, name) == 0)
			return true;
	return false;
}

#define ERROR_MEMORY 4096U /* bytes of an error's headers, whatever its request has spent */

/* The part of an error that a client may see: its own mistakes, not our internals. */
void reply_failed(struct http_request *r, const struct err *e)
{
	if (reply_made(r))
		return;
	const char *public;
	struct status_row row = row_of(e, &public);
	arena_allow(&r->arena, ERROR_MEMORY);
	bool ours = row.status >= 500;
	if (ours)
		log_line(LOG_ERROR, "%.*s: %s", BYTES_ARG(r->target), e->msg);
	if (row.status == 503 && !has_header(r, "Retry-After"))
		(void)http_reply_header(r, "Retry-After", BYTES_LIT("1"), NULL);
	const char *code = speaks_oci(r) ? row.oci : err_word(e->code);
	const char *text = public ? public : ours ? reply_phrase(row.status) : e->msg;
	r->lost = http_reply_error(r, row.status, code, text, NULL) < 0;
}
