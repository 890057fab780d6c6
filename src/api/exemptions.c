/* Exemptions: registries and images taken out of a recommendation, at and below a scope. */
#include "api/doc.h"
#include "api/people.h"
#include "base/clock.h"
#include "defend/recommendation.h"
#include "ledger/images.h"
#include "oci/digest.h"
#include "store/exemption.h"

#define BODY_MAX 65536

struct exemption_row {
	struct store_exemption x;
	struct bytes scope;
	bool is_expired;
};
#define X(member, kind, key, ...) RECORD_FIELD(struct exemption_row, member, kind, key, __VA_ARGS__)
static const struct record_field exemption_fields[] = {
    X(x.id, RECORD_INT, "id", "Its number"),
    X(x.name, RECORD_TEXT, "name", "What people call it"),
    X(scope, RECORD_TEXT, "scope", "At and below which scope it holds",
      .example = "\"/registries/local\""),
    X(x.digest, RECORD_TEXT, "digest", "At a repository: the image that it is about; absent: all",
      .flags = RECORD_OPTIONAL, .pattern = RECORD_DIGEST_PATTERN),
    X(x.recommendation, RECORD_TEXT, "recommendation", "Key of the recommendation"),
    X(x.category, RECORD_WORD, "category",
      "Mitigated: the risk is dealt with otherwise. Waiver: it is accepted",
      .words = exemption_category_word),
    X(x.description, RECORD_TEXT, "description", "Why"),
    X(x.author, RECORD_TEXT, "author", "Who created it"),
    X(x.created_at, RECORD_TIME, "created_at", "When it was created"),
    X(x.expires_at, RECORD_TIME, "expires_at", "When it ends; absent: never",
      .flags = RECORD_OPTIONAL),
    X(is_expired, RECORD_BOOL, "expired", "It ended: it is kept and does not hold"),
};
static const struct record_object exemption_object = {
    .name = "Exemption",
    .text = "That registries are taken out of a recommendation",
    RECORD_TABLE(exemption_fields)};

struct new_exemption {
	struct bytes name, scope, digest, recommendation, description;
	int category;
	int64_t expires_at;
};
#define N(member, kind, key, ...) RECORD_FIELD(struct new_exemption, member, kind, key, __VA_ARGS__)
#define CHANGEABLE                                                                                 \
	N(name, RECORD_TEXT, "name", "What people call it; once at a scope and recommendation",    \
	  .flags = RECORD_NEEDED, .min = 1, .max = EXEMPTION_NAME_MAX),                            \
	    N(category, RECORD_WORD, "category",                                                   \
	      "Mitigated: the risk is dealt with otherwise. Waiver: it is accepted",               \
	      .words = exemption_category_word, .flags = RECORD_NEEDED, .fallback = RECORD_NONE),  \
	    N(description, RECORD_TEXT, "description", "Why", .max = EXEMPTION_TEXT_MAX),          \
	    N(expires_at, RECORD_TIME, "expires_at", "When it ends; absent: never")
static const struct record_field new_fields[] = {
    CHANGEABLE,
    N(scope, RECORD_TEXT, "scope",
      "A management group, subscription, resource group, registry or repository",
      .flags = RECORD_NEEDED, .example = "\"/registries/local\""),
    N(digest, RECORD_TEXT, "digest", "Of a repository only this image",
      .pattern = RECORD_DIGEST_PATTERN),
    N(recommendation, RECORD_TEXT, "recommendation",
      "Key of a recommendation; absent: that of vulnerabilities in images"),
};
static const struct record_object new_body = {
    .name = "NewExemption", .text = "What to create", RECORD_TABLE(new_fields)};
static const struct record_field set_fields[] = {CHANGEABLE};
static const struct record_object set_body = {
    .name = "ExemptionChange", .text = "What it becomes", RECORD_TABLE(set_fields)};

/* The exemption of the path, at a scope where the caller may do what the route asks for. */
static int exemption_find(struct db_tx *tx, struct http_request *r, struct store_exemption *ret,
			  struct err *e)
{
	int64_t id;
	struct visibility v;
	int rc = api_id(r, "exemption", &id, e);
	if (rc >= 0)
		rc = api_visibility(r, &v, e);
	if (rc >= 0)
		rc = store_exemption_get(tx, id, &v, http_arena(r), ret, e);
	return rc == 0 ? api_no_such(r, "exemption", e) : rc < 0 ? rc : 0;
}

