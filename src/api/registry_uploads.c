/* Blob uploads: sessions, chunks, monolithic pushes, cross-repository mounts.
 *
 * A body is written as it comes. What a failed request leaves of it: a chunk with Content-Range and
 * the body of a PUT are taken back whole, so that the same request may come again; a PATCH without
 * Content-Range keeps what arrived, and GET reports how much. */
#include "api/content_range.h"
#include "api/registry.h"
#include "api/registry_doc.h"

#include "access/role.h"

#include <stdlib.h>
#include <string.h>

struct push {
	struct upload *upload; /* NULL: a POST that only opens a session or mounts */
	struct registry *registry;
	struct bytes name; /* in it */
	bool whole;	   /* a failure takes the body back */
	bool has_range;
	uint64_t start; /* offset of the session when the request began */
	uint64_t want;	/* bytes stated by Content-Range */
	struct digest digest;
	char id[BLOB_KEY_CAP];
};

/* Location, Range and Docker-Upload-UUID of a session. */
static int put_session(struct http_request *r, const char *id, uint64_t offset, struct err *e)
{
	const char *path =
	    arena_printf(http_arena(r), "/v2/%.*s/blobs/uploads/%s", BYTES_ARG(v2_asked(r)), id);
	/* An empty session has no last byte; "0-0" is what clients of every registry know. */
	const char *range =
	    arena_printf(http_arena(r), "0-%llu", (unsigned long long)(offset ? offset - 1 : 0));
	if (!path || !range)
		return err_set(e, ERR_NOMEM, "no memory");
	int rc = v2_location(r, path, e);
	if (rc == 0)
		rc = http_reply_header(r, "Range", bytes_of(range), e);
	if (rc == 0)
		rc = http_reply_header(r, "Docker-Upload-UUID", bytes_of(id), e);
	return rc;
}

static int reply_created(struct http_request *r, const struct digest *d, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	const char *path =
	    arena_printf(http_arena(r), "/v2/%.*s/blobs/%s", BYTES_ARG(v2_asked(r)), text);
	if (!path)
		return err_set(e, ERR_NOMEM, "no memory");
	int rc = v2_location(r, path, e);
	if (rc == 0)
		rc = http_reply_header(r, "Docker-Content-Digest", bytes_of(text), e);
	return rc < 0 ? rc : http_reply_empty(r, 201, e);
}

static int fail(struct http_request *r, struct err *e)
{
	return v2_fail(r, "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", e);
}

static int push_data(struct http_request *r, void *state, struct bytes piece, struct err *e)
{
	struct push *p = state;
	(void)r;
	if (!p->upload)
		return err_set(e, ERR_FORMAT, "a POST with a body needs ?digest=");
	if (p->has_range && upload_offset(p->upload) - p->start + piece.len > p->want)
		return err_set(e, ERR_FORMAT, "more bytes than Content-Range states");
	int rc = upload_write(p->upload, piece, e);
	/* What was not acknowledged goes: others need the space. */
	p->whole = p->whole || (rc < 0 && err_is_no_space(e));
	return rc;
}

static void push_abort(struct http_request *r, void *state)
{
	struct push *p = state;
	(void)r;
	if (!p->upload)
		return;
	if (p->whole)
		upload_cut(p->upload, p->start);
	else
		upload_release(p->upload);
	p->upload = NULL;
}

/* 0, or 1 = replied. Sets what Content-Range and Content-Length say. */
static int chunk_check(struct http_request *r, struct push *p, struct err *e)
{
	uint64_t first, last;
	struct bytes text = http_header(r, "Content-Range");
	int64_t length = http_body_length(r);
	int rc;
	if (text.len == 0)
		return 0;
	if (!content_range_parse(text, &first, &last) ||
	    (length >= 0 && (uint64_t)length != last - first + 1)) {
		rc = http_reply_error(r, 400, "SIZE_INVALID",
				      "Content-Range does not match Content-Length", e);
		return rc < 0 ? rc : 1;
	}
	if (first != p->start) {
		rc = put_session(r, p->id, p->start, e);
		if (rc == 0)
			rc = http_reply_error(r, 416, "BLOB_UPLOAD_INVALID",
					      "the chunk does not follow the last one", e);
		return rc < 0 ? rc : 1;
	}
	p->has_range = p->whole = true;
	p->want = last - first + 1;
	return 0;
}

