#include "store/scope.h"

#include "oci/reference.h"

#define STORE_SCOPE_CLEAR_MAX 500U
#define COLUMNS "s.id, s.parent_id, s.kind, s.owner_id, s.name, s.title, s.created_at"

static int read_row(struct db_stmt *s, struct arena *a, struct store_scope *ret, struct err *e)
{
	bool ok = true, ok2 = true;
	*ret = (struct store_scope){.id = db_int(s, 0),
				    .parent_id = db_int(s, 1),
				    .kind = (enum store_scope_kind)db_int(s, 2),
				    .owner_id = db_int(s, 3),
				    .name = arena_bytes(a, db_bytes(s, 4), &ok),
				    .title = arena_bytes(a, db_bytes(s, 5), &ok2),
				    .created_at = db_int(s, 6)};
	return ok && ok2 ? 1 : err_set(e, ERR_NOMEM, "out of memory for a scope");
}

/* The first row of a query: 1, 0, <0. */
static int read_one(struct db_stmt *s, struct arena *a, struct store_scope *ret, struct err *e)
{
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		r = read_row(s, a, ret, e);
	db_done(s);
	return r;
}

int store_scope_get(struct db_tx *tx, int64_t id, struct arena *a, struct store_scope *ret,
		    struct err *e)
{
	return read_one(
	    db_query(tx, "SELECT " COLUMNS " FROM scope s WHERE s.id = $1", DB_ARGS(DB_I(id)), e),
	    a, ret, e);
}

int store_scope_find(struct db_tx *tx, enum store_scope_kind kind, int64_t owner_id,
		     struct bytes name, struct arena *a, struct store_scope *ret, struct err *e)
{
	return read_one(db_query(tx,
				 "SELECT " COLUMNS " FROM scope s"
				 " WHERE s.kind = $1 AND s.owner_id = $2 AND s.name = $3",
				 DB_ARGS(DB_I(kind), DB_I(owner_id), DB_T(name)), e),
			a, ret, e);
}

int store_scope_above(struct db_tx *tx, int64_t id, enum store_scope_kind kind, struct arena *a,
		      struct store_scope *ret, struct err *e)
{
	return read_one(db_query(tx,
				 "SELECT " COLUMNS " FROM scope_up u"
				 " JOIN scope s ON s.id = u.ancestor_id"
				 " WHERE u.scope_id = $1 AND s.kind = $2"
				 " ORDER BY u.distance, s.id LIMIT 1",
				 DB_ARGS(DB_I(id), DB_I(kind)), e),
			a, ret, e);
}

/* Up to n rows of a query that was asked for n + 1. */
static int read_all(struct db_stmt *s, size_t n, struct arena *a, struct store_scopes *ret,
		    struct err *e)
{
	int r = s ? 0 : -(int)e->code;
	*ret = (struct store_scopes){.items = arena_alloc(a, n, sizeof *ret->items)};
	if (r == 0 && !ret->items)
		r = err_set(e, ERR_NOMEM, "out of memory for scopes");
	while (r == 0 && (r = db_step(s, e)) > 0) {
		if (ret->count == n) {
			ret->more = true;
			r = 0;
			break;
		}
		r = read_row(s, a, &ret->items[ret->count], e);
		ret->count += r > 0;
		r = r < 0 ? r : 0;
	}
	db_done(s);
	return r;
}

int store_scope_up(struct db_tx *tx, int64_t id, struct arena *a, struct store_scopes *ret,
		   struct err *e)
{
	return read_all(db_query(tx,
				 "SELECT " COLUMNS " FROM scope_up u"
				 " JOIN scope s ON s.id = u.ancestor_id"
				 " WHERE u.scope_id = $1 ORDER BY u.distance, s.kind DESC, s.id",
				 DB_ARGS(DB_I(id)), e),
			STORE_SCOPE_DEPTH_MAX, a, ret, e);
}

