/* Roles and who has them at which scope. Nobody can take a role from himself, so that there is always
 * somebody left who may. */
#include "api/people.h"

#define BODY_MAX 65536

static void put_assignment(struct json_out *w, struct bytes user, const struct access_assignment *m)
{
	const struct role *role = role_find(m->role);
	json_put_object(w, NULL);
	json_put_string_nonempty(w, "user", user);
	json_put_string(w, "role", role ? bytes_of(role->name) : m->role);
	json_put_string(w, "role_id", m->role);
	json_put_string(w, "scope", m->scope);
	json_put_time(w, "created_at", m->created_at);
	json_put_end(w, '}');
}

int people_put_assignments(struct db_tx *tx, struct json_out *w, const struct access_user *u,
			   bool named, struct arena *a, struct err *e)
{
	struct access_assignment m = {.id = 0};
	int rc;
	while ((rc = access_db_assignment_next(tx, u->id, m.id, a, &m, e)) > 0)
		put_assignment(w, named ? u->name : BYTES_NONE, &m);
	return rc;
}

static void put_role(struct json_out *w, struct bytes id, struct bytes name, struct bytes actions,
		     bool builtin)
{
	json_put_object(w, NULL);
	json_put_string(w, "id", id);
	json_put_string(w, "name", name);
	json_put_bool(w, "builtin", builtin);
	json_put_array(w, "actions");
	while (actions.len)
		json_put_string(w, NULL, bytes_cut(&actions, '\n'));
	json_put_end(w, ']');
	json_put_end(w, '}');
}

static int write_roles(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct http_request *r = arg;
	struct access_role_row row = {.id = BYTES_NONE};
	int rc;
	api_list_begin(w);
	for (size_t i = 0; i < role_count; i++)
		put_role(w, bytes_of(roles[i].id), bytes_of(roles[i].name),
			 bytes_of(roles[i].actions), true);
	while ((rc = access_db_role_next(tx, row.id, http_arena(r), &row, e)) > 0)
		put_role(w, row.id, row.name, row.actions, false);
	api_list_end(w, BYTES_NONE);
	return rc;
}

static int get_roles(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, write_roles, r, e);
}

static int put_listed(struct db_tx *tx, struct json_out *w, const struct people_list *l,
		      const struct access_user *u, struct err *e)
{
	if (l->user.len && !bytes_eq(l->user, u->name))
		return 0;
	return people_put_assignments(tx, w, u, true, http_arena(l->r), e);
}

/* limit counts users: their assignments stay on one page. */
static int write_assignments(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	return people_each(tx, w, arg, put_listed, e);
}

static int get_assignments(struct http_request *r, struct err *e)
{
	struct people_list l = {.r = r,
				.cursor = http_query(r, "cursor", NULL),
				.user = http_query(r, "user", NULL)};
	int rc = api_limit(r, &l.limit, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_assignments, &l, e);
}

static int post_assignment(struct http_request *r, struct err *e)
{
	struct api_field f[] = {{.key = "user"}, {.key = "role"}, {.key = "scope"}};
	if (api_read_fields(r, f, sizeof f / sizeof *f, e) < 0)
		return -(int)e->code;
	struct bytes scope = f[2].value.len ? f[2].value : BYTES_LIT("/");
	struct access_actor by = people_actor(r);
	int rc = access_assign(api_of(r)->access, &by, f[0].value, f[1].value, scope, e);
	return rc < 0 ? rc : people_reply_user(r, 201, f[0].value, e);
}

static int delete_assignment(struct http_request *r, struct err *e)
{
	struct access_actor by = people_actor(r);
	struct bytes user = http_query(r, "user", NULL), role = http_query(r, "role", NULL);
	struct bytes scope = http_query(r, "scope", NULL);
	if (!user.len || !role.len)
		return err_set(e, ERR_FORMAT, "user and role are needed");
	if (bytes_eq(by.name, user))
		return err_set(e, ERR_CONFLICT, "nobody can take a role from himself");
	int rc = access_unassign(api_of(r)->access, &by, user, role,
				 scope.len ? scope : BYTES_LIT("/"), e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

const struct http_route api_roles_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/roles",
     .handle = get_roles,
     .action = ACTION_ACCESS_READ,
     .summary = "Built-in and custom roles and their actions"},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/role-assignments",
     .handle = get_assignments,
     .action = ACTION_ACCESS_READ,
     .summary = "Who has which role at which scope",
     .query = "user limit cursor"},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/role-assignments",
     .handle = post_assignment,
     .action = ACTION_ACCESS_WRITE,
     .body_max = BODY_MAX,
     .summary = "Give a user a role (user, role, scope)"},
    {.methods = HTTP_DELETE,
     .pattern = "/api/v1/role-assignments",
     .handle = delete_assignment,
     .action = ACTION_ACCESS_WRITE,
     .summary = "Take a role from a user",
     .query = "user role scope"},
};
const size_t api_roles_route_count = sizeof api_roles_routes / sizeof *api_roles_routes;
