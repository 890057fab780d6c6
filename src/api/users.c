/* Users and robots, and their passwords.
 *
 * Every change is access/'s, which writes its audit row in the same transaction. Users cannot
 * remove themselves, so that one is always left who may. The path's parameter is {user}, never
 * {name}: that one means a repository when the scope of the action is determined
 * allowed. */
#include "api/people.h"
#include "store/group.h"

#include <string.h>

#define BODY_MAX 65536
#define PASSWORD_MIN 12 /* bytes */
#define PASSWORD_MAX 1024

int people_no_user(struct bytes name, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "there is no user \"%.*s\"", BYTES_ARG(name));
}

struct access_actor people_actor(const struct http_request *r)
{
	const struct principal *p = http_principal(r);
	return (struct access_actor){.name = p ? p->name : BYTES_NONE, .peer = http_peer(r)};
}

static const char *kind_word(int i)
{
	static const char *const words[] = {"user", "robot", NULL};
	return words[i];
}

static const char *shown_kind_word(int i)
{
	static const char *const words[] = {"user", "robot", "group", NULL};
	return words[i];
}

#define U(member, kind, key, ...) RECORD_FIELD(struct user_row, member, kind, key, __VA_ARGS__)
struct user_row {
	struct access_user u;
	bool has_password;
};
static const struct record_field user_fields[] = {
    U(u.name, RECORD_TEXT, "name", "Its name", .example = "\"ci\""),
    U(u.kind, RECORD_TEXT, "kind",
      "A robot has tokens only; a group, which only a new role assignment shows, has neither",
      .words = shown_kind_word),
    U(u.enabled, RECORD_BOOL, "enabled", "Whether it may log in"),
    U(has_password, RECORD_BOOL, "has_password", "Whether a password is set"),
    U(u.created_at, RECORD_TIME, "created_at", "When it was created"),
    RECORD_SHOWN(RECORD_TEXTS, "groups", "Groups it is a member of"),
    RECORD_SHOWN(RECORD_OBJECTS, "roles", "Its own roles and their scopes",
		 .of = &people_assignment),
};
const struct record_object people_user = {
    .name = "User", .text = "A user or robot and its roles", RECORD_TABLE(user_fields)};
/* All but the groups and roles, which are read while they are written. */
static const struct record_object user_written = {
    .fields = user_fields, .count = sizeof user_fields / sizeof *user_fields - 2};

static int put_groups(struct db_tx *tx, struct json_out *w, const struct access_user *u,
		      struct arena *a, struct err *e)
{
	struct store_members got = {.count = 0};
	int rc = u ? store_member_groups(tx, u->id, a, &got, e) : 0;
	json_put_array(w, "groups");
	for (size_t i = 0; rc >= 0 && i < got.count; i++)
		json_put_string(w, NULL, got.items[i].name);
	json_put_end(w, ']');
	return rc;
}

/* Who may assign roles at some scope only sees of a user neither groups nor password. */
static int put_user(struct db_tx *tx, struct json_out *w, const struct access_user *u,
		    struct http_request *r, struct err *e)
{
	struct visibility v;
	if (api_visibility(r, &v, e) < 0)
		return -(int)e->code;
	struct user_row row = {.u = *u, .has_password = v.all && u->password.len > 0};
	json_put_object(w, NULL);
	record_put_members(w, &user_written, &row);
	int rc = put_groups(tx, w, v.all ? u : NULL, http_arena(r), e);
	json_put_array(w, "roles");
	if (rc >= 0)
		rc = people_put_assignments(tx, w, u, false, r, e);
	json_put_end(w, ']');
	json_put_end(w, '}');
	return rc;
}

bool people_is_cursor(struct bytes name)
{
	if (name.len && (name.ptr[0] == '-' || name.ptr[0] == '.'))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!byte_is_alnum(name.ptr[i]) && !memchr(".-_@$+", name.ptr[i], 6))
			return false;
	return name.len <= ACCESS_NAME_MAX;
}

int people_query_read(struct http_request *r, struct people_list *l, struct err *e)
{
	if (api_query_read(r, &l->q, e) < 0)
		return -(int)e->code;
	return people_is_cursor(l->q.page.cursor) ? 0 : api_bad_cursor(e);
}

int people_each(struct db_tx *tx, struct json_out *w, const struct people_list *l,
		people_put_fn put, struct total total, struct err *e)
{
	struct arena *a = http_arena(l->r);
	struct access_user u = {.name = l->q.page.cursor};
	struct bytes last = BYTES_NONE, next = BYTES_NONE;
	int rc = 0;
	api_list_begin(w);
	for (size_t n = 0; (rc = access_db_user_next(tx, u.name, l->groups, a, &u, e)) > 0; n++) {
		if (n == l->q.page.limit) {
			next = last;
			rc = 0;
			break;
		}
		last = u.name;
		rc = put(tx, w, l, &u, e);
		if (rc < 0)
			break;
	}
	api_list_end(w, next, total);
	return rc;
}

