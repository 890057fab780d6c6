#include "store/registries.h"

#include "store/digest_key.h"
#include "store/plan.h"
#include "store/stored.h"

#include <string.h>

static int read_row(struct db_stmt *s, struct arena *a, struct store_registry_row *ret,
		    struct err *e)
{
	bool ok[4];
	*ret = (struct store_registry_row){.id = db_int(s, 0),
					   .name = arena_bytes(a, db_bytes(s, 1), &ok[0]),
					   .title = arena_bytes(a, db_bytes(s, 2), &ok[1]),
					   .created_at = db_int(s, 3),
					   .group = arena_bytes(a, db_bytes(s, 4), &ok[2]),
					   .subscription = arena_bytes(a, db_bytes(s, 5), &ok[3]),
					   .is_going = db_int(s, 6) != 0,
					   .plan_off = db_int(s, 7) != 0};
	return ok[0] && ok[1] && ok[2] && ok[3] ? 1
						: err_set(e, ERR_NOMEM, "no memory for registries");
}

static struct store_registry_row *row_of(const struct store_registries *list, int64_t id)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].id == id)
			return &list->items[i];
	return NULL;
}

/* Of all registries at once, by registry. */
static int read_hosts(struct db_tx *tx, struct arena *a, struct store_registries *list,
		      struct err *e)
{
	struct store_registry_row *row = NULL;
	struct db_stmt *s =
	    db_query(tx, "SELECT registry_id, host FROM registry_host ORDER BY registry_id, host",
		     NULL, 0, e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		bool ok = true;
		row = row && row->id == db_int(s, 0) ? row : row_of(list, db_int(s, 0));
		if (!row || row->hosts.count == STORE_HOSTS_MAX)
			continue;
		if (!row->hosts.items)
			row->hosts.items = arena_alloc(a, STORE_HOSTS_MAX, sizeof(struct bytes));
		if (row->hosts.items)
			row->hosts.items[row->hosts.count++] = arena_bytes(a, db_bytes(s, 1), &ok);
		if (!row->hosts.items || !ok)
			r = err_set(e, ERR_NOMEM, "no memory for registries");
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_registries_list(struct db_tx *tx, const struct store_registries_query *q, struct arena *a,
			  struct store_registries *ret, struct err *e)
{
	size_t cap = 0;
	*ret = (struct store_registries){.items = NULL};
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT s.id, s.name, s.title, s.created_at, g.name, b.name,"
		     " CASE WHEN EXISTS (SELECT 1 FROM registry_going o"
		     " WHERE o.registry_id = s.id) THEN 1 ELSE 0 END,"
		     " CASE WHEN " STORE_PLAN_OFF(
			 "s.id") " THEN 1 ELSE 0 END"
				 " FROM scope s JOIN scope g ON g.id = s.parent_id"
				 " JOIN scope b ON b.id = g.parent_id WHERE s.kind = 4"
				 " AND ($1 = '' OR s.name = $1) AND ($2 = '' OR g.name = $2)"
				 " AND ($3 = '' OR b.name = $3) ORDER BY s.id",
		     DB_ARGS(DB_T(q->name), DB_T(q->group), DB_T(q->subscription)), e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && ret->count < STORE_REGISTRIES_MAX && (r = db_step(s, e)) > 0) {
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		r = ret->items ? read_row(s, a, &ret->items[ret->count++], e)
			       : err_set(e, ERR_NOMEM, "no memory for registries");
	}
	db_done(s);
	return r < 0 ? r : read_hosts(tx, a, ret, e);
}

int store_registries_seen(struct db_tx *tx, const int64_t *ids, size_t count,
			  const struct visibility *v, bool *whole, bool *some, struct err *e)
{
	int r = store_scopes_visible(tx, ids, count, v, whole, e);
	for (size_t i = 0; i < count; i++)
		some[i] = whole[i];
	if (r < 0 || v->all)
		return r;
	struct db_stmt *s = db_query(tx,
				     "SELECT DISTINCT ancestor_id FROM scope_up"
				     " WHERE ancestor_id {IN $1} AND scope_id {IN $2}",
				     DB_ARGS(DB_INTS(ids, count), DB_INTS(v->scopes, v->count)), e);
	r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0)
		for (size_t i = 0; i < count; i++)
			some[i] = some[i] || ids[i] == db_int(s, 0);
	db_done(s);
	return r < 0 ? r : 0;
}

