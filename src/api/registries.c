/* Registries, their repositories and their status. */
#include "api/doc.h"
#include "api/routes.h"

#include "api/people.h"
#include "base/clock.h"
#include "base/num.h"
#include "defend/assessment.h"
#include "ledger/counts.h"
#include "oci/reference.h"
#include "registry/registry.h"
#include "store/registries.h"

#include <stdlib.h>
#include <string.h>

#define BODY_MAX 65536

static const char *registry_type(int i)
{
	return i == 0 ? "embedded" : NULL;
}

enum registry_state {
	REGISTRY_HEALTHY,
	REGISTRY_UNHEALTHY,
	REGISTRY_NOT_APPLICABLE,
	REGISTRY_DELETING
};

static const char *registry_state(int i)
{
	static const char *const words[] = {"Healthy", "Unhealthy", "NotApplicable", "Deleting",
					    NULL};
	return words[i];
}

struct registry_row {
	struct store_registry_row g;
	struct record_rows hosts;
	struct bytes reason;
	int type;
	enum registry_state state;
	uint64_t pending;
	struct repository_total total;
	struct store_stored stored;
};

#define STORED_BYTES                                                                               \
	"Bytes of those blobs. Repositories may share blobs: the registry has each once; for a "   \
	"caller who sees a part of it they are the sums of the repositories"
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
	    RECORD_FIELD(type, total.counts.disabled, RECORD_UINT, "disabled",                     \
			 "Findings that rules disable; counted nowhere else"),                     \
	    RECORD_FIELD(type, stored.blobs, RECORD_UINT, "stored_blobs",                          \
			 "Blobs it holds, each once"),                                             \
	    RECORD_FIELD(type, stored.bytes, RECORD_UINT, "stored_bytes", STORED_BYTES)

static const struct record_field registry_fields[] = {
    RECORD_FIELD(struct registry_row, g.name, RECORD_TEXT, "name", "Its name"),
    RECORD_FIELD(struct registry_row, g.title, RECORD_TEXT, "title", "What people call it",
		 .flags = RECORD_OPTIONAL),
    RECORD_FIELD(struct registry_row, g.subscription, RECORD_TEXT, "subscription",
		 "The subscription it is in"),
    RECORD_FIELD(struct registry_row, g.group, RECORD_TEXT, "resource_group",
		 "The resource group it is in"),
    RECORD_FIELD(struct registry_row, hosts, RECORD_TEXTS, "hosts",
		 "Host names that mean it; by others it is `HOST/NAME/...`"),
    RECORD_FIELD(struct registry_row, type, RECORD_WORD, "type", "embedded: this server's own",
		 .words = registry_type),
    RECORD_FIELD(
	struct registry_row, state, RECORD_WORD, "state",
	"Unhealthy: an image of it has findings. Healthy: every image was assessed and none "
	"has. NotApplicable: neither, see `reason`. "
	"Deleting: it is on its way out and cannot be used any more",
	.words = registry_state),
    RECORD_FIELD(struct registry_row, reason, RECORD_TEXT, "reason",
		 "Why it is NotApplicable; empty else"),
    TOTAL_FIELDS(struct registry_row),
    RECORD_FIELD(struct registry_row, g.created_at, RECORD_TIME, "created_at",
		 "When it was created", .flags = RECORD_OPTIONAL),
};
static const struct record_object registry_object = {
    .name = "Registry", .text = "A registry and its status", RECORD_TABLE(registry_fields)};

struct repository_row {
	uint64_t pending;
	struct repository_total total;
	struct store_stored stored;
};

