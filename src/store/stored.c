#include "store/stored.h"

#define ADD                                                                                        \
	" ON CONFLICT(scope_id) DO UPDATE SET blobs = scope_stored.blobs + excluded.blobs,"        \
	" bytes = scope_stored.bytes + excluded.bytes"
#define OF_BLOB "CAST($3 AS BIGINT), CAST($3 AS BIGINT) * b.size"

int store_stored_blob(const struct store_registry *t, struct bytes digest, int sign, struct err *e)
{
	int64_t n = db_exec(
	    t->tx,
	    "INSERT INTO scope_stored(scope_id, blobs, bytes) SELECT b.registry_id, " OF_BLOB
	    " FROM blob b WHERE b.registry_id = $1 AND b.digest = $2 UNION ALL"
	    " SELECT r.repository_id, " OF_BLOB " FROM repo_blob r JOIN blob b ON"
	    " b.registry_id = r.registry_id AND b.digest = r.digest"
	    " WHERE r.registry_id = $1 AND r.digest = $2" ADD,
	    DB_ARGS(DB_I(t->registry), DB_B(digest), DB_I(sign)), e);
	return n < 0 ? (int)n : 0;
}

#define FIRST                                                                                      \
	"(SELECT registry_id, digest, size FROM blob WHERE registry_id = $1"                       \
	" ORDER BY digest LIMIT $2)"

int store_stored_clear(const struct store_registry *t, size_t n, struct err *e)
{
	int64_t r =
	    db_exec(t->tx,
		    "INSERT INTO scope_stored(scope_id, blobs, bytes)"
		    " SELECT b.registry_id, -count(*), -sum(b.size) FROM " FIRST
		    " b WHERE b.registry_id = $1 GROUP BY b.registry_id UNION ALL"
		    " SELECT r.repository_id, -count(*), -sum(b.size) FROM " FIRST
		    " b JOIN repo_blob r ON r.registry_id = b.registry_id AND r.digest = b.digest"
		    " WHERE b.registry_id = $1 GROUP BY r.repository_id" ADD,
		    DB_ARGS(DB_I(t->registry), DB_I(n)), e);
	return r < 0 ? (int)r : 0;
}

int store_stored_link(const struct store_registry *t, int64_t repository, struct bytes digest,
		      int sign, struct err *e)
{
	int64_t n =
	    db_exec(t->tx,
		    "INSERT INTO scope_stored(scope_id, blobs, bytes)"
		    " SELECT CAST($4 AS BIGINT), " OF_BLOB
		    " FROM blob b WHERE b.registry_id = $1 AND b.digest = $2" ADD,
		    DB_ARGS(DB_I(t->registry), DB_B(digest), DB_I(sign), DB_I(repository)), e);
	return n < 0 ? (int)n : 0;
}

int store_stored_all(struct db_tx *tx, struct store_stored *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT COALESCE(SUM(o.blobs), 0), COALESCE(SUM(o.bytes), 0)"
		     " FROM scope s JOIN scope_stored o ON o.scope_id = s.id WHERE s.kind = 4",
		     NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = (struct store_stored){.blobs = (uint64_t)db_int(s, 0),
					     .bytes = (uint64_t)db_int(s, 1)};
	db_done(s);
	return r < 0 ? r : 0;
}

/* Rows of (scope, blobs, bytes) to where the scope is in the list. */
static int read_many(struct db_stmt *s, const int64_t *scopes, size_t count,
		     struct store_stored *ret, struct err *e)
{
	int r = s ? 1 : -(int)e->code;
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct store_stored){0};
	while (r > 0 && (r = db_step(s, e)) > 0) {
		for (size_t i = 0; i < count; i++) {
			if (scopes[i] == db_int(s, 0))
				ret[i] = (struct store_stored){.blobs = (uint64_t)db_int(s, 1),
							       .bytes = (uint64_t)db_int(s, 2)};
		}
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_stored_many(struct db_tx *tx, const int64_t *scopes, size_t count,
		      struct store_stored *ret, struct err *e)
{
	return read_many(
	    db_query(tx, "SELECT scope_id, blobs, bytes FROM scope_stored WHERE scope_id {IN $1}",
		     DB_ARGS(DB_INTS(scopes, count)), e),
	    scopes, count, ret, e);
}

int store_stored_visible(struct db_tx *tx, const int64_t *registries, size_t count,
			 const struct visibility *v, struct store_stored *ret, struct err *e)
{
	return read_many(
	    db_query(tx,
		     "SELECT r.registry_id, SUM(o.blobs), SUM(o.bytes) FROM repository r"
		     " JOIN scope_stored o ON o.scope_id = r.id WHERE r.registry_id {IN $1}"
		     " AND " STORE_VISIBLE("r.id", "$2", "$3") " GROUP BY r.registry_id",
		     DB_ARGS(DB_INTS(registries, count), STORE_VISIBLE_ARGS(v)), e),
	    registries, count, ret, e);
}
