#include "store/registry.h"

#include "store/scope.h"
#include "store/stored.h"

#include "store/digest_key.h"

#include <string.h>

#define PAGE_MAX 10000U /* rows of one list */
/* A parameter: the key of a digest's text. */
#define DIGEST_KEY(text) digest_key_of(text, &(struct digest_key){{0}})
#define DIGEST(text) DB_B(DIGEST_KEY(text))

static int changed(int64_t n)
{
	return n < 0 ? (int)n : n > 0;
}

/* The first row's first column as a number; 0 without a row. */
static int64_t number(const struct store_registry *t, const char *text, const struct db_value *args,
		      size_t count, struct err *e)
{
	struct db_stmt *s = db_query(t->tx, text, args, count, e);
	if (!s)
		return -(int)e->code;
	int64_t r = db_step(s, e);
	if (r == 1)
		r = db_int(s, 0);
	db_done(s);
	return r;
}

static int exists(const struct store_registry *t, const char *text, const struct db_value *args,
		  size_t count, struct err *e)
{
	struct db_stmt *s = db_query(t->tx, text, args, count, e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	db_done(s);
	return r;
}

int store_texts_read(struct db_stmt *s, size_t n, struct arena *a, struct store_texts *ret,
		     struct err *e)
{
	struct store_texts out = {.items = NULL};
	size_t cap = 0;
	int r = s ? 0 : -(int)e->code;
	while (r >= 0 && (r = db_step(s, e)) == 1) {
		if (out.count == n) {
			out.more = true;
			r = 0;
			break;
		}
		if (out.count == cap) {
			cap = cap ? cap * 2 : 32;
			struct bytes *grown = arena_alloc(a, cap, sizeof *grown);
			if (grown && out.count)
				memcpy(grown, out.items, out.count * sizeof *grown);
			out.items = grown;
		}
		bool ok = false;
		if (out.items)
			out.items[out.count] = arena_bytes(a, db_bytes(s, 0), &ok);
		if (!ok)
			r = err_set(e, ERR_NOMEM, "list: no memory");
		out.count++;
	}
	db_done(s);
	if (r >= 0)
		*ret = out;
	return r < 0 ? r : 0;
}

static size_t page(size_t n)
{
	return n < PAGE_MAX ? n : PAGE_MAX;
}

int64_t store_repository_find(const struct store_registry *t, struct bytes name, struct err *e)
{
	return number(t, "SELECT id FROM repository WHERE registry_id=$1 AND name=$2",
		      DB_ARGS(DB_I(t->registry), DB_T(name)), e);
}

int64_t store_repository_make(const struct store_registry *t, struct bytes name, struct err *e)
{
	int64_t id = store_repository_find(t, name, e);
	if (id != 0)
		return id;
	id = store_scope_repository(t->tx, t->registry, name, t->now_ms, e);
	if (id < 0)
		return id;
	int64_t n = db_exec(
	    t->tx, "INSERT INTO repository(registry_id,id,name,created_at) VALUES($1,$2,$3,$4)",
	    DB_ARGS(DB_I(t->registry), DB_I(id), DB_T(name), DB_I(t->now_ms)), e);
	return n < 0 ? n : id;
}

#define HAS_MANIFEST                                                                               \
	"EXISTS (SELECT 1 FROM manifest m WHERE m.registry_id=r.registry_id"                       \
	" AND m.repository_id=r.id)"

int store_catalog(const struct store_registry *t, struct bytes after, size_t n, struct arena *a,
		  struct store_texts *ret, struct err *e)
{
	n = page(n);
	struct db_stmt *s = db_query(t->tx,
				     "SELECT name FROM repository r WHERE registry_id=$1"
				     " AND name>$2 AND " HAS_MANIFEST " ORDER BY name LIMIT $3",
				     DB_ARGS(DB_I(t->registry), DB_T(after), DB_I(n + 1)), e);
	return store_texts_read(s, n, a, ret, e);
}

int store_catalog_all(const struct store_registry *t, struct bytes after, size_t n, struct arena *a,
		      struct store_texts *ret, struct err *e)
{
	n = page(n);
	struct db_stmt *s =
	    db_query(t->tx,
		     "SELECT c.name FROM (SELECT CASE WHEN r.registry_id=$1 THEN r.name"
		     " ELSE g.name || '/' || r.name END AS name FROM repository r"
		     " JOIN scope g ON g.id=r.registry_id WHERE " HAS_MANIFEST
		     " AND NOT EXISTS (SELECT 1 FROM registry_going o"
		     " WHERE o.registry_id=r.registry_id)) c WHERE c.name>$2 ORDER BY c.name"
		     " LIMIT $3",
		     DB_ARGS(DB_I(t->registry), DB_T(after), DB_I(n + 1)), e);
	return store_texts_read(s, n, a, ret, e);
}

static int blob_row(struct db_stmt *s, struct store_blob *ret, struct err *e)
{
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r == 1) {
		struct bytes key = db_bytes(s, 0);
		*ret =
		    (struct store_blob){.size = (uint64_t)db_int(s, 1),
					.state = db_int(s, 2) == 0 ? STORE_LIVE : STORE_CANDIDATE,
					.touched_at = db_int(s, 3),
					.verified_at = db_int(s, 4),
					.freed_at = db_int(s, 5)};
		if (blobs_is_key(key))
			memcpy(ret->key, key.ptr, key.len);
		else
			r = err_set(e, ERR_DAMAGED, "database: blob with a malformed key");
	}
	db_done(s);
	return r;
}

