/* Lists: tags of a repository, referrers of a manifest, repositories. */
#include "api/registry.h"
#include "api/registry_doc.h"

#include "access/role.h"

#define PAGE_MAX 10000U	    /* names in one reply; about a megabyte of tags */
#define REFERRERS_MAX 1000U /* descriptors in one reply: each may carry annotations */
#define REPLY_MAX (64U << 20)
#define OMITTED "plimsoll.annotations.omitted"

/* Everything but unreserved bytes as %XX. NULL without memory. */
static const char *escape(struct http_request *r, struct bytes text)
{
	struct buf out;
	buf_init(&out, 3 * text.len + 1);
	buf_put_percent(&out, text, "");
	const char *copy = buf_ok(&out) ? arena_cstr(http_arena(r), buf_bytes(&out)) : NULL;
	buf_free(&out);
	return copy;
}

static int reply(struct http_request *r, const char *type, struct buf *body, struct err *e)
{
	int rc = buf_ok(body) ? http_reply_bytes(r, 200, type, buf_bytes(body), e)
			      : err_set(e, ERR_NOMEM, "no memory for the reply");
	buf_free(body);
	return rc;
}

static int reply_names(struct http_request *r, const struct record_object *o, struct bytes name,
		       const struct store_texts *list, struct err *e)
{
	struct buf body;
	struct json_out w;
	struct v2_names row = {.name = name, .names = {list->items, list->count}};
	buf_init(&body, REPLY_MAX);
	json_out_init(&w, &body, false);
	record_put(&w, NULL, o, &row);
	return reply(r, "application/json", &body, e);
}

static int put_next(struct http_request *r, const char *path, size_t n,
		    const struct store_texts *list, struct err *e)
{
	if (!list->more || list->count == 0)
		return 0;
	const char *last = escape(r, list->items[list->count - 1]);
	return v2_next(
	    r, last ? arena_printf(http_arena(r), "%s?n=%zu&last=%s", path, n, last) : NULL, e);
}

static int get_tags(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct bytes name;
	struct store_texts list;
	struct store_page page = {.after = http_query(r, "last", NULL)};
	int rc = v2_name(r, &g, &name, e);
	if (rc == 0)
		rc = v2_page(r, PAGE_MAX, PAGE_MAX, &page.n, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = registry_tags(g, name, &page, http_arena(r), &list, e);
	if (rc < 0)
		return v2_fail(r, "NAME_UNKNOWN", "NAME_INVALID", e);
	const char *path =
	    arena_printf(http_arena(r), "/v2/%.*s/tags/list", BYTES_ARG(v2_asked(r)));
	if (!path)
		return err_set(e, ERR_NOMEM, "no memory");
	rc = put_next(r, path, page.n, &list, e);
	return rc < 0 ? rc : reply_names(r, &v2_tags_object, v2_asked(r), &list, e);
}

static int get_catalog(struct http_request *r, struct err *e)
{
	struct store_texts list;
	size_t n = 0;
	int rc =
	    http_reply_header(r, "Docker-Distribution-Api-Version", BYTES_LIT("registry/2.0"), e);
	if (rc == 0)
		rc = v2_page(r, PAGE_MAX, PAGE_MAX, &n, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	struct bytes none = BYTES_NONE;
	struct registry *g = registry_asked(api_of(r)->registry, http_header(r, "Host"), &none);
	rc = registry_catalog(g, http_query(r, "last", NULL), n, http_arena(r), &list, e);
	if (rc == 0)
		rc = put_next(r, "/v2/_catalog", n, &list, e);
	return rc < 0 ? rc : reply_names(r, &v2_catalog_object, BYTES_NONE, &list, e);
}

static int put_filter_headers(struct http_request *r, struct bytes subject,
			      const struct store_page *page, const struct store_manifests *list,
			      struct err *e)
{
	int rc = 0;
	if (page->artifact_type.len)
		rc = http_reply_header(r, "OCI-Filters-Applied", BYTES_LIT("artifactType"), e);
	if (rc < 0 || !list->more || list->count == 0)
		return rc;
	const char *type = escape(r, page->artifact_type);
	const char *last = escape(r, list->items[list->count - 1].digest);
	if (!type || !last)
		return err_set(e, ERR_NOMEM, "no memory");
	return v2_next(r,
		       arena_printf(http_arena(r), "/v2/%.*s/referrers/%.*s?%s%s%sn=%zu&last=%s",
				    BYTES_ARG(v2_asked(r)), BYTES_ARG(subject),
				    *type ? "artifactType=" : "", type, *type ? "&" : "", page->n,
				    last),
		       e);
}

/* Large annotations are only in the manifest; the list says so in their
 * place. */
static int mark_omitted(struct store_manifest *m, struct arena *a, struct err *e)
{
	if (!m->omitted)
		return 0;
	const char *text =
	    arena_printf(a, "{\"" OMITTED "\":\"%llu bytes: the manifest has them\"}",
			 (unsigned long long)m->omitted);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	m->annotations = bytes_of(text);
	return 0;
}

static int get_referrers(struct http_request *r, struct err *e)
{
	struct registry *g;
	struct bytes name, subject = http_param(r, "digest");
	struct digest d;
	struct store_manifests list;
	struct store_page page = {.after = http_query(r, "last", NULL),
				  .artifact_type = http_query(r, "artifactType", NULL)};
	struct buf body;
	struct json_out w;
	int rc = v2_name(r, &g, &name, e);
	if (rc == 0)
		rc = v2_digest(r, subject, &d, e);
	if (rc == 0)
		rc = v2_page(r, REFERRERS_MAX, REFERRERS_MAX, &page.n, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = registry_referrers(g, name, subject, &page, http_arena(r), &list, e);
	for (size_t i = 0; rc == 0 && i < list.count; i++)
		rc = mark_omitted(&list.items[i], http_arena(r), e);
	if (rc == 0)
		rc = put_filter_headers(r, subject, &page, &list, e);
	if (rc < 0)
		return rc;
	buf_init(&body, REPLY_MAX);
	json_out_init(&w, &body, false);
	record_put(&w, NULL, &v2_index_object,
		   &(struct v2_index){.version = 2,
				      .type = BYTES_LIT(OCI_INDEX_TYPE),
				      .manifests = {list.items, list.count}});
	return reply(r, OCI_INDEX_TYPE, &body, e);
}

const struct http_route api_registry_tags_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/v2/{name...}/tags/list",
     .handle = get_tags,
     .action = ACTION_PULL,
     .summary = "The tags of a repository",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_tags_doc},
    {.methods = HTTP_GET,
     .pattern = "/v2/_catalog",
     .handle = get_catalog,
     .action = ACTION_CATALOG,
     .summary = "The repositories of the registry",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_catalog_doc},
    {.methods = HTTP_GET,
     .pattern = "/v2/{name...}/referrers/{digest}",
     .handle = get_referrers,
     .action = ACTION_PULL,
     .summary = "The manifests whose subject is this one",
     .error_format = HTTP_OCI_ERRORS,
     .doc = &v2_referrers_doc},
};
const size_t api_registry_tags_route_count =
    sizeof api_registry_tags_routes / sizeof *api_registry_tags_routes;
