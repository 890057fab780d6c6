/* Registries and their repositories: what is there and how it stands. */
#include "api/routes.h"

#include "store/images.h"

/* The columns that both lists sum up, and the same in the reply. */
#define SUMS                                                                                       \
	"count(*), sum(state = 2), sum(state = 3), sum(state = 1), sum(critical), sum(high),"      \
	" sum(medium), sum(low), sum(negligible), sum(unknown)"

struct sums {
	int64_t images, unhealthy, unverified, healthy;
	struct ims_counts findings;
};

static struct sums sums_read(struct db_stmt *s, int first)
{
	struct sums n = {.images = db_int(s, first),
			 .unhealthy = db_int(s, first + 1),
			 .unverified = db_int(s, first + 2),
			 .healthy = db_int(s, first + 3)};
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
		n.findings.by[ADV_SEV_CRITICAL - i] = (uint64_t)db_int(s, first + 4 + i);
	return n;
}

static void put_sums(struct json_out *w, const struct sums *n)
{
	json_put_i64(w, "images", n->images);
	json_put_i64(w, "unhealthy", n->unhealthy);
	json_put_i64(w, "unverified", n->unverified);
	json_put_i64(w, "healthy", n->healthy);
	api_put_counts(w, "findings", &n->findings);
}

static void put_registry(struct json_out *w, const struct sums *n)
{
	const char *state = "Healthy", *reason = "";
	if (n->unhealthy) {
		state = "Unhealthy";
	} else if (n->images == n->unverified) {
		state = "NotApplicable";
		reason = n->images ? "no image could be verified" : "the registry holds no images";
	}
	json_put_object(w, NULL);
	json_put_text(w, "name", API_REGISTRY);
	json_put_text(w, "type", "embedded");
	json_put_text(w, "state", state);
	json_put_text(w, "reason", reason);
	put_sums(w, n);
	json_put_end(w, '}');
}

static int write_registry(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	(void)arg;
	struct db_stmt *s = db_query(tx, "SELECT " SUMS " FROM image", NULL, 0, e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	struct sums n = r > 0 ? sums_read(s, 0) : (struct sums){0};
	db_done(s);
	if (r >= 0)
		put_registry(w, &n);
	return r < 0 ? r : 0;
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
	struct bytes last = BYTES_NONE, next = BYTES_NONE;
	bool ok = true;
	int r;
	struct db_stmt *s = db_query(tx,
				     "SELECT repository, max(pushed_at), " SUMS
				     " FROM image WHERE repository > $1 GROUP BY repository"
				     " ORDER BY repository LIMIT $2",
				     DB_ARGS(DB_T(p->after), DB_I(p->limit + 1)), e);
	if (!s)
		return -(int)e->code;
	api_list_begin(w);
	for (size_t n = 0; (r = db_step(s, e)) > 0; n++) {
		if (n == p->limit) {
			next = last;
			break;
		}
		struct sums sums = sums_read(s, 2);
		last = arena_bytes(http_arena(p->r), db_bytes(s, 0), &ok);
		json_put_object(w, NULL);
		json_put_text(w, "registry", API_REGISTRY);
		json_put_string(w, "name", db_bytes(s, 0));
		put_sums(w, &sums);
		json_put_time(w, "pushed_at", db_int(s, 1));
		json_put_end(w, '}');
	}
	db_done(s);
	api_list_end(w, next);
	if (!ok)
		return err_set(e, ERR_NOMEM, "no memory for the list of repositories");
	return r < 0 ? r : 0;
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
