/* Replies are made by the handler and queued by request.c. */
#include "base/json.h"
#include "base/log.h"
#include "base/own.h"
#include "http/conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
	if (r->response)
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

int reply_set(struct http_request *r, unsigned status, const char *content_type,
	      struct MHD_Response *response, uint64_t len, struct err *e)
{
	if (!response)
		return err_set(e, ERR_NOMEM, "reply");
	bool ok = !r->response && !r->status;
	if (!ok) {
		mhd_lib.destroy_response(response);
		return err_set(e, ERR_INTERNAL, "a second reply");
	}
	for (size_t i = 0; i < r->header_count; i++)
		ok = ok && mhd_lib.add_response_header(response, r->headers[i].name,
						   r->headers[i].value) == MHD_YES;
	if (content_type)
		ok = ok &&
		     mhd_lib.add_response_header(response, "Content-Type", content_type) == MHD_YES;
	if (!ok) {
		mhd_lib.destroy_response(response);
		return err_set(e, ERR_NOMEM, "reply headers");
	}
	r->response = response;
	r->status = status;
	r->bytes_out = r->method == HTTP_HEAD ? 0 : len;
	return 0;
}

enum MHD_Result reply_queue(struct http_request *r)
{
	struct MHD_Response *response = r->response;
	if (!response)
		return MHD_NO;
	if (r->close || atomic_load_explicit(&r->conn->server->closing, memory_order_relaxed))
		(void)mhd_lib.add_response_header(response, "Connection", "close");
	r->response = NULL;
	conn_turn(r->conn, CONN_REPLYING);
	enum MHD_Result rc = mhd_lib.queue_response(r->conn->mhd, r->status, response);
	mhd_lib.destroy_response(response);
	return rc;
}

int http_reply_bytes(struct http_request *r, unsigned status, const char *content_type,
		     struct bytes body, struct err *e)
{
	static char nothing[1];
	union {
		const uint8_t *in;
		void *out; /* the library copies, but its prototype is not const */
	} data = {.in = body.ptr};
	struct MHD_Response *response = mhd_lib.create_response_from_buffer(
	    body.len, body.len ? data.out : nothing,
	    body.len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
	return reply_set(r, status, content_type, response, body.len, e);
}

int http_reply_empty(struct http_request *r, unsigned status, struct err *e)
{
	return http_reply_bytes(r, status, NULL, BYTES_NONE, e);
}

/* Never called: the library sends no body after HEAD. */
static ssize_t no_body(void *cls, uint64_t pos, char *out, size_t max)
{
	(void)cls;
	(void)pos;
	(void)out;
	(void)max;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

int http_reply_head(struct http_request *r, unsigned status, const char *content_type, uint64_t len,
		    struct err *e)
{
	if (r->method != HTTP_HEAD)
		return err_set(e, ERR_INTERNAL, "a reply without its body to another than HEAD");
	if (len == 0)
		return http_reply_bytes(r, status, content_type, BYTES_NONE, e);
	struct MHD_Response *response =
	    mhd_lib.create_response_from_callback(len, 64, no_body, NULL, NULL);
	return reply_set(r, status, content_type, response, len, e);
}

int http_reply_file(struct http_request *r, unsigned status, const char *content_type, int fd,
		    uint64_t off, uint64_t len, struct err *e)
{
	OWN_FD int file = fd;
	if (len == 0)
		return http_reply_bytes(r, status, content_type, BYTES_NONE, e);
	struct MHD_Response *response = mhd_lib.create_response_from_fd_at_offset64(len, file, off);
	if (response)
		(void)STEAL_FD(file); /* the library closes it */
	return reply_set(r, status, content_type, response, len, e);
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

static const char *title_of(unsigned status)
{
	const char *phrase = mhd_lib.get_reason_phrase_for(status);
	return phrase ? phrase : "Error";
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
	json_put_text(&w, "title", title_of(status));
	json_put_u64(&w, "status", status);
	json_put_text(&w, "detail", detail);
	slug_put(&w, code);
	json_put_end(&w, '}');
}

/* Without a route the path tells which clients will read the error. */
static bool speaks_oci(const struct http_request *r)
{
	if (r->match.route)
		return r->match.route->error_format == HTTP_OCI_ERRORS;
	return bytes_has_prefix_lit(r->target, "/v2/") || bytes_eq_lit(r->target, "/v2");
}

int http_reply_error(struct http_request *r, unsigned status, const char *code, const char *detail,
		     struct err *e)
{
	struct buf out;
	buf_init(&out, ERROR_BODY_MAX);
	bool oci = speaks_oci(r);
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
	};
	return (unsigned)code < ERR_CODE_COUNT ? rows[code] : rows[ERR_INTERNAL];
}

unsigned http_status_of(enum err_code code)
{
	return status_row(code).status;
}

/* What a stranger may read of an error: the message of his own mistakes, not of our insides. */
void reply_failed(struct http_request *r, const struct err *e)
{
	if (r->response || r->status)
		return;
	struct status_row row = status_row(e->code);
	const char *public = NULL;
	if (e->code == ERR_IO && (e->sys == ENOSPC || e->sys == EDQUOT)) {
		row.status = 507;
		public = "the server has no space left";
	}
	bool ours = row.status >= 500;
	if (ours)
		log_line(LOG_ERROR, "%.*s: %s", BYTES_ARG(r->target), e->msg);
	const char *code = speaks_oci(r) ? row.oci : err_word(e->code);
	r->lost = http_reply_error(r, row.status, code, public ? public : ours ? title_of(row.status) : e->msg, NULL) < 0;
}

bool http_replied(const struct http_request *r)
{
	return r->response || r->status;
}
