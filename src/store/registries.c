#include "store/registries.h"

#include "store/digest_key.h"

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
					   .is_going = db_int(s, 6) != 0};
	return ok[0] && ok[1] && ok[2] && ok[3] ? 1
						: err_set(e, ERR_NOMEM, "no memory for registries");
}

static int read_hosts(struct db_tx *tx, struct arena *a, struct store_registry_row *row,
		      struct err *e)
{
	return store_texts_read(
	    db_query(tx, "SELECT host FROM registry_host WHERE registry_id = $1 ORDER BY host",
		     DB_ARGS(DB_I(row->id)), e),
	    STORE_HOSTS_MAX, a, &row->hosts, e);
}

int store_registries_list(struct db_tx *tx, struct arena *a, struct store_registries *ret,
			  struct err *e)
{
	*ret = (struct store_registries){
	    .items = arena_alloc(a, STORE_REGISTRIES_MAX, sizeof *ret->items)};
	struct db_stmt *s =
	    ret->items
		? db_query(tx,
			   "SELECT s.id, s.name, s.title, s.created_at, g.name, b.name,"
			   " CASE WHEN EXISTS (SELECT 1 FROM registry_going o"
			   " WHERE o.registry_id = s.id) THEN 1 ELSE 0 END"
			   " FROM scope s JOIN scope g ON g.id = s.parent_id"
			   " JOIN scope b ON b.id = g.parent_id WHERE s.kind = 4 ORDER BY s.id",
			   NULL, 0, e)
		: NULL;
	int r = s ? 0 : ret->items ? -(int)e->code : err_set(e, ERR_NOMEM, "no memory");
	while (r >= 0 && ret->count < STORE_REGISTRIES_MAX && (r = db_step(s, e)) == 1)
		r = read_row(s, a, &ret->items[ret->count++], e);
	db_done(s);
	for (size_t i = 0; i < ret->count && r >= 0; i++)
		r = read_hosts(tx, a, &ret->items[i], e);
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

int64_t store_registries_add(struct db_tx *tx, const struct store_scope *s,
			     const struct bytes *hosts, size_t host_count, struct err *e)
{
	int64_t r = may_add(tx, s, e);
	int64_t id = r < 0 ? r : store_scope_add(tx, s, e);
	for (size_t i = 0; i < host_count && id > 0; i++) {
		r = db_exec(tx,
			    "INSERT INTO registry_host(host, registry_id) VALUES(lower($1), $2)"
			    " ON CONFLICT(host) DO NOTHING",
			    DB_ARGS(DB_T(hosts[i]), DB_I(id)), e);
		if (r == 0)
			r = err_set(e, ERR_CONFLICT, "the host \"%.*s\" is another registry's",
				    BYTES_ARG(hosts[i]));
		id = r < 0 ? r : id;
	}
	return id;
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
    {NULL, "DELETE FROM repository WHERE registry_id = $1 AND " FIRST(
	       "id", "repository") " WHERE registry_id = $1 ORDER BY id LIMIT $2)"},
};

static int64_t clear_step(const struct store_registry *t, size_t i, size_t n, struct err *e)
{
	int64_t r = 0;
	if (steps[i].before)
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