static const struct record_field repository_fields[] = {
    RECORD_FIELD(struct repository_row, total.subscription, RECORD_TEXT, "subscription",
		 "The subscription its registry is in"),
    RECORD_FIELD(struct repository_row, total.registry, RECORD_TEXT, "registry", "Its registry"),
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

/* The registries of a page, and what is read at once for all of them. */
struct registry_page {
	struct store_registry_row *rows;
	int64_t *ids;
	bool *whole; /* seen whole */
	struct repository_total *totals, *exempt;
	struct store_stored *stored;
	struct store_exempts exempts;
	size_t count;
};

static const struct store_exemption *exemption_of(const struct registry_page *p, size_t i)
{
	for (size_t k = 0; k < p->exempts.count; k++)
		if (p->exempts.items[k].registry_id == p->ids[i])
			return &p->exempts.items[k].exemption;
	return NULL;
}

/* By the recommendation on images' vulnerabilities. A caller who sees only a part of it gets the
 * state of that part, and no exemption. */
static int put_registry(struct json_out *w, struct arena *a, const struct registry_page *p,
			size_t i, struct err *e)
{
	const struct store_registry_row *g = &p->rows[i];
	struct registry_row row = {.g = *g,
				   .hosts = {g->hosts.items, g->hosts.count},
				   .state = REGISTRY_DELETING,
				   .pending = repository_total_pending(&p->totals[i]),
				   .total = p->totals[i],
				   .stored = p->stored[i]};
	struct assessment as = {.subscription = g->subscription};
	const struct assessment_facts f = {.plan_off = g->plan_off,
					   .exemption = p->whole[i] ? exemption_of(p, i) : NULL,
					   .total = row.total,
					   .exempt = p->exempt[i]};
	if (!g->is_going) {
		if (assessment_judge(&f, a, &as, e) < 0)
			return -(int)e->code;
		row.state = (enum registry_state)as.state; /* the same words, but Deleting */
		row.reason = as.reason;
	}
	record_put(w, NULL, &registry_object, &row);
	return 0;
}

/* What is stored: the registry's own sums, or of the repositories that are seen. */
static int read_stored(struct db_tx *tx, struct registry_page *p, const struct visibility *v,
		       struct arena *a, struct err *e)
{
	bool all = true;
	struct store_stored *part = arena_alloc(a, p->count, sizeof *part);
	if (!part)
		return err_set(e, ERR_NOMEM, "no memory for registries");
	for (size_t i = 0; i < p->count; i++)
		all = all && p->whole[i];
	if (store_stored_many(tx, p->ids, p->count, p->stored, e) < 0 ||
	    (!all && store_stored_visible(tx, p->ids, p->count, v, part, e) < 0))
		return -(int)e->code;
	for (size_t i = 0; i < p->count; i++)
		if (!p->whole[i])
			p->stored[i] = part[i];
	return 0;
}

static int read_page(struct db_tx *tx, struct registry_page *p, const struct visibility *v,
		     struct arena *a, struct err *e)
{
	p->totals = arena_alloc(a, p->count, sizeof *p->totals);
	p->exempt = arena_alloc(a, p->count, sizeof *p->exempt);
	p->stored = arena_alloc(a, p->count, sizeof *p->stored);
	if (!p->totals || !p->exempt || !p->stored)
		return err_set(e, ERR_NOMEM, "no memory for registries");
	if (p->count == 0)
		return 0;
	const struct store_exempt_query q = {.recommendation = bytes_of(RECOMMENDATION_IMAGES->key),
					     .registries = p->ids,
					     .count = p->count,
					     .now_ms = clock_wall_ms()};
	int r = repository_totals_sums(tx, p->ids, p->count, v, p->totals, e);
	if (r >= 0)
		r = assessment_exempt(tx, &q, v, p->exempt, e);
	if (r >= 0)
		r = read_stored(tx, p, v, a, e);
	return r < 0 ? r : store_exemption_hold(tx, &q, a, &p->exempts, e);
}

struct registries_query {
	struct api_page page; /* first */
	struct bytes subscription, resource_group;
};
static const struct record_field registries_query_fields[] = {
    RECORD_FIELD(struct registries_query, subscription, RECORD_TEXT, "subscription",
		 "Only those of this subscription"),
    RECORD_FIELD(struct registries_query, resource_group, RECORD_TEXT, "resource_group",
		 "Only those of the resource group of this name"),
    API_PAGE_FIELDS(struct registries_query, page),
};
static const struct record_object registries_query = {RECORD_TABLE(registries_query_fields)};

struct listing {
	struct registries_query q; /* the table's struct: first */
	struct http_request *r;
	struct bytes name; /* only this one; empty = any */
};

static int by_name(const void *a, const void *b)
{
	const struct store_registry_row *x = a, *y = b;
	return bytes_cmp(x->name, y->name);
}

/* Those that are seen after the cursor, at most one more than the limit; how many are seen in
 * all. */
static int pick(struct db_tx *tx, const struct listing *l, const struct visibility *v,
		struct registry_page *p, uint64_t *ret_total, struct err *e)
{
	bool *some = arena_alloc(http_arena(l->r), p->count, sizeof *some);
	size_t n = 0, max = l->name.len ? 1 : (size_t)l->q.page.limit + 1;
	if (!some)
		return err_set(e, ERR_NOMEM, "no memory for registries");
	if (p->count)
		qsort(p->rows, p->count, sizeof *p->rows, by_name);
	for (size_t i = 0; i < p->count; i++)
		p->ids[i] = p->rows[i].id;
	int r = store_registries_seen(tx, p->ids, p->count, v, p->whole, some, e);
	*ret_total = 0;
	for (size_t i = 0; r >= 0 && i < p->count; i++) {
		*ret_total += some[i];
		if (!some[i] || n == max || bytes_cmp(p->rows[i].name, l->q.page.cursor) <= 0)
			continue;
		p->rows[n] = p->rows[i];
		p->ids[n] = p->ids[i];
		p->whole[n++] = p->whole[i];
	}
	p->count = n;
	return r;
}

static int read_registries(struct db_tx *tx, const struct listing *l, struct registry_page *ret,
			   uint64_t *ret_total, struct err *e)
{
	struct arena *a = http_arena(l->r);
	struct visibility v;
	struct store_registries got;
	const struct store_registries_query q = {
	    .name = l->name, .group = l->q.resource_group, .subscription = l->q.subscription};
	if (api_visibility(l->r, &v, e) < 0 || store_registries_list(tx, &q, a, &got, e) < 0)
		return -(int)e->code;
	*ret = (struct registry_page){.rows = got.items,
				      .ids = arena_alloc(a, got.count, sizeof *ret->ids),
				      .whole = arena_alloc(a, got.count, sizeof *ret->whole),
				      .count = got.count};
	if (!ret->ids || !ret->whole)
		return err_set(e, ERR_NOMEM, "no memory for registries");
	int r = pick(tx, l, &v, ret, ret_total, e);
	return r < 0 ? r : read_page(tx, ret, &v, a, e);
}

static int write_registries(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct registry_page page = {.count = 0};
	size_t limit = (size_t)l->q.page.limit;
	uint64_t total = 0;
	int r = read_registries(tx, l, &page, &total, e);
	if (r < 0)
		return r;
	size_t count = page.rows ? page.count : 0;
	api_list_begin(w);
	for (size_t i = 0; r == 0 && i < count && i < limit; i++)
		r = put_registry(w, http_arena(l->r), &page, i, e);
	api_list_end(w, count > limit ? page.rows[limit - 1].name : BYTES_NONE,
		     total_of(total, true));
	return r;
}

static int get_registries(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (api_query_read(r, &l.q, e) < 0)
		return -(int)e->code;
	if (l.q.page.cursor.len && !ref_is_name(l.q.page.cursor))
		return api_bad_cursor(e);
	return api_reply_read(r, 200, write_registries, &l, e);
}

static int write_registry(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct registry_page page = {.count = 0};
	uint64_t total = 0;
	int r = read_registries(tx, l, &page, &total, e);
	if (r >= 0 && (page.count == 0 || !page.rows))
		return err_set(e, ERR_NOT_FOUND, "there is no registry \"%.*s\"",
			       BYTES_ARG(l->name));
	return r < 0 ? r : put_registry(w, http_arena(l->r), &page, 0, e);
}

static int get_registry(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r, .name = http_param(r, "registry")};
	return api_reply_read(r, 200, write_registry, &l, e);
}

