/* Manifests by tag or digest: read, put, removed. */
#include "api/registry.h"
#include "api/registry_doc.h"

#include "access/access.h"
#include "access/role.h"
#include "base/log.h"
#include "connect/fetch.h"

static bool is_digest_like(struct bytes reference)
{
	return bytes_find(reference, ':') < reference.len;
}

static int put_headers(struct http_request *r, const struct store_manifest *m, struct err *e)
{
	const char *etag = arena_printf(http_arena(r), "\"%.*s\"", BYTES_ARG(m->digest));
	if (!etag)
		return err_set(e, ERR_NOMEM, "no memory");
	int rc = http_reply_header(r, "Docker-Content-Digest", m->digest, e);
	if (rc == 0)
		rc = http_reply_header(r, "ETag", bytes_of(etag), e);
	if (rc == 0 && http_etag_matches(http_header(r, "If-None-Match"), bytes_of(etag))) {
		rc = http_reply_empty(r, 304, e);
		return rc < 0 ? rc : 1;
	}
	return rc;
}

static int get_manifest(struct http_request *r, struct err *e)
{
	struct bytes name, reference = http_param(r, "reference");
	struct store_manifest m;
	struct registry *g;
	bool head = http_method_get(r) == HTTP_HEAD;
	int rc = v2_name(r, &g, &name, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = registry_manifest_get(g, name, reference, !head, http_arena(r), &m, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return http_reply_error(r, 404, "MANIFEST_UNKNOWN",
					"no such manifest in this repository", e);
	rc = put_headers(r, &m, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	const char *type = arena_cstr(http_arena(r), m.media_type);
	if (!type)
		return err_set(e, ERR_NOMEM, "no memory");
	if (head)
		return http_reply_head(r, 200, type, m.size, e);
	/* A user who reads an image with our own program does not run it. */
	const struct access_actor by = v2_actor(r);
	registry_manifest_pulled(g, name, &m, is_digest_like(reference) ? BYTES_NONE : reference,
				 &by,
				 !bytes_eq_lit(http_header(r, "User-Agent"), FETCH_USER_AGENT));
	return http_reply_bytes(r, 200, type, m.content, e);
}

struct put {
	struct registry_put p;
	struct digest digest;
	struct bytes tags[REGISTRY_TAGS_MAX + 2];
};

/* The reference of the path and every ?tag=. 0, 1 = replied. */
static int read_references(struct http_request *r, struct put *x, struct err *e)
{
	struct bytes reference = http_param(r, "reference");
	size_t n = 0;
	int rc = 0;
	if (is_digest_like(reference)) {
		rc = v2_digest(r, reference, &x->digest, e);
		if (rc != 0)
			return rc;
		x->p.digest = &x->digest;
	} else {
		x->tags[n++] = reference;
	}
	/* A query of more fields than the server reads would look like one without tags. */
	size_t fields = 0;
	for (struct bytes rest = http_target(r); rest.len; (void)bytes_cut(&rest, '&'))
		fields++;
	n += http_query_all(r, "tag", &x->tags[n], REGISTRY_TAGS_MAX + 1);
	if (n > REGISTRY_TAGS_MAX || fields > REGISTRY_TAGS_MAX + 2) {
		rc = http_reply_error(r, 414, "SIZE_INVALID", "too many tags at once", e);
		return rc < 0 ? rc : 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (ref_is_tag(x->tags[i]))
			continue;
		rc = http_reply_error(r, 400, "MANIFEST_INVALID", "not a tag", e);
		return rc < 0 ? rc : 1;
	}
	x->p.tags = x->tags;
	x->p.tag_count = n;
	return 0;
}

static int reply_put(struct http_request *r, const struct put *x,
		     const struct registry_put_result *result, struct err *e)
{
	bool by_digest = x->p.digest != NULL;
	const char *path = arena_printf(http_arena(r), "/v2/%.*s/manifests/%s",
					BYTES_ARG(v2_asked(r)), result->digest);
	if (!path)
		return err_set(e, ERR_NOMEM, "no memory");
	int rc = v2_location(r, path, e);
	if (rc == 0)
		rc = http_reply_header(r, "Docker-Content-Digest", bytes_of(result->digest), e);
	if (rc == 0 && result->subject.len)
		rc = http_reply_header(r, "OCI-Subject", result->subject, e);
	for (size_t i = 0; rc == 0 && by_digest && i < x->p.tag_count; i++)
		rc = http_reply_header(r, "OCI-Tag", x->tags[i], e);
	return rc < 0 ? rc : http_reply_empty(r, 201, e);
}

static int put_manifest(struct http_request *r, struct err *e)
{
	const struct access_actor by = v2_actor(r);
	struct put x = {.p = {.content_type = http_header(r, "Content-Type"),
			      .content = http_body(r),
			      .by = &by}};
	struct registry_put_result result;
	struct registry *g;
	int rc = v2_name(r, &g, &x.p.repository, e);
	if (rc == 0)
		rc = read_references(r, &x, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = registry_manifest_put(g, &x.p, http_arena(r), &result, e);
	if (rc < 0)
		return v2_fail(r, result.blob_unknown ? "MANIFEST_BLOB_UNKNOWN" : "NAME_UNKNOWN",
			       "MANIFEST_INVALID", e);
	log_line(LOG_INFO, "pushed %.*s%s%.*s@%s by \"%.*s\" from %.*s", BYTES_ARG(v2_asked(r)),
		 x.p.tag_count ? ":" : "", BYTES_ARG(x.p.tag_count ? x.tags[0] : BYTES_NONE),
		 result.digest, BYTES_ARG(by.name), BYTES_ARG(by.peer));
	return reply_put(r, &x, &result, e);
}

static int delete_manifest(struct http_request *r, struct err *e)
{
	struct bytes name, reference = http_param(r, "reference");
	struct registry *g;
	struct digest d;
	int rc = v2_name(r, &g, &name, e);
	if (rc == 0 && is_digest_like(reference))
		rc = v2_digest(r, reference, &d, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	const struct access_actor by = v2_actor(r);
	rc = registry_manifest_delete(g, name, reference, &by, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return http_reply_error(r, 404, "MANIFEST_UNKNOWN",
					"no such manifest in this repository", e);
	log_line(LOG_INFO, "deleted %.*s%s%.*s by \"%.*s\" from %.*s", BYTES_ARG(v2_asked(r)),
		 is_digest_like(reference) ? "@" : ":", BYTES_ARG(reference), BYTES_ARG(by.name),
		 BYTES_ARG(by.peer));
	return http_reply_empty(r, 202, e);
}

const struct http_route api_registry_manifests_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/v2/{name...}/manifests/{reference}",
     .handle = get_manifest,
     .action = ACTION_PULL,
     .summary = "A manifest by tag or digest",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_get_manifest_doc},
    {.methods = HTTP_PUT,
     .pattern = "/v2/{name...}/manifests/{reference}",
     .handle = put_manifest,
     .action = ACTION_PUSH,
     .body_max = LIMIT_MANIFEST_MAX,
     .summary = "Push a manifest",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_put_manifest_doc},
    {.methods = HTTP_DELETE,
     .pattern = "/v2/{name...}/manifests/{reference}",
     .handle = delete_manifest,
     .action = ACTION_DELETE,
     .summary = "Remove a tag, or a manifest with its tags",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_delete_manifest_doc},
};
const size_t api_registry_manifests_route_count =
    sizeof api_registry_manifests_routes / sizeof *api_registry_manifests_routes;