/* Name and session of a PATCH or PUT. 0, 1 = replied. */
static int push_take(struct http_request *r, struct push *p, struct err *e)
{
	int rc = v2_name(r, &p->registry, &p->name, e);
	if (rc != 0)
		return rc;
	rc = registry_upload_take(p->registry, p->name, http_param(r, "id"), &p->upload, e);
	if (rc < 0) {
		rc = fail(r, e);
		return rc < 0 ? rc : 1;
	}
	p->start = upload_offset(p->upload);
	memcpy(p->id, upload_id(p->upload), sizeof p->id);
	rc = chunk_check(r, p, e);
	if (rc != 0) {
		upload_release(p->upload);
		p->upload = NULL;
	}
	return rc;
}

static struct push *push_new(struct http_request *r, struct err *e)
{
	struct push *p = arena_alloc(http_arena(r), 1, sizeof *p);
	if (!p)
		err_set(e, ERR_NOMEM, "no memory");
	return p;
}

/* The whole chunk was received and written. 0, 1 = replied, <0 = not written (and the session given
 * back). */
static int chunk_end(struct http_request *r, struct push *p, struct err *e)
{
	if (!p->has_range || upload_offset(p->upload) - p->start == p->want) {
		int written = upload_flush(p->upload, e);
		p->whole = p->whole || (written < 0 && err_is_no_space(e));
		if (written < 0)
			push_abort(r, p);
		return written;
	}
	push_abort(r, p);
	int rc =
	    http_reply_error(r, 400, "SIZE_INVALID", "fewer bytes than Content-Range states", e);
	return rc < 0 ? rc : 1;
}

static int patch_begin(struct http_request *r, void **ret_state, struct err *e)
{
	struct push *p = push_new(r, e);
	if (!p)
		return -(int)ERR_NOMEM;
	*ret_state = p;
	int rc = push_take(r, p, e);
	return rc < 0 ? rc : 0;
}

