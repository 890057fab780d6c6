/* Registries and their repositories: what is there and how it stands. */
#include "api/routes.h"

#include "store/counts.h"

static void put_total(struct json_out *w, const struct cnt_total *t)
{
	json_put_u64(w, "images", t->images);
	json_put_u64(w, "unhealthy", t->unhealthy);
	json_put_u64(w, "unverified", t->unverified);
	json_put_u64(w, "healthy", t->healthy);
	api_put_counts(w, "findings", &t->counts);
}

static void put_registry(struct json_out *w, const struct cnt_total *t)
{
	const char *state = "Healthy", *reason = "";
	if (t->unhealthy) {
		state = "Unhealthy";
	} else if (t->images == t->unverified) {
		state = "NotApplicable";
		reason = t->images ? "no image could be verified" : "the registry holds no images";
	}
	json_put_object(w, NULL);
	json_put_text(w, "name", API_REGISTRY);
	json_put_text(w, "type", "embedded");
	json_put_text(w, "state", state);
	json_put_text(w, "reason", reason);
	put_total(w, t);
	json_put_end(w, '}');
}

static int write_registry(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct cnt_total t;
	(void)arg;
	int r = cnt_registry(tx, &t, e);
	if (r < 0)
		return r;
	put_registry(w, &t);
	return 0;
}

static int write_registries(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	api_list_begin(w);
	int r = write_registry(tx, w, arg, e);
	api_list_end(w, BYTES_NONE);
	return r;
}

static int get_registries(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, write_registries, NULL, e);
}

static int get_registry(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, write_registry, NULL, e);
}

struct page {
	struct http_request *r;
	struct bytes after;
	size_t limit;
};

static int write_repositories(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct page *p = arg;
	struct arena *a = http_arena(p->r);
	struct cnt_total *rows = arena_alloc(a, p->limit + 1, sizeof *rows);
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu repositories", p->limit);
	int64_t n = cnt_repositories(tx, p->after, p->limit + 1, a, rows, e);
	if (n < 0)
		return (int)n;
	bool more = (size_t)n > p->limit;
	api_list_begin(w);
	for (size_t i = 0; i < (more ? p->limit : (size_t)n); i++) {
		json_put_object(w, NULL);
		json_put_text(w, "registry", API_REGISTRY);
		json_put_string(w, "name", rows[i].name);
		put_total(w, &rows[i]);
		json_put_time(w, "pushed_at", rows[i].pushed_ms);
		json_put_end(w, '}');
	}
	api_list_end(w, more ? rows[p->limit - 1].name : BYTES_NONE);
	return 0;
}

static int get_repositories(struct http_request *r, struct err *e)
{
	struct page p = {.r = r, .after = http_query(r, "cursor", NULL)};
	int rc = api_limit(r, &p.limit, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_repositories, &p, e);
}

const struct http_route api_registries_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/registries",
     .handle = get_registries,
     .action = ACTION_SECURITY_READ,
     .summary = "Registries and how they stand"},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/registries/{registry}",
     .handle = get_registry,
     .action = ACTION_SECURITY_READ,
     .summary = "One registry"},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/registries/{registry}/repositories",
     .handle = get_repositories,
     .action = ACTION_SECURITY_READ,
     .summary = "Repositories with the findings of their images",
     .query = "limit cursor"},
};
const size_t api_registries_route_count =
    sizeof api_registries_routes / sizeof *api_registries_routes;
