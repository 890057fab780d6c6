/* The rows that say how stored bytes were found: whole, and when; damaged, and why. And what is
 * stored in all; and holds. */
#include "store/registry.h"

#include "base/own.h"
#include "store/digest_key.h"
#include "store/event.h"
#include "store/scope.h"
#include "store/stored.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST(text) DB_B(digest_key_of(text, &(struct digest_key){{0}}))
#define MANIFESTS_MAX 10000U /* notified of one damaged blob */

static int changed(int64_t n)
{
	return n < 0 ? (int)n : n > 0;
}

static int care_row(struct db_stmt *s, struct store_care *ret, struct err *e)
{
	struct arena a;
	bool ok;
	arena_init(&a, 4096);
	struct bytes text = digest_key_text(db_bytes(s, 0), &a, &ok), key = db_bytes(s, 1);
	int r = 1;
	*ret = (struct store_care){
	    .registry = db_int(s, 4),
	    .blob = {.size = (uint64_t)db_int(s, 2), .verified_at = db_int(s, 3)}};
	if (!ok)
		r = err_set(e, ERR_NOMEM, "blob: no memory");
	else if (!blobs_is_key(key) || text.len >= sizeof ret->digest)
		r = err_set(e, ERR_DAMAGED, "database: blob with a malformed key");
	if (r == 1) {
		memcpy(ret->blob.key, key.ptr, key.len);
		memcpy(ret->digest, text.ptr, text.len);
	}
	arena_free(&a);
	return r;
}

int store_care_next(const struct store_registry *t, int64_t before_ms, struct store_care *ret,
		    struct err *e)
{
	struct db_stmt *s =
	    db_query(t->tx,
		     "SELECT digest,key,size,verified_at,registry_id FROM blob"
		     " WHERE verified_at<$1 OR verified_at>$2 ORDER BY verified_at LIMIT 1",
		     DB_ARGS(DB_I(before_ms), DB_I(t->now_ms)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r == 1)
		r = care_row(s, ret, e);
	db_done(s);
	return r;
}

int store_care_whole(const struct store_registry *t, struct bytes digest, const char *key,
		     struct err *e)
{
	return changed(db_exec(
	    t->tx, "UPDATE blob SET verified_at=$4 WHERE registry_id=$1 AND digest=$2 AND key=$3",
	    DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_T(bytes_of(key)), DB_I(t->now_ms)), e));
}

/* The manifests that refer to a blob, as events to be. */
static int64_t needing(const struct store_registry *t, struct bytes digest, struct arena *a,
		       struct event **ret, struct err *e)
{
	struct event *out = NULL;
	size_t count = 0, cap = 0;
	struct db_stmt *s =
	    db_query(t->tx,
		     "SELECT m.repository_id,n.name,m.manifest FROM manifest_ref m"
		     " JOIN repository n ON n.id=m.repository_id"
		     " WHERE m.registry_id=$1 AND m.digest=$2 AND m.kind=0"
		     " ORDER BY m.repository_id,m.manifest LIMIT $3",
		     DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_I(MANIFESTS_MAX)), e);
	int r = s ? 0 : -(int)e->code;
	while (r >= 0 && (r = db_step(s, e)) == 1) {
		bool ok = true, ok2 = false;
		if (count == cap) {
			cap = cap ? cap * 2 : 16;
			struct event *grown = arena_alloc(a, cap, sizeof *grown);
			if (grown && count)
				memcpy(grown, out, count * sizeof *grown);
			out = grown;
		}
		if (out)
			out[count++] =
			    (struct event){.repository_id = db_int(s, 0),
					   .repository = arena_bytes(a, db_bytes(s, 1), &ok),
					   .digest = digest_key_text(db_bytes(s, 2), a, &ok2)};
		if (!ok || !ok2)
			r = err_set(e, ERR_NOMEM, "blob: no memory");
	}
	db_done(s);
	*ret = out;
	return r < 0 ? r : (int64_t)count;
}

/* One event for each manifest that refers to this blob. */
static int tell(const struct store_registry *t, struct bytes digest, const char *type,
		struct bytes reason, struct err *e)
{
	struct arena a;
	struct store_scope registry = {0};
	struct event *events = NULL;
	arena_init(&a, 8U << 20);
	const char *detail =
	    reason.len ? arena_printf(&a, EVENT_DAMAGED_DETAIL("%.*s"), BYTES_ARG(reason)) : "";
	int64_t r = detail ? store_scope_get(t->tx, t->registry, &a, &registry, e)
			   : err_set(e, ERR_NOMEM, "blob: no memory");
	if (r >= 0)
		r = needing(t, digest, &a, &events, e);
	for (int64_t i = 0, count = r; events && i < count && r >= 0; i++) {
		events[i].registry_id = t->registry;
		events[i].registry = registry.name;
		events[i].type = bytes_of(type);
		events[i].detail = bytes_of(detail);
		events[i].at = t->now_ms;
		r = event_append(t->tx, &events[i], e);
	}
	arena_free(&a);
	return r < 0 ? (int)r : 0;
}

