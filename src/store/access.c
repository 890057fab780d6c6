#include "store/access.h"

#include "store/like.h"
#include "store/scope.h"

#include <stdint.h>
#include <string.h>

/* One row or none: fill reads the columns of the row into ret. */
typedef bool (*fill_fn)(struct db_stmt *s, struct arena *a, void *ret);

static int one(struct db_stmt *s, fill_fn fill, struct arena *a, void *ret, struct err *e)
{
	if (!s)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	int rc = db_step(s, e);
	if (rc == 1 && !fill(s, a, ret))
		rc = err_set(e, ERR_NOMEM, "access row");
	db_done(s);
	return rc;
}

/* Take the next number of the table's counter as the row's id and run its INSERT. */
static int64_t add(struct db_tx *tx, const char *counter, const char *text, struct db_value *args,
		   size_t count, struct err *e)
{
	int64_t id = db_id_next(tx, counter, e);
	if (id < 0)
		return id;
	args[0] = DB_I(id);
	int64_t n = db_exec(tx, text, args, count, e);
	return n < 0 ? n : id;
}

static bool user_fill(struct db_stmt *s, struct arena *a, void *arg)
{
	struct access_user *u = arg;
	bool ok = true;
	*u = (struct access_user){
	    .id = db_int(s, 0),
	    .name = db_keep(s, 1, a, &ok),
	    .kind = db_keep(s, 2, a, &ok),
	    .password = db_keep(s, 3, a, &ok),
	    .enabled = db_int(s, 4) != 0,
	    .created_at = db_int(s, 5),
	};
	return ok;
}

#define USER_COLUMNS "SELECT id,name,kind,password,enabled,created_at FROM access_user "

int64_t access_db_user_add(struct db_tx *tx, const struct access_user *u, struct err *e)
{
	struct db_value args[] = {DB_N,
				  DB_T(u->name),
				  DB_T(u->kind),
				  DB_T(u->password),
				  DB_I(u->enabled),
				  DB_I(u->created_at)};
	return add(tx, "access_user",
		   "INSERT INTO access_user(id,name,kind,password,enabled,created_at)"
		   " VALUES($1,$2,$3,$4,$5,$6)",
		   args, sizeof args / sizeof *args, e);
}

int access_db_user_find(struct db_tx *tx, struct bytes name, struct arena *a,
			struct access_user *ret, struct err *e)
{
	return one(db_query(tx, USER_COLUMNS "WHERE name=$1", DB_ARGS(DB_T(name)), e), user_fill, a,
		   ret, e);
}

int access_db_user_get(struct db_tx *tx, int64_t id, struct arena *a, struct access_user *ret,
		       struct err *e)
{
	return one(db_query(tx, USER_COLUMNS "WHERE id=$1", DB_ARGS(DB_I(id)), e), user_fill, a,
		   ret, e);
}

int access_db_user_next(struct db_tx *tx, struct bytes after, bool groups, struct arena *a,
			struct access_user *ret, struct err *e)
{
	return one(db_query(tx,
			    USER_COLUMNS "WHERE name>$1 AND (kind<>'group' OR $2=1)"
					 " ORDER BY name LIMIT 1",
			    DB_ARGS(DB_T(after), DB_I(groups)), e),
		   user_fill, a, ret, e);
}

int64_t access_db_user_set(struct db_tx *tx, int64_t id, struct bytes password, bool enabled,
			   struct err *e)
{
	return db_exec(tx, "UPDATE access_user SET password=$2,enabled=$3 WHERE id=$1",
		       DB_ARGS(DB_I(id), DB_T(password), DB_I(enabled)), e);
}

