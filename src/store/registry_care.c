/* The rows that say how stored bytes were found: whole, and when; damaged, and why. And what is
 * stored in all; and holds. */
#include "store/registry.h"

#include "store/digest_key.h"
#include "store/event.h"

#include <string.h>

#define DIGEST(text) DB_B(digest_key_of(text, &(struct digest_key){{0}}))
#define MANIFESTS_MAX 10000U /* told of one damaged blob */

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
		     "SELECT digest,key,size,verified_at FROM blob WHERE tenant_id=$1"
		     " AND (verified_at<$2 OR verified_at>$3) ORDER BY verified_at LIMIT 1",
		     DB_ARGS(DB_I(t->tenant), DB_I(before_ms), DB_I(t->now_ms)), e);
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
	    t->tx, "UPDATE blob SET verified_at=$4 WHERE tenant_id=$1 AND digest=$2 AND key=$3",
	    DB_ARGS(DB_I(t->tenant), DIGEST(digest), DB_T(bytes_of(key)), DB_I(t->now_ms)), e));
}

/* One event for each manifest that refers to this blob. */
static int tell(const struct store_registry *t, const char *registry, struct bytes digest,
		const char *type, struct bytes reason, struct err *e)
{
	struct arena a;
	struct store_texts repositories = {0}, manifests = {0};
	arena_init(&a, 4U << 20);
	const char *detail =
	    reason.len ? arena_printf(&a, EVENT_DAMAGED_DETAIL("%.*s"), BYTES_ARG(reason)) : "";
	int r = detail ? 0 : err_set(e, ERR_NOMEM, "blob: no memory");
	if (r == 0)
		r = store_texts_read(
		    db_query(t->tx,
			     "SELECT n.name FROM manifest_ref m JOIN repository n ON "
			     "n.tenant_id=m.tenant_id"
			     " AND n.id=m.repository_id WHERE m.tenant_id=$1 AND m.digest=$2 AND "
			     "m.kind=0"
			     " ORDER BY m.repository_id,m.manifest LIMIT $3",
			     DB_ARGS(DB_I(t->tenant), DIGEST(digest), DB_I(MANIFESTS_MAX + 1)), e),
		    MANIFESTS_MAX, &a, &repositories, e);
	if (r >= 0)
		r = store_texts_read(
		    db_query(t->tx,
			     "SELECT manifest FROM manifest_ref WHERE tenant_id=$1 AND digest=$2 "
			     "AND kind=0"
			     " ORDER BY repository_id,manifest LIMIT $3",
			     DB_ARGS(DB_I(t->tenant), DIGEST(digest), DB_I(MANIFESTS_MAX + 1)), e),
		    MANIFESTS_MAX, &a, &manifests, e);
	for (size_t i = 0; r >= 0 && i < manifests.count && i < repositories.count; i++) {
		bool ok;
		struct event ev = {.tenant_id = t->tenant,
				   .type = bytes_of(type),
				   .registry = bytes_of(registry),
				   .repository = repositories.items[i],
				   .digest = digest_key_text(manifests.items[i], &a, &ok),
				   .detail = bytes_of(detail),
				   .at = t->now_ms};
		r = ok ? event_append(t->tx, &ev, e) : err_set(e, ERR_NOMEM, "blob: no memory");
	}
	arena_free(&a);
	return r < 0 ? r : 0;
}

int store_care_damaged(const struct store_registry *t, const char *registry, struct bytes digest,
		       const char *key, struct bytes reason, struct err *e)
{
	int64_t n = db_exec(t->tx,
			    "INSERT INTO damaged_blob(tenant_id,digest,key,size,found_at,reason)"
			    " SELECT tenant_id,digest,key,size,$4,$5 FROM blob WHERE tenant_id=$1 "
			    "AND digest=$2 AND key=$3"
			    " ON CONFLICT(tenant_id,digest) DO UPDATE SET"
			    " key=excluded.key,found_at=excluded.found_at,reason=excluded.reason",
			    DB_ARGS(DB_I(t->tenant), DIGEST(digest), DB_T(bytes_of(key)),
				    DB_I(t->now_ms), DB_T(reason)),
			    e);
	if (n <= 0)
		return (int)n;
	n = db_exec(t->tx, "DELETE FROM blob WHERE tenant_id=$1 AND digest=$2 AND key=$3",
		    DB_ARGS(DB_I(t->tenant), DIGEST(digest), DB_T(bytes_of(key))), e);
	if (n < 0)
		return (int)n;
	int r = tell(t, registry, digest, EVENT_DAMAGED, reason, e);
	return r < 0 ? r : 1;
}

