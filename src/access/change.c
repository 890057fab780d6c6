/* Changes of users, tokens, roles and assignments. A change and its audit row are one transaction.
 */
#include "access/change.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/group.h"

#include <string.h>

#define NOTE_MAX 16384 /* bytes of an audit row's before or after */

/* No change without a complete audit row. */
static int audited_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	c->note_lost = false;
	int rc = c->fn(tx, c, e);
	if (rc >= 0 && access_db_audit_trim(tx, ACCESS_LOG_CHANGES, c->audit_max, e) < 0)
		return -(int)e->code;
	return rc >= 0 && c->note_lost ? err_set(e, ERR_NOMEM, "no memory for the audit row") : rc;
}

int change_run(struct access *a, db_fn fn, struct change *c, struct err *e)
{
	arena_init(&c->arena, CHANGE_ARENA_MAX);
	c->fn = fn;
	c->audit_max = a->audit_max;
	int rc = db_run(a->db, DB_WRITE, audited_tx, c, e);
	arena_free(&c->arena);
	return rc;
}

struct bytes change_note(struct change *c, const char *k1, struct bytes v1, const char *k2,
			 struct bytes v2)
{
	struct buf out;
	struct json_out w;
	bool kept;
	buf_init(&out, NOTE_MAX);
	json_out_init(&w, &out, false);
	json_put_object(&w, NULL);
	json_put_string(&w, k1, v1);
	if (k2)
		json_put_string(&w, k2, v2);
	json_put_end(&w, '}');
	kept = buf_ok(&out);
	struct bytes text = kept ? arena_bytes(&c->arena, buf_bytes(&out), &kept) : BYTES_NONE;
	buf_free(&out);
	c->note_lost = c->note_lost || !kept;
	return text;
}

bool change_is_name(struct bytes name)
{
	if (name.len == 0 || name.len > ACCESS_NAME_MAX || name.ptr[0] == '-' || name.ptr[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!byte_is_alnum(name.ptr[i]) && !memchr(".-_@$+", name.ptr[i], 6))
			return false;
	return true;
}

int change_principal(struct db_tx *tx, struct change *c, struct access_user *ret, struct err *e)
{
	int rc = access_db_user_find(tx, c->name, &c->arena, ret, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "no user, robot or group \"%.*s\"",
			       BYTES_ARG(c->name));
	return rc < 0 ? rc : 0;
}

int change_user(struct db_tx *tx, struct change *c, struct access_user *ret, struct err *e)
{
	int rc = access_db_user_find(tx, c->name, &c->arena, ret, e);
	if (rc == 0 || (rc > 0 && bytes_eq_lit(ret->kind, "group")))
		return err_set(e, ERR_NOT_FOUND, "no user \"%.*s\"", BYTES_ARG(c->name));
	return rc < 0 ? rc : 0;
}

static int user_add_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	if (c->only_first) {
		int64_t users = access_db_user_count(tx, e);
		if (users != 0)
			return users < 0 ? (int)users : 0;
	}
	struct bytes kind = c->robot ? BYTES_LIT("robot") : BYTES_LIT("user");
	c->made = access_db_user_add(tx,
				     &(struct access_user){.name = c->name,
							   .kind = kind,
							   .password = c->password,
							   .enabled = true,
							   .created_at = clock_wall_ms()},
				     e);
	if (c->made < 0)
		return (int)c->made;
	if (c->only_first) {
		struct store_scope root;
		int found = store_scope_resolve(tx, BYTES_LIT("/"), false, &c->arena, &root, e);
		if (found <= 0 || access_db_assignment_add(
				      tx,
				      &(struct access_assignment){.user_id = c->made,
								  .role = BYTES_LIT(ROLE_OWNER),
								  .scope_id = root.id,
								  .created_at = clock_wall_ms()},
				      e) < 0)
			return found == 0 ? err_set(e, ERR_DAMAGED, "there is no root scope")
					  : -(int)e->code;
	}
	int rc = access_audit(tx, c->by, AUDIT_USER_ADD, c->name, BYTES_NONE,
			      change_note(c, "kind", kind, NULL, BYTES_NONE), e);
	return rc < 0 ? rc : 1;
}

static int is_new_tx(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t users = access_db_user_count(tx, e);
	*(bool *)arg = users == 0;
	return users < 0 ? (int)users : 0;
}

int access_is_new(struct access *a, struct err *e)
{
	bool is_new = false;
	int rc = db_run(a->db, DB_READ, is_new_tx, &is_new, e);
	return rc < 0 ? rc : is_new;
}