int64_t store_registries_find(struct db_tx *tx, struct bytes name, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT s.id FROM scope s WHERE s.kind = 4 AND s.owner_id = 0"
		     " AND s.name = $1 AND NOT EXISTS (SELECT 1 FROM registry_going o"
		     " WHERE o.registry_id = s.id)",
		     DB_ARGS(DB_T(name)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	int64_t id = r > 0 ? db_int(s, 0) : 0;
	db_done(s);
	return r < 0 ? r : id;
}

/* 1 = the statement has a row. */
static int has_row(struct db_tx *tx, const char *text, const struct db_value *args, size_t count,
		   struct err *e)
{
	struct db_stmt *s = db_query(tx, text, args, count, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r;
}

static int may_add(struct db_tx *tx, const struct store_scope *s, struct err *e)
{
	int r = has_row(tx,
			"SELECT 1 FROM scope s JOIN scope g ON g.id = s.owner_id"
			" WHERE s.kind = 5 AND g.kind = 4 AND g.name = $1"
			" AND s.name > $2 || '/' AND s.name < $2 || '0' LIMIT 1",
			DB_ARGS(DB_T(BYTES_LIT(STORE_REGISTRY_DEFAULT)), DB_T(s->name)), e);
	if (r > 0)
		return err_set(e, ERR_CONFLICT,
			       "there are repositories \"%.*s/...\" in the registry "
			       "\"" STORE_REGISTRY_DEFAULT
			       "\", which could not be reached any more",
			       BYTES_ARG(s->name));
	if (r == 0)
		r = has_row(tx, "SELECT 1 FROM scope WHERE kind = 4 ORDER BY id LIMIT 1 OFFSET $1",
			    DB_ARGS(DB_I(STORE_REGISTRIES_MAX - 1)), e);
	return r > 0 ? err_set(e, ERR_CONFLICT, "there are %u registries, the most there may be",
			       STORE_REGISTRIES_MAX)
		     : r;
}

static int add_hosts(struct db_tx *tx, int64_t id, const struct bytes *hosts, size_t count,
		     struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		int64_t n = db_exec(tx,
				    "INSERT INTO registry_host(host, registry_id)"
				    " VALUES(lower($1), $2) ON CONFLICT(host) DO NOTHING",
				    DB_ARGS(DB_T(hosts[i]), DB_I(id)), e);
		if (n < 0)
			return (int)n;
		if (n == 0 && has_row(tx,
				      "SELECT 1 FROM registry_host WHERE host = lower($1)"
				      " AND registry_id = $2",
				      DB_ARGS(DB_T(hosts[i]), DB_I(id)), e) != 1)
			return err_set(e, ERR_CONFLICT, "the host \"%.*s\" is another registry's",
				       BYTES_ARG(hosts[i]));
	}
	return 0;
}

int64_t store_registries_add(struct db_tx *tx, const struct store_scope *s,
			     const struct bytes *hosts, size_t host_count, struct err *e)
{
	int64_t r = may_add(tx, s, e);
	int64_t id = r < 0 ? r : store_scope_add(tx, s, e);
	return id > 0 && add_hosts(tx, id, hosts, host_count, e) < 0 ? -(int64_t)e->code : id;
}

int store_registries_change(struct db_tx *tx, int64_t id, const struct store_registry_change *c,
			    struct err *e)
{
	if (c->title && db_exec(tx, "UPDATE scope SET title = $2 WHERE id = $1",
				DB_ARGS(DB_I(id), DB_T(*c->title)), e) < 0)
		return -(int)e->code;
	if (!c->hosts)
		return 0;
	int64_t n =
	    db_exec(tx, "DELETE FROM registry_host WHERE registry_id = $1", DB_ARGS(DB_I(id)), e);
	return n < 0 ? (int)n : add_hosts(tx, id, c->hosts, c->host_count, e);
}

int store_registries_going(struct db_tx *tx, int64_t id, int64_t now_ms, struct err *e)
{
	int64_t n = db_exec(tx,
			    "INSERT INTO registry_going(registry_id, begun_at) VALUES($1, $2)"
			    " ON CONFLICT(registry_id) DO NOTHING",
			    DB_ARGS(DB_I(id), DB_I(now_ms)), e);
	return n < 0 ? (int)n : n > 0;
}

int64_t store_registries_manifests(const struct store_registry *t, size_t n, struct arena *a,
				   struct store_going **ret, struct err *e)
{
	struct store_going *out = arena_alloc(a, n, sizeof *out);
	struct db_stmt *s =
	    out ? db_query(t->tx,
			   "SELECT m.repository_id, r.name, m.digest, m.media_type FROM manifest m"
			   " JOIN repository r ON r.id = m.repository_id WHERE m.registry_id = $1"
			   " ORDER BY m.repository_id, m.digest LIMIT $2",
			   DB_ARGS(DB_I(t->registry), DB_I(n)), e)
		: NULL;
	int r = s ? 0 : out ? -(int)e->code : err_set(e, ERR_NOMEM, "no memory");
	size_t count = 0;
	while (r >= 0 && count < n && (r = db_step(s, e)) == 1) {
		bool ok[3];
		out[count++] =
		    (struct store_going){.repository_id = db_int(s, 0),
					 .repository = arena_bytes(a, db_bytes(s, 1), &ok[0]),
					 .digest = digest_key_text(db_bytes(s, 2), a, &ok[1]),
					 .media_type = arena_bytes(a, db_bytes(s, 3), &ok[2])};
		if (!ok[0] || !ok[1] || !ok[2])
			r = err_set(e, ERR_NOMEM, "no memory for manifests");
	}
	db_done(s);
	*ret = out;
	return r < 0 ? r : (int64_t)count;
}

/* Of each table of the registry's rows: what becomes of the file first, then up to $2 of them. */
#define FIRST(column, table) column " IN (SELECT " column " FROM " table
static const struct {
	const char *before, *text; /* $1: the registry, $2: rows, $3: now */
} steps[] = {
    {"INSERT INTO garbage(key, queued_at) SELECT key, CAST($3 AS BIGINT) FROM upload"
     " WHERE registry_id = $1 ORDER BY id LIMIT $2",
     "DELETE FROM upload WHERE registry_id = $1 AND " FIRST(
	 "id", "upload") " WHERE registry_id = $1 ORDER BY id LIMIT $2)"},
    {"INSERT INTO garbage(key, queued_at) SELECT key, CAST($3 AS BIGINT) FROM blob"
     " WHERE registry_id = $1 ORDER BY digest LIMIT $2",
     "DELETE FROM blob WHERE registry_id = $1 AND " FIRST(
	 "digest", "blob") " WHERE registry_id = $1 ORDER BY digest LIMIT $2)"},
    {NULL, "DELETE FROM repo_blob WHERE registry_id = $1 AND (repository_id, digest) IN"
	   " (SELECT repository_id, digest FROM repo_blob WHERE registry_id = $1"
	   " ORDER BY repository_id, digest LIMIT $2)"},
    {NULL, "DELETE FROM damaged_blob WHERE registry_id = $1 AND " FIRST(
	       "digest", "damaged_blob") " WHERE registry_id = $1 ORDER BY digest LIMIT $2)"},
    {NULL, "DELETE FROM manifest_ref WHERE registry_id = $1 AND (repository_id, manifest) IN"
	   " (SELECT repository_id, manifest FROM manifest_ref WHERE registry_id = $1"
	   " ORDER BY repository_id, manifest LIMIT $2)"},
    {NULL, "DELETE FROM tag WHERE registry_id = $1 AND (repository_id, name) IN"
	   " (SELECT repository_id, name FROM tag WHERE registry_id = $1"
	   " ORDER BY repository_id, name LIMIT $2)"},
    {"DELETE FROM scope_stored WHERE scope_id IN (SELECT id FROM repository"
     " WHERE registry_id = $1 AND $3 > 0 ORDER BY id LIMIT $2)",
     "DELETE FROM repository WHERE registry_id = $1 AND " FIRST(
	 "id", "repository") " WHERE registry_id = $1 ORDER BY id LIMIT $2)"},
};

#define STEP_BLOBS 1 /* of steps */

static int64_t clear_step(const struct store_registry *t, size_t i, size_t n, struct err *e)
{
	int64_t r = i == STEP_BLOBS ? store_stored_clear(t, n, e) : 0;
	if (r >= 0 && steps[i].before)
		r = db_exec(t->tx, steps[i].before,
			    DB_ARGS(DB_I(t->registry), DB_I(n), DB_I(t->now_ms)), e);
	return r < 0 ? r : db_exec(t->tx, steps[i].text, DB_ARGS(DB_I(t->registry), DB_I(n)), e);
}

/* The scopes of its repositories, and at last its own. */
static int64_t clear_scopes(const struct store_registry *t, size_t n, struct err *e)
{
	int64_t gone = store_scope_clear(t->tx, t->registry, n, e);
	if (gone != 0)
		return gone;
	if (db_exec(t->tx, "DELETE FROM import WHERE registry_id = $1", DB_ARGS(DB_I(t->registry)),
		    e) < 0 ||
	    db_exec(t->tx, "DELETE FROM registry_host WHERE registry_id = $1",
		    DB_ARGS(DB_I(t->registry)), e) < 0 ||
	    db_exec(t->tx, "DELETE FROM scope_stored WHERE scope_id = $1",
		    DB_ARGS(DB_I(t->registry)), e) < 0 ||
	    db_exec(t->tx, "DELETE FROM registry_going WHERE registry_id = $1",
		    DB_ARGS(DB_I(t->registry)), e) < 0 ||
	    store_scope_delete(t->tx, t->registry, e) < 0)
		return -(int64_t)e->code;
	return 0;
}

int64_t store_registries_clear(const struct store_registry *t, size_t n, struct err *e)
{
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		int64_t r = clear_step(t, i, n, e);
		if (r != 0)
			return r;
	}
	return clear_scopes(t, n, e);
}