struct new_registry {
	struct bytes name, title;
	struct record_rows hosts;
};
static const struct record_field new_fields[] = {
    RECORD_FIELD(struct new_registry, name, RECORD_TEXT, "name",
		 "1 to 128 lower-case letters and digits, divided by `-`, `.` or `_`",
		 .flags = RECORD_NEEDED),
    RECORD_FIELD(struct new_registry, title, RECORD_TEXT, "title", "What people call it"),
    RECORD_FIELD(struct new_registry, hosts, RECORD_TEXTS, "hosts",
		 "Up to 16 host names, with the port where clients name one; to name any needs "
		 "`" ACTION_REGISTRY_WRITE "` at `/`",
		 .example = "[\"registry.example.com\"]"),
};
static const struct record_object new_body = {
    .name = "NewRegistry", .text = "A registry to create", RECORD_TABLE(new_fields)};

struct group_job {
	struct http_request *r;
	int64_t id;
};

static int find_group(struct db_tx *tx, void *arg, struct err *e)
{
	struct group_job *j = arg;
	struct store_scope s;
	struct arena *a = http_arena(j->r);
	struct bytes subscription = http_param(j->r, "subscription"),
		     group = http_param(j->r, "resource_group");
	int r = store_scope_find(tx, STORE_SCOPE_SUBSCRIPTION, 0, subscription, a, &s, e);
	if (r > 0)
		r = store_scope_find(tx, STORE_SCOPE_RESOURCE_GROUP, s.id, group, a, &s, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "there is no scope \"/subscriptions/%.*s/resourceGroups/%.*s\"",
			       BYTES_ARG(subscription), BYTES_ARG(group));
	j->id = r > 0 ? s.id : 0;
	return r < 0 ? r : 0;
}