int access_owner_add(struct access *a, struct bytes password, struct err *e)
{
	struct arena arena;
	const struct access_actor by = {.name = BYTES_LIT("first start")};
	struct change c = {.by = &by, .name = BYTES_LIT(ACCESS_OWNER), .only_first = true};
	arena_init(&arena, CHANGE_ARENA_MAX);
	int rc = secret_password_hash(password, &arena, &c.password, e);
	if (rc == 0)
		rc = change_run(a, user_add_tx, &c, e);
	arena_free(&arena);
	return rc;
}

int access_bootstrap(struct access *a, char secret[SECRET_TOKEN_CAP], struct err *e)
{
	char made[SECRET_TOKEN_CAP];
	int rc = secret_token_new(made, e);
	/* Without the prefix of tokens: it is a password. */
	struct bytes password = bytes_from(bytes_of(made), 4);
	if (rc == 0)
		rc = access_owner_add(a, password, e);
	if (rc == 1) {
		memcpy(secret, password.ptr, password.len);
		secret[password.len] = '\0';
	}
	secret_wipe(made, sizeof made);
	return rc;
}

int64_t access_user_add(struct access *a, const struct access_actor *by, struct bytes name,
			bool robot, struct bytes password, struct err *e)
{
	struct arena arena;
	struct change c = {.by = by, .name = name, .robot = robot};
	if (!change_is_name(name))
		return err_set(e, ERR_FORMAT, "\"%.*s\" is no user name", BYTES_ARG(name));
	arena_init(&arena, CHANGE_ARENA_MAX);
	int rc = 0;
	if (password.len > 0) /* robots have tokens only */
		rc = secret_password_hash(password, &arena, &c.password, e);
	if (rc == 0)
		rc = change_run(a, user_add_tx, &c, e);
	arena_free(&arena);
	state_forget(a);
	return rc < 0 ? rc : c.made;
}

static int password_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct access_user u;
	int rc = change_user(tx, c, &u, e);
	if (rc < 0)
		return rc;
	if (bytes_eq_lit(u.kind, "robot"))
		return err_set(e, ERR_CONFLICT, "%.*s is a robot: it has tokens only",
			       BYTES_ARG(c->name));
	int64_t n = access_db_user_set(tx, u.id, c->password, u.enabled, e);
	if (n >= 0)
		n = access_db_token_remove_all(tx, u.id, e);
	if (n < 0)
		return (int)n;
	return access_audit(tx, c->by, AUDIT_USER_PASSWORD, c->name, BYTES_NONE, BYTES_NONE, e);
}

int access_password_set(struct access *a, const struct access_actor *by, struct bytes name,
			struct bytes password, struct err *e)
{
	struct arena arena;
	struct change c = {.by = by, .name = name};
	arena_init(&arena, CHANGE_ARENA_MAX);
	int rc = secret_password_hash(password, &arena, &c.password, e);
	if (rc == 0)
		rc = change_run(a, password_tx, &c, e);
	arena_free(&arena);
	state_forget(a);
	return rc < 0 ? rc : 0;
}

static int user_remove_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct access_user u;
	int rc = change_user(tx, c, &u, e);
	if (rc < 0)
		return rc;
	int64_t n = access_db_user_remove(tx, u.id, e);
	if (n < 0)
		return (int)n;
	return access_audit(tx, c->by, AUDIT_USER_REMOVE, c->name,
			    change_note(c, "kind", u.kind, NULL, BYTES_NONE), BYTES_NONE, e);
}

int access_user_remove(struct access *a, const struct access_actor *by, struct bytes name,
		       struct err *e)
{
	struct change c = {.by = by, .name = name};
	int rc = change_run(a, user_remove_tx, &c, e);
	state_forget(a);
	return rc < 0 ? rc : 0;
}

/* The identifier of a role given by GUID or name; scopes: where it may be assigned, one a line,
 * empty = anywhere. */
static int role_id(struct db_tx *tx, struct change *c, struct bytes *ret, struct bytes *ret_scopes,
		   struct err *e)
{
	const struct role *role = role_find(c->role);
	struct access_role_row row;
	*ret_scopes = BYTES_NONE;
	if (role) {
		*ret = bytes_of(role->id);
		return 0;
	}
	int rc = access_db_role_find(tx, c->role, &c->arena, &row, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "no role \"%.*s\"", BYTES_ARG(c->role));
	if (rc < 0)
		return rc;
	*ret = row.id;
	*ret_scopes = row.scopes;
	return 0;
}

/* One of these scopes is the scope or above it. */
static int is_assignable(struct db_tx *tx, struct change *c, struct bytes scopes,
			 const struct store_scope *s, struct err *e)
{
	int64_t ids[ACCESS_ROLE_SCOPES_MAX];
	struct visibility v = {.scopes = ids};
	if (!scopes.len)
		return 0;
	while (scopes.len && v.count < ACCESS_ROLE_SCOPES_MAX) {
		struct store_scope at;
		int rc =
		    store_scope_resolve(tx, bytes_cut(&scopes, '\n'), false, &c->arena, &at, e);
		if (rc < 0)
			return rc;
		if (rc > 0)
			ids[v.count++] = at.id;
	}
	int rc = store_scope_is_visible(tx, s->id, &v, e);
	return rc != 0 ? (rc < 0 ? rc : 0)
		       : err_set(e, ERR_CONFLICT, "the role %.*s may not be assigned at %.*s",
				 BYTES_ARG(c->role), BYTES_ARG(c->scope));
}