static int put_listed(struct db_tx *tx, struct json_out *w, const struct people_list *l,
		      const struct access_user *u, struct err *e)
{
	return put_user(tx, w, u, l->r, e);
}

static int write_users(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct total total;
	if (access_db_total(tx, ACCESS_USERS, 0, &total, e) < 0)
		return -(int)e->code;
	return people_each(tx, w, arg, put_listed, total, e);
}

static int get_users(struct http_request *r, struct err *e)
{
	struct people_list l = {.r = r};
	int rc = people_query_read(r, &l, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_users, &l, e);
}

static int write_user(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct people_list *l = arg;
	struct access_user u;
	int rc = access_db_user_find(tx, l->q.user, http_arena(l->r), &u, e);
	if (rc == 0 || (rc > 0 && !l->groups && bytes_eq_lit(u.kind, "group")))
		return people_no_user(l->q.user, e);
	return rc < 0 ? rc : put_user(tx, w, &u, l->r, e);
}

struct kind_ask {
	struct bytes name;
	struct arena *arena;
	bool is_group;
};

static int kind_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct kind_ask *k = arg;
	struct store_group g;
	int rc = store_group_find(tx, k->name, k->arena, &g, e);
	k->is_group = rc == 1;
	return rc < 0 ? rc : 0;
}

/* Where a user or a group of this name is. */
static const char *people_path(struct http_request *r, struct bytes name)
{
	struct kind_ask k = {.name = name, .arena = http_arena(r)};
	struct err ignored = ERR_INIT;
	(void)db_run(api_of(r)->db, DB_READ, kind_tx, &k, &ignored);
	return k.is_group ? "/api/v1/groups" : "/api/v1/users";
}

int people_reply_user(struct http_request *r, unsigned status, struct bytes name, struct err *e)
{
	struct people_list l = {.r = r, .q = {.user = name}, .groups = status == 201};
	if (status == 201) {
		const char *at =
		    arena_printf(http_arena(r), "%s/%.*s", people_path(r, name), BYTES_ARG(name));
		if (!at)
			return err_set(e, ERR_NOMEM, "no memory");
		if (http_reply_header(r, "Location", bytes_of(at), e) < 0)
			return -(int)e->code;
	}
	return api_reply_read(r, status, write_user, &l, e);
}

static int get_user(struct http_request *r, struct err *e)
{
	return people_reply_user(r, 200, http_param(r, "user"), e);
}

#define PASSWORD_FIELD(type, ...)                                                                  \
	RECORD_FIELD(type, password, RECORD_TEXT, "password", __VA_ARGS__, .min = PASSWORD_MIN,    \
		     .max = PASSWORD_MAX)
struct new_user {
	struct bytes name, kind, password;
};
static const struct record_field new_user_fields[] = {
    RECORD_FIELD(struct new_user, name, RECORD_TEXT, "name",
		 "Letters, digits and `.-_@$+`, not beginning with `-` or `.`",
		 .flags = RECORD_NEEDED, .min = 1, .max = ACCESS_NAME_MAX),
    RECORD_FIELD(struct new_user, kind, RECORD_TEXT, "kind", "Default `user`", .words = kind_word),
    PASSWORD_FIELD(struct new_user, "A user needs one, a robot has none", .flags = RECORD_SECRET),
};
static const struct record_object new_user = {
    .name = "NewUser", .text = "A user or robot to create", RECORD_TABLE(new_user_fields)};

static int post_user(struct http_request *r, struct err *e)
{
	struct new_user b;
	if (api_body_read(r, &b, e) < 0)
		return -(int)e->code;
	bool robot = bytes_eq_lit(b.kind, "robot");
	if (robot && b.password.len)
		return err_set(e, ERR_FORMAT, "password: a robot has tokens only");
	if (!robot && !b.password.len)
		return err_set(e, ERR_FORMAT, "password: a user needs one");
	struct access_actor by = people_actor(r);
	int64_t id = access_user_add(api_of(r)->access, &by, b.name, robot, b.password, e);
	return id < 0 ? (int)id : people_reply_user(r, 201, b.name, e);
}

