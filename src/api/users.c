/* Users, their tokens and roles, and the record of who changed what.
 *
 * Every change is access/'s, which writes its audit row in the same transaction. Nobody can remove
 * himself or an assignment of his own, so that there is always somebody left who may. The path's
 * parameter is {user}, never {name}: that one stands for a repository when it is decided at which
 * scope the action must be allowed. */
#include "access/access.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/num.h"

#define PAGE 100
#define PAGE_MAX 1000
#define LIST_MAX (16U << 20)
#define BODY_MAX 65536
#define PASSWORD_MIN 12 /* bytes */
#define PASSWORD_MAX 1024
#define LABEL_MAX 128

struct list {
	struct http_request *r;
	struct json_out w;
	struct bytes user, cursor;
	size_t limit;
};

static int reply_list(struct http_request *r, db_fn fn, struct list *l, struct err *e)
{
	struct buf out;
	buf_init(&out, LIST_MAX);
	l->r = r;
	l->w.out = &out;
	l->cursor = http_query(r, "cursor", NULL);
	int rc = api_limit(r, PAGE, PAGE_MAX, &l->limit, e);
	if (rc == 0)
		rc = db_run(api_of(r)->db, DB_READ, fn, l, e);
	if (rc < 0) {
		buf_free(&out);
		return rc;
	}
	return api_reply_json(r, 200, &out, e);
}

/* A transaction may be run again: what was written before is thrown away. */
static void list_begin(struct list *l)
{
	struct buf *out = l->w.out;
	buf_clear(out);
	json_out_init(&l->w, out, false);
	json_put_object(&l->w, NULL);
	json_put_array(&l->w, "items");
}

static void list_end(struct list *l, struct bytes next)
{
	json_put_end(&l->w, ']');
	json_put_string_nonempty(&l->w, "next", next);
	json_put_end(&l->w, '}');
}

static struct access_actor actor_of(const struct http_request *r)
{
	const struct principal *p = http_principal(r);
	return (struct access_actor){.name = p ? p->name : BYTES_NONE, .peer = http_peer(r)};
}

static int no_user(struct bytes name, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "there is no user \"%.*s\"", BYTES_ARG(name));
}

/* ---- users ------------------------------------------------------------------------------------
 */

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

static int put_assignments(struct db_tx *tx, struct list *l, const struct access_user *u,
			   struct bytes name, struct err *e)
{
	struct access_assignment m = {.id = 0};
	int rc;
	while ((rc = access_db_assignment_next(tx, u->id, m.id, http_arena(l->r), &m, e)) > 0)
		put_assignment(&l->w, name, &m);
	return rc;
}

static int put_user(struct db_tx *tx, struct list *l, const struct access_user *u, struct err *e)
{
	json_put_object(&l->w, NULL);
	json_put_string(&l->w, "name", u->name);
	json_put_string(&l->w, "kind", u->kind);
	json_put_bool(&l->w, "enabled", u->enabled);
	json_put_bool(&l->w, "has_password", u->password.len > 0);
	json_put_time(&l->w, "created_at", u->created_at);
	json_put_array(&l->w, "roles");
	int rc = put_assignments(tx, l, u, BYTES_NONE, e);
	json_put_end(&l->w, ']');
	json_put_end(&l->w, '}');
	return rc;
}

static int users_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct access_user u = {.name = l->cursor};
	struct bytes last = BYTES_NONE;
	int rc = 1;
	list_begin(l);
	for (size_t n = 0; rc > 0; n++) {
		rc = access_db_user_next(tx, u.name, http_arena(l->r), &u, e);
		if (rc <= 0)
			break;
		if (n == l->limit) {
			list_end(l, last);
			return 0;
		}
		last = u.name;
		rc = put_user(tx, l, &u, e) < 0 ? -(int)e->code : 1;
	}
	list_end(l, BYTES_NONE);
	return rc;
}

static int get_users(struct http_request *r, struct err *e)
{
	struct list l = {.r = r};
	return reply_list(r, users_tx, &l, e);
}

static int user_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct access_user u;
	struct buf *out = l->w.out;
	int rc = access_db_user_find(tx, l->user, http_arena(l->r), &u, e);
	if (rc == 0)
		return no_user(l->user, e);
	buf_clear(out);
	json_out_init(&l->w, out, false);
	return rc < 0 ? rc : put_user(tx, l, &u, e);
}

