/* Management groups, subscriptions and resource groups: what roles are assigned at and registries
 * are in. Registries and repositories have files of their own. A kind of scope is a row of kinds.
 */
#include "api/doc.h"
#include "api/people.h"
#include "base/clock.h"
#include "scan/engine.h"
#include "store/rule.h"
#include "store/scope.h"

#define BODY_MAX 65536

struct scope_row {
	struct bytes path, parent;
	struct store_scope s;
};
#define S(member, kind, key, ...) RECORD_FIELD(struct scope_row, member, kind, key, __VA_ARGS__)
static const struct record_field scope_fields[] = {
    S(s.name, RECORD_TEXT, "name", "Its name", .example = "\"production\""),
    S(s.title, RECORD_TEXT, "title", "Display name", .flags = RECORD_OPTIONAL),
    S(path, RECORD_TEXT, "scope", "Its scope, as in role assignments",
      .example = "\"/subscriptions/production\""),
    S(parent, RECORD_TEXT, "parent", "The scope it is in, if the caller sees that",
      .flags = RECORD_OPTIONAL, .example = "\"/managementGroups/europe\""),
    S(s.created_at, RECORD_TIME, "created_at", "When it was created", .flags = RECORD_OPTIONAL),
};
static const struct record_object scope_object = {
    .name = "Scope",
    .text = "A management group, subscription or resource group",
    RECORD_TABLE(scope_fields)};

struct new_scope {
	struct bytes name, title, parent;
};
#define N(member, key, ...) RECORD_FIELD(struct new_scope, member, RECORD_TEXT, key, __VA_ARGS__)
static const struct record_field new_fields[] = {
    N(name, "name", "1 to 128 letters, digits, `-`, `.` and `_`", .flags = RECORD_NEEDED),
    N(title, "title", "Display name"),
    N(parent, "parent", "Management group it is in; none when absent",
      .example = "\"/managementGroups/europe\""),
};
static const struct record_object new_body = {
    .name = "NewScope", .text = "What to create", RECORD_TABLE(new_fields)};

static const struct record_field set_fields[] = {
    N(title, "title", "Display name; absent: as it is"),
    N(parent, "parent", "Management group, or `/`, that it moves into; absent: it stays",
      .example = "\"/managementGroups/europe\""),
};
static const struct record_object set_body = {
    .name = "ScopeChange", .text = "What it becomes", RECORD_TABLE(set_fields)};

/* The kind of scope that a route is about: where its path says it is, and the parameter that names
 * one. */
static const struct kind {
	const char *segment; /* of the path, after its last parameter or version */
	enum store_scope_kind kind;
	const char *param;
} kinds[] = {
    {"/management-groups", STORE_SCOPE_MANAGEMENT_GROUP, "management_group"},
    {"/resource-groups", STORE_SCOPE_RESOURCE_GROUP, "resource_group"},
    {"/subscriptions", STORE_SCOPE_SUBSCRIPTION, "subscription"},
};

static const struct kind *kind_of(struct http_request *r)
{
	struct bytes pattern = bytes_of(http_route_get(r)->pattern);
	size_t i = 0;
	while (i + 1 < sizeof kinds / sizeof *kinds &&
	       bytes_find_bytes(pattern, bytes_of(kinds[i].segment)) == pattern.len)
		i++;
	return &kinds[i];
}

static int no_scope(struct err *e, struct bytes text)
{
	return err_set(e, ERR_NOT_FOUND, "there is no scope \"%.*s\"", BYTES_ARG(text));
}

/* The scope that the route's path says its kind is in: the subscription, or (0) anywhere. */
static int owner_find(struct db_tx *tx, struct http_request *r, const struct kind *k, int64_t *ret,
		      struct err *e)
{
	struct store_scope s;
	*ret = 0;
	if (k->kind != STORE_SCOPE_RESOURCE_GROUP)
		return 0;
	struct bytes name = http_param(r, "subscription");
	int rc = store_scope_find(tx, STORE_SCOPE_SUBSCRIPTION, 0, name, http_arena(r), &s, e);
	if (rc == 0)
		return no_scope(e, name);
	*ret = s.id;
	return rc < 0 ? rc : 0;
}

#define NOWHERE (-1) /* no scope has this number */

struct listing {
	struct api_page page; /* the table's struct: first */
	struct http_request *r;
};