int64_t access_db_user_remove(struct db_tx *tx, int64_t id, struct err *e)
{
	int64_t n = access_db_token_remove_all(tx, id, e);
	if (n >= 0)
		n = db_exec(tx, "DELETE FROM access_member WHERE user_id=$1", DB_ARGS(DB_I(id)), e);
	if (n >= 0)
		n = db_exec(tx, "DELETE FROM access_identity WHERE user_id=$1", DB_ARGS(DB_I(id)),
			    e);
	if (n >= 0)
		n = db_exec(tx, "DELETE FROM access_assignment WHERE user_id=$1", DB_ARGS(DB_I(id)),
			    e);
	if (n >= 0)
		n = db_exec(tx, "DELETE FROM access_user WHERE id=$1", DB_ARGS(DB_I(id)), e);
	return n;
}

static bool count_fill(struct db_stmt *s, struct arena *a, void *arg)
{
	(void)a;
	int64_t *n = arg;
	*n = db_int(s, 0);
	return true;
}

int64_t access_db_user_count(struct db_tx *tx, struct err *e)
{
	int64_t n = 0;
	int rc =
	    one(db_query(tx, "SELECT count(*) FROM access_user WHERE kind<>'group'", NULL, 0, e),
		count_fill, NULL, &n, e);
	return rc < 0 ? rc : n;
}

static bool token_fill(struct db_stmt *s, struct arena *a, void *arg)
{
	struct access_token *t = arg;
	bool ok = true;
	*t = (struct access_token){
	    .id = db_int(s, 0),
	    .user_id = db_int(s, 1),
	    .kind = db_keep(s, 2, a, &ok),
	    .name = db_keep(s, 3, a, &ok),
	    .hash = db_keep(s, 4, a, &ok),
	    .created_at = db_int(s, 5),
	    .expires_at = db_int(s, 6),
	};
	return ok;
}

#define TOKEN_COLUMNS "SELECT id,user_id,kind,name,hash,created_at,expires_at FROM access_token "

int64_t access_db_token_add(struct db_tx *tx, const struct access_token *t, struct err *e)
{
	struct db_value args[] = {
	    DB_N,	   DB_I(t->user_id),	DB_T(t->kind),	    DB_T(t->name),
	    DB_B(t->hash), DB_I(t->created_at), DB_I(t->expires_at)};
	return add(tx, "access_token",
		   "INSERT INTO access_token(id,user_id,kind,name,hash,created_at,expires_at)"
		   " VALUES($1,$2,$3,$4,$5,$6,$7)",
		   args, sizeof args / sizeof *args, e);
}

int access_db_token_find(struct db_tx *tx, struct bytes hash, struct arena *a,
			 struct access_token *ret, struct err *e)
{
	return one(db_query(tx, TOKEN_COLUMNS "WHERE hash=$1", DB_ARGS(DB_B(hash)), e), token_fill,
		   a, ret, e);
}

int access_db_token_next(struct db_tx *tx, int64_t user_id, int64_t after_id, struct arena *a,
			 struct access_token *ret, struct err *e)
{
	return one(db_query(tx, TOKEN_COLUMNS "WHERE user_id=$1 AND id>$2 ORDER BY id LIMIT 1",
			    DB_ARGS(DB_I(user_id), DB_I(after_id)), e),
		   token_fill, a, ret, e);
}

int64_t access_db_token_remove(struct db_tx *tx, int64_t user_id, int64_t id, struct err *e)
{
	return db_exec(tx, "DELETE FROM access_token WHERE user_id=$1 AND id=$2",
		       DB_ARGS(DB_I(user_id), DB_I(id)), e);
}

int64_t access_db_token_count(struct db_tx *tx, int64_t user_id, struct bytes kind, struct err *e)
{
	int64_t n = 0;
	int rc = one(db_query(tx, "SELECT count(*) FROM access_token WHERE user_id=$1 AND kind=$2",
			      DB_ARGS(DB_I(user_id), DB_T(kind)), e),
		     count_fill, NULL, &n, e);
	return rc < 0 ? rc : n;
}