static int reply_user(struct http_request *r, unsigned status, struct bytes name, struct err *e)
{
	struct buf out;
	struct list l = {.r = r, .user = name};
	buf_init(&out, LIST_MAX);
	l.w.out = &out;
	int rc = db_run(api_of(r)->db, DB_READ, user_tx, &l, e);
	if (rc < 0) {
		buf_free(&out);
		return rc;
	}
	return api_reply_json(r, status, &out, e);
}

static int get_user(struct http_request *r, struct err *e)
{
	return reply_user(r, 200, http_param(r, "user"), e);
}

/* The texts of a body {"key": "text"}; a key that is not asked for is a mistake to be told. */
struct field {
	const char *key;
	struct bytes value;
};

static int read_fields(struct http_request *r, struct field *fields, size_t count, struct err *e)
{
	struct json j;
	json_init(&j, http_body(r), http_arena(r));
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			size_t i = 0;
			while (i < count && !bytes_eq_lit(key, fields[i].key))
				i++;
			if (i == count)
				return err_set(e, ERR_FORMAT, "body: there is no field \"%.*s\"",
					       BYTES_ARG(key));
			/* A number's text will do where a number is wanted. */
			fields[i].value =
			    json_peek(&j) == JSON_NUMBER ? json_number(&j) : json_string(&j);
		}
	}
	return json_finish(&j, e) < 0 ? err_ctx(e, "body") : 0;
}

static int check_password(struct bytes password, struct err *e)
{
	if (password.len >= PASSWORD_MIN && password.len <= PASSWORD_MAX)
		return 0;
	return err_set(e, ERR_FORMAT, "password: from %d to %d bytes are needed", PASSWORD_MIN,
		       PASSWORD_MAX);
}

static int post_user(struct http_request *r, struct err *e)
{
	struct field f[] = {{.key = "name"}, {.key = "kind"}, {.key = "password"}};
	if (read_fields(r, f, sizeof f / sizeof *f, e) < 0)
		return -(int)e->code;
	struct bytes name = f[0].value, kind = f[1].value, password = f[2].value;
	bool robot = bytes_eq_lit(kind, "robot");
	if (!robot && kind.len && !bytes_eq_lit(kind, "user"))
		return err_set(e, ERR_FORMAT, "kind: \"%.*s\" is neither user nor robot",
			       BYTES_ARG(kind));
	if (robot && password.len)
		return err_set(e, ERR_FORMAT, "password: a robot has tokens only");
	if (!robot && check_password(password, e) < 0)
		return -(int)e->code;
	struct access_actor by = actor_of(r);
	int64_t id = access_user_add(api_of(r)->access, &by, name, robot, password, e);
	return id < 0 ? (int)id : reply_user(r, 201, name, e);
}

