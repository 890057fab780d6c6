/* The registry's root, and blobs: read whole or in part, removed. */
#include "api/registry.h"
#include "api/registry_doc.h"

#include "access/role.h"
#include "base/content.h"

static int root(struct http_request *r, struct err *e)
{
	int rc =
	    http_reply_header(r, "Docker-Distribution-Api-Version", BYTES_LIT("registry/2.0"), e);
	return rc < 0 ? rc : http_reply_bytes(r, 200, "application/json", BYTES_LIT("{}"), e);
}

/* Digest, entity tag and how long it may be kept: a blob never changes. */
static int put_headers(struct http_request *r, const char *digest, struct err *e)
{
	const char *etag = arena_printf(http_arena(r), "\"%s\"", digest);
	if (!etag)
		return err_set(e, ERR_NOMEM, "no memory");
	int rc = http_reply_header(r, "Docker-Content-Digest", bytes_of(digest), e);
	if (rc == 0)
		rc = http_reply_header(r, "ETag", bytes_of(etag), e);
	if (rc == 0)
		rc = http_reply_header(r, "Cache-Control", BYTES_LIT("private, max-age=31536000"),
				       e);
	if (rc == 0)
		rc = http_reply_header(r, "Accept-Ranges", BYTES_LIT("bytes"), e);
	if (rc == 0 && http_etag_matches(http_header(r, "If-None-Match"), bytes_of(etag))) {
		rc = http_reply_empty(r, 304, e);
		return rc < 0 ? rc : 1;
	}
	return rc;
}

static int put_content_range(struct http_request *r, const char *text, struct err *e)
{
	return text ? http_reply_header(r, "Content-Range", bytes_of(text), e)
		    : err_set(e, ERR_NOMEM, "no memory");
}

/* The part that is asked for, as http_range_parse says it. If-Range names what the client has a
 * part of: of anything else it gets the whole. So it does of an empty blob, which has no parts. */
static int part_of(struct http_request *r, const char *digest, uint64_t size, uint64_t *ret_off,
		   uint64_t *ret_len)
{
	const char *etag = arena_printf(http_arena(r), "\"%s\"", digest);
	struct bytes condition = http_header(r, "If-Range");
	if (size == 0 || (condition.len && (!etag || !bytes_eq(condition, bytes_of(etag)))))
		return 0;
	return http_range_parse(http_header(r, "Range"), size, ret_off, ret_len);
}

/* c is taken. */
static int reply_part(struct http_request *r, const char *digest, struct content *c, struct err *e)
{
	uint64_t off, len;
	unsigned long long total = c->size;
	int part = part_of(r, digest, c->size, &off, &len);
	int rc = 0;
	if (part < 0) {
		rc = put_content_range(r, arena_printf(http_arena(r), "bytes */%llu", total), e);
		return rc < 0 ? rc
			      : http_reply_error(r, 416, "SIZE_INVALID", "no such part of the blob",
						 e);
	}
	if (part == 0)
		return http_reply_content(r, 200, c, 0, c->size, e);
	rc = put_content_range(r,
			       arena_printf(http_arena(r), "bytes %llu-%llu/%llu",
					    (unsigned long long)off,
					    (unsigned long long)(off + len - 1), total),
			       e);
	return rc < 0 ? rc : http_reply_content(r, 206, c, off, len, e);
}

/* The client fetches it itself, whole or in part. Spec: OCI distribution, "Pulling blobs". */
static int reply_address(struct http_request *r, const struct content *c, struct err *e)
{
	int rc = http_reply_header(r, "Location", bytes_of(c->address), e);
	return rc < 0 ? rc : http_reply_empty(r, 307, e);
}

/* Name and digest of the path: 0, 1 = replied. */
static int which(struct http_request *r, struct registry **ret_registry, struct bytes *ret_name,
		 struct digest *ret, struct err *e)
{
	int rc = v2_name(r, ret_registry, ret_name, e);
	return rc != 0 ? rc : v2_digest(r, http_param(r, "digest"), ret, e);
}

static int get_blob(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct bytes name;
	struct digest d;
	char text[DIGEST_TEXT_CAP];
	uint64_t size = 0;
	OWN_CONTENT struct content content = CONTENT_INIT;
	int rc = which(r, &g, &name, &d, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	digest_text(&d, text);
	bool head = http_method_get(r) == HTTP_HEAD;
	rc = head ? registry_blob_find(g, name, &d, &size, e)
		  : registry_blob_open(g, name, &d, &content, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return http_reply_error(r, 404, "BLOB_UNKNOWN", text, e);
	rc = put_headers(r, text, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (head)
		return http_reply_head(r, 200, "application/octet-stream", size, e);
	return content.address ? reply_address(r, &content, e) : reply_part(r, text, &content, e);
}

static int delete_blob(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct bytes name;
	struct digest d;
	int rc = which(r, &g, &name, &d, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = registry_blob_delete(g, name, &d, e);
	if (rc == -(int)ERR_DENIED)
		return http_reply_error(r, 405, "UNSUPPORTED", e->msg, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return http_reply_error(r, 404, "BLOB_UNKNOWN", "not in this repository", e);
	return http_reply_empty(r, 202, e);
}

const struct http_route api_registry_blobs_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/v2/",
     .handle = root,
     .action = ACTION_ANY_PRINCIPAL,
     .summary = "The registry is there and knows who asks",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_root_doc},
    {.methods = HTTP_GET,
     .pattern = "/v2",
     .handle = root,
     .action = ACTION_ANY_PRINCIPAL,
     .summary = "The registry is there and knows who asks",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_root_bare_doc},
    {.methods = HTTP_GET,
     .pattern = "/v2/{name...}/blobs/{digest}",
     .handle = get_blob,
     .action = ACTION_PULL,
     .summary = "A blob, whole or in part",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_get_blob_doc},
    {.methods = HTTP_DELETE,
     .pattern = "/v2/{name...}/blobs/{digest}",
     .handle = delete_blob,
     .action = ACTION_DELETE,
     .summary = "Remove a blob from a repository",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_delete_blob_doc},
};
const size_t api_registry_blobs_route_count =
    sizeof api_registry_blobs_routes / sizeof *api_registry_blobs_routes;
