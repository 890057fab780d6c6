/* Roles and who has them at which scope. */
#include "api/people.h"

#define BODY_MAX 65536

struct assignment_row {
	struct bytes user, role;
	struct access_assignment m;
};
#define M(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct assignment_row, member, kind, key, __VA_ARGS__)
static const struct record_field assignment_fields[] = {
    M(user, RECORD_TEXT, "user", "The user, robot or group; absent inside a user's own object",
      .flags = RECORD_OPTIONAL),
    M(role, RECORD_TEXT, "role", "Name of the role", .example = "\"AcrPull\""),
    M(m.role, RECORD_TEXT, "role_id", "Its id"),
    M(m.scope, RECORD_TEXT, "scope", "Path at and below which it applies",
      .example = "\"/registries/local/repositories/team\""),
    M(m.created_at, RECORD_TIME, "created_at", "Since when"),
};
const struct record_object people_assignment = {.name = "RoleAssignment",
						.text = "A role of a user at a scope",
						RECORD_TABLE(assignment_fields)};

/* Custom roles are looked up by their id. */
static int put_assignment(struct db_tx *tx, struct json_out *w, struct bytes user,
			  const struct access_assignment *m, struct arena *a, struct err *e)
{
	const struct role *role = role_find(m->role);
	struct access_role_row custom = {.name = m->role};
	int rc = role ? 0 : access_db_role_find(tx, m->role, a, &custom, e);
	struct assignment_row row = {
	    .user = user, .role = role ? bytes_of(role->name) : custom.name, .m = *m};
	record_put(w, NULL, &people_assignment, &row);
	return rc < 0 ? rc : 0;
}

int people_put_assignments(struct db_tx *tx, struct json_out *w, const struct access_user *u,
			   bool named, struct http_request *r, struct err *e)
{
	struct access_assignment *list;
	struct arena *a = http_arena(r);
	struct visibility v;
	size_t count;
	int rc = access_db_assignment_list(tx, u->id, a, &list, &count, e);
	if (rc >= 0)
		rc = api_visibility(r, &v, e);
	int64_t *ids = arena_alloc(a, count, sizeof *ids);
	bool *shown = arena_alloc(a, count, sizeof *shown);
	if (rc >= 0 && (!ids || !shown))
		rc = err_nomem(e);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		ids[i] = list[i].scope_id;
	if (rc >= 0 && count)
		rc = store_scopes_visible(tx, ids, count, &v, shown, e);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		if (shown[i])
			rc = put_assignment(tx, w, named ? u->name : BYTES_NONE, &list[i], a, e);
	return rc;
}

struct role_row {
	struct bytes id, name, description;
	struct record_rows actions, allows, scopes;
	bool builtin;
};
#define R(member, kind, key, ...) RECORD_FIELD(struct role_row, member, kind, key, __VA_ARGS__)
static const struct record_field role_fields[] = {
    R(id, RECORD_TEXT, "id", "Its id"),
    R(name, RECORD_TEXT, "name", "Its name", .example = "\"AcrPull\""),
    R(builtin, RECORD_BOOL, "builtin", "Built in"),
    R(actions, RECORD_TEXTS, "actions",
      "Actions it allows; `*` matches anything, a leading `!` excludes"),
    R(allows, RECORD_TEXTS, "allows",
      "The actions that these come to: `/api/v1/actions` says them in words"),
    R(description, RECORD_TEXT, "description", "Its purpose", .flags = RECORD_OPTIONAL),
    R(scopes, RECORD_TEXTS, "scopes", "At and below which scopes it may be assigned"),
};
static const struct record_object role_object = {
    .name = "Role", .text = "A role and what it allows", RECORD_TABLE(role_fields)};

/* A page of roles: the built-in ones by their number, then the others by id. */
struct role_list {
	struct api_page page; /* the table's struct */
	struct http_request *r;
	struct bytes last;
	uint64_t written;
	bool more, started, failed;
};

/* One a line; few enough for the arena of a request. */
static struct record_rows split(struct bytes lines, struct arena *a)
{
	size_t count = lines.len ? 1 : 0, n = 0;
	for (size_t i = 0; i < lines.len; i++)
		count += lines.ptr[i] == '\n';
	struct bytes *items = arena_alloc(a, count, sizeof *items);
	while (items && lines.len)
		items[n++] = bytes_cut(&lines, '\n');
	return (struct record_rows){items, n};
}