int store_scope_list(struct db_tx *tx, const struct store_scope_query *q, struct arena *a,
		     struct store_scopes *ret, struct err *e)
{
	return read_all(
	    db_query(tx,
		     "SELECT " COLUMNS " FROM scope s WHERE s.kind = $1 AND s.name > $2"
		     " AND ($3 = 0 OR EXISTS (SELECT 1 FROM scope_up b"
		     " WHERE b.scope_id = s.id AND b.ancestor_id = $3))"
		     " AND " STORE_VISIBLE("s.id", "$5", "$6") " ORDER BY s.name, s.id LIMIT $4",
		     DB_ARGS(DB_I(q->kind), DB_T(q->after), DB_I(q->below), DB_I(q->n + 1),
			     STORE_VISIBLE_ARGS(&q->visible)),
		     e),
	    q->n, a, ret, e);
}

int store_scope_total(struct db_tx *tx, const struct store_scope_query *q, struct total *ret,
		      struct err *e)
{
	return total_read(
	    tx,
	    TOTAL_OF("scope s WHERE s.kind = $1 AND ($2 = 0 OR EXISTS (SELECT 1"
		     " FROM scope_up b WHERE b.scope_id = s.id"
		     " AND b.ancestor_id = $2)) AND " STORE_VISIBLE("s.id", "$3", "$4")),
	    DB_ARGS(DB_I(q->kind), DB_I(q->below), STORE_VISIBLE_ARGS(&q->visible)), ret, e);
}