int store_care_damaged(const struct store_registry *t, struct bytes digest, const char *key,
		       struct bytes reason, struct err *e)
{
	int64_t n =
	    db_exec(t->tx,
		    "INSERT INTO damaged_blob(registry_id,digest,key,size,found_at,reason)"
		    " SELECT registry_id,digest,key,size,$4,$5 FROM blob WHERE registry_id=$1 "
		    "AND digest=$2 AND key=$3"
		    " ON CONFLICT(registry_id,digest) DO UPDATE SET"
		    " key=excluded.key,found_at=excluded.found_at,reason=excluded.reason",
		    DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_T(bytes_of(key)), DB_I(t->now_ms),
			    DB_T(reason)),
		    e);
	if (n <= 0)
		return (int)n;
	if (store_stored_blob(t, digest_key_of(digest, &(struct digest_key){{0}}), -1, e) < 0)
		return -(int)e->code;
	n = db_exec(t->tx, "DELETE FROM blob WHERE registry_id=$1 AND digest=$2 AND key=$3",
		    DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_T(bytes_of(key))), e);
	if (n < 0)
		return (int)n;
	int r = tell(t, digest, EVENT_DAMAGED, reason, e);
	return r < 0 ? r : 1;
}

int store_care_mended(const struct store_registry *t, struct bytes digest, struct err *e)
{
	int64_t n = db_exec(t->tx, "DELETE FROM damaged_blob WHERE registry_id=$1 AND digest=$2",
			    DB_ARGS(DB_I(t->registry), DIGEST(digest)), e);
	if (n <= 0)
		return (int)n;
	int r = tell(t, digest, EVENT_MENDED, BYTES_NONE, e);
	return r < 0 ? r : 1;
}