int store_care_mended(const struct store_registry *t, const char *registry, struct bytes digest,
		      struct err *e)
{
	int64_t n = db_exec(t->tx, "DELETE FROM damaged_blob WHERE tenant_id=$1 AND digest=$2",
			    DB_ARGS(DB_I(t->tenant), DIGEST(digest)), e);
	if (n <= 0)
		return (int)n;
	int r = tell(t, registry, digest, EVENT_MENDED, BYTES_NONE, e);
	return r < 0 ? r : 1;
}

int store_care_is_damaged(const struct store_registry *t, int64_t repository, struct bytes digest,
			  struct arena *a, struct bytes *ret_reason, struct err *e)
{
	struct db_stmt *s = db_query(
	    t->tx,
	    "SELECT d.reason FROM damaged_blob d JOIN repo_blob r ON r.tenant_id=d.tenant_id"
	    " AND r.digest=d.digest WHERE d.tenant_id=$1 AND d.digest=$2 AND r.repository_id=$3",
	    DB_ARGS(DB_I(t->tenant), DIGEST(digest), DB_I(repository)), e);
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

static int forget(const struct store_registry *t, struct bytes key, struct err *e)
{
	int64_t n = db_exec(t->tx, "DELETE FROM repo_blob WHERE tenant_id=$1 AND digest=$2",
			    DB_ARGS(DB_I(t->tenant), DB_B(key)), e);
	if (n >= 0)
		n = db_exec(t->tx, "DELETE FROM damaged_blob WHERE tenant_id=$1 AND digest=$2",
			    DB_ARGS(DB_I(t->tenant), DB_B(key)), e);
	return n < 0 ? (int)n : 0;
}

int64_t store_care_forget(const struct store_registry *t, int64_t before_ms, size_t n,
			  struct err *e)
{
	struct arena a;
	struct store_texts list;
	arena_init(&a, 1U << 20);
	int r = store_texts_read(
	    db_query(
		t->tx,
		"SELECT digest FROM damaged_blob WHERE tenant_id=$1 AND found_at<$2 AND NOT EXISTS"
		"(SELECT 1 FROM manifest_ref m WHERE m.tenant_id=damaged_blob.tenant_id"
		" AND m.digest=damaged_blob.digest) ORDER BY digest LIMIT $3",
		DB_ARGS(DB_I(t->tenant), DB_I(before_ms), DB_I(n + 1)), e),
	    n, &a, &list, e);
	for (size_t i = 0; r >= 0 && i < list.count; i++)
		r = forget(t, list.items[i], e);
	arena_free(&a);
	return r < 0 ? r : (int64_t)list.count;
}

int64_t store_care_count(const struct store_registry *t, struct err *e)
{
	struct db_stmt *s = db_query(t->tx, "SELECT COUNT(*) FROM damaged_blob WHERE tenant_id=$1",
				     DB_ARGS(DB_I(t->tenant)), e);
	if (!s)
		return -(int)e->code;
	int64_t n = db_step(s, e);
	if (n == 1)
		n = db_int(s, 0);
	db_done(s);
	return n;
}

int store_totals(const struct store_registry *t, int64_t repository, struct store_totals *ret,
		 struct err *e)
{
	struct db_stmt *s =
	    repository
		? db_query(t->tx,
			   "SELECT COUNT(*),SUM(b.size),0 FROM repo_blob r JOIN blob b ON "
			   "b.tenant_id=r.tenant_id"
			   " AND b.digest=r.digest WHERE r.tenant_id=$1 AND r.repository_id=$2",
			   DB_ARGS(DB_I(t->tenant), DB_I(repository)), e)
		: db_query(t->tx,
			   "SELECT COUNT(*),SUM(size),(SELECT COUNT(*) FROM damaged_blob d WHERE "
			   "d.tenant_id=$1)"
			   " FROM blob WHERE tenant_id=$1",
			   DB_ARGS(DB_I(t->tenant)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r == 1)
		*ret = (struct store_totals){.blobs = (uint64_t)db_int(s, 0),
					     .bytes = (uint64_t)db_int(s, 1),
					     .damaged = (uint64_t)db_int(s, 2)};
	db_done(s);
	return r < 0 ? r : 0;
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
		     "SELECT digest,key,size,verified_at FROM blob WHERE tenant_id=$1 AND key>$2"
		     " ORDER BY key LIMIT $3",
		     DB_ARGS(DB_I(t->tenant), DB_T(bytes_of(after)), DB_I(n)), e);
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
	struct db_stmt *s = db_query(
	    t->tx,
	    "SELECT manifest,digest FROM manifest_ref WHERE tenant_id=$1 AND kind=0 AND NOT EXISTS"
	    "(SELECT 1 FROM blob b WHERE b.tenant_id=manifest_ref.tenant_id AND "
	    "b.digest=manifest_ref.digest)"
	    " ORDER BY repository_id,manifest,digest LIMIT $2",
	    DB_ARGS(DB_I(t->tenant), DB_I(n)), e);
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