static int delete_user(struct http_request *r, struct err *e)
{
	struct access_actor by = actor_of(r);
	struct bytes name = http_param(r, "user");
	if (bytes_eq(by.name, name))
		return err_set(e, ERR_CONFLICT, "nobody can remove himself");
	int rc = access_user_remove(api_of(r)->access, &by, name, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static int put_password(struct http_request *r, struct err *e)
{
	struct field f[] = {{.key = "password"}};
	struct access_actor by = actor_of(r);
	if (read_fields(r, f, sizeof f / sizeof *f, e) < 0 || check_password(f[0].value, e) < 0)
		return -(int)e->code;
	int rc = access_password_set(api_of(r)->access, &by, http_param(r, "user"), f[0].value, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

/* ---- tokens -----------------------------------------------------------------------------------
 */

static int tokens_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct access_user u;
	struct access_token t = {.id = 0};
	int rc = access_db_user_find(tx, l->user, http_arena(l->r), &u, e);
	if (rc == 0)
		return no_user(l->user, e);
	if (rc < 0)
		return rc;
	list_begin(l);
	while ((rc = access_db_token_next(tx, u.id, t.id, http_arena(l->r), &t, e)) > 0) {
		json_put_object(&l->w, NULL);
		json_put_i64(&l->w, "id", t.id);
		json_put_string(&l->w, "kind", t.kind);
		json_put_string(&l->w, "label", t.name);
		json_put_time(&l->w, "created_at", t.created_at);
		json_put_time(&l->w, "expires_at", t.expires_at);
		json_put_end(&l->w, '}');
	}
	list_end(l, BYTES_NONE);
	return rc;
}

static int get_tokens(struct http_request *r, struct err *e)
{
	struct list l = {.user = http_param(r, "user")};
	return reply_list(r, tokens_tx, &l, e);
}

struct user_id {
	struct bytes name;
	struct arena *arena;
	int64_t id;
};

static int user_id_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct user_id *f = arg;
	struct access_user u;
	int rc = access_db_user_find(tx, f->name, f->arena, &u, e);
	if (rc == 0)
		return no_user(f->name, e);
	if (rc > 0)
		f->id = u.id;
	return rc < 0 ? rc : 0;
}

static int find_user(struct http_request *r, int64_t *ret, struct err *e)
{
	struct user_id f = {.name = http_param(r, "user"), .arena = http_arena(r)};
	int rc = db_run(api_of(r)->db, DB_READ, user_id_tx, &f, e);
	*ret = f.id;
	return rc < 0 ? rc : 0;
}

/* days: how long it is good for, as text; empty = for ever. */
static int expiry_of(struct bytes days, int64_t *ret, struct err *e)
{
	uint64_t n;
	*ret = 0;
	if (days.len == 0)
		return 0;
	if (!num_u64(days, 3650, &n) || n == 0)
		return err_set(e, ERR_FORMAT, "days: \"%.*s\" is not a number from 1 to 3650",
			       BYTES_ARG(days));
	*ret = clock_wall_ms() + (int64_t)n * 86400000;
	return 0;
}

static int post_token(struct http_request *r, struct err *e)
{
	char token[SECRET_TOKEN_CAP];
	int64_t user, until;
	struct field f[] = {{.key = "label"}, {.key = "days"}};
	if (read_fields(r, f, sizeof f / sizeof *f, e) < 0 ||
	    expiry_of(f[1].value, &until, e) < 0 || find_user(r, &user, e) < 0)
		return -(int)e->code;
	if (f[0].value.len > LABEL_MAX)
		return err_set(e, ERR_FORMAT, "label: more than %d bytes", LABEL_MAX);
	struct access_actor by = actor_of(r);
	int rc =
	    access_token_add(api_of(r)->access, &by, user, "personal", f[0].value, until, token, e);
	if (rc < 0)
		return rc;
	struct buf out;
	struct json_out w;
	buf_init(&out, 4096);
	json_out_init(&w, &out, false);
	json_put_object(&w, NULL);
	json_put_text(&w, "token", token); /* shown this once: only its hash is kept */
	json_put_string(&w, "label", f[0].value);
	json_put_time(&w, "expires_at", until);
	json_put_end(&w, '}');
	secret_wipe(token, sizeof token);
	rc = http_reply_header(r, "Cache-Control", BYTES_LIT("no-store"), e);
	if (rc < 0) {
		buf_free(&out);
		return rc;
	}
	return api_reply_json(r, 201, &out, e);
}

static int delete_token(struct http_request *r, struct err *e)
{
	int64_t user;
	uint64_t token;
	struct access_actor by = actor_of(r);
	if (!num_u64(http_param(r, "id"), INT64_MAX, &token))
		return err_set(e, ERR_NOT_FOUND, "no such token");
	int rc = find_user(r, &user, e);
	if (rc == 0)
		rc = access_token_remove(api_of(r)->access, &by, user, (int64_t)token, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

/* ---- roles ------------------------------------------------------------------------------------
 */

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

static int roles_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct access_role_row row = {.id = BYTES_NONE};
	int rc;
	list_begin(l);
	for (size_t i = 0; i < role_count; i++)
		put_role(&l->w, bytes_of(roles[i].id), bytes_of(roles[i].name),
			 bytes_of(roles[i].actions), true);
	while ((rc = access_db_role_next(tx, row.id, http_arena(l->r), &row, e)) > 0)
		put_role(&l->w, row.id, row.name, row.actions, false);
	list_end(l, BYTES_NONE);
	return rc;
}

static int get_roles(struct http_request *r, struct err *e)
{
	struct list l = {.r = r};
	return reply_list(r, roles_tx, &l, e);
}

static int assignments_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct access_user u = {.name = l->cursor};
	struct bytes last = BYTES_NONE;
	int rc = 1;
	list_begin(l);
	/* limit counts users: their assignments stay on one page. */
	for (size_t n = 0; rc > 0; n++) {
		rc = access_db_user_next(tx, u.name, http_arena(l->r), &u, e);
		if (rc <= 0)
			break;
		if (n == l->limit) {
			list_end(l, last);
			return 0;
		}
		last = u.name;
		if (!l->user.len || bytes_eq(l->user, u.name))
			rc = put_assignments(tx, l, &u, u.name, e) < 0 ? -(int)e->code : 1;
	}
	list_end(l, BYTES_NONE);
	return rc;
}

static int get_assignments(struct http_request *r, struct err *e)
{
	struct list l = {.user = http_query(r, "user", NULL)};
	return reply_list(r, assignments_tx, &l, e);
}

static int post_assignment(struct http_request *r, struct err *e)
{
	struct field f[] = {{.key = "user"}, {.key = "role"}, {.key = "scope"}};
	if (read_fields(r, f, sizeof f / sizeof *f, e) < 0)
		return -(int)e->code;
	struct bytes scope = f[2].value.len ? f[2].value : BYTES_LIT("/");
	struct access_actor by = actor_of(r);
	int rc = access_assign(api_of(r)->access, &by, f[0].value, f[1].value, scope, e);
	return rc < 0 ? rc : reply_user(r, 201, f[0].value, e);
}

static int delete_assignment(struct http_request *r, struct err *e)
{
	struct access_actor by = actor_of(r);
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

/* ---- audit ------------------------------------------------------------------------------------
 */

static void put_audit(struct json_out *w, const struct access_audit *row)
{
	json_put_object(w, NULL);
	json_put_i64(w, "id", row->id);
	json_put_time(w, "at", row->at);
	json_put_string(w, "actor", row->actor);
	json_put_string_nonempty(w, "peer", row->peer);
	json_put_string(w, "action", row->action);
	json_put_string(w, "subject", row->subject);
	if (row->before.len)
		json_put_raw(w, "before", row->before);
	if (row->after.len)
		json_put_raw(w, "after", row->after);
	json_put_end(w, '}');
}

static int audit_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	struct access_audit row = {.id = INT64_MAX};
	uint64_t before;
	if (l->cursor.len) {
		if (!num_u64(l->cursor, INT64_MAX, &before))
			return err_set(e, ERR_FORMAT,
				       "cursor: not one that a reply of this list gave");
		row.id = (int64_t)before;
	}
	int64_t last = 0;
	int rc = 1;
	list_begin(l);
	for (size_t n = 0;; n++) {
		rc = access_db_audit_next(tx, row.id, http_arena(l->r), &row, e);
		if (rc <= 0)
			break;
		if (n == l->limit) {
			list_end(l,
				 bytes_of(arena_printf(http_arena(l->r), "%lld", (long long)last)));
			return 0;
		}
		last = row.id;
		put_audit(&l->w, &row);
	}
	list_end(l, BYTES_NONE);
	return rc;
}

static int get_audit(struct http_request *r, struct err *e)
{
	struct list l = {.r = r};
	return reply_list(r, audit_tx, &l, e);
}

const struct http_route api_users_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/users",
     .handle = get_users,
     .action = ACTION_ACCESS_READ,
     .summary = "Users and robots with their roles",
     .query = "limit cursor"},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/users",
     .handle = post_user,
     .action = ACTION_ACCESS_WRITE,
     .body_max = BODY_MAX,
     .summary = "A new user (name, password) or robot (name, kind)"},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/users/{user}",
     .handle = get_user,
     .action = ACTION_ACCESS_READ,
     .summary = "One user"},
    {.methods = HTTP_DELETE,
     .pattern = "/api/v1/users/{user}",
     .handle = delete_user,
     .action = ACTION_ACCESS_WRITE,
     .summary = "Remove a user with tokens and roles"},
    {.methods = HTTP_PUT,
     .pattern = "/api/v1/users/{user}/password",
     .handle = put_password,
     .action = ACTION_ACCESS_WRITE,
     .body_max = BODY_MAX,
     .summary = "A new password; ends the user's tokens"},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/users/{user}/tokens",
     .handle = get_tokens,
     .action = ACTION_ACCESS_READ,
     .summary = "Tokens of a user, without their secrets"},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/users/{user}/tokens",
     .handle = post_token,
     .action = ACTION_ACCESS_WRITE,
     .body_max = BODY_MAX,
     .summary = "A new token (label, days); its secret is shown this once"},
    {.methods = HTTP_DELETE,
     .pattern = "/api/v1/users/{user}/tokens/{id}",
     .handle = delete_token,
     .action = ACTION_ACCESS_WRITE,
     .summary = "End a token"},
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
    {.methods = HTTP_GET,
     .pattern = "/api/v1/audit",
     .handle = get_audit,
     .action = ACTION_ACCESS_READ,
     .summary = "What people changed, newest first",
     .query = "limit cursor"},
};
const size_t api_users_route_count = sizeof api_users_routes / sizeof *api_users_routes;