/* The most assignments that count for one user, if the row gets one more. */
static int check_grants(struct db_tx *tx, const struct access_user *u, struct err *e)
{
	bool group = bytes_eq_lit(u->kind, "group");
	int64_t own = access_db_assignment_count(tx, u->id, e);
	int64_t n = own < 0 ? own
		    : group ? store_member_grants_most(tx, u->id, e)
			    : store_member_grants(tx, u->id, e);
	if (n < 0)
		return (int)n;
	if (own < ACCESS_GRANTS_MAX && n < ACCESS_GRANTS_MAX)
		return 0;
	return err_set(e, ERR_CONFLICT,
		       "%.*s has %d role assignments%s, the most there may be: assign one at a "
		       "wider scope",
		       BYTES_ARG(u->name), ACCESS_GRANTS_MAX,
		       group ? " or a member with as many" : ", with those of its groups");
}

int change_allowed(struct db_tx *tx, const struct change *c, int64_t scope, struct bytes text,
		   struct err *e)
{
	if (!c->by->may || c->by->may->all)
		return 0;
	int rc = scope ? store_scope_is_visible(tx, scope, c->by->may, e) : 0;
	if (rc == 0)
		return err_set(e, ERR_DENIED,
			       "this needs the action " ACTION_ACCESS_WRITE " at %.*s",
			       BYTES_ARG(bytes_part(text, 0, 300)));
	return rc < 0 ? rc : 0;
}

static int scope_of(struct db_tx *tx, struct change *c, bool make, struct store_scope *ret,
		    struct err *e)
{
	int rc = store_scope_resolve(tx, c->scope, make, &c->arena, ret, e);
	if (rc >= 0 && change_allowed(tx, c, rc ? ret->id : 0, c->scope, e) < 0)
		return -(int)e->code;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no scope \"%.*s\"", BYTES_ARG(c->scope));
	return rc;
}

static int assign_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct access_user u;
	struct store_scope scope;
	struct bytes role = BYTES_NONE, scopes = BYTES_NONE;
	/* First whether he may: the answer must not tell who and what there is. */
	int rc = scope_of(tx, c, true, &scope, e);
	if (rc >= 0)
		rc = change_principal(tx, c, &u, e);
	if (rc == 0)
		rc = role_id(tx, c, &role, &scopes, e);
	if (rc >= 0)
		rc = is_assignable(tx, c, scopes, &scope, e);
	if (rc >= 0)
		rc = check_grants(tx, &u, e);
	if (rc < 0)
		return rc;
	int64_t id = access_db_assignment_add(
	    tx,
	    &(struct access_assignment){
		.user_id = u.id, .role = role, .scope_id = scope.id, .created_at = clock_wall_ms()},
	    e);
	if (id < 0)
		return (int)id;
	return access_audit(tx, c->by, AUDIT_ROLE_ASSIGN, c->name, BYTES_NONE,
			    change_note(c, "role", role, "scope", c->scope), e);
}

int access_assign(struct access *a, const struct access_actor *by, struct bytes user,
		  struct bytes role, struct bytes scope, struct err *e)
{
	struct change c = {.by = by, .name = user, .role = role, .scope = scope};
	int rc = change_run(a, assign_tx, &c, e);
	return rc < 0 ? rc : 0;
}

static int unassign_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct access_user u;
	struct bytes role = BYTES_NONE, scopes;
	struct access_assignment m = {.id = 0};
	struct store_scope scope;
	int rc = scope_of(tx, c, false, &scope, e);
	if (rc >= 0)
		rc = change_principal(tx, c, &u, e);
	if (rc == 0)
		rc = role_id(tx, c, &role, &scopes, e);
	if (rc >= 0)
		rc = bytes_eq(c->by->name, c->name) ? 1 : change_is_own(tx, c, u.id, e);
	if (rc > 0)
		return err_set(e, ERR_CONFLICT,
			       "users cannot remove their own roles, nor those of their groups");
	if (rc < 0)
		return rc;
	do {
		rc = access_db_assignment_next(tx, u.id, m.id, &c->arena, &m, e);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return err_set(e, ERR_NOT_FOUND, "no such assignment");
	} while (!bytes_eq(m.role, role) || m.scope_id != scope.id);
	int64_t n = access_db_assignment_remove(tx, m.id, e);
	if (n < 0)
		return (int)n;
	return access_audit(tx, c->by, AUDIT_ROLE_UNASSIGN, c->name,
			    change_note(c, "role", role, "scope", c->scope), BYTES_NONE, e);
}