int store_scope_is_visible(struct db_tx *tx, int64_t id, const struct visibility *v, struct err *e)
{
	if (v->all)
		return 1;
	struct db_stmt *s = db_query(tx,
				     "SELECT 1 FROM scope_up WHERE scope_id = $1"
				     " AND ancestor_id {IN $2} LIMIT 1",
				     DB_ARGS(DB_I(id), DB_INTS(v->scopes, v->count)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r;
}

int64_t store_scope_default(struct db_tx *tx, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT id FROM scope WHERE kind = 4 AND owner_id = 0"
				     " AND name = $1",
				     DB_ARGS(DB_T(BYTES_LIT(STORE_REGISTRY_DEFAULT))), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	int64_t id = r > 0 ? db_int(s, 0) : 0;
	db_done(s);
	return r < 0 ? r : id;
}

/* Which kinds a kind may be below. */
static bool may_be_below(enum store_scope_kind kind, enum store_scope_kind parent)
{
	switch (kind) {
	case STORE_SCOPE_ROOT:
		return false;
	case STORE_SCOPE_MANAGEMENT_GROUP:
	case STORE_SCOPE_SUBSCRIPTION:
		return parent == STORE_SCOPE_ROOT || parent == STORE_SCOPE_MANAGEMENT_GROUP;
	case STORE_SCOPE_RESOURCE_GROUP:
		return parent == STORE_SCOPE_SUBSCRIPTION;
	case STORE_SCOPE_REGISTRY:
		return parent == STORE_SCOPE_RESOURCE_GROUP;
	case STORE_SCOPE_REPOSITORY:
		return parent == STORE_SCOPE_REGISTRY;
	}
	return false;
}

/* Letters, digits and "-._", beginning with a letter or digit: a part of a path, and of a
 * registry's also the first part of a repository's name. */
bool store_scope_is_name(enum store_scope_kind kind, struct bytes name)
{
	if (kind == STORE_SCOPE_REPOSITORY)
		return ref_is_name(name);
	if (!name.len || name.len > STORE_SCOPE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = byte_lower(name.ptr[i]);
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!alnum && (i == 0 || (c != '-' && c != '.' && c != '_')))
			return false;
		if (kind == STORE_SCOPE_REGISTRY && c != name.ptr[i])
			return false; /* a registry's name is part of references: lower case */
	}
	return true;
}

/* What is above s: what is above its parent, one further away; of a repository also the
 * repositories that its name is below. Those that are named below a new repository get it above
 * them. */
static int add_up(struct db_tx *tx, const struct store_scope *s, struct err *e)
{
	int64_t r = db_exec(tx,
			    "INSERT INTO scope_up(scope_id, ancestor_id, distance)"
			    " SELECT CAST($1 AS BIGINT), ancestor_id, distance + 1 FROM scope_up"
			    " WHERE scope_id = $2",
			    DB_ARGS(DB_I(s->id), DB_I(s->parent_id)), e);
	if (r >= 0)
		r = db_exec(tx,
			    "INSERT INTO scope_up(scope_id, ancestor_id, distance)"
			    " VALUES($1, $1, 0)",
			    DB_ARGS(DB_I(s->id)), e);
	if (r < 0 || s->kind != STORE_SCOPE_REPOSITORY)
		return r < 0 ? (int)r : 0;
	struct bytes outer[STORE_SCOPE_DEPTH_MAX];
	size_t count = 0;
	for (size_t i = 1; i < s->name.len && count < STORE_SCOPE_DEPTH_MAX; i++)
		if (s->name.ptr[i] == '/')
			outer[count++] = (struct bytes){.ptr = s->name.ptr, .len = i};
	r = db_exec(tx,
		    "INSERT INTO scope_up(scope_id, ancestor_id, distance)"
		    " SELECT CAST($1 AS BIGINT), id, 1 FROM scope"
		    " WHERE kind = 5 AND owner_id = $2 AND name {IN $3}",
		    DB_ARGS(DB_I(s->id), DB_I(s->owner_id), DB_TEXTS(outer, count)), e);
	if (r >= 0)
		r = db_exec(tx,
			    "INSERT INTO scope_up(scope_id, ancestor_id, distance)"
			    " SELECT id, CAST($1 AS BIGINT), 1 FROM scope WHERE kind = 5"
			    " AND owner_id = $2 AND name > $3 || '/' AND name < $3 || '0'",
			    DB_ARGS(DB_I(s->id), DB_I(s->owner_id), DB_T(s->name)), e);
	return r < 0 ? (int)r : 0;
}

static int owner_of(struct db_tx *tx, const struct store_scope *s, int64_t *ret, struct err *e)
{
	struct arena a;
	struct store_scope parent;
	arena_init(&a, 64U << 10);
	int r = store_scope_get(tx, s->parent_id, &a, &parent, e);
	if (r == 0)
		r = err_set(e, ERR_NOT_FOUND, "scope %lld does not exist", (long long)s->parent_id);
	else if (r > 0 && !may_be_below(s->kind, parent.kind))
		r = err_set(e, ERR_FORMAT, "a scope of this kind cannot be below \"%.*s\"",
			    BYTES_ARG(parent.name));
	*ret = s->kind == STORE_SCOPE_RESOURCE_GROUP || s->kind == STORE_SCOPE_REPOSITORY
		   ? s->parent_id
		   : 0;
	arena_free(&a);
	return r;
}

/* At or below the scope, groups are nested no deeper than they may be. */
static int check_depth(struct db_tx *tx, int64_t id, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT max(q.n) FROM (SELECT (SELECT count(*) FROM scope_up u JOIN scope g ON"
		     " g.id = u.ancestor_id AND g.kind = 1 WHERE u.scope_id = d.scope_id) AS n"
		     " FROM scope_up d JOIN scope x ON x.id = d.scope_id AND x.kind = 1"
		     " WHERE d.ancestor_id = $1) q",
		     DB_ARGS(DB_I(id)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	int64_t deepest = r > 0 ? db_int(s, 0) : 0;
	db_done(s);
	if (r < 0)
		return r;
	return deepest <= STORE_SCOPE_NEST_MAX
		   ? 0
		   : err_set(e, ERR_CONFLICT, "more than %u management groups above one another",
			     STORE_SCOPE_NEST_MAX);
}

int64_t store_scope_add(struct db_tx *tx, const struct store_scope *s, struct err *e)
{
	struct store_scope row = *s;
	if (!store_scope_is_name(s->kind, s->name))
		return err_set(
		    e, ERR_FORMAT,
		    "\"%.*s\" is not a valid name: 1 to %u letters, digits, \"-\", \".\" "
		    "or \"_\", beginning with a letter or digit (of a registry in lower "
		    "case)",
		    BYTES_ARG(s->name), STORE_SCOPE_NAME_MAX);
	int r = owner_of(tx, s, &row.owner_id, e);
	if (r < 0)
		return r;
	row.id = db_id_next(tx, "scope", e);
	if (row.id < 0)
		return row.id;
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO scope(id, parent_id, kind, owner_id, name, title, created_at)"
	    " VALUES($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(kind, owner_id, name) DO NOTHING",
	    DB_ARGS(DB_I(row.id), DB_I(row.parent_id), DB_I(row.kind), DB_I(row.owner_id),
		    DB_T(row.name), DB_T(row.title), DB_I(row.created_at)),
	    e);
	if (n == 0)
		return err_set(e, ERR_CONFLICT, "the name \"%.*s\" is taken", BYTES_ARG(s->name));
	r = n < 0 ? (int)n : add_up(tx, &row, e);
	if (r >= 0 && row.kind == STORE_SCOPE_MANAGEMENT_GROUP)
		r = check_depth(tx, row.id, e);
	return r < 0 ? r : row.id;
}

int store_scope_set_title(struct db_tx *tx, int64_t id, struct bytes title, struct err *e)
{
	int64_t n = db_exec(tx, "UPDATE scope SET title = $2 WHERE id = $1",
			    DB_ARGS(DB_I(id), DB_T(title)), e);
	return n < 0 ? (int)n : 0;
}

/* Everything below and at the scope leaves what is above it, and gets what is above the parent. */
static int move_up(struct db_tx *tx, int64_t id, int64_t parent_id, struct err *e)
{
	int64_t n = db_exec(tx,
			    "DELETE FROM scope_up WHERE scope_id IN (SELECT d.scope_id FROM"
			    " scope_up d WHERE d.ancestor_id = $1) AND ancestor_id IN (SELECT"
			    " u.ancestor_id FROM scope_up u WHERE u.scope_id = $1 AND"
			    " u.distance > 0)",
			    DB_ARGS(DB_I(id)), e);
	if (n >= 0)
		n = db_exec(tx,
			    "INSERT INTO scope_up(scope_id, ancestor_id, distance)"
			    " SELECT d.scope_id, u.ancestor_id, d.distance + 1 + u.distance"
			    " FROM scope_up d JOIN scope_up u ON u.scope_id = $2"
			    " WHERE d.ancestor_id = $1",
			    DB_ARGS(DB_I(id), DB_I(parent_id)), e);
	if (n >= 0)
		n = db_exec(tx, "UPDATE scope SET parent_id = $2 WHERE id = $1",
			    DB_ARGS(DB_I(id), DB_I(parent_id)), e);
	return n < 0 ? (int)n : 0;
}

int store_scope_move(struct db_tx *tx, int64_t id, int64_t parent_id, struct err *e)
{
	struct arena a;
	struct store_scope s;
	int64_t owner;
	arena_init(&a, 64U << 10);
	int r = store_scope_get(tx, id, &a, &s, e);
	if (r == 0)
		r = err_set(e, ERR_NOT_FOUND, "scope %lld does not exist", (long long)id);
	else if (r > 0 && s.kind != STORE_SCOPE_MANAGEMENT_GROUP &&
		 s.kind != STORE_SCOPE_SUBSCRIPTION)
		r = err_set(e, ERR_FORMAT, "\"%.*s\" stays where it is", BYTES_ARG(s.name));
	if (r > 0) {
		s.parent_id = parent_id;
		r = owner_of(tx, &s, &owner, e);
	}
	arena_free(&a);
	struct visibility below = {.scopes = &id, .count = 1};
	if (r >= 0)
		r = store_scope_is_visible(tx, parent_id, &below, e);
	if (r > 0)
		return err_set(e, ERR_CONFLICT, "a scope cannot be moved below itself");
	if (r >= 0)
		r = move_up(tx, id, parent_id, e);
	return r < 0 ? r : check_depth(tx, id, e);
}

int64_t store_scope_repository(struct db_tx *tx, int64_t registry_id, struct bytes name,
			       int64_t now_ms, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT id FROM scope WHERE kind = 5 AND owner_id = $1"
				     " AND name = $2",
				     DB_ARGS(DB_I(registry_id), DB_T(name)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	int64_t id = r > 0 ? db_int(s, 0) : 0;
	db_done(s);
	if (r != 0)
		return r < 0 ? r : id;
	return store_scope_add(tx,
			       &(struct store_scope){.parent_id = registry_id,
						     .kind = STORE_SCOPE_REPOSITORY,
						     .name = name,
						     .created_at = now_ms},
			       e);
}

/* 1 = a row of the query, 0 = none. */
static int has_row(struct db_tx *tx, const char *text, int64_t id, struct err *e)
{
	struct db_stmt *s = db_query(tx, text, DB_ARGS(DB_I(id)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r;
}

#define DELIVERIES_OF                                                                              \
	"DELETE FROM delivery WHERE notification_id IN"                                            \
	" (SELECT id FROM notification WHERE scope_id "

int store_scope_delete(struct db_tx *tx, int64_t id, struct err *e)
{
	int r = has_row(tx, "SELECT 1 FROM scope WHERE parent_id = $1 LIMIT 1", id, e);
	if (r > 0)
		return err_set(e, ERR_CONFLICT, "it is not empty");
	if (r == 0)
		r = has_row(tx,
			    "SELECT 1 FROM access_assignment a JOIN scope s ON s.id = a.scope_id"
			    " WHERE a.scope_id = $1 AND s.kind = 5 UNION ALL SELECT 1 FROM rule r"
			    " JOIN scope s ON s.id = r.scope_id WHERE r.scope_id = $1"
			    " AND s.kind = 5 UNION ALL SELECT 1 FROM notification n"
			    " JOIN scope s ON s.id = n.scope_id WHERE n.scope_id = $1"
			    " AND s.kind = 5 LIMIT 1",
			    id, e);
	if (r != 0)
		return r < 0 ? r : 1;
	if (db_exec(tx, "DELETE FROM access_assignment WHERE scope_id = $1", DB_ARGS(DB_I(id)), e) <
		0 ||
	    db_exec(tx, "DELETE FROM exemption WHERE scope_id = $1", DB_ARGS(DB_I(id)), e) < 0 ||
	    db_exec(tx, "DELETE FROM rule WHERE scope_id = $1", DB_ARGS(DB_I(id)), e) < 0 ||
	    db_exec(tx, DELIVERIES_OF "= $1)", DB_ARGS(DB_I(id)), e) < 0 ||
	    db_exec(tx, "DELETE FROM notification WHERE scope_id = $1", DB_ARGS(DB_I(id)), e) < 0 ||
	    db_exec(tx, "DELETE FROM subscription_plan WHERE subscription_id = $1",
		    DB_ARGS(DB_I(id)), e) < 0 ||
	    db_exec(tx, "DELETE FROM score_day WHERE subscription_id = $1", DB_ARGS(DB_I(id)), e) <
		0 ||
	    db_exec(tx, "DELETE FROM scope_up WHERE scope_id = $1 OR ancestor_id = $1",
		    DB_ARGS(DB_I(id)), e) < 0)
		return -(int)e->code;
	int64_t n = db_exec(tx, "DELETE FROM scope WHERE id = $1", DB_ARGS(DB_I(id)), e);
	return n < 0 ? (int)n : n > 0;
}

int64_t store_scope_clear(struct db_tx *tx, int64_t registry, size_t n, struct err *e)
{
	static const char deliveries[] = DELIVERIES_OF "{IN $1})";
	static const char *const texts[] = {
	    "DELETE FROM access_assignment WHERE scope_id {IN $1}",
	    "DELETE FROM rule WHERE scope_id {IN $1}",
	    deliveries,
	    "DELETE FROM notification WHERE scope_id {IN $1}",
	    "DELETE FROM scope_up WHERE scope_id {IN $1}",
	    "DELETE FROM scope_up WHERE ancestor_id {IN $1}",
	    "DELETE FROM scope WHERE id {IN $1}",
	};
	int64_t ids[STORE_SCOPE_CLEAR_MAX];
	size_t count = 0;
	struct db_stmt *s = db_query(tx,
				     "SELECT id FROM scope WHERE parent_id = $1 AND kind = 5"
				     " ORDER BY name LIMIT $2",
				     DB_ARGS(DB_I(registry), DB_I(n)), e);
	int r = s ? 0 : -(int)e->code;
	while (r >= 0 && count < STORE_SCOPE_CLEAR_MAX && (r = db_step(s, e)) == 1)
		ids[count++] = db_int(s, 0);
	db_done(s);
	for (size_t i = 0; i < sizeof texts / sizeof *texts && r >= 0 && count; i++)
		r = db_exec(tx, texts[i], DB_ARGS(DB_INTS(ids, count)), e) < 0 ? -(int)e->code : 0;
	return r < 0 ? r : (int64_t)count;
}