int store_care_is_damaged(const struct store_registry *t, int64_t repository, struct bytes digest,
			  struct arena *a, struct bytes *ret_reason, struct err *e)
{
	struct db_stmt *s = db_query(
	    t->tx,
	    "SELECT d.reason FROM damaged_blob d JOIN repo_blob r ON r.registry_id=d.registry_id"
	    " AND r.digest=d.digest WHERE d.registry_id=$1 AND d.digest=$2 AND r.repository_id=$3",
	    DB_ARGS(DB_I(t->registry), DIGEST(digest), DB_I(repository)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r == 1 && ret_reason) {
		bool ok;
		*ret_reason = arena_bytes(a, db_bytes(s, 0), &ok);
		if (!ok)
			r = err_set(e, ERR_NOMEM, "blob: no memory");
	}
	db_done(s);
	return r;
}

int store_blobs_look(const struct store_registry *t, int64_t repository,
		     const struct bytes *digests, size_t count, struct store_blob_look *ret,
		     struct err *e)
{
	OWN_FREE struct digest_key *keys = own_calloc(count + 1, sizeof *keys);
	OWN_FREE struct bytes *list = own_calloc(count + 1, sizeof *list);
	if (!keys || !list)
		return err_set(e, ERR_NOMEM, "blobs: no memory");
	for (size_t i = 0; i < count; i++) {
		list[i] = digest_key_of(digests[i], &keys[i]);
		ret[i] = (struct store_blob_look){0};
	}
	struct db_stmt *s = db_query(
	    t->tx,
	    "SELECT r.digest,CASE WHEN b.digest IS NULL THEN 0 ELSE 1 END,"
	    " CASE WHEN d.digest IS NULL THEN 0 ELSE 1 END FROM repo_blob r"
	    " LEFT JOIN blob b ON b.registry_id=r.registry_id AND b.digest=r.digest"
	    " LEFT JOIN damaged_blob d ON d.registry_id=r.registry_id AND d.digest=r.digest"
	    " WHERE r.registry_id=$1 AND r.repository_id=$2 AND r.digest {IN $3}",
	    DB_ARGS(DB_I(t->registry), DB_I(repository), DB_BLOBS(list, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		for (size_t i = 0; i < count; i++) {
			if (bytes_eq(list[i], db_bytes(s, 0)))
				ret[i] = (struct store_blob_look){.is_in = db_int(s, 1) != 0,
								  .is_damaged = db_int(s, 2) != 0};
		}
	}
	db_done(s);
	return r;
}

static int forget(const struct store_registry *t, const struct store_blob_name *b, struct err *e)
{
	int64_t n = db_exec(t->tx, "DELETE FROM repo_blob WHERE registry_id=$1 AND digest=$2",
			    DB_ARGS(DB_I(b->registry), DB_B(b->key)), e);
	if (n >= 0)
		n = db_exec(t->tx, "DELETE FROM damaged_blob WHERE registry_id=$1 AND digest=$2",
			    DB_ARGS(DB_I(b->registry), DB_B(b->key)), e);
	return n < 0 ? (int)n : 0;
}

int64_t store_care_forget(const struct store_registry *t, int64_t before_ms, size_t n,
			  struct err *e)
{
	struct arena a;
	struct store_blob_name *list = NULL;
	arena_init(&a, 1U << 20);
	int64_t r = store_blob_names(
	    db_query(t->tx,
		     "SELECT registry_id,digest FROM damaged_blob WHERE found_at<$1 AND NOT EXISTS"
		     "(SELECT 1 FROM manifest_ref m WHERE m.registry_id=damaged_blob.registry_id"
		     " AND m.digest=damaged_blob.digest) ORDER BY registry_id,digest LIMIT $2",
		     DB_ARGS(DB_I(before_ms), DB_I(n)), e),
	    n, &a, &list, e);
	for (int64_t i = 0, count = r; i < count && r >= 0; i++)
		r = forget(t, &list[i], e) < 0 ? -(int64_t)e->code : count;
	arena_free(&a);
	return r;
}

int64_t store_care_count(const struct store_registry *t, struct err *e)
{
	struct db_stmt *s = db_query(t->tx, "SELECT COUNT(*) FROM damaged_blob", NULL, 0, e);
	if (!s)
		return -(int)e->code;
	int64_t n = db_step(s, e);
	if (n == 1)
		n = db_int(s, 0);
	db_done(s);
	return n;
}

int store_hold(const struct store_registry *t, const char *name, int64_t until_ms, struct err *e)
{
	int64_t n = until_ms
			? db_exec(t->tx,
				  "INSERT INTO hold(name,until_at) VALUES($1,$2)"
				  " ON CONFLICT(name) DO UPDATE SET until_at=excluded.until_at",
				  DB_ARGS(DB_T(bytes_of(name)), DB_I(until_ms)), e)
			: db_exec(t->tx, "DELETE FROM hold WHERE name=$1 OR until_at<$2",
				  DB_ARGS(DB_T(bytes_of(name)), DB_I(t->now_ms)), e);
	return n < 0 ? (int)n : 0;
}

int store_is_held(const struct store_registry *t, int64_t max_ms, struct err *e)
{
	struct db_stmt *s =
	    db_query(t->tx, "SELECT 1 FROM hold WHERE until_at>$1 AND until_at<=$2 LIMIT 1",
		     DB_ARGS(DB_I(t->now_ms), DB_I(t->now_ms + max_ms)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	db_done(s);
	return r;
}

int store_care_list(const struct store_registry *t, const char *after, size_t n,
		    struct store_care *ret, size_t *ret_count, struct err *e)
{
	struct db_stmt *s =
	    db_query(t->tx,
		     "SELECT digest,key,size,verified_at,registry_id FROM blob WHERE key>$1"
		     " ORDER BY key LIMIT $2",
		     DB_ARGS(DB_T(bytes_of(after)), DB_I(n)), e);
	int r = s ? 0 : -(int)e->code;
	size_t count = 0;
	while (r >= 0 && count < n && (r = db_step(s, e)) == 1)
		r = care_row(s, &ret[count++], e);
	db_done(s);
	*ret_count = r < 0 ? 0 : count;
	return r < 0 ? r : 0;
}

int store_missing_blobs(const struct store_registry *t, size_t n, struct arena *a,
			struct store_manifests *ret, struct err *e)
{
	struct store_manifests out = {.items = arena_alloc(a, n, sizeof *out.items)};
	struct db_stmt *s =
	    db_query(t->tx,
		     "SELECT manifest,digest FROM manifest_ref WHERE kind=0 AND NOT EXISTS"
		     "(SELECT 1 FROM blob b WHERE b.registry_id=manifest_ref.registry_id AND "
		     "b.digest=manifest_ref.digest)"
		     " ORDER BY registry_id,repository_id,manifest,digest LIMIT $1",
		     DB_ARGS(DB_I(n)), e);
	int r = s ? 0 : -(int)e->code;
	if (r == 0 && !out.items)
		r = err_set(e, ERR_NOMEM, "list: no memory");
	while (r >= 0 && out.count < n && (r = db_step(s, e)) == 1) {
		bool a_ok, b_ok;
		out.items[out.count++] =
		    (struct store_manifest){.digest = digest_key_text(db_bytes(s, 0), a, &a_ok),
					    .subject = digest_key_text(db_bytes(s, 1), a, &b_ok)};
		if (!a_ok || !b_ok)
			r = err_set(e, ERR_NOMEM, "list: no memory");
	}
	db_done(s);
	*ret = out;
	return r < 0 ? r : 0;
}