int store_blob_find(const struct store_registry *t, int64_t repository, struct bytes digest,
		    struct store_blob *ret, struct err *e)
{
	if (repository == 0)
		return blob_row(
		    db_query(t->tx,
			     "SELECT key,size,state,touched_at,verified_at,freed_at FROM blob"
			     " WHERE registry_id=$1 AND digest=$2",
			     DB_ARGS(DB_I(t->registry), DIGEST(digest)), e),
		    ret, e);
	return blob_row(
	    db_query(
		t->tx,
		"SELECT b.key,b.size,b.state,b.touched_at,b.verified_at,b.freed_at FROM repo_blob r"
		" JOIN blob b ON b.registry_id=r.registry_id AND b.digest=r.digest"
		" WHERE r.registry_id=$1 AND r.repository_id=$2 AND r.digest=$3",
		DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest)), e),
	    ret, e);
}

int store_blob_touch(const struct store_registry *t, struct bytes digest, struct err *e)
{
	return changed(db_exec(
	    t->tx,
	    "UPDATE blob SET state=0,touched_at=$3,freed_at=0 WHERE registry_id=$1 AND digest=$2",
	    DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_I(t->now_ms)), e));
}

int store_blob_add(const struct store_registry *t, struct bytes digest, const char *key,
		   uint64_t size, struct err *e)
{
	int r = store_blob_touch(t, digest, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = changed(db_exec(
	    t->tx,
	    "INSERT INTO blob(registry_id,digest,key,size,state,touched_at,verified_at,freed_at)"
	    " VALUES($1,$2,$3,$4,0,$5,$5,0) ON CONFLICT(registry_id,digest) DO NOTHING",
	    DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_T(bytes_of(key)), DB_I(size),
		    DB_I(t->now_ms)),
	    e));
	if (r > 0 && store_stored_blob(t, DIGEST_KEY(digest), 1, e) < 0)
		return -(int)e->code;
	return r;
}

int store_blob_rekey(const struct store_registry *t, struct bytes digest, const char *key,
		     uint64_t size, struct err *e)
{
	return changed(
	    db_exec(t->tx,
		    "UPDATE blob SET key=$3,size=$4,state=0,touched_at=$5,verified_at=$5,freed_at=0"
		    " WHERE registry_id=$1 AND digest=$2",
		    DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_T(bytes_of(key)), DB_I(size),
			    DB_I(t->now_ms)),
		    e));
}