/* The actions that patterns come to. */
static struct record_rows allowed_by(struct bytes patterns, struct arena *a)
{
	struct bytes *items = arena_alloc(a, role_action_count, sizeof *items);
	size_t n = 0;
	for (size_t i = 0; items && i < role_action_count; i++)
		if (role_allows(patterns, bytes_of(role_actions[i].code)))
			items[n++] = bytes_of(role_actions[i].code);
	return (struct record_rows){items, n};
}

static void put_role(struct json_out *w, struct role_list *l, struct role_row row,
		     struct bytes actions, struct bytes scopes)
{
	if (!l->started) {
		l->started = bytes_eq(row.id, l->page.cursor);
		return;
	}
	if (l->written == l->page.limit) {
		l->more = true;
		return;
	}
	row.actions = split(actions, http_arena(l->r));
	row.scopes = split(scopes, http_arena(l->r));
	row.allows = allowed_by(actions, http_arena(l->r));
	l->failed = l->failed || !row.actions.items || !row.allows.items || !row.scopes.items;
	record_put(w, NULL, &role_object, &row);
	l->last = row.id;
	l->written++;
}

/* The caller may assign the role somewhere where he may do what the route asks for: one of its
 * scopes is there, or above that. */
static int is_shown(struct db_tx *tx, struct http_request *r, const struct visibility *v,
		    const struct access_role_row *row, struct err *e)
{
	struct bytes scopes = row->scopes;
	int rc = v->all || !scopes.len;
	while (rc == 0 && scopes.len) {
		struct store_scope s;
		rc = store_scope_resolve(tx, bytes_cut(&scopes, '\n'), false, http_arena(r), &s, e);
		if (rc <= 0)
			continue;
		const struct visibility below = {.scopes = &s.id, .count = 1};
		rc = store_scope_is_visible(tx, s.id, v, e);
		for (size_t i = 0; rc == 0 && i < v->count; i++)
			rc = store_scope_is_visible(tx, v->scopes[i], &below, e);
	}
	return rc;
}

static int write_roles(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct role_list l = *(const struct role_list *)arg;
	struct access_role_row row = {.id = BYTES_NONE};
	int rc = 0;
	struct total total;
	struct visibility v;
	if (access_db_total(tx, ACCESS_ROLES, 0, &total, e) < 0 || api_visibility(l.r, &v, e) < 0)
		return -(int)e->code;
	if (!v.all) /* not all of them are for the caller */
		total = total_of(0, false);
	l.started = l.page.cursor.len == 0;
	api_list_begin(w);
	for (size_t i = 0; i < role_count; i++)
		put_role(w, &l,
			 (struct role_row){.id = bytes_of(role_table[i].id),
					   .name = bytes_of(role_table[i].name),
					   .builtin = true},
			 bytes_of(role_table[i].actions), BYTES_LIT("/"));
	while (!l.more && (rc = access_db_role_next(tx, row.id, http_arena(l.r), &row, e)) > 0) {
		rc = is_shown(tx, l.r, &v, &row, e);
		if (rc < 0)
			break;
		if (rc > 0)
			put_role(w, &l,
				 (struct role_row){.id = row.id,
						   .name = row.name,
						   .description = row.description},
				 row.actions, row.scopes);
	}
	api_list_end(w, l.more ? l.last : BYTES_NONE,
		     total_of(total.count + role_count, total.exact));
	if (rc >= 0 && !l.started)
		return api_bad_cursor(e);
	return rc >= 0 && l.failed ? err_set(e, ERR_NOMEM, "no memory for roles") : rc;
}

static int get_roles(struct http_request *r, struct err *e)
{
	struct role_list l = {.r = r};
	int rc = api_query_read(r, &l.page, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_roles, &l, e);
}

/* limit counts users: their assignments stay on one page. */
static int write_page(struct db_tx *tx, struct json_out *w, const struct people_list *l,
		      const struct visibility *v, struct total total, struct err *e)
{
	struct arena *a = http_arena(l->r);
	struct access_user u = {.name = l->q.page.cursor};
	struct bytes last = BYTES_NONE, next = BYTES_NONE;
	int rc = 0;
	api_list_begin(w);
	for (size_t n = 0; (rc = access_db_holder_next(tx, u.name, v, a, &u, e)) > 0; n++) {
		if (n == l->q.page.limit) {
			next = last;
			rc = 0;
			break;
		}
		last = u.name;
		rc = people_put_assignments(tx, w, &u, true, l->r, e);
		if (rc < 0)
			break;
	}
	api_list_end(w, next, total);
	return rc;
}

