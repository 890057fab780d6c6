#include "store/group.h"

/* One number of one row; 0 where there is none. */
static int64_t number(struct db_stmt *s, struct err *e)
{
	if (!s)
		return -(int64_t)e->code;
	int rc = db_step(s, e);
	int64_t n = rc == 1 ? db_int(s, 0) : 0;
	db_done(s);
	return rc < 0 ? rc : n;
}

int64_t store_group_add(struct db_tx *tx, const struct store_group *g, struct err *e)
{
	struct access_user row = g->row;
	row.kind = BYTES_LIT("group");
	row.password = BYTES_NONE;
	int64_t id = access_db_user_add(tx, &row, e);
	if (id < 0)
		return id;
	int64_t n = db_exec(tx, "INSERT INTO access_group(id, claim) VALUES($1, $2)",
			    DB_ARGS(DB_I(id), DB_T(g->claim)), e);
	return n < 0 ? n : id;
}

#define GROUPS                                                                                     \
	"SELECT u.id, u.name, u.created_at, g.claim FROM access_group g"                           \
	" JOIN access_user u ON u.id = g.id"

static bool group_fill(struct db_stmt *s, struct arena *a, struct store_group *ret)
{
	bool ok = true;
	*ret = (struct store_group){.row = {.id = db_int(s, 0),
					    .name = db_keep(s, 1, a, &ok),
					    .kind = BYTES_LIT("group"),
					    .enabled = true,
					    .created_at = db_int(s, 2)},
				    .claim = db_keep(s, 3, a, &ok)};
	return ok;
}

int store_group_find(struct db_tx *tx, struct bytes name, struct arena *a, struct store_group *ret,
		     struct err *e)
{
	struct db_stmt *s = db_query(tx, GROUPS " WHERE u.name = $1", DB_ARGS(DB_T(name)), e);
	if (!s)
		return -(int)e->code;
	int rc = db_step(s, e);
	if (rc == 1 && !group_fill(s, a, ret))
		rc = err_set(e, ERR_NOMEM, "no memory for a group");
	db_done(s);
	return rc;
}

int store_group_set(struct db_tx *tx, int64_t id, struct bytes claim, struct err *e)
{
	int64_t n = db_exec(tx, "UPDATE access_group SET claim = $2 WHERE id = $1",
			    DB_ARGS(DB_I(id), DB_T(claim)), e);
	return n < 0 ? (int)n : 0;
}

int store_group_remove(struct db_tx *tx, int64_t id, struct err *e)
{
	int64_t n =
	    db_exec(tx, "DELETE FROM access_member WHERE group_id = $1", DB_ARGS(DB_I(id)), e);
	if (n >= 0)
		n = db_exec(tx, "DELETE FROM access_group WHERE id = $1", DB_ARGS(DB_I(id)), e);
	if (n >= 0)
		n = access_db_user_remove(tx, id, e);
	return n < 0 ? (int)n : 0;
}

static int groups_read(struct db_stmt *s, size_t n, struct arena *a, struct store_groups *ret,
		       struct err *e)
{
	size_t cap = 0;
	int rc = s ? 1 : -(int)e->code;
	*ret = (struct store_groups){.count = 0};
	while (rc > 0 && (rc = db_step(s, e)) == 1) {
		if (ret->count == n) {
			ret->more = true;
			rc = 0;
			break;
		}
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		if (!ret->items || !group_fill(s, a, &ret->items[ret->count++]))
			rc = err_set(e, ERR_NOMEM, "no memory for groups");
	}
	db_done(s);
	return rc;
}

int store_group_list(struct db_tx *tx, struct bytes after, size_t n, struct arena *a,
		     struct store_groups *ret, struct err *e)
{
	return groups_read(db_query(tx, GROUPS " WHERE u.name > $1 ORDER BY u.name LIMIT $2",
				    DB_ARGS(DB_T(after), DB_I((int64_t)n + 1)), e),
			   n, a, ret, e);
}

int store_group_claimed(struct db_tx *tx, const struct bytes *claims, size_t count, struct arena *a,
			struct store_groups *ret, struct err *e)
{
	return groups_read(db_query(tx,
				    GROUPS " WHERE g.claim {IN $1} AND g.claim <> ''"
					   " ORDER BY u.name",
				    DB_ARGS(DB_TEXTS(claims, count)), e),
			   SIZE_MAX, a, ret, e);
}

int store_member_put(struct db_tx *tx, const struct store_member *m, struct err *e)
{
	int64_t had =
	    number(db_query(tx,
			    "SELECT 1 + by_claim FROM access_member WHERE group_id = $1 AND"
			    " user_id = $2",
			    DB_ARGS(DB_I(m->group_id), DB_I(m->user_id)), e),
		   e);
	if (had < 0 || had == 1 || (had == 2 && m->by_claim))
		return had < 0 ? (int)had : 0;
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO access_member(group_id, user_id, by_claim, created_at)"
	    " VALUES($1, $2, $3, $4) ON CONFLICT(group_id, user_id)"
	    " DO UPDATE SET by_claim = excluded.by_claim",
	    DB_ARGS(DB_I(m->group_id), DB_I(m->user_id), DB_I(m->by_claim), DB_I(m->created_at)),
	    e);
	return n < 0 ? (int)n : 1;
}

