/* Registries and their repositories: what is there and how it stands. */
#include "api/doc.h"
#include "api/routes.h"

#include "oci/reference.h"
#include "ledger/counts.h"
#include "store/registry.h"

static const char *registry_type(int i)
{
	return i == 0 ? "embedded" : NULL;
}

enum registry_state { REGISTRY_HEALTHY, REGISTRY_UNHEALTHY, REGISTRY_NOT_APPLICABLE };

static const char *registry_state(int i)
{
	static const char *const words[] = {"Healthy", "Unhealthy", "NotApplicable", NULL};
	return words[i];
}

struct registry_row {
	struct bytes name, reason;
	int type;
	enum registry_state state;
	uint64_t pending;
	struct repository_total total;
	struct store_totals stored;
};

#define TOTAL_FIELDS(type)                                                                         \
	RECORD_FIELD(type, total.images, RECORD_UINT, "images", "Images in all"),                  \
	    RECORD_FIELD(type, total.unhealthy, RECORD_UINT, "unhealthy", "Images with findings"), \
	    RECORD_FIELD(type, total.unverified, RECORD_UINT, "unverified",                        \
			 "Images that could not be assessed"),                                     \
	    RECORD_FIELD(type, total.healthy, RECORD_UINT, "healthy", "Images without findings"),  \
	    RECORD_FIELD(type, pending, RECORD_UINT, "pending",                                    \
			 "Images that are not scanned yet"),                                       \
	    RECORD_FIELD(type, total.counts, RECORD_OBJECT, "findings",                            \
			 "Security checks by severity, summed over the images",                    \
			 .of = &api_counts),                                                       \
	    RECORD_FIELD(type, stored.blobs, RECORD_UINT, "stored_blobs",                          \
			 "Blobs it holds, each once"),                                             \
	    RECORD_FIELD(                                                                          \
		type, stored.bytes, RECORD_UINT, "stored_bytes",                                   \
		"Bytes of those blobs. Repositories may share blobs: the registry has each once")

static const struct record_field registry_fields[] = {
    RECORD_FIELD(struct registry_row, name, RECORD_TEXT, "name", "Its name"),
    RECORD_FIELD(struct registry_row, type, RECORD_WORD, "type", "embedded: this server's own",
		 .words = registry_type),
    RECORD_FIELD(struct registry_row, state, RECORD_WORD, "state",
		 "Unhealthy: an image of it has findings. NotApplicable: nothing can be said",
		 .words = registry_state),
    RECORD_FIELD(struct registry_row, reason, RECORD_TEXT, "reason",
		 "Why it is NotApplicable; empty else"),
    TOTAL_FIELDS(struct registry_row),
};
static const struct record_object registry_object = {
    .name = "Registry", .text = "A registry and how it stands", RECORD_TABLE(registry_fields)};

struct repository_row {
	struct bytes registry;
	uint64_t pending;
	struct repository_total total;
	struct store_totals stored;
};

static const struct record_field repository_fields[] = {
    RECORD_FIELD(struct repository_row, registry, RECORD_TEXT, "registry", "Its registry"),
    RECORD_FIELD(struct repository_row, total.name, RECORD_TEXT, "name", "Its name",
		 .pattern = RECORD_REPOSITORY_PATTERN),
    TOTAL_FIELDS(struct repository_row),
    RECORD_FIELD(struct repository_row, total.pushed_ms, RECORD_TIME, "pushed_at",
		 "When an image was pushed last", .flags = RECORD_OPTIONAL),
};
static const struct record_object repository_object = {
    .name = "Repository",
    .text = "A repository with the sums of its images",
    RECORD_TABLE(repository_fields)};

static uint64_t pending_of(const struct repository_total *t)
{
	uint64_t settled = t->healthy + t->unhealthy + t->unverified;
	return t->images > settled ? t->images - settled : 0;
}

/* Of one repository, or of all (empty). */
static int stored_of(struct db_tx *tx, struct bytes repository, struct store_totals *ret,
		     struct err *e)
{
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e)};
	int64_t id = repository.len ? store_repository_find(&t, repository, e) : 0;
	if (id < 0 || (id == 0 && repository.len))
		return (int)id;
	return store_totals(&t, id, ret, e);
}