static int write_assignments(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct people_list *l = arg;
	struct access_user u = {.id = 0};
	struct total total;
	struct visibility v;
	int rc = l->q.user.len ? access_db_user_find(tx, l->q.user, http_arena(l->r), &u, e) : 1;
	if (rc < 0 || api_visibility(l->r, &v, e) < 0 ||
	    access_db_assignment_total(tx, u.id, &v, &total, e) < 0)
		return -(int)e->code;
	if (!l->q.user.len)
		return write_page(tx, w, l, &v, total, e);
	api_list_begin(w);
	if (rc > 0)
		rc = people_put_assignments(tx, w, &u, true, l->r, e);
	api_list_end(w, BYTES_NONE, rc > 0 || u.id ? total : total_of(0, true));
	return rc < 0 ? rc : 0;
}

static const struct record_field assignments_query_fields[] = {
    RECORD_FIELD(struct people_query, user, RECORD_TEXT, "user",
		 "Of this user, robot or group; what a user has by groups is listed with them"),
    API_PAGE_FIELDS(struct people_query, page),
};
static const struct record_object assignments_query = {RECORD_TABLE(assignments_query_fields)};

static int get_assignments(struct http_request *r, struct err *e)
{
	struct people_list l = {.r = r, .groups = true};
	int rc = people_query_read(r, &l, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_assignments, &l, e);
}

/* The caller, and where he may do what the route asks for. */
static int actor_read(struct http_request *r, struct access_actor *ret, struct visibility *may,
		      struct err *e)
{
	*ret = people_actor(r);
	ret->may = may;
	return api_visibility(r, may, e);
}

struct assignment_ask {
	struct bytes user, role, scope;
};
#define K(member, key, ...)                                                                        \
	RECORD_FIELD(struct assignment_ask, member, RECORD_TEXT, key, __VA_ARGS__)
static const struct record_field ask_fields[] = {
    K(user, "user", "Name of a user, robot or group", .flags = RECORD_NEEDED),
    K(role, "role", "Name or id of a role", .flags = RECORD_NEEDED, .example = "\"AcrPull\""),
    K(scope, "scope", "Path at and below which it applies; default `/`",
      .example = "\"/registries/local/repositories/team\""),
};
static const struct record_object ask_body = {.name = "NewRoleAssignment",
					      .text = "The user, role and scope to assign",
					      RECORD_TABLE(ask_fields)};
static const struct record_object ask_query = {RECORD_TABLE(ask_fields)};

static int post_assignment(struct http_request *r, struct err *e)
{
	struct assignment_ask b;
	struct access_actor by;
	struct visibility may;
	if (api_body_read(r, &b, e) < 0 || actor_read(r, &by, &may, e) < 0)
		return -(int)e->code;
	struct bytes scope = b.scope.len ? b.scope : BYTES_LIT("/");
	int rc = access_assign(api_of(r)->access, &by, b.user, b.role, scope, e);
	return rc < 0 ? rc : people_reply_user(r, 201, b.user, e);
}