int access_unassign(struct access *a, const struct access_actor *by, struct bytes user,
		    struct bytes role, struct bytes scope, struct err *e)
{
	struct change c = {.by = by, .name = user, .role = role, .scope = scope};
	int rc = change_run(a, unassign_tx, &c, e);
	return rc < 0 ? rc : 0;
}

/* The number of a user's tokens is bounded: personal ones the user must revoke, of others
 * the oldest are. */
static int64_t tokens_limit(struct db_tx *tx, const struct change *c, struct err *e)
{
	bool personal = bytes_eq_lit(c->token.kind, "personal");
	int64_t n = access_db_token_count(tx, c->user_id, c->token.kind, e);
	if (personal && n >= ACCESS_PERSONAL_MAX)
		return err_set(e, ERR_CONFLICT,
			       "the user has %d tokens, the most there may be: end one",
			       ACCESS_PERSONAL_MAX);
	if (!personal && n >= ACCESS_REFRESH_MAX)
		n = access_db_token_keep(tx, c->user_id, c->token.kind, ACCESS_REFRESH_MAX - 1, e);
	return n;
}

static int token_add_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct access_user u;
	int rc = access_db_user_get(tx, c->user_id, &c->arena, &u, e);
	if (rc == 0 || (rc > 0 && bytes_eq_lit(u.kind, "group")))
		return err_set(e, ERR_NOT_FOUND, "no such user");
	if (rc < 0)
		return rc;
	int64_t n = access_db_token_prune(tx, clock_wall_ms(), e);
	if (n >= 0)
		n = tokens_limit(tx, c, e);
	if (n < 0)
		return (int)n;
	c->token.created_at = clock_wall_ms();
	c->made = access_db_token_add(tx, &c->token, e);
	if (c->made < 0)
		return (int)c->made;
	return access_audit(tx, c->by, AUDIT_TOKEN_ADD, u.name, BYTES_NONE,
			    change_note(c, "kind", c->token.kind, "name", c->token.name), e);
}

int access_token_add(struct access *a, const struct access_actor *by,
		     const struct access_token *row, char token[SECRET_TOKEN_CAP], struct err *e)
{
	struct change c = {.by = by, .user_id = row->user_id, .token = *row};
	char made[SECRET_TOKEN_CAP];
	uint8_t hash[SECRET_HASH_LEN];
	c.token.hash = (struct bytes){.ptr = hash, .len = sizeof hash};
	int rc = secret_token_new(made, e);
	if (rc == 0)
		rc = secret_sha256(bytes_of(made), hash, e);
	if (rc == 0)
		rc = change_run(a, token_add_tx, &c, e);
	if (rc >= 0)
		memcpy(token, made, sizeof made);
	secret_wipe(made, sizeof made);
	return rc < 0 ? rc : 0;
}

static int token_remove_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct access_user u;
	int rc = access_db_user_get(tx, c->user_id, &c->arena, &u, e);
	if (rc < 0)
		return rc;
	int64_t n = rc == 0 ? 0 : access_db_token_remove(tx, c->user_id, c->token_id, e);
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "no such token");
	if (n < 0)
		return (int)n;
	return access_audit(tx, c->by, AUDIT_TOKEN_REMOVE, u.name, BYTES_NONE, BYTES_NONE, e);
}

int access_token_remove(struct access *a, const struct access_actor *by, int64_t user_id,
			int64_t token_id, struct err *e)
{
	struct change c = {.by = by, .user_id = user_id, .token_id = token_id};
	int rc = change_run(a, token_remove_tx, &c, e);
	return rc < 0 ? rc : 0;
}

static int session_end_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct access_token t;
	int64_t n = access_db_token_find(tx, c->token.hash, &c->arena, &t, e);
	if (n > 0 && secret_eq(t.hash, c->token.hash) && bytes_eq_lit(t.kind, "session"))
		n = access_db_token_remove(tx, t.user_id, t.id, e);
	else if (n > 0)
		n = 0;
	if (n <= 0)
		return (int)n;
	return access_audit(tx, c->by, AUDIT_SESSION_END, c->by->name, BYTES_NONE, BYTES_NONE, e);
}

int access_session_end(struct access *a, const struct access_actor *by, struct bytes token,
		       struct err *e)
{
	uint8_t hash[SECRET_HASH_LEN];
	struct change c = {.by = by, .token = {.hash = {.ptr = hash, .len = sizeof hash}}};
	int rc = secret_sha256(token, hash, e);
	return rc < 0 ? rc : change_run(a, session_end_tx, &c, e);
}