int store_blob_link(const struct store_registry *t, int64_t repository, struct bytes digest,
		    struct err *e)
{
	int r = changed(db_exec(t->tx,
				"INSERT INTO repo_blob(registry_id,repository_id,digest)"
				" VALUES($1,$2,$3)"
				" ON CONFLICT(registry_id,repository_id,digest) DO NOTHING",
				DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest)), e));
	if (r > 0 && store_stored_link(t, repository, DIGEST_KEY(digest), 1, e) < 0)
		return -(int)e->code;
	return r;
}

int store_blob_holders(const struct store_registry *t, struct bytes digest, size_t n,
		       struct arena *a, struct store_texts *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(t->tx,
		     "SELECT r.name FROM repo_blob b JOIN repository r ON r.id=b.repository_id"
		     " WHERE b.registry_id=$1 AND b.digest=$2 ORDER BY b.repository_id LIMIT $3",
		     DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_I(n + 1)), e);
	return store_texts_read(s, n, a, ret, e);
}

int store_blob_unlink(const struct store_registry *t, int64_t repository, struct bytes digest,
		      struct err *e)
{
	int64_t n = db_exec(t->tx, "UPDATE blob SET freed_at=$3 WHERE registry_id=$1 AND digest=$2",
			    DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_I(t->now_ms)), e);
	int r =
	    n < 0
		? (int)n
		: changed(db_exec(t->tx,
				  "DELETE FROM repo_blob"
				  " WHERE registry_id=$1 AND repository_id=$2 AND digest=$3",
				  DB_ARGS(DB_I(t->registry), DB_I(repository), DIGEST(digest)), e));
	if (r > 0 && store_stored_link(t, repository, DIGEST_KEY(digest), -1, e) < 0)
		return -(int)e->code;
	return r;
}

int store_is_referenced(const struct store_registry *t, int64_t repository, struct bytes digest,
			struct err *e)
{
	if (repository == 0)
		return exists(
		    t, "SELECT 1 FROM manifest_ref WHERE registry_id=$1 AND digest=$2 LIMIT 1",
		    DB_ARGS(DB_I(t->registry), DIGEST(digest)), e);
	return exists(t,
		      "SELECT 1 FROM manifest_ref WHERE registry_id=$1 AND digest=$2"
		      " AND repository_id=$3 LIMIT 1",
		      DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_I(repository)), e);
}

int store_key_known(const struct store_registry *t, const char *key, struct err *e)
{
	struct bytes k = bytes_of(key);
	return exists(t,
		      "SELECT 1 FROM blob WHERE key=$1 UNION ALL"
		      " SELECT 1 FROM upload WHERE key=$1 UNION ALL"
		      " SELECT 1 FROM garbage WHERE key=$1 LIMIT 1",
		      DB_ARGS(DB_T(k)), e);
}

int store_upload_add(const struct store_registry *t, struct bytes repository,
		     const struct store_upload *u, struct err *e)
{
	return changed(
	    db_exec(t->tx,
		    "INSERT INTO upload(registry_id,id,repository,key,algo,started_at,actor)"
		    " VALUES($1,$2,$3,$4,$5,$6,$7)",
		    DB_ARGS(DB_I(t->registry), DB_T(bytes_of(u->id)), DB_T(repository),
			    DB_T(bytes_of(u->key)), DB_I(u->algo), DB_I(t->now_ms), DB_T(u->actor)),
		    e));
}