int64_t access_db_token_keep(struct db_tx *tx, int64_t user_id, struct bytes kind, int64_t keep,
			     struct err *e)
{
	return db_exec(tx,
		       "DELETE FROM access_token WHERE user_id=$1 AND kind=$2 AND id NOT IN"
		       " (SELECT id FROM access_token WHERE user_id=$1 AND kind=$2"
		       " ORDER BY id DESC LIMIT $3)",
		       DB_ARGS(DB_I(user_id), DB_T(kind), DB_I(keep)), e);
}

int64_t access_db_token_remove_all(struct db_tx *tx, int64_t user_id, struct err *e)
{
	return db_exec(tx, "DELETE FROM access_token WHERE user_id=$1", DB_ARGS(DB_I(user_id)), e);
}

int64_t access_db_token_prune(struct db_tx *tx, int64_t before_ms, struct err *e)
{
	return db_exec(tx, "DELETE FROM access_token WHERE expires_at>0 AND expires_at<$1",
		       DB_ARGS(DB_I(before_ms)), e);
}

#define ASSIGNMENTS                                                                                \
	"SELECT m.id,m.user_id,m.role," STORE_SCOPE_PATH ",m.created_at,m.scope_id"                \
	" FROM access_assignment m JOIN scope s ON s.id=m.scope_id"                                \
	" LEFT JOIN scope o ON o.id=s.owner_id"

static bool assignment_fill(struct db_stmt *s, struct arena *a, void *arg)
{
	struct access_assignment *m = arg;
	bool ok = true;
	*m = (struct access_assignment){
	    .id = db_int(s, 0),
	    .user_id = db_int(s, 1),
	    .role = db_keep(s, 2, a, &ok),
	    .scope = db_keep(s, 3, a, &ok),
	    .created_at = db_int(s, 4),
	    .scope_id = db_int(s, 5),
	};
	return ok;
}

int64_t access_db_assignment_add(struct db_tx *tx, const struct access_assignment *m, struct err *e)
{
	struct db_value args[] = {DB_N, DB_I(m->user_id), DB_T(m->role), DB_I(m->scope_id),
				  DB_I(m->created_at)};
	return add(tx, "access_assignment",
		   "INSERT INTO access_assignment(id,user_id,role,scope_id,created_at)"
		   " VALUES($1,$2,$3,$4,$5)",
		   args, sizeof args / sizeof *args, e);
}

int access_db_assignment_next(struct db_tx *tx, int64_t user_id, int64_t after_id, struct arena *a,
			      struct access_assignment *ret, struct err *e)
{
	return one(db_query(tx, ASSIGNMENTS " WHERE m.user_id=$1 AND m.id>$2 ORDER BY m.id LIMIT 1",
			    DB_ARGS(DB_I(user_id), DB_I(after_id)), e),
		   assignment_fill, a, ret, e);
}

static int list_assignments(struct db_stmt *s, struct arena *a, struct access_assignment **ret,
			    size_t *ret_count, struct err *e)
{
	struct access_assignment *list = NULL;
	size_t n = 0, cap = 0;
	int rc = s ? 1 : -(int)e->code;
	while (rc > 0 && (rc = db_step(s, e)) == 1) {
		list = arena_grow(a, list, n, &cap, sizeof *list);
		if (!list || !assignment_fill(s, a, &list[n++]))
			rc = err_set(e, ERR_NOMEM, "access row");
	}
	db_done(s);
	*ret = list;
	*ret_count = n;
	return rc;
}

int access_db_assignment_all(struct db_tx *tx, int64_t user_id, struct arena *a,
			     struct access_assignment **ret, size_t *ret_count, struct err *e)
{
	return list_assignments(
	    db_query(tx, ASSIGNMENTS " WHERE " ACCESS_ASSIGNED_TO("$1") " ORDER BY m.id",
		     DB_ARGS(DB_I(user_id)), e),
	    a, ret, ret_count, e);
}

int access_db_assignment_list(struct db_tx *tx, int64_t user_id, struct arena *a,
			      struct access_assignment **ret, size_t *ret_count, struct err *e)
{
	return list_assignments(db_query(tx, ASSIGNMENTS " WHERE m.user_id=$1 ORDER BY m.id",
					 DB_ARGS(DB_I(user_id)), e),
				a, ret, ret_count, e);
}