static int patch_end(struct http_request *r, void *state, struct err *e)
{
	struct push *p = state;
	int rc = chunk_end(r, p, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	uint64_t offset = upload_offset(p->upload);
	upload_release(p->upload);
	rc = put_session(r, p->id, offset, e);
	return rc < 0 ? rc : http_reply_empty(r, 202, e);
}

static int put_begin(struct http_request *r, void **ret_state, struct err *e)
{
	struct push *p = push_new(r, e);
	struct digest d;
	if (!p)
		return -(int)ERR_NOMEM;
	*ret_state = p;
	int rc = v2_digest(r, http_query(r, "digest", NULL), &d, e);
	if (rc == 0)
		rc = push_take(r, p, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	p->digest = d;
	p->whole = true;
	return 0;
}

static int put_end(struct http_request *r, void *state, struct err *e)
{
	struct push *p = state;
	int rc = chunk_end(r, p, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = upload_commit(p->upload, &p->digest, e);
	return rc < 0 ? fail(r, e) : reply_created(r, &p->digest, e);
}

static enum digest_algo wanted_algo(struct http_request *r, bool *ret_known)
{
	bool present;
	struct bytes text = http_query(r, "digest-algorithm", &present);
	*ret_known = !present || bytes_eq_lit(text, "sha256") || bytes_eq_lit(text, "sha512");
	return bytes_eq_lit(text, "sha512") ? DIGEST_SHA512 : DIGEST_SHA256;
}

static int post_begin(struct http_request *r, void **ret_state, struct err *e)
{
	bool present, known;
	struct push *p = push_new(r, e);
	if (!p)
		return -(int)ERR_NOMEM;
	*ret_state = p;
	int rc = v2_name(r, &p->registry, &p->name, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	(void)wanted_algo(r, &known);
	if (!known)
		return http_reply_error(r, 400, "DIGEST_INVALID",
					"digest-algorithm must be sha256 or sha512", e);
	struct bytes text = http_query(r, "digest", &present);
	if (!present)
		return 0;
	rc = v2_digest(r, text, &p->digest, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = registry_upload_once(p->registry, p->name, v2_actor(r).name, p->digest.algo,
				  &p->upload, e);
	return rc < 0 ? fail(r, e) : 0;
}

/* 1 = mounted and replied, 0 = go on with a session, 2 = replied with an error. */
static int post_mount(struct http_request *r, struct push *p, struct err *e)
{
	bool present;
	struct bytes text = http_query(r, "mount", &present);
	struct bytes from = http_query(r, "from", NULL);
	struct digest d;
	if (!present)
		return 0;
	int rc = v2_digest(r, text, &d, e);
	if (rc != 0)
		return rc < 0 ? rc : 2;
	if (!ref_is_name(from))
		return 0;
	/* A token for the target alone: ask for one that covers both, else the client pushes what
	 * is here. */
	rc = api_challenge_pull(r, from, e);
	if (rc != 0)
		return rc < 0 ? rc : 2;
	/* No word about a repository the client may not read, nor about one that is not there. */
	if (!api_allows(r, ACTION_PULL, from))
		return 0;
	/* From another registry nothing is mounted: the client pushes. */
	if (registry_asked(p->registry, http_header(r, "Host"), &from) != p->registry)
		return 0;
	rc = registry_blob_mount(p->registry, from, p->name, &d, e);
	if (rc != 1)
		return rc;
	rc = reply_created(r, &d, e);
	return rc < 0 ? rc : 1;
}

/* Unused sessions expire, but when is unknown. */
static int too_many(struct http_request *r, struct err *e)
{
	struct err why = *e;
	*e = (struct err)ERR_INIT;
	int rc = http_reply_header(r, "Retry-After", BYTES_LIT("60"), e);
	return rc < 0 ? rc : http_reply_error(r, 429, "TOOMANYREQUESTS", why.msg, e);
}

static int post_end(struct http_request *r, void *state, struct err *e)
{
	struct push *p = state;
	bool known;
	int rc;
	if (p->upload) {
		rc = upload_commit(p->upload, &p->digest, e);
		return rc < 0 ? fail(r, e) : reply_created(r, &p->digest, e);
	}
	rc = post_mount(r, p, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = registry_upload_new(p->registry, p->name, v2_actor(r).name, wanted_algo(r, &known),
				 p->id, e);
	if (rc == -ERR_LIMIT)
		return too_many(r, e);
	if (rc < 0)
		return fail(r, e);
	rc = put_session(r, p->id, 0, e);
	return rc < 0 ? rc : http_reply_empty(r, 202, e);
}

static int upload_status(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct bytes name;
	uint64_t offset;
	int rc = v2_name(r, &g, &name, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	struct bytes id = http_param(r, "id");
	rc = registry_upload_offset(g, name, id, &offset, e);
	if (rc < 0)
		return fail(r, e);
	const char *text = arena_cstr(http_arena(r), id);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	rc = put_session(r, text, offset, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static int upload_drop(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct bytes name;
	struct upload *u;
	int rc = v2_name(r, &g, &name, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = registry_upload_take(g, name, http_param(r, "id"), &u, e);
	if (rc == 0)
		rc = upload_cancel(u, e);
	return rc < 0 ? fail(r, e) : http_reply_empty(r, 204, e);
}

static const struct http_stream post_stream = {
    .begin = post_begin, .data = push_data, .end = post_end, .abort = push_abort};
static const struct http_stream patch_stream = {
    .begin = patch_begin, .data = push_data, .end = patch_end, .abort = push_abort};
static const struct http_stream put_stream = {
    .begin = put_begin, .data = push_data, .end = put_end, .abort = push_abort};

const struct http_route api_registry_uploads_routes[] = {
    {.methods = HTTP_POST,
     .pattern = "/v2/{name...}/blobs/uploads/",
     .stream = &post_stream,
     .action = ACTION_PUSH,
     .body_max = UINT64_MAX,
     .summary = "Open an upload, push a blob at once, or mount one",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_open_upload_doc},
    {.methods = HTTP_GET,
     .pattern = "/v2/{name...}/blobs/uploads/{id}",
     .handle = upload_status,
     .action = ACTION_PUSH,
     .summary = "How much of an upload has arrived",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_get_upload_doc},
    {.methods = HTTP_PATCH,
     .pattern = "/v2/{name...}/blobs/uploads/{id}",
     .stream = &patch_stream,
     .action = ACTION_PUSH,
     .body_max = UINT64_MAX,
     .summary = "Append to an upload",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_append_upload_doc},
    {.methods = HTTP_PUT,
     .pattern = "/v2/{name...}/blobs/uploads/{id}",
     .stream = &put_stream,
     .action = ACTION_PUSH,
     .body_max = UINT64_MAX,
     .summary = "Complete an upload",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_complete_upload_doc},
    {.methods = HTTP_DELETE,
     .pattern = "/v2/{name...}/blobs/uploads/{id}",
     .handle = upload_drop,
     .action = ACTION_PUSH,
     .summary = "Cancel an upload",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_cancel_upload_doc},
};
const size_t api_registry_uploads_route_count =
    sizeof api_registry_uploads_routes / sizeof *api_registry_uploads_routes;