int64_t store_upload_count(const struct store_registry *t, struct bytes actor, struct err *e)
{
	struct db_stmt *s =
	    db_query(t->tx, "SELECT count(*) FROM upload WHERE actor=$1", DB_ARGS(DB_T(actor)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	int64_t n = r == 1 ? db_int(s, 0) : 0;
	db_done(s);
	return r < 0 ? r : n;
}

int store_upload_find(const struct store_registry *t, struct bytes repository, struct bytes id,
		      struct store_upload *ret, struct err *e)
{
	if (!blobs_is_key(id))
		return 0;
	struct db_stmt *s = db_query(
	    t->tx, "SELECT key,algo FROM upload WHERE registry_id=$1 AND id=$2 AND repository=$3",
	    DB_ARGS(DB_I(t->registry), DB_T(id), DB_T(repository)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r == 1) {
		struct bytes key = db_bytes(s, 0);
		*ret = (struct store_upload){.algo = (int)db_int(s, 1)};
		memcpy(ret->id, id.ptr, id.len);
		if (blobs_is_key(key))
			memcpy(ret->key, key.ptr, key.len);
		else
			r = err_set(e, ERR_DAMAGED, "database: upload with a malformed key");
	}
	db_done(s);
	return r;
}

int store_upload_delete(const struct store_registry *t, struct bytes id, struct err *e)
{
	return changed(db_exec(t->tx, "DELETE FROM upload WHERE id=$1", DB_ARGS(DB_T(id)), e));
}

int store_upload_old(const struct store_registry *t, int64_t before_ms, struct bytes after,
		     struct arena *a, struct store_texts *ret, struct err *e)
{
	const size_t n = 500;
	return store_texts_read(
	    db_query(t->tx,
		     "SELECT id FROM upload WHERE id>$1 AND started_at<$2 ORDER BY id LIMIT $3",
		     DB_ARGS(DB_T(after), DB_I(before_ms), DB_I(n + 1)), e),
	    n, a, ret, e);
}

int store_upload_discard(const struct store_registry *t, struct bytes id, struct err *e)
{
	int64_t n = db_exec(t->tx,
			    "INSERT INTO garbage(key,queued_at)"
			    " SELECT key,CAST($2 AS BIGINT) FROM upload"
			    " WHERE id=$1 ON CONFLICT(key) DO NOTHING",
			    DB_ARGS(DB_T(id), DB_I(t->now_ms)), e);
	return n < 0 ? (int)n : store_upload_delete(t, id, e);
}

int store_garbage_add(const struct store_registry *t, const char *key, struct err *e)
{
	return changed(db_exec(
	    t->tx, "INSERT INTO garbage(key,queued_at) VALUES($1,$2) ON CONFLICT(key) DO NOTHING",
	    DB_ARGS(DB_T(bytes_of(key)), DB_I(t->now_ms)), e));
}

int store_garbage_add_unused(const struct store_registry *t, const char *key, struct err *e)
{
	return changed(db_exec(t->tx,
			       "INSERT INTO garbage(key,queued_at) SELECT $1,$2"
			       " WHERE NOT EXISTS(SELECT 1 FROM blob WHERE key=$1)"
			       " ON CONFLICT(key) DO NOTHING",
			       DB_ARGS(DB_T(bytes_of(key)), DB_I(t->now_ms)), e));
}

int store_garbage_delete(const struct store_registry *t, const char *key, struct err *e)
{
	return changed(
	    db_exec(t->tx, "DELETE FROM garbage WHERE key=$1", DB_ARGS(DB_T(bytes_of(key))), e));
}

int store_garbage_list(const struct store_registry *t, int64_t before_ms, struct bytes after,
		       size_t n, struct arena *a, struct store_texts *ret, struct err *e)
{
	n = page(n);
	return store_texts_read(
	    db_query(t->tx,
		     "SELECT key FROM garbage WHERE queued_at<$1 AND key>$2 ORDER BY key LIMIT $3",
		     DB_ARGS(DB_I(before_ms), DB_T(after), DB_I(n + 1)), e),
	    n, a, ret, e);
}

#define UNREFERENCED                                                                               \
	" AND NOT EXISTS(SELECT 1 FROM manifest_ref m WHERE m.registry_id=blob.registry_id"        \
	" AND m.digest=blob.digest)"

/* It was not promised recently, and lost no reference recently; or (freed_ms) space is short, and
 * the reference is what it lost. */
#define OUT_OF_GRACE                                                                               \
	"((touched_at<$1 AND freed_at<$1) OR (freed_at>0 AND freed_at<$2 AND touched_at<$2))"

int64_t store_blob_names(struct db_stmt *s, size_t n, struct arena *a, struct store_blob_name **ret,
			 struct err *e)
{
	struct store_blob_name *out = s ? arena_alloc(a, n, sizeof *out) : NULL;
	size_t count = 0;
	int r = !s ? -(int)e->code : out ? 0 : err_set(e, ERR_NOMEM, "blobs: no memory");
	while (out && r >= 0 && count < n && (r = db_step(s, e)) == 1) {
		bool ok;
		out[count++] = (struct store_blob_name){.registry = db_int(s, 0),
							.key = arena_bytes(a, db_bytes(s, 1), &ok)};
		if (!ok)
			r = err_set(e, ERR_NOMEM, "blobs: no memory");
	}
	db_done(s);
	*ret = out;
	return r < 0 ? r : (int64_t)count;
}

int64_t store_gc_mark(const struct store_registry *t, int64_t before_ms, int64_t freed_ms, size_t n,
		      struct err *e)
{
	return db_exec(t->tx,
		       "UPDATE blob SET state=1 WHERE state=0 AND (registry_id,digest) IN"
		       "(SELECT registry_id,digest FROM blob WHERE state=0 AND touched_at<$4"
		       " AND " OUT_OF_GRACE UNREFERENCED " ORDER BY touched_at LIMIT $3)",
		       DB_ARGS(DB_I(before_ms), DB_I(freed_ms), DB_I(n),
			       DB_I(before_ms > freed_ms ? before_ms : freed_ms)),
		       e);
}

int64_t store_gc_clock(const struct store_registry *t, struct err *e)
{
	static const char *const texts[] = {
	    "UPDATE blob SET touched_at=$1 WHERE state IN (0,1) AND touched_at>$1",
	    "UPDATE garbage SET queued_at=$1 WHERE queued_at>$1",
	    "UPDATE upload SET started_at=$1 WHERE started_at>$1",
	};
	int64_t all = 0;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		int64_t n = db_exec(t->tx, texts[i], DB_ARGS(DB_I(t->now_ms)), e);
		if (n < 0)
			return n;
		all += n;
	}
	return all;
}

static int collect(const struct store_registry *t, const struct store_blob_name *b, struct err *e)
{
	int64_t r = db_exec(t->tx,
			    "INSERT INTO garbage(key,queued_at) SELECT key,CAST($3 AS BIGINT)"
			    " FROM blob WHERE registry_id=$1 AND digest=$2",
			    DB_ARGS(DB_I(b->registry), DB_B(b->key), DB_I(t->now_ms)), e);
	struct store_registry own = *t;
	own.registry = b->registry;
	if (r >= 0)
		r = store_stored_blob(&own, b->key, -1, e);
	if (r >= 0)
		r = db_exec(t->tx, "DELETE FROM repo_blob WHERE registry_id=$1 AND digest=$2",
			    DB_ARGS(DB_I(b->registry), DB_B(b->key)), e);
	if (r >= 0)
		r = db_exec(t->tx, "DELETE FROM blob WHERE registry_id=$1 AND digest=$2",
			    DB_ARGS(DB_I(b->registry), DB_B(b->key)), e);
	return r < 0 ? (int)r : 0;
}

int64_t store_gc_sweep(const struct store_registry *t, int64_t before_ms, int64_t freed_ms,
		       size_t n, struct arena *a, struct err *e)
{
	struct store_blob_name *list = NULL;
	n = page(n);
	int64_t r = store_blob_names(db_query(t->tx,
					      "SELECT registry_id,digest FROM blob WHERE state=1"
					      " AND " OUT_OF_GRACE UNREFERENCED
					      " ORDER BY touched_at LIMIT $3",
					      DB_ARGS(DB_I(before_ms), DB_I(freed_ms), DB_I(n)), e),
				     n, a, &list, e);
	for (int64_t i = 0, count = r; list && i < count && r >= 0; i++)
		r = collect(t, &list[i], e) < 0 ? -(int64_t)e->code : count;
	return r;
}