static int put_exemptions(struct db_tx *tx, struct json_out *w, struct arena *a,
			  const struct store_exemption *items, size_t count, struct err *e)
{
	int64_t *ids = arena_alloc(a, count, sizeof *ids);
	struct bytes *paths = arena_alloc(a, count, sizeof *paths);
	if (!ids || !paths)
		return err_set(e, ERR_NOMEM, "no memory for %zu exemptions", count);
	for (size_t i = 0; i < count; i++)
		ids[i] = items[i].scope_id;
	if (store_scope_paths(tx, ids, count, a, paths, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++) {
		const struct exemption_row row = {
		    .x = items[i],
		    .scope = paths[i],
		    .is_expired = items[i].expires_at && items[i].expires_at <= clock_wall_ms()};
		record_put(w, NULL, &exemption_object, &row);
	}
	return 0;
}

struct listing {
	struct api_page page; /* the table's struct */
	struct http_request *r;
	uint64_t after;
};

static int write_exemptions(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct store_exemptions got;
	struct visibility v;
	struct total total;
	int rc = api_visibility(l->r, &v, e);
	if (rc >= 0)
		rc = store_exemption_total(tx, &v, &total, e);
	if (rc >= 0)
		rc = store_exemption_list(tx, (int64_t)l->after, (size_t)l->page.limit, &v, a, &got,
					  e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	rc = put_exemptions(tx, w, a, got.items, got.count, e);
	api_list_end(w, api_number_cursor(w, a, got.more ? got.items[got.count - 1].id : 0), total);
	return rc;
}

static int get_exemptions(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (api_query_read(r, &l.page, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(l.page.cursor, &l.after, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_exemptions, &l, e);
}

struct change {
	struct http_request *r;
	struct new_exemption ask;
	struct access_actor by;
	int64_t id; /* of the row that was written */
};

/* The audit's subject: "/registries/local NAME". */
static int audit(struct db_tx *tx, struct change *c, enum audit_action action, int64_t scope_id,
		 struct bytes name, struct err *e)
{
	struct bytes path;
	struct arena *a = http_arena(c->r);
	if (store_scope_path(tx, scope_id, a, &path, e) < 0)
		return -(int)e->code;
	const char *subject = arena_printf(a, "%.*s %.*s", BYTES_ARG(path), BYTES_ARG(name));
	if (!subject)
		return err_set(e, ERR_NOMEM, "no memory for the audit");
	return access_audit(tx, &c->by, action, bytes_of(subject), BYTES_NONE, BYTES_NONE, e);
}

/* The image that a body names is in the repository. */
static int image_of_body(struct db_tx *tx, struct change *c, const struct store_scope *s,
			 struct err *e)
{
	struct digest d;
	struct ledger_image image;
	if (s->kind != STORE_SCOPE_REPOSITORY)
		return err_set(e, ERR_FORMAT, "digest: the scope of an image is its repository");
	if (digest_parse(c->ask.digest, &d, e) < 0)
		return err_ctx(e, "digest");
	int rc = ledger_image_get(tx, s->id, c->ask.digest, http_arena(c->r), &image, e);
	return rc == 0	? err_set(e, ERR_FORMAT, "digest: there is no such image in %.*s",
				  BYTES_ARG(c->ask.scope))
	       : rc < 0 ? rc
			: 1;
}

/* The scope that a body names, where the caller may do what the route asks for. */
static int scope_of_body(struct db_tx *tx, struct change *c, struct store_scope *ret, struct err *e)
{
	struct visibility v;
	int rc = store_scope_resolve(tx, c->ask.scope, false, http_arena(c->r), ret, e);
	if (rc == 0)
		return api_no_scope(c->r, c->ask.scope, e);
	if (rc > 0)
		rc = api_visibility(c->r, &v, e);
	if (rc >= 0)
		rc = store_scope_is_visible(tx, ret->id, &v, e);
	if (rc == 0)
		return api_scope_denied(c->r, c->ask.scope, e);
	if (rc > 0 && ret->kind == STORE_SCOPE_ROOT)
		return err_set(e, ERR_FORMAT,
			       "scope: a management group, subscription, resource group, registry "
			       "or repository is needed");
	if (rc > 0 && c->ask.digest.len)
		rc = image_of_body(tx, c, ret, e);
	return rc < 0 ? rc : 0;
}

static int post_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_scope s;
	const struct recommendation *about = c->ask.recommendation.len
						 ? recommendation_find(c->ask.recommendation)
						 : RECOMMENDATION_IMAGES;
	if (!about)
		return err_set(e, ERR_FORMAT, "recommendation: there is none with this key");
	if (scope_of_body(tx, c, &s, e) < 0)
		return -(int)e->code;
	if (s.kind == STORE_SCOPE_REPOSITORY && about != RECOMMENDATION_IMAGES)
		return err_set(e, ERR_FORMAT,
			       "scope: images are exempt from \"%s\" alone; this one takes a "
			       "registry or what is above it",
			       RECOMMENDATION_IMAGES->name);
	const struct store_exemption x = {.scope_id = s.id,
					  .recommendation = bytes_of(about->key),
					  .name = c->ask.name,
					  .digest = c->ask.digest,
					  .description = c->ask.description,
					  .author = c->by.name,
					  .category = (enum exemption_category)c->ask.category,
					  .created_at = clock_wall_ms(),
					  .expires_at = c->ask.expires_at};
	c->id = store_exemption_add(tx, &x, e);
	return c->id < 0 ? (int)c->id : audit(tx, c, AUDIT_EXEMPTION_CREATE, s.id, x.name, e);
}

static int put_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_exemption x;
	if (exemption_find(tx, c->r, &x, e) < 0)
		return -(int)e->code;
	x.name = c->ask.name;
	x.description = c->ask.description;
	x.category = (enum exemption_category)c->ask.category;
	x.expires_at = c->ask.expires_at;
	c->id = x.id;
	int rc = store_exemption_set(tx, &x, e);
	return rc < 0 ? rc : audit(tx, c, AUDIT_EXEMPTION_CHANGE, x.scope_id, x.name, e);
}

static int delete_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_exemption x;
	if (exemption_find(tx, c->r, &x, e) < 0 || store_exemption_delete(tx, x.id, e) < 0)
		return -(int)e->code;
	return audit(tx, c, AUDIT_EXEMPTION_DELETE, x.scope_id, x.name, e);
}

static int write_one(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_exemption x;
	int rc = c->id ? store_exemption_get(tx, c->id, &VISIBILITY_ALL, http_arena(c->r), &x, e)
		       : exemption_find(tx, c->r, &x, e);
	return rc < 0 ? rc : put_exemptions(tx, w, http_arena(c->r), &x, 1, e);
}

static int get_exemption(struct http_request *r, struct err *e)
{
	struct change c = {.r = r};
	return api_reply_read(r, 200, write_one, &c, e);
}

static int post_exemption(struct http_request *r, struct err *e)
{
	struct change c = {.r = r, .by = people_actor(r)};
	if (api_body_read(r, &c.ask, e) < 0 || db_run(api_of(r)->db, DB_WRITE, post_tx, &c, e) < 0)
		return -(int)e->code;
	const char *at = arena_printf(http_arena(r), "/api/v1/exemptions/%lld", (long long)c.id);
	if (!at)
		return err_set(e, ERR_NOMEM, "no memory");
	int rc = http_reply_header(r, "Location", bytes_of(at), e);
	return rc < 0 ? rc : api_reply_read(r, 201, write_one, &c, e);
}

static int put_one(struct http_request *r, struct err *e)
{
	struct change c = {.r = r, .by = people_actor(r)};
	if (api_body_read(r, &c.ask, e) < 0 || db_run(api_of(r)->db, DB_WRITE, put_tx, &c, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_one, &c, e);
}

static int delete_one(struct http_request *r, struct err *e)
{
	struct change c = {.r = r, .by = people_actor(r)};
	int rc = db_run(api_of(r)->db, DB_WRITE, delete_tx, &c, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static const struct api_doc list_doc = {
    .id = "listExemptions",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page, by number: those at scopes that the caller sees",
		 .of = &exemption_object,
		 .list = true}},
};
static const struct api_doc get_doc = {
    .id = "getExemption",
    .replies = {{.status = 200, .text = "The exemption", .of = &exemption_object}},
};
static const struct api_doc post_doc = {
    .id = "createExemption",
    .body = &new_body,
    .body_example = "{\"name\": \"behind a gateway\", \"scope\": \"/registries/local\", "
		    "\"category\": \"Mitigated\"}",
    .replies = {{.status = 201,
		 .text = "It holds",
		 .of = &exemption_object,
		 .headers = &api_created_headers}},
    .errors = {409},
};
static const struct api_doc put_doc = {
    .id = "changeExemption",
    .body = &set_body,
    .body_example = "{\"name\": \"behind a gateway\", \"category\": \"Waiver\"}",
    .replies = {{.status = 200, .text = "As it is now", .of = &exemption_object}},
    .errors = {409},
};
static const struct api_doc delete_doc = {
    .id = "deleteExemption",
    .replies = {{.status = 204, .text = "It is gone"}},
};

#define EXEMPTIONS "/api/v1/exemptions"
const struct http_route api_exemptions_routes[] = {
    {.methods = HTTP_GET,
     .pattern = EXEMPTIONS,
     .handle = get_exemptions,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Exemptions",
     .doc = &list_doc},
    {.methods = HTTP_POST,
     .pattern = EXEMPTIONS,
     .handle = post_exemption,
     .action = ACTION_EXEMPTION_WRITE,
     .anywhere = true,
     .body_max = BODY_MAX,
     .summary = "Take registries or images out of a recommendation",
     .doc = &post_doc},
    {.methods = HTTP_GET,
     .pattern = EXEMPTIONS "/{id}",
     .handle = get_exemption,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "One exemption",
     .doc = &get_doc},
    {.methods = HTTP_PUT,
     .pattern = EXEMPTIONS "/{id}",
     .handle = put_one,
     .action = ACTION_EXEMPTION_WRITE,
     .anywhere = true,
     .body_max = BODY_MAX,
     .summary = "Change an exemption",
     .doc = &put_doc},
    {.methods = HTTP_DELETE,
     .pattern = EXEMPTIONS "/{id}",
     .handle = delete_one,
     .action = ACTION_EXEMPTION_WRITE,
     .anywhere = true,
     .summary = "Delete an exemption: what it took out comes back",
     .doc = &delete_doc},
};
const size_t api_exemptions_route_count =
    sizeof api_exemptions_routes / sizeof *api_exemptions_routes;