static int delete_assignment(struct http_request *r, struct err *e)
{
	struct assignment_ask q;
	struct access_actor by;
	struct visibility may;
	if (api_query_read(r, &q, e) < 0 || actor_read(r, &by, &may, e) < 0)
		return -(int)e->code;
	int rc = access_unassign(api_of(r)->access, &by, q.user, q.role,
				 q.scope.len ? q.scope : BYTES_LIT("/"), e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

/* Custom roles. */
struct role_ask {
	struct bytes name, description;
	struct record_rows actions, scopes;
};
#define C(member, kind, key, ...) RECORD_FIELD(struct role_ask, member, kind, key, __VA_ARGS__)
static const struct record_field role_ask_fields[] = {
    C(name, RECORD_TEXT, "name", "Its name", .flags = RECORD_NEEDED, .min = 1,
      .max = ACCESS_TEXT_MAX, .example = "\"Release manager\""),
    C(description, RECORD_TEXT, "description", "Its purpose", .max = ACCESS_TEXT_MAX),
    C(actions, RECORD_TEXTS, "actions",
      "Up to 64. Those of a registry are listed one by one; in others `*` matches anything. A "
      "leading `!` excludes",
      .flags = RECORD_NEEDED),
    C(scopes, RECORD_TEXTS, "scopes",
      "Up to 32 scopes at and below which it may be assigned; `/` when absent"),
};
static const struct record_object role_ask = {
    .name = "NewRole", .text = "A custom role", RECORD_TABLE(role_ask_fields)};

/* The texts of a list, one a line. ERR_FORMAT: there are none or too many, or one that is no line.
 */
static int joined(const struct record_rows *rows, const char *key, size_t max, struct arena *a,
		  struct bytes *ret, struct err *e)
{
	const struct bytes *texts = rows->items;
	const char *all = "";
	if (rows->count == 0 || rows->count > max)
		return err_set(e, ERR_FORMAT, "%s: 1 to %zu are needed", key, max);
	for (size_t i = 0; i < rows->count; i++) {
		struct bytes t = texts[i];
		if (t.len == 0 || t.len > 1024 || bytes_find(t, '\n') < t.len)
			return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is none", key,
				       BYTES_ARG(bytes_part(t, 0, 100)));
		all = arena_printf(a, "%s%s%.*s", all, i ? "\n" : "", BYTES_ARG(t));
		if (!all)
			return err_set(e, ERR_NOMEM, "no memory for a role");
	}
	*ret = bytes_of(all);
	return 0;
}

static int role_read(struct http_request *r, struct access_role_row *ret, struct err *e)
{
	struct role_ask b = {.name = BYTES_NONE};
	struct arena *a = http_arena(r);
	if (api_body_read(r, &b, e) < 0)
		return -(int)e->code;
	*ret = (struct access_role_row){
	    .id = b.name, .name = b.name, .description = b.description, .scopes = BYTES_LIT("/")};
	if (joined(&b.actions, "actions", ACCESS_ACTIONS_MAX, a, &ret->actions, e) < 0)
		return -(int)e->code;
	return b.scopes.items
		   ? joined(&b.scopes, "scopes", ACCESS_ROLE_SCOPES_MAX, a, &ret->scopes, e)
		   : 0;
}

struct role_show {
	struct http_request *r;
	struct bytes role;
};

static int write_role(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct role_show *s = arg;
	struct role_list l = {.r = s->r, .started = true, .page = {.limit = 1}};
	struct access_role_row row;
	const struct role *known = role_find(s->role);
	struct visibility v;
	int rc = known ? 1 : access_db_role_find(tx, s->role, http_arena(s->r), &row, e);
	if (rc > 0 && !known)
		rc = api_visibility(s->r, &v, e) < 0 ? -(int)e->code
						     : is_shown(tx, s->r, &v, &row, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "no role \"%.*s\"", BYTES_ARG(s->role));
	if (rc < 0)
		return rc;
	if (known)
		put_role(w, &l,
			 (struct role_row){.id = bytes_of(known->id),
					   .name = bytes_of(known->name),
					   .builtin = true},
			 bytes_of(known->actions), BYTES_LIT("/"));
	else
		put_role(w, &l,
			 (struct role_row){
			     .id = row.id, .name = row.name, .description = row.description},
			 row.actions, row.scopes);
	return l.failed ? err_set(e, ERR_NOMEM, "no memory for roles") : 0;
}

static int get_role(struct http_request *r, struct err *e)
{
	struct role_show s = {.r = r, .role = http_param(r, "role")};
	return api_reply_read(r, 200, write_role, &s, e);
}

static int post_role(struct http_request *r, struct err *e)
{
	struct access_role_row row;
	struct access_actor by;
	struct visibility may;
	char id[ACCESS_ROLE_ID_CAP];
	if (role_read(r, &row, e) < 0 || access_role_id(id, e) < 0 ||
	    actor_read(r, &by, &may, e) < 0)
		return -(int)e->code;
	row.id = bytes_of(id);
	if (access_role_put(api_of(r)->access, &by, &row, true, e) < 0)
		return -(int)e->code;
	const char *at = arena_printf(http_arena(r), "/api/v1/roles/%s", id);
	if (!at)
		return err_set(e, ERR_NOMEM, "no memory");
	struct role_show s = {.r = r, .role = row.id};
	int rc = http_reply_header(r, "Location", bytes_of(at), e);
	return rc < 0 ? rc : api_reply_read(r, 201, write_role, &s, e);
}

static int put_one_role(struct http_request *r, struct err *e)
{
	struct access_role_row row;
	struct access_actor by;
	struct visibility may;
	if (role_read(r, &row, e) < 0 || actor_read(r, &by, &may, e) < 0)
		return -(int)e->code;
	row.id = http_param(r, "role");
	if (access_role_put(api_of(r)->access, &by, &row, false, e) < 0)
		return -(int)e->code;
	struct role_show s = {.r = r, .role = row.name};
	return api_reply_read(r, 200, write_role, &s, e);
}

static int delete_role(struct http_request *r, struct err *e)
{
	struct access_actor by;
	struct visibility may;
	if (actor_read(r, &by, &may, e) < 0)
		return -(int)e->code;
	int rc = access_role_remove(api_of(r)->access, &by, http_param(r, "role"), e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static const struct api_doc roles_doc = {
    .id = "listRoles",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of roles, the built-in ones first",
		 .of = &role_object,
		 .list = true}},
};
#define ROLE_EXAMPLE                                                                               \
	"{\"name\": \"Release manager\", \"actions\": [\"registries/pull/read\", "                 \
	"\"registries/push/write\", \"Microsoft.Security/*/read\"], \"scopes\": "                  \
	"[\"/registries/local\"]}"
static const struct api_doc role_doc = {
    .id = "getRole",
    .replies = {{.status = 200, .text = "The role", .of = &role_object}},
};
static const struct api_doc post_role_doc = {
    .id = "createRole",
    .body = &role_ask,
    .body_example = ROLE_EXAMPLE,
    .replies =
	{{.status = 201, .text = "The role", .of = &role_object, .headers = &api_created_headers}},
    .errors = {409},
};
static const struct api_doc put_role_doc = {
    .id = "changeRole",
    .text =
	"In effect at once where it is assigned. Assignments elsewhere than at its scopes stay.",
    .body = &role_ask,
    .body_example = ROLE_EXAMPLE,
    .replies = {{.status = 200, .text = "The role", .of = &role_object}},
    .errors = {404, 409},
};
static const struct api_doc delete_role_doc = {
    .id = "deleteRole",
    .replies = {{.status = 204, .text = "It is gone"}},
    .errors = {409},
};
static const struct api_doc assignments_doc = {
    .id = "listRoleAssignments",
    .text = "At scopes where the caller may read them. `limit` counts users: all assignments of a "
	    "user are on one page.",
    .query = &assignments_query,
    .replies = {{.status = 200,
		 .text = "A page of assignments, by user",
		 .of = &people_assignment,
		 .list = true}},
};
static const struct api_doc post_assignment_doc = {
    .id = "createRoleAssignment",
    .body = &ask_body,
    .body_example = "{\"user\": \"ci\", \"role\": \"AcrPush\", "
		    "\"scope\": \"/registries/local/repositories/team\"}",
    .replies = {{.status = 201,
		 .text = "The user, with the role",
		 .of = &people_user,
		 .headers = &api_created_headers}},
    .errors = {404, 409},
};
static const struct api_doc delete_assignment_doc = {
    .id = "deleteRoleAssignment",
    .query = &ask_query,
    .replies = {{.status = 204, .text = "It is taken"}},
    .errors = {404, 409},
};

const struct http_route api_roles_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/roles",
     .handle = get_roles,
     .action = ACTION_ACCESS_READ,
     .anywhere = true,
     .summary = "Built-in and custom roles and their actions",
     .doc = &roles_doc},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/roles",
     .handle = post_role,
     .action = ACTION_ACCESS_WRITE,
     .anywhere = true,
     .body_max = BODY_MAX,
     .summary = "Create a custom role",
     .doc = &post_role_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/roles/{role}",
     .handle = get_role,
     .action = ACTION_ACCESS_READ,
     .anywhere = true,
     .summary = "One role, by id or name",
     .doc = &role_doc},
    {.methods = HTTP_PUT,
     .pattern = "/api/v1/roles/{role}",
     .handle = put_one_role,
     .action = ACTION_ACCESS_WRITE,
     .anywhere = true,
     .body_max = BODY_MAX,
     .summary = "Change a custom role",
     .doc = &put_role_doc},
    {.methods = HTTP_DELETE,
     .pattern = "/api/v1/roles/{role}",
     .handle = delete_role,
     .action = ACTION_ACCESS_WRITE,
     .anywhere = true,
     .summary = "Delete a custom role that is not assigned",
     .doc = &delete_role_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/role-assignments",
     .handle = get_assignments,
     .action = ACTION_ACCESS_READ,
     .anywhere = true,
     .summary = "Who has which role at which scope",
     .doc = &assignments_doc},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/role-assignments",
     .handle = post_assignment,
     .action = ACTION_ACCESS_WRITE,
     .anywhere = true,
     .body_max = BODY_MAX,
     .summary = "Give a user a role",
     .doc = &post_assignment_doc},
    {.methods = HTTP_DELETE,
     .pattern = "/api/v1/role-assignments",
     .handle = delete_assignment,
     .action = ACTION_ACCESS_WRITE,
     .anywhere = true,
     .summary = "Take a role from a user",
     .doc = &delete_assignment_doc},
};
const size_t api_roles_route_count = sizeof api_roles_routes / sizeof *api_roles_routes;