static void put_registry(struct json_out *w, const struct repository_total *t,
			 const struct store_totals *stored)
{
	struct registry_row row = {.name = BYTES_LIT(API_REGISTRY),
				   .total = *t,
				   .pending = pending_of(t),
				   .stored = *stored};
	if (t->unhealthy) {
		row.state = REGISTRY_UNHEALTHY;
	} else if (t->images == t->unverified) {
		row.state = REGISTRY_NOT_APPLICABLE;
		row.reason = bytes_of(t->images ? "no image could be verified"
						: "the registry holds no images");
	}
	record_put(w, NULL, &registry_object, &row);
}

struct listing {
	struct api_page page; /* the table's struct: first */
	struct http_request *r;
};

static int write_registry(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct repository_total t;
	struct store_totals stored = {.blobs = 0};
	struct visibility v;
	int r = api_visibility(arg, &v, e);
	if (r >= 0)
		r = repository_totals_sum(tx, &v, &t, e);
	if (r >= 0 && v.all)
		r = stored_of(tx, BYTES_NONE, &stored, e);
	if (r < 0)
		return r;
	put_registry(w, &t, &stored);
	return 0;
}

static int write_registries(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *p = arg;
	int r = 0;
	api_list_begin(w);
	if (bytes_cmp(p->page.cursor, BYTES_LIT(API_REGISTRY)) < 0)
		r = write_registry(tx, w, p->r, e);
	api_list_end(w, BYTES_NONE);
	return r;
}

static int get_registries(struct http_request *r, struct err *e)
{
	struct listing p = {.r = r};
	if (api_query_read(r, &p.page, e) < 0)
		return -(int)e->code;
	if (p.page.cursor.len && !ref_is_name(p.page.cursor))
		return api_bad_cursor(e);
	return api_reply_read(r, 200, write_registries, &p, e);
}

static int get_registry(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, write_registry, r, e);
}

static int write_repositories(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *p = arg;
	size_t limit = (size_t)p->page.limit;
	struct arena *a = http_arena(p->r);
	struct repository_total *rows = arena_alloc(a, limit + 1, sizeof *rows);
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu repositories", limit);
	struct visibility v;
	int64_t n = api_visibility(p->r, &v, e);
	if (n >= 0)
		n = repository_totals_list(tx, p->page.cursor, limit + 1, &v, a, rows, e);
	if (n < 0)
		return (int)n;
	bool more = (size_t)n > limit;
	api_list_begin(w);
	for (size_t i = 0; i < (more ? limit : (size_t)n); i++) {
		struct repository_row row = {.registry = BYTES_LIT(API_REGISTRY),
					     .pending = pending_of(&rows[i]),
					     .total = rows[i]};
		if (stored_of(tx, rows[i].name, &row.stored, e) < 0)
			return -(int)e->code;
		record_put(w, NULL, &repository_object, &row);
	}
	api_list_end(w, more ? rows[limit - 1].name : BYTES_NONE);
	return 0;
}

static int get_repositories(struct http_request *r, struct err *e)
{
	struct listing p = {.r = r};
	if (api_query_read(r, &p.page, e) < 0)
		return -(int)e->code;
	if (p.page.cursor.len && !ref_is_name(p.page.cursor))
		return api_bad_cursor(e);
	return api_reply_read(r, 200, write_repositories, &p, e);
}

static const struct api_doc registries_doc = {
    .id = "listRegistries",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of registries, by name",
		 .of = &registry_object,
		 .list = true}},
};
static const struct api_doc registry_doc = {
    .id = "getRegistry",
    .replies = {{.status = 200, .text = "The registry", .of = &registry_object}},
};
static const struct api_doc repositories_doc = {
    .id = "listRepositories",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of repositories, by name",
		 .of = &repository_object,
		 .list = true}},
};

const struct http_route api_registries_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/registries",
     .handle = get_registries,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Registries and how they stand",
     .doc = &registries_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/registries/{registry}",
     .handle = get_registry,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "One registry",
     .doc = &registry_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/registries/{registry}/repositories",
     .handle = get_repositories,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Repositories with the findings of their images",
     .doc = &repositories_doc},
};
const size_t api_registries_route_count =
    sizeof api_registries_routes / sizeof *api_registries_routes;