/* Each request asks this. Registries and what is above them are few, so they are gone through: what
 * is below a scope may be thousands of repositories, which a count keeps any engine from. */
int access_db_assignment_below(struct db_tx *tx, int64_t user_id, struct arena *a,
			       struct access_assignment **ret, size_t *ret_count, struct err *e)
{
	return list_assignments(
	    db_query(tx,
		     "SELECT 0,m.user_id,m.role," STORE_SCOPE_PATH ",m.created_at,0"
		     " FROM access_assignment m CROSS JOIN scope g CROSS JOIN scope s"
		     " LEFT JOIN scope o ON o.id=s.owner_id"
		     " WHERE g.id=m.scope_id AND g.kind IN (1,2,3) AND s.kind IN (1,2,3,4)"
		     " AND (SELECT count(*) FROM scope_up u WHERE u.scope_id=s.id"
		     " AND u.ancestor_id=g.id AND u.distance>0)=1"
		     " AND " ACCESS_ASSIGNED_TO("$1") " ORDER BY m.role,s.id",
		     DB_ARGS(DB_I(user_id)), e),
	    a, ret, ret_count, e);
}

int access_db_holder_next(struct db_tx *tx, struct bytes after, const struct visibility *v,
			  struct arena *a, struct access_user *ret, struct err *e)
{
	return one(db_query(tx,
			    USER_COLUMNS
			    "WHERE name>$1 AND EXISTS (SELECT 1 FROM access_assignment m"
			    " WHERE m.user_id=access_user.id AND " STORE_VISIBLE(
				"m.scope_id", "$2", "$3") ") ORDER BY name LIMIT 1",
			    DB_ARGS(DB_T(after), STORE_VISIBLE_ARGS(v)), e),
		   user_fill, a, ret, e);
}

int access_db_assignment_total(struct db_tx *tx, int64_t user_id, const struct visibility *v,
			       struct total *ret, struct err *e)
{
	return total_read(
	    tx,
	    TOTAL_OF("access_assignment m WHERE ($1 = 0 OR m.user_id = $1) AND " STORE_VISIBLE(
		"m.scope_id", "$2", "$3")),
	    DB_ARGS(DB_I(user_id), STORE_VISIBLE_ARGS(v)), ret, e);
}

int64_t access_db_assignment_count(struct db_tx *tx, int64_t user_id, struct err *e)
{
	int64_t n = 0;
	int rc = one(db_query(tx, "SELECT count(*) FROM access_assignment WHERE user_id=$1",
			      DB_ARGS(DB_I(user_id)), e),
		     count_fill, NULL, &n, e);
	return rc < 0 ? rc : n;
}

int64_t access_db_assignment_remove(struct db_tx *tx, int64_t id, struct err *e)
{
	return db_exec(tx, "DELETE FROM access_assignment WHERE id=$1", DB_ARGS(DB_I(id)), e);
}

static bool role_fill(struct db_stmt *s, struct arena *a, void *arg)
{
	struct access_role_row *r = arg;
	bool ok = true;
	*r = (struct access_role_row){
	    .id = db_keep(s, 0, a, &ok),
	    .name = db_keep(s, 1, a, &ok),
	    .actions = db_keep(s, 2, a, &ok),
	    .description = db_keep(s, 3, a, &ok),
	    .scopes = db_keep(s, 4, a, &ok),
	};
	return ok;
}

#define ROLE_COLUMNS "SELECT id,name,actions,description,scopes FROM access_role "

int64_t access_db_role_put(struct db_tx *tx, const struct access_role_row *r, struct err *e)
{
	return db_exec(tx,
		       "INSERT INTO access_role(id,name,actions,description,scopes)"
		       " VALUES($1,$2,$3,$4,$5) ON CONFLICT(id) DO UPDATE SET name=excluded.name,"
		       "actions=excluded.actions,description=excluded.description,"
		       "scopes=excluded.scopes",
		       DB_ARGS(DB_T(r->id), DB_T(r->name), DB_T(r->actions), DB_T(r->description),
			       DB_T(r->scopes)),
		       e);
}