/* Texts of the scopes, and of those above them that the caller may see. */
static int put_scopes(struct db_tx *tx, struct json_out *w, const struct visibility *v,
		      struct arena *a, const struct store_scope *items, size_t count, struct err *e)
{
	int64_t *ids = arena_alloc(a, 2 * count, sizeof *ids);
	struct bytes *paths = arena_alloc(a, 2 * count, sizeof *paths);
	bool *seen = arena_alloc(a, count, sizeof *seen);
	if (!ids || !paths || !seen)
		return err_set(e, ERR_NOMEM, "no memory for %zu scopes", count);
	for (size_t i = 0; i < count; i++) {
		ids[i] = items[i].id;
		ids[count + i] = items[i].parent_id;
	}
	if (store_scope_paths(tx, ids, 2 * count, a, paths, e) < 0 ||
	    store_scopes_visible(tx, ids + count, count, v, seen, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++) {
		const struct scope_row row = {.s = items[i],
					      .path = paths[i],
					      .parent = seen[i] ? paths[count + i] : BYTES_NONE};
		record_put(w, NULL, &scope_object, &row);
	}
	return 0;
}

static int write_scopes(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	const struct kind *k = kind_of(l->r);
	struct arena *a = http_arena(l->r);
	struct store_scopes got;
	struct total total;
	struct store_scope_query q = {
	    .kind = k->kind, .after = l->page.cursor, .n = (size_t)l->page.limit};
	int rc = api_visibility(l->r, &q.visible, e);
	if (rc >= 0)
		rc = owner_find(tx, l->r, k, &q.below, e);
	if (rc == -ERR_NOT_FOUND && !q.visible.all) { /* the answer of one that is out of sight */
		*e = (struct err)ERR_INIT;
		q.below = NOWHERE;
		rc = 0;
	}
	if (rc >= 0)
		rc = store_scope_list(tx, &q, a, &got, e);
	if (rc >= 0)
		rc = store_scope_total(tx, &q, &total, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	rc = put_scopes(tx, w, &q.visible, a, got.items, got.count, e);
	api_list_end(w, got.more ? got.items[got.count - 1].name : BYTES_NONE, total);
	return rc;
}

static int get_scopes(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (api_query_read(r, &l.page, e) < 0)
		return -(int)e->code;
	if (l.page.cursor.len && !store_scope_is_name(kind_of(r)->kind, l.page.cursor))
		return api_bad_cursor(e);
	return api_reply_read(r, 200, write_scopes, &l, e);
}

/* Creating and deleting. */
struct change {
	struct http_request *r;
	const struct kind *kind;
	struct new_scope ask;
	struct access_actor by;
	struct bytes path;
	bool moved;
};

static int parent_find(struct db_tx *tx, const struct change *c, int64_t *ret, struct err *e)
{
	struct bytes text = c->ask.parent.len ? c->ask.parent : BYTES_LIT("/");
	struct store_scope s;
	int rc = owner_find(tx, c->r, c->kind, ret, e);
	if (rc < 0 || *ret)
		return rc;
	rc = store_scope_resolve(tx, text, false, http_arena(c->r), &s, e);
	if (rc == 0)
		return no_scope(e, text);
	*ret = s.id;
	return rc < 0 ? rc : 0;
}

static int create_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_scope s = {.kind = c->kind->kind,
				.name = c->ask.name,
				.title = c->ask.title,
				.created_at = clock_wall_ms()};
	int rc = parent_find(tx, c, &s.parent_id, e);
	int64_t id = rc < 0 ? rc : store_scope_add(tx, &s, e);
	if (id < 0 || store_scope_path(tx, id, http_arena(c->r), &c->path, e) < 0)
		return -(int)e->code;
	return access_audit(tx, &c->by, AUDIT_SCOPE_CREATE, c->path, BYTES_NONE, BYTES_NONE, e);
}

static int write_created(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct change *c = arg;
	struct store_scope s;
	int rc = store_scope_resolve(tx, c->path, false, http_arena(c->r), &s, e);
	if (rc == 0)
		return no_scope(e, c->path);
	struct visibility v = {.count = 0};
	if (rc > 0)
		rc = access_visibility(http_principal(c->r), ACTION_SECURITY_READ, http_arena(c->r),
				       &v, e);
	return rc < 0 ? rc : put_scopes(tx, w, &v, http_arena(c->r), &s, 1, e);
}

static int post_scope(struct http_request *r, struct err *e)
{
	struct change c = {.r = r, .kind = kind_of(r), .by = people_actor(r)};
	int rc = api_body_read(r, &c.ask, e);
	if (rc >= 0 && c.ask.parent.len && c.kind->kind == STORE_SCOPE_RESOURCE_GROUP)
		return err_set(e, ERR_FORMAT, "parent: a resource group is in its subscription");
	if (rc >= 0)
		rc = db_run(api_of(r)->db, DB_WRITE, create_tx, &c, e);
	return rc < 0 ? rc : api_reply_read(r, 201, write_created, &c, e);
}

/* The scope of the path. */
static int scope_find(struct db_tx *tx, struct change *c, struct store_scope *ret, struct err *e)
{
	int64_t owner;
	struct bytes name = http_param(c->r, c->kind->param);
	int rc = owner_find(tx, c->r, c->kind, &owner, e);
	if (rc >= 0)
		rc = store_scope_find(tx, c->kind->kind, owner, name, http_arena(c->r), ret, e);
	if (rc == 0)
		return no_scope(e, name);
	return rc < 0 ? rc : store_scope_path(tx, ret->id, http_arena(c->r), &c->path, e);
}

/* Who moves a scope changes what roles and rules hold there: they must be allowed to change it
 * where it is and where it goes, and to assign roles at it. */
static int check_move(struct change *c, struct bytes from, struct bytes to, struct err *e)
{
	const struct {
		const char *action;
		struct bytes scope;
	} needs[] = {{ACTION_REGISTRY_WRITE, from},
		     {ACTION_REGISTRY_WRITE, to},
		     {ACTION_ACCESS_WRITE, c->path}};
	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
		if (!access_allows(http_principal(c->r), needs[i].action, needs[i].scope))
			return err_set(e, ERR_DENIED, "this needs the action %s at %.*s",
				       needs[i].action, BYTES_ARG(needs[i].scope));
	return 0;
}

static int move(struct db_tx *tx, struct change *c, const struct store_scope *s, struct err *e)
{
	struct store_scope parent;
	struct bytes from, to;
	struct arena *a = http_arena(c->r);
	int rc = store_scope_resolve(tx, c->ask.parent, false, a, &parent, e);
	if (rc == 0)
		return no_scope(e, c->ask.parent);
	if (rc < 0 || store_scope_path(tx, s->parent_id, a, &from, e) < 0 ||
	    store_scope_path(tx, parent.id, a, &to, e) < 0 || check_move(c, from, to, e) < 0)
		return -(int)e->code;
	if (parent.id == s->parent_id)
		return 0;
	if (store_scope_move(tx, s->id, parent.id, e) < 0 || store_rule_due_add(tx, s->id, e) < 0)
		return -(int)e->code;
	c->moved = true;
	const char *was = arena_printf(a, "{\"parent\":\"%.*s\"}", BYTES_ARG(from));
	const char *is = arena_printf(a, "{\"parent\":\"%.*s\"}", BYTES_ARG(to));
	if (!was || !is)
		return err_set(e, ERR_NOMEM, "no memory for the audit");
	return access_audit(tx, &c->by, AUDIT_SCOPE_MOVE, c->path, bytes_of(was), bytes_of(is), e);
}

static int put_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_scope s;
	int rc = scope_find(tx, c, &s, e);
	if (rc >= 0 && c->ask.parent.len)
		rc = move(tx, c, &s, e);
	if (rc < 0 || !c->ask.title.len || bytes_eq(c->ask.title, s.title))
		return rc;
	rc = store_scope_set_title(tx, s.id, c->ask.title, e);
	return rc < 0 ? rc
		      : access_audit(tx, &c->by, AUDIT_SCOPE_CHANGE, c->path, BYTES_NONE,
				     BYTES_NONE, e);
}