/* By a host clients find a registry, and by all others the first: who takes one may take what
 * others are asked for. */
static int may_take_hosts(struct http_request *r, const struct record_rows *hosts, struct err *e)
{
	if (hosts->count == 0 ||
	    access_allows(http_principal(r), ACTION_REGISTRY_WRITE, BYTES_LIT("/")))
		return 0;
	return err_set(e, ERR_DENIED,
		       "hosts: this needs the action " ACTION_REGISTRY_WRITE
		       " at /, since names of hosts are the whole server's");
}

static int post_registry(struct http_request *r, struct err *e)
{
	struct new_registry b;
	struct group_job j = {.r = r};
	const struct access_actor by = people_actor(r);
	if (api_body_read(r, &b, e) < 0 || may_take_hosts(r, &b.hosts, e) < 0 ||
	    db_run(api_of(r)->db, DB_READ, find_group, &j, e) < 0)
		return -(int)e->code;
	const struct registry_new ask = {.group_id = j.id,
					 .name = b.name,
					 .title = b.title,
					 .hosts = b.hosts.items,
					 .host_count = b.hosts.count};
	if (registry_create(api_of(r)->registry, &ask, &by, e) < 0)
		return -(int)e->code;
	struct listing l = {.r = r, .name = b.name};
	const char *at = arena_printf(http_arena(r), "/api/v1/registries/%.*s", BYTES_ARG(b.name));
	int rc = at ? http_reply_header(r, "Location", bytes_of(at), e)
		    : err_set(e, ERR_NOMEM, "no memory");
	return rc < 0 ? rc : api_reply_read(r, 201, write_registry, &l, e);
}

struct changed_registry {
	struct bytes title;
	struct record_rows hosts;
};
static const struct record_field change_fields[] = {
    RECORD_FIELD(struct changed_registry, title, RECORD_TEXT, "title", "What people call it"),
    RECORD_FIELD(struct changed_registry, hosts, RECORD_TEXTS, "hosts",
		 "All its host names from now on; an empty list takes them away. Others than it "
		 "has need `" ACTION_REGISTRY_WRITE "` at `/`",
		 .example = "[\"registry.example.com\"]"),
};
static const struct record_object change_body = {
    .name = "ChangedRegistry", .text = "What changes; the rest stays", RECORD_TABLE(change_fields)};

static int patch_registry(struct http_request *r, struct err *e)
{
	struct changed_registry b;
	struct bytes name = http_param(r, "registry");
	const struct access_actor by = people_actor(r);
	struct registry *g;
	if (api_registry_get(r, &g, e) < 0 || api_body_read(r, &b, e) < 0)
		return -(int)e->code;
	const struct store_registry_change c = {.title = b.title.ptr ? &b.title : NULL,
						.hosts = b.hosts.items,
						.host_count = b.hosts.count};
	if (!registry_has_hosts(g, b.hosts.items, b.hosts.count) &&
	    may_take_hosts(r, &b.hosts, e) < 0)
		return -(int)e->code;
	if ((c.title || c.hosts) && registry_change(g, &c, &by, e) < 0)
		return -(int)e->code;
	struct listing l = {.r = r, .name = name};
	return api_reply_read(r, 200, write_registry, &l, e);
}

