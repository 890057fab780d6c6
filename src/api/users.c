/* Users and robots, their passwords and tokens.
 *
 * Every change is access/'s, which writes its audit row in the same transaction. Nobody can remove
 * himself, so that there is always somebody left who may. The path's parameter is {user}, never
 * {name}: that one stands for a repository when it is decided at which scope the action must be
 * allowed. */
#include "api/people.h"

#include "base/clock.h"
#include "base/num.h"

#define BODY_MAX 65536
#define PASSWORD_MIN 12 /* bytes */
#define PASSWORD_MAX 1024
#define LABEL_MAX 128

int people_no_user(struct bytes name, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "there is no user \"%.*s\"", BYTES_ARG(name));
}

struct access_actor people_actor(const struct http_request *r)
{
	const struct principal *p = http_principal(r);
	return (struct access_actor){.name = p ? p->name : BYTES_NONE, .peer = http_peer(r)};
}

static int put_user(struct db_tx *tx, struct json_out *w, const struct access_user *u,
		    struct arena *a, struct err *e)
{
	json_put_object(w, NULL);
	json_put_string(w, "name", u->name);
	json_put_string(w, "kind", u->kind);
	json_put_bool(w, "enabled", u->enabled);
	json_put_bool(w, "has_password", u->password.len > 0);
	json_put_time(w, "created_at", u->created_at);
	json_put_array(w, "roles");
	int rc = people_put_assignments(tx, w, u, false, a, e);
	json_put_end(w, ']');
	json_put_end(w, '}');
	return rc;
}

int people_each(struct db_tx *tx, struct json_out *w, const struct people_list *l, people_put_fn put,
		struct err *e)
{
	struct arena *a = http_arena(l->r);
	struct access_user u = {.name = l->cursor};
	struct bytes last = BYTES_NONE, next = BYTES_NONE;
	int rc = 0;
	api_list_begin(w);
	for (size_t n = 0; (rc = access_db_user_next(tx, u.name, a, &u, e)) > 0; n++) {
		if (n == l->limit) {
			next = last;
			rc = 0;
			break;
		}
		last = u.name;
		rc = put(tx, w, l, &u, e);
		if (rc < 0)
			break;
	}
	api_list_end(w, next);
	return rc;
}

static int put_listed(struct db_tx *tx, struct json_out *w, const struct people_list *l,
		      const struct access_user *u, struct err *e)
{
	return put_user(tx, w, u, http_arena(l->r), e);
}

static int write_users(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	return people_each(tx, w, arg, put_listed, e);
}

static int get_users(struct http_request *r, struct err *e)
{
	struct people_list l = {.r = r, .cursor = http_query(r, "cursor", NULL)};
	int rc = api_limit(r, &l.limit, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_users, &l, e);
}

static int write_user(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct people_list *l = arg;
	struct access_user u;
	int rc = access_db_user_find(tx, l->user, http_arena(l->r), &u, e);
	if (rc == 0)
		return people_no_user(l->user, e);
	return rc < 0 ? rc : put_user(tx, w, &u, http_arena(l->r), e);
}

int people_reply_user(struct http_request *r, unsigned status, struct bytes name, struct err *e)
{
	struct people_list l = {.r = r, .user = name};
	return api_reply_read(r, status, write_user, &l, e);
}

static int get_user(struct http_request *r, struct err *e)
{
	return people_reply_user(r, 200, http_param(r, "user"), e);
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
	struct api_field f[] = {{.key = "name"}, {.key = "kind"}, {.key = "password"}};
	if (api_read_fields(r, f, sizeof f / sizeof *f, e) < 0)
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
	struct access_actor by = people_actor(r);
	int64_t id = access_user_add(api_of(r)->access, &by, name, robot, password, e);
	return id < 0 ? (int)id : people_reply_user(r, 201, name, e);
}

static int delete_user(struct http_request *r, struct err *e)
{
	struct access_actor by = people_actor(r);
	struct bytes name = http_param(r, "user");
	if (bytes_eq(by.name, name))
		return err_set(e, ERR_CONFLICT, "nobody can remove himself");
	int rc = access_user_remove(api_of(r)->access, &by, name, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static int put_password(struct http_request *r, struct err *e)
{
	struct api_field f[] = {{.key = "password"}};
	struct access_actor by = people_actor(r);
	if (api_read_fields(r, f, sizeof f / sizeof *f, e) < 0 || check_password(f[0].value, e) < 0)
		return -(int)e->code;
	int rc = access_password_set(api_of(r)->access, &by, http_param(r, "user"), f[0].value, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

/* ---- tokens ------------------------------------------------------------------------------------ */

static int write_tokens(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct people_list *l = arg;
	struct access_user u;
	struct access_token t = {.id = 0};
	int rc = access_db_user_find(tx, l->user, http_arena(l->r), &u, e);
	if (rc == 0)
		return people_no_user(l->user, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	while ((rc = access_db_token_next(tx, u.id, t.id, http_arena(l->r), &t, e)) > 0) {
		json_put_object(w, NULL);
		json_put_i64(w, "id", t.id);
		json_put_string(w, "kind", t.kind);
		json_put_string(w, "label", t.name);
		json_put_time(w, "created_at", t.created_at);
		json_put_time(w, "expires_at", t.expires_at);
		json_put_end(w, '}');
	}
	api_list_end(w, BYTES_NONE);
	return rc;
}

static int get_tokens(struct http_request *r, struct err *e)
{
	struct people_list l = {.r = r, .user = http_param(r, "user")};
	return api_reply_read(r, 200, write_tokens, &l, e);
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
		return people_no_user(f->name, e);
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
	struct api_field f[] = {{.key = "label"}, {.key = "days"}};
	if (api_read_fields(r, f, sizeof f / sizeof *f, e) < 0 ||
	    expiry_of(f[1].value, &until, e) < 0 || find_user(r, &user, e) < 0)
		return -(int)e->code;
	if (f[0].value.len > LABEL_MAX)
		return err_set(e, ERR_FORMAT, "label: more than %d bytes", LABEL_MAX);
	struct access_actor by = people_actor(r);
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
	struct access_actor by = people_actor(r);
	if (!num_u64(http_param(r, "id"), INT64_MAX, &token))
		return err_set(e, ERR_NOT_FOUND, "no such token");
	int rc = find_user(r, &user, e);
	if (rc == 0)
		rc = access_token_remove(api_of(r)->access, &by, user, (int64_t)token, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
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
};
const size_t api_users_route_count = sizeof api_users_routes / sizeof *api_users_routes;