static int put_one(struct http_request *r, struct err *e)
{
	struct change c = {.r = r, .kind = kind_of(r), .by = people_actor(r)};
	struct err ignored = ERR_INIT;
	int rc = api_body_read(r, &c.ask, e);
	if (rc >= 0)
		rc = db_run(api_of(r)->db, DB_WRITE, put_tx, &c, e);
	/* Other rules hold now. What fails is tried again in the background. */
	if (rc >= 0 && c.moved && api_of(r)->engine)
		(void)engine_rules_apply(api_of(r)->engine, &ignored);
	return rc < 0 ? rc : api_reply_read(r, 200, write_created, &c, e);
}

static int delete_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_scope s;
	int rc = scope_find(tx, c, &s, e);
	if (rc < 0)
		return rc;
	rc = store_scope_delete(tx, s.id, e);
	if (rc == -(int)ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "%.*s is not empty", BYTES_ARG(c->path));
	if (rc < 0)
		return rc;
	return access_audit(tx, &c->by, AUDIT_SCOPE_DELETE, c->path, BYTES_NONE, BYTES_NONE, e);
}

static int delete_scope(struct http_request *r, struct err *e)
{
	struct change c = {.r = r, .kind = kind_of(r), .by = people_actor(r)};
	int rc = db_run(api_of(r)->db, DB_WRITE, delete_tx, &c, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

#define LIST_DOC(operation)                                                                        \
	{                                                                                          \
		.id = (operation), .query = &api_page_query,                                       \
		.replies = {{.status = 200,                                                        \
			     .text = "A page, by name: what is at or below a scope where the "     \
				     "caller may read",                                            \
			     .of = &scope_object,                                                  \
			     .list = true}},                                                       \
	}
#define POST_DOC(operation)                                                                        \
	{                                                                                          \
		.id = (operation), .body = &new_body,                                              \
		.body_example = "{\"name\": \"production\"}",                                      \
		.replies = {{.status = 201, .text = "It was created", .of = &scope_object}},       \
		.errors = {404, 409},                                                              \
	}
#define DELETE_DOC(operation)                                                                      \
	{                                                                                          \
		.id = (operation),                                                                 \
		.replies = {{.status = 204,                                                        \
			     .text = "It was deleted, with the roles assigned "                    \
				     "at it"}},                                                    \
		.errors = {404, 409},                                                              \
	}
#define PUT_DOC(operation)                                                                         \
	{                                                                                          \
		.id = (operation), .body = &set_body,                                              \
		.text = "To move it needs " ACTION_REGISTRY_WRITE                                  \
			" at both parents and " ACTION_ACCESS_WRITE                                \
			" at it: other roles hold at and below it then.",                          \
		.body_example = "{\"parent\": \"/managementGroups/europe\"}",                      \
		.replies = {{.status = 200, .text = "As it is now", .of = &scope_object}},         \
		.errors = {403, 404, 409},                                                         \
	}
static const struct api_doc groups_doc = LIST_DOC("listManagementGroups");
static const struct api_doc subscriptions_doc = LIST_DOC("listSubscriptions");
static const struct api_doc resources_doc = LIST_DOC("listResourceGroups");
static const struct api_doc group_post_doc = POST_DOC("createManagementGroup");
static const struct api_doc subscription_post_doc = POST_DOC("createSubscription");
static const struct api_doc resource_post_doc = POST_DOC("createResourceGroup");
static const struct api_doc group_put_doc = PUT_DOC("changeManagementGroup");
static const struct api_doc subscription_put_doc = PUT_DOC("changeSubscription");
static const struct api_doc group_delete_doc = DELETE_DOC("deleteManagementGroup");
static const struct api_doc subscription_delete_doc = DELETE_DOC("deleteSubscription");
static const struct api_doc resource_delete_doc = DELETE_DOC("deleteResourceGroup");

#define GROUPS "/api/v1/management-groups"
#define SUBSCRIPTIONS "/api/v1/subscriptions"
#define RESOURCES SUBSCRIPTIONS "/{subscription}/resource-groups"
#define LIST(path, text, of)                                                                       \
	{                                                                                          \
		.methods = HTTP_GET, .pattern = (path), .handle = get_scopes,                      \
		.action = ACTION_SECURITY_READ, .anywhere = true, .summary = (text), .doc = &(of)  \
	}
#define POST(path, text, of)                                                                       \
	{                                                                                          \
		.methods = HTTP_POST, .pattern = (path), .handle = post_scope,                     \
		.action = ACTION_REGISTRY_WRITE, .body_max = BODY_MAX, .summary = (text),          \
		.doc = &(of)                                                                       \
	}
#define PUT(path, text, of)                                                                        \
	{                                                                                          \
		.methods = HTTP_PUT, .pattern = (path), .handle = put_one,                         \
		.action = ACTION_REGISTRY_WRITE, .body_max = BODY_MAX, .summary = (text),          \
		.doc = &(of)                                                                       \
	}
#define DELETE(path, text, of)                                                                     \
	{                                                                                          \
		.methods = HTTP_DELETE, .pattern = (path), .handle = delete_scope,                 \
		.action = ACTION_REGISTRY_WRITE, .summary = (text), .doc = &(of)                   \
	}
const struct http_route api_scopes_routes[] = {
    LIST(GROUPS, "Management groups", groups_doc),
    POST(GROUPS, "Create a management group", group_post_doc),
    PUT(GROUPS "/{management_group}", "Move a management group, or call it otherwise",
	group_put_doc),
    DELETE(GROUPS "/{management_group}", "Delete a management group that is empty",
	   group_delete_doc),
    LIST(SUBSCRIPTIONS, "Subscriptions", subscriptions_doc),
    POST(SUBSCRIPTIONS, "Create a subscription", subscription_post_doc),
    PUT(SUBSCRIPTIONS "/{subscription}", "Move a subscription, or call it otherwise",
	subscription_put_doc),
    DELETE(SUBSCRIPTIONS "/{subscription}", "Delete a subscription that is empty",
	   subscription_delete_doc),
    LIST(RESOURCES, "Resource groups of a subscription", resources_doc),
    POST(RESOURCES, "Create a resource group", resource_post_doc),
    DELETE(RESOURCES "/{resource_group}", "Delete a resource group that is empty",
	   resource_delete_doc),
};
const size_t api_scopes_route_count = sizeof api_scopes_routes / sizeof *api_scopes_routes;