static int delete_registry(struct http_request *r, struct err *e)
{
	const struct access_actor by = people_actor(r);
	struct registry *g;
	int rc = api_registry_get(r, &g, e);
	if (rc == 0)
		rc = registry_delete(g, &by, e);
	return rc < 0 ? rc : http_reply_empty(r, 202, e);
}

struct repositories_query {
	struct api_page page;
	struct bytes search;
	enum repository_sort sort;
};
struct repositories {
	struct repositories_query q; /* the table's struct: first */
	struct http_request *r;
	bool all; /* of every registry */
	struct repository_totals_query ask;
};

static const char *sort_word(int i)
{
	static const char *const words[REPOSITORY_SORT_COUNT + 1] = {"name", "severity", "images",
								     "pushed"};
	return words[i];
}
static const struct record_field repositories_query_fields[] = {
    RECORD_FIELD(struct repositories_query, search, RECORD_TEXT, "search",
		 "With this in the name, in any case"),
    RECORD_FIELD(struct repositories_query, sort, RECORD_WORD, "sort",
		 "Order: by name; else highest or latest first, by severity the most Critical "
		 "findings first, then High …",
		 .words = sort_word, .fallback = REPOSITORY_BY_NAME),
    API_PAGE_FIELDS(struct repositories_query, page),
};
static const struct record_object repositories_query = {RECORD_TABLE(repositories_query_fields)};

/* Of each row, in one question. */
static struct store_stored *repositories_stored(struct db_tx *tx,
						const struct repository_total *rows, size_t count,
						struct arena *a, struct err *e)
{
	int64_t *ids = arena_alloc(a, count, sizeof *ids);
	struct store_stored *ret = arena_alloc(a, count, sizeof *ret);
	for (size_t i = 0; ids && i < count; i++)
		ids[i] = rows[i].id;
	if (!ids || !ret)
		err_set(e, ERR_NOMEM, "no memory for %zu repositories", count);
	return ids && ret && store_stored_many(tx, ids, count, ret, e) >= 0 ? ret : NULL;
}

static int write_repositories(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct repositories *p = arg;
	size_t limit = (size_t)p->q.page.limit;
	struct arena *a = http_arena(p->r);
	struct repository_total *rows = arena_alloc(a, limit + 1, sizeof *rows);
	struct bytes next = BYTES_NONE;
	struct total total;
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu repositories", limit);
	p->ask.max = limit + 1;
	if (!p->all)
		p->ask.registry_id = api_registry_find(tx, http_param(p->r, "registry"), e);
	if (p->ask.registry_id < 0)
		return (int)p->ask.registry_id;
	int64_t n = api_visibility(p->r, &p->ask.visible, e);
	if (n >= 0)
		n = repository_totals_list(tx, &p->ask, a, rows, e);
	if (n < 0 || repository_totals_count(tx, &p->ask, a, &total, e) < 0)
		return -(int)e->code;
	bool more = (size_t)n > limit;
	size_t count = more ? limit : (size_t)n;
	struct store_stored *stored = repositories_stored(tx, rows, count, a, e);
	if (!stored)
		return -(int)e->code;
	api_list_begin(w);
	for (size_t i = 0; i < count; i++) {
		struct repository_row row = {.pending = repository_total_pending(&rows[i]),
					     .total = rows[i],
					     .stored = stored[i]};
		record_put(w, NULL, &repository_object, &row);
	}
	if (more)
		next =
		    api_cursor(w, arena_printf(a, "%lld.%.*s/%.*s", (long long)rows[limit - 1].key,
					       BYTES_ARG(rows[limit - 1].registry),
					       BYTES_ARG(rows[limit - 1].name)));
	api_list_end(w, next, total);
	return 0;
}