int access_db_role_find(struct db_tx *tx, struct bytes id_or_name, struct arena *a,
			struct access_role_row *ret, struct err *e)
{
	return one(db_query(tx, ROLE_COLUMNS "WHERE id=$1 OR name=$1 LIMIT 1",
			    DB_ARGS(DB_T(id_or_name)), e),
		   role_fill, a, ret, e);
}

int access_db_role_next(struct db_tx *tx, struct bytes after_id, struct arena *a,
			struct access_role_row *ret, struct err *e)
{
	return one(db_query(tx, ROLE_COLUMNS "WHERE id>$1 ORDER BY id LIMIT 1",
			    DB_ARGS(DB_T(after_id)), e),
		   role_fill, a, ret, e);
}

int64_t access_db_role_remove(struct db_tx *tx, struct bytes id, struct err *e)
{
	return db_exec(tx, "DELETE FROM access_role WHERE id=$1", DB_ARGS(DB_T(id)), e);
}

int64_t access_db_role_uses(struct db_tx *tx, struct bytes id, struct err *e)
{
	int64_t n = 0;
	int rc = one(db_query(tx, "SELECT count(*) FROM access_assignment WHERE role=$1",
			      DB_ARGS(DB_T(id)), e),
		     count_fill, NULL, &n, e);
	return rc < 0 ? rc : n;
}

int64_t access_db_role_uses_beyond(struct db_tx *tx, struct bytes id, const struct visibility *v,
				   struct err *e)
{
	int64_t n = 0;
	int rc = one(
	    db_query(
		tx,
		"SELECT count(*) FROM access_assignment m WHERE m.role=$1 AND NOT " STORE_VISIBLE(
		    "m.scope_id", "$2", "$3"),
		DB_ARGS(DB_T(id), STORE_VISIBLE_ARGS(v)), e),
	    count_fill, NULL, &n, e);
	return rc < 0 ? rc : n;
}

#define COLUMNS "id,at,actor,peer,action,subject,before,after,chain"
static bool audit_fill(struct db_stmt *s, struct arena *a, void *arg)
{
	struct access_audit *row = arg;
	bool ok = true;
	*row = (struct access_audit){
	    .id = db_int(s, 0),
	    .at = db_int(s, 1),
	    .actor = db_keep(s, 2, a, &ok),
	    .peer = db_keep(s, 3, a, &ok),
	    .action = db_keep(s, 4, a, &ok),
	    .subject = db_keep(s, 5, a, &ok),
	    .before = db_keep(s, 6, a, &ok),
	    .after = db_keep(s, 7, a, &ok),
	    .chain = db_keep(s, 8, a, &ok),
	};
	return ok;
}

/* What of a row is wanted; a denial's note is JSON that is written in one form (access/denial.c).
 */
#define WANTED(action)                                                                             \
	"($1='' OR " action                                                                        \
	") AND ($2='' OR actor=$2) AND ($3='' OR subject {LIKE} $3" LIKE_ESCAPE ")"
#define BY_CODE "action=$1"
#define BY_LACK "action=$1 OR after LIKE '%\"needs\":\"' || $1 || '\"%'"
#define WANTED_ARGS(q) DB_T((q)->action), DB_T((q)->actor), DB_T((q)->subject)
/* One text a table: a name cannot be a parameter. */
#define LOG(table, wanted)                                                                         \
	{                                                                                          \
		table,                                                                             \
		    "INSERT INTO " table "(id,at,actor,peer,action,subject,before,after,chain)"    \
		    " VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9)",                                         \
		    "DELETE FROM " table " WHERE id<=(SELECT max(id) FROM " table ")-$1",          \
		    "SELECT " COLUMNS " FROM " table " WHERE id<$1 ORDER BY id DESC LIMIT 1",      \
		    "SELECT " COLUMNS " FROM " table                                               \
		    " WHERE " WANTED(wanted) " AND id<$4 ORDER BY id DESC LIMIT 1",                \
		    TOTAL_OF(table), TOTAL_OF(table " WHERE " WANTED(wanted))                      \
	}