static int delete_user(struct http_request *r, struct err *e)
{
	struct access_actor by = people_actor(r);
	struct bytes name = http_param(r, "user");
	if (bytes_eq(by.name, name))
		return err_set(e, ERR_CONFLICT, "users cannot remove themselves");
	int rc = access_user_remove(api_of(r)->access, &by, name, e);
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

struct new_password {
	struct bytes password, current;
};
static const struct record_field new_password_fields[] = {
    RECORD_FIELD(struct new_password, current, RECORD_TEXT, "current_password",
		 "The current one; required to change one's own", .flags = RECORD_SECRET,
		 .max = PASSWORD_MAX),
    PASSWORD_FIELD(struct new_password, "The new one", .flags = RECORD_NEEDED | RECORD_SECRET),
};
static const struct record_object new_password = {.name = "NewPassword",
						  RECORD_TABLE(new_password_fields)};

/* An unattended session is not enough to take over an account. 0, or 1 = replied. */
static int check_current(struct http_request *r, const struct access_actor *by,
			 struct bytes current, struct err *e)
{
	struct access_login l = {.name = by->name, .password = current, .peer = by->peer};
	const struct principal *p;
	struct err why = ERR_INIT;
	if (!current.len)
		return err_set(e, ERR_FORMAT,
			       "current_password: required to change one's own password");
	int rc = secret_is_token(current)
		     ? -(int)ERR_DENIED
		     : access_login(api_of(r)->access, &l, http_arena(r), &p, &why);
	if (l.wait_sec)
		rc = api_too_many(r, l.wait_sec, e);
	else if (rc == -ERR_DENIED)
		rc = http_reply_error(r, 403, "DENIED", "current_password is wrong", e);
	else
		return rc < 0 ? err_again(e, &why) : 0;
	return rc < 0 ? rc : 1;
}

/* One's own, or everybody's for callers who may change access. */
static int put_password(struct http_request *r, struct err *e)
{
	struct new_password b;
	struct access_actor by = people_actor(r);
	bool own = by.name.len && bytes_eq(by.name, http_param(r, "user"));
	int rc = 0;
	if (api_body_read(r, &b, e) < 0)
		return -(int)e->code;
	if (own)
		rc = check_current(r, &by, b.current, e);
	else if (!access_allows(http_principal(r), ACTION_ACCESS_WRITE, BYTES_LIT("/")))
		rc = api_forbid(r, ACTION_ACCESS_WRITE, BYTES_LIT("/"), e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = access_password_set(api_of(r)->access, &by, http_param(r, "user"), b.password, e);
	if (rc == 0)
		api_owner_seen(api_of(r), http_param(r, "user"));
	return rc < 0 ? rc : http_reply_empty(r, 204, e);
}

static const struct api_doc users_doc = {
    .id = "listUsers",
    .query = &api_page_query,
    .replies =
	{{.status = 200, .text = "A page of users, by name", .of = &people_user, .list = true}},
};
static const struct api_doc post_user_doc = {
    .id = "createUser",
    .text = "It has no permissions until it has a role.",
    .body = &new_user,
    .body_example = "{\"name\": \"ci\", \"kind\": \"robot\"}",
    .replies =
	{{.status = 201, .text = "The user", .of = &people_user, .headers = &api_created_headers}},
    .errors = {409},
};
static const struct api_doc user_doc = {
    .id = "getUser",
    .replies = {{.status = 200, .text = "The user", .of = &people_user}},
};
static const struct api_doc delete_user_doc = {
    .id = "deleteUser",
    .replies = {{.status = 204, .text = "Removed, with its tokens and roles"}},
    .errors = {409},
};
static const struct api_doc password_doc = {
    .id = "setPassword",
    .body = &new_password,
    .body_example = "{\"password\": \"correct horse battery staple\"}",
    .text = "Users may change their own; another's needs " ACTION_ACCESS_WRITE ".",
    .replies = {{.status = 204, .text = "Set; the user's tokens are revoked"}},
    .errors = {403, 409, 429},
};

const struct http_route api_users_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/users",
     .handle = get_users,
     .action = ACTION_ACCESS_READ,
     .summary = "Users and robots with their roles",
     .doc = &users_doc},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/users",
     .handle = post_user,
     .action = ACTION_ACCESS_WRITE,
     .body_max = BODY_MAX,
     .summary = "Create a user or robot",
     .doc = &post_user_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/users/{user}",
     .handle = get_user,
     .action = ACTION_ACCESS_READ,
     .summary = "One user",
     .doc = &user_doc},
    {.methods = HTTP_DELETE,
     .pattern = "/api/v1/users/{user}",
     .handle = delete_user,
     .action = ACTION_ACCESS_WRITE,
     .summary = "Remove a user with tokens and roles",
     .doc = &delete_user_doc},
    {.methods = HTTP_PUT,
     .pattern = "/api/v1/users/{user}/password",
     .handle = put_password,
     .action = ACTION_ANY_PRINCIPAL,
     .body_max = BODY_MAX,
     .summary = "Set a password; revokes the user's tokens",
     .doc = &password_doc},
};
const size_t api_users_route_count = sizeof api_users_routes / sizeof *api_users_routes;