static int list_repositories(struct http_request *r, bool all, struct err *e)
{
	struct repositories p = {.r = r, .all = all};
	uint64_t key = INT64_MAX;
	if (api_query_read(r, &p.q, e) < 0)
		return -(int)e->code;
	struct bytes rest = p.q.page.cursor, registry = BYTES_NONE;
	if (rest.len && (!num_u64(bytes_cut(&rest, '.'), INT64_MAX, &key) ||
			 (registry = bytes_cut(&rest, '/')).len == 0 || !ref_is_name(rest)))
		return api_bad_cursor(e);
	p.ask = (struct repository_totals_query){.text = p.q.search,
						 .sort = p.q.sort,
						 .after_key = (int64_t)key,
						 .after = rest,
						 .after_registry = registry};
	return api_reply_read(r, 200, write_repositories, &p, e);
}

static int get_repositories(struct http_request *r, struct err *e)
{
	return list_repositories(r, false, e);
}

static int get_all_repositories(struct http_request *r, struct err *e)
{
	return list_repositories(r, true, e);
}

static const struct api_doc registries_doc = {
    .id = "listRegistries",
    .query = &registries_query,
    .replies = {{.status = 200,
		 .text = "A page of registries, by name",
		 .of = &registry_object,
		 .list = true}},
};
static const struct api_doc registry_doc = {
    .id = "getRegistry",
    .replies = {{.status = 200, .text = "The registry", .of = &registry_object}},
};
static const struct api_doc post_doc = {
    .id = "createRegistry",
    .text = "Clients reach it by its hosts, and by any other name of the server as "
	    "`HOST/NAME/REPOSITORY`.",
    .body = &new_body,
    .body_example = "{\"name\": \"production\"}",
    .replies = {{.status = 201,
		 .text = "It was created",
		 .of = &registry_object,
		 .headers = &api_created_headers}},
    .errors = {404, 409},
};
static const struct api_doc patch_doc = {
    .id = "changeRegistry",
    .body = &change_body,
    .body_example = "{\"hosts\": [\"registry.example.com\"]}",
    .replies = {{.status = 200, .text = "The registry as it is now", .of = &registry_object}},
    .errors = {404, 409},
};
static const struct api_doc delete_doc = {
    .id = "deleteRegistry",
    .text = "Its repositories, images, findings and roles go with it. It cannot be used any more "
	    "at once; its state is `Deleting` until all is gone.",
    .replies = {{.status = 202, .text = "It is being deleted"}},
    .errors = {404, 409},
};
static const struct api_doc repositories_doc = {
    .id = "listRepositories",
    .query = &repositories_query,
    .replies =
	{{.status = 200, .text = "A page of repositories", .of = &repository_object, .list = true}},
};
static const struct api_doc all_repositories_doc = {
    .id = "listAllRepositories",
    .query = &repositories_query,
    .replies = {{.status = 200,
		 .text = "A page of repositories; those of one name by registry",
		 .of = &repository_object,
		 .list = true}},
};

const struct http_route api_registries_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/registries",
     .handle = get_registries,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Registries and their status",
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
    {.methods = HTTP_GET,
     .pattern = "/api/v1/repositories",
     .handle = get_all_repositories,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Repositories of all registries with the findings of their images",
     .doc = &all_repositories_doc},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/subscriptions/{subscription}/resource-groups/{resource_group}/registries",
     .handle = post_registry,
     .action = ACTION_REGISTRY_WRITE,
     .body_max = BODY_MAX,
     .summary = "Create a registry",
     .doc = &post_doc},
    {.methods = HTTP_PATCH,
     .pattern = "/api/v1/registries/{registry}",
     .handle = patch_registry,
     .action = ACTION_REGISTRY_WRITE,
     .body_max = BODY_MAX,
     .summary = "Change a registry's title or host names",
     .doc = &patch_doc},
    {.methods = HTTP_DELETE,
     .pattern = "/api/v1/registries/{registry}",
     .handle = delete_registry,
     .action = ACTION_REGISTRY_WRITE,
     .summary = "Delete a registry with all that it holds",
     .doc = &delete_doc},
};
const size_t api_registries_route_count =
    sizeof api_registries_routes / sizeof *api_registries_routes;