static const struct {
	const char *counter, *add, *trim, *next, *find, *total, *found;
} logs[] = {[ACCESS_LOG_CHANGES] = LOG("access_audit", BY_CODE),
	    [ACCESS_LOG_TRAFFIC] = LOG("access_traffic", BY_CODE),
	    [ACCESS_LOG_DENIALS] = LOG("access_denial", BY_LACK)};

int64_t access_db_audit_add(struct db_tx *tx, enum access_log log, const struct access_audit *row,
			    struct err *e)
{
	struct db_value args[] = {DB_N,
				  DB_I(row->at),
				  DB_T(row->actor),
				  DB_T(row->peer),
				  DB_T(row->action),
				  DB_T(row->subject),
				  DB_T(row->before),
				  DB_T(row->after),
				  DB_T(row->chain)};
	return add(tx, logs[log].counter, logs[log].add, args, sizeof args / sizeof *args, e);
}

int access_db_audit_trim(struct db_tx *tx, enum access_log log, uint64_t max, struct err *e)
{
	int64_t n = db_exec(tx, logs[log].trim, DB_ARGS(DB_I(max)), e);
	return n < 0 ? (int)n : 0;
}

int access_db_audit_next(struct db_tx *tx, enum access_log log, int64_t before_id, struct arena *a,
			 struct access_audit *ret, struct err *e)
{
	return one(db_query(tx, logs[log].next, DB_ARGS(DB_I(before_id)), e), audit_fill, a, ret,
		   e);
}

static bool is_any(const struct access_audit_query *q)
{
	return !q->action.len && !q->actor.len && !q->subject.len;
}

int access_db_audit_find(struct db_tx *tx, enum access_log log, const struct access_audit_query *q,
			 int64_t before_id, struct arena *a, struct access_audit *ret,
			 struct err *e)
{
	if (is_any(q))
		return access_db_audit_next(tx, log, before_id, a, ret, e);
	return one(db_query(tx, logs[log].find, DB_ARGS(WANTED_ARGS(q), DB_I(before_id)), e),
		   audit_fill, a, ret, e);
}

int access_db_audit_total(struct db_tx *tx, enum access_log log, const struct access_audit_query *q,
			  struct total *ret, struct err *e)
{
	return is_any(q) ? total_read(tx, logs[log].total, NULL, 0, ret, e)
			 : total_read(tx, logs[log].found, DB_ARGS(WANTED_ARGS(q)), ret, e);
}

int access_db_total(struct db_tx *tx, enum access_list list, int64_t user_id, struct total *ret,
		    struct err *e)
{
	static const char *const texts[ACCESS_LIST_COUNT] = {
	    [ACCESS_USERS] = TOTAL_OF("access_user WHERE kind<>'group'"),
	    [ACCESS_ROLES] = TOTAL_OF("access_role"),
	    [ACCESS_ASSIGNMENTS] = TOTAL_OF("access_assignment"),
	    [ACCESS_TOKENS] = TOTAL_OF("access_token WHERE user_id = $1"),
	    [ACCESS_GROUPS] = TOTAL_OF("access_group"),
	    [ACCESS_MEMBERS] = TOTAL_OF("access_member WHERE group_id = $1"),
	};
	if (list == ACCESS_ASSIGNMENTS && user_id)
		return total_read(tx, TOTAL_OF("access_assignment WHERE user_id = $1"),
				  DB_ARGS(DB_I(user_id)), ret, e);
	if (list == ACCESS_TOKENS || list == ACCESS_MEMBERS)
		return total_read(tx, texts[list], DB_ARGS(DB_I(user_id)), ret, e);
	return total_read(tx, texts[list], NULL, 0, ret, e);
}