int store_member_is(struct db_tx *tx, int64_t group_id, int64_t user_id, struct err *e)
{
	int64_t n = number(db_query(tx,
				    "SELECT count(*) FROM access_member WHERE group_id = $1 AND"
				    " user_id = $2",
				    DB_ARGS(DB_I(group_id), DB_I(user_id)), e),
			   e);
	return n < 0 ? (int)n : n > 0;
}

int store_member_remove(struct db_tx *tx, int64_t group_id, int64_t user_id, struct err *e)
{
	int64_t n = db_exec(tx, "DELETE FROM access_member WHERE group_id = $1 AND user_id = $2",
			    DB_ARGS(DB_I(group_id), DB_I(user_id)), e);
	return n < 0 ? (int)n : n > 0;
}

int64_t store_member_drop_claimed(struct db_tx *tx, int64_t user_id, struct err *e)
{
	return db_exec(tx, "DELETE FROM access_member WHERE user_id = $1 AND by_claim = 1",
		       DB_ARGS(DB_I(user_id)), e);
}

static int members_read(struct db_stmt *s, size_t n, struct arena *a, struct store_members *ret,
			struct err *e)
{
	size_t cap = 0;
	int rc = s ? 1 : -(int)e->code;
	*ret = (struct store_members){.count = 0};
	while (rc > 0 && (rc = db_step(s, e)) == 1) {
		bool ok = true;
		if (ret->count == n) {
			ret->more = true;
			rc = 0;
			break;
		}
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		if (!ret->items) {
			rc = err_set(e, ERR_NOMEM, "no memory for members");
			break;
		}
		ret->items[ret->count++] = (struct store_member){.group_id = db_int(s, 0),
								 .user_id = db_int(s, 1),
								 .name = db_keep(s, 2, a, &ok),
								 .kind = db_keep(s, 3, a, &ok),
								 .by_claim = db_int(s, 4) != 0,
								 .created_at = db_int(s, 5)};
		if (!ok)
			rc = err_set(e, ERR_NOMEM, "no memory for members");
	}
	db_done(s);
	return rc;
}

#define MEMBERS                                                                                    \
	"SELECT m.group_id, m.user_id, u.name, u.kind, m.by_claim, m.created_at"                   \
	" FROM access_member m JOIN access_user u ON u.id = "

int store_member_list(struct db_tx *tx, int64_t group_id, struct bytes after, size_t n,
		      struct arena *a, struct store_members *ret, struct err *e)
{
	return members_read(db_query(tx,
				     MEMBERS "m.user_id WHERE m.group_id = $1 AND u.name > $2"
					     " ORDER BY u.name LIMIT $3",
				     DB_ARGS(DB_I(group_id), DB_T(after), DB_I((int64_t)n + 1)), e),
			    n, a, ret, e);
}

int store_member_groups(struct db_tx *tx, int64_t user_id, struct arena *a,
			struct store_members *ret, struct err *e)
{
	return members_read(db_query(tx, MEMBERS "m.group_id WHERE m.user_id = $1 ORDER BY u.name",
				     DB_ARGS(DB_I(user_id)), e),
			    SIZE_MAX, a, ret, e);
}

int64_t store_member_count(struct db_tx *tx, int64_t group_id, struct err *e)
{
	return number(db_query(tx, "SELECT count(*) FROM access_member WHERE group_id = $1",
			       DB_ARGS(DB_I(group_id)), e),
		      e);
}

int64_t store_member_group_count(struct db_tx *tx, int64_t user_id, struct err *e)
{
	return number(db_query(tx, "SELECT count(*) FROM access_member WHERE user_id = $1",
			       DB_ARGS(DB_I(user_id)), e),
		      e);
}

int64_t store_member_grants(struct db_tx *tx, int64_t user_id, struct err *e)
{
	return number(db_query(tx,
			       "SELECT count(*) FROM access_assignment m"
			       " WHERE " ACCESS_ASSIGNED_TO("$1"),
			       DB_ARGS(DB_I(user_id)), e),
		      e);
}

int64_t store_member_grants_most(struct db_tx *tx, int64_t group_id, struct err *e)
{
	return number(db_query(tx,
			       "SELECT coalesce(max(q.n), 0) FROM (SELECT (SELECT count(*)"
			       " FROM access_assignment m WHERE " ACCESS_ASSIGNED_TO(
				   "x.user_id") ") AS n FROM access_member x"
						" WHERE x.group_id = $1) q",
			       DB_ARGS(DB_I(group_id)), e),
		      e);
}
