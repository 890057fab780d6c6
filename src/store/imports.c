#include "store/imports.h"

#define PARTS_MAX 65536U /* rows of one import */

const char *store_import_state_word(int state)
{
	static const char *const words[] = {"Queued", "Running", "Succeeded", "Failed",
					    "Cancelled"};
	return state >= 0 && state <= STORE_IMPORT_CANCELLED ? words[state] : NULL;
}

#define COLUMNS                                                                                    \
	"i.id, i.registry_id, g.name, i.repository, i.tags, i.source_host, i.source_repository,"   \
	" i.source_reference, i.platform, i.actor, i.peer, i.reason, i.digest, i.options,"         \
	" i.user_id, i.state, i.attempts, i.deaths, i.run_at, i.lease_epoch, i.manifests_done,"    \
	" i.manifests_total, i.blobs_done, i.blobs_total, i.bytes_done, i.bytes_total,"            \
	" i.bytes_fetched, i.created_at, i.started_at, i.finished_at"
#define WITH_SECRETS ", i.sealed, i.authorities"
#define FROM " FROM import i JOIN scope g ON g.id = i.registry_id"

static uint64_t count(struct db_stmt *s, int column)
{
	int64_t n = db_int(s, column);
	return n > 0 ? (uint64_t)n : 0;
}

static int row(struct db_stmt *s, bool secrets, struct arena *a, struct store_import *ret,
	       struct err *e)
{
	bool ok = true;
	*ret = (struct store_import){.id = db_int(s, 0),
				     .registry_id = db_int(s, 1),
				     .registry = db_keep(s, 2, a, &ok),
				     .repository = db_keep(s, 3, a, &ok),
				     .tags = db_keep(s, 4, a, &ok),
				     .host = db_keep(s, 5, a, &ok),
				     .source_repository = db_keep(s, 6, a, &ok),
				     .reference = db_keep(s, 7, a, &ok),
				     .platform = db_keep(s, 8, a, &ok),
				     .actor = db_keep(s, 9, a, &ok),
				     .peer = db_keep(s, 10, a, &ok),
				     .reason = db_keep(s, 11, a, &ok),
				     .digest = db_keep(s, 12, a, &ok),
				     .options = (unsigned)db_int(s, 13),
				     .user_id = db_int(s, 14),
				     .state = (enum store_import_state)db_int(s, 15),
				     .attempts = db_int(s, 16),
				     .deaths = db_int(s, 17),
				     .run_at = db_int(s, 18),
				     .lease_epoch = db_int(s, 19),
				     .progress = {.manifests_done = count(s, 20),
						  .manifests_total = count(s, 21),
						  .blobs_done = count(s, 22),
						  .blobs_total = count(s, 23),
						  .bytes_done = count(s, 24),
						  .bytes_total = count(s, 25),
						  .bytes_fetched = count(s, 26)},
				     .created_at = db_int(s, 27),
				     .started_at = db_int(s, 28),
				     .finished_at = db_int(s, 29)};
	if (secrets) {
		ret->sealed = db_keep(s, 30, a, &ok);
		ret->authorities = db_keep(s, 31, a, &ok);
	}
	return ok ? 0 : err_set(e, ERR_NOMEM, "no memory for an import");
}

/* The first column of the first row: 1, 0, <0. */
static int first_int(struct db_stmt *s, int64_t *ret, struct err *e)
{
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = db_int(s, 0);
	db_done(s);
	return r;
}

int64_t store_import_add(struct db_tx *tx, const struct store_import *i, int64_t now_ms,
			 struct err *e)
{
	int64_t id = db_id_next(tx, "import", e);
	if (id < 0)
		return id;
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO import(id, registry_id, repository, tags, source_host, source_repository,"
	    " source_reference, platform, options, authorities, sealed, user_id, actor, peer, "
	    "state, reason, digest, attempts, deaths, run_at, lease_until, lease_epoch, "
	    "manifests_done, manifests_total, blobs_done, blobs_total, bytes_done, bytes_total, "
	    "bytes_fetched, created_at, started_at, finished_at)"
	    " VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, '', '', 0, 0,"
	    " $15, 0, 0, 0, 0, 0, 0, 0, 0, 0, $15, 0, 0)",
	    DB_ARGS(DB_I(id), DB_I(i->registry_id), DB_T(i->repository), DB_T(i->tags),
		    DB_T(i->host), DB_T(i->source_repository), DB_T(i->reference),
		    DB_T(i->platform), DB_I(i->options), DB_T(i->authorities), DB_B(i->sealed),
		    DB_I(i->user_id), DB_T(i->actor), DB_T(i->peer), DB_I(now_ms)),
	    e);
	return n < 0 ? n : id;
}

int64_t store_import_open(struct db_tx *tx, int64_t user_id, struct err *e)
{
	int64_t n = 0;
	int r = first_int(
	    db_query(tx, "SELECT count(*) FROM import WHERE state IN (0, 1) AND user_id = $1",
		     DB_ARGS(DB_I(user_id)), e),
	    &n, e);
	return r < 0 ? r : n;
}

int store_import_get(struct db_tx *tx, int64_t id, const struct visibility *v, struct arena *a,
		     struct store_import *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT " COLUMNS FROM
		     " WHERE i.id = $1 AND " STORE_VISIBLE("i.registry_id", "$2", "$3"),
		     DB_ARGS(DB_I(id), STORE_VISIBLE_ARGS(v)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0 && row(s, false, a, ret, e) < 0)
		r = -(int)e->code;
	db_done(s);
	return r;
}

#define MEANT                                                                                      \
	" WHERE ($1 = 0 OR i.registry_id = $1) AND ($2 < 0 OR i.state = $2) AND " STORE_VISIBLE(   \
	    "i.registry_id", "$3", "$4")

int store_import_list(struct db_tx *tx, const struct store_import_query *q, struct arena *a,
		      struct store_imports *ret, struct err *e)
{
	*ret = (struct store_imports){.items = arena_alloc(a, q->n, sizeof *ret->items)};
	if (!ret->items)
		return err_set(e, ERR_NOMEM, "no memory for %zu imports", q->n);
	struct db_stmt *s =
	    db_query(tx, "SELECT " COLUMNS FROM MEANT " AND i.id < $5 ORDER BY i.id DESC LIMIT $6",
		     DB_ARGS(DB_I(q->registry_id), DB_I(q->state), STORE_VISIBLE_ARGS(&q->visible),
			     DB_I(q->before ? q->before : INT64_MAX), DB_I(q->n + 1)),
		     e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && !ret->more && (r = db_step(s, e)) > 0) {
		ret->more = ret->count == q->n;
		if (!ret->more && row(s, false, a, &ret->items[ret->count++], e) < 0)
			r = -(int)e->code;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_import_total(struct db_tx *tx, const struct store_import_query *q, struct total *ret,
		       struct err *e)
{
	return total_read(
	    tx, TOTAL_OF("import i" MEANT),
	    DB_ARGS(DB_I(q->registry_id), DB_I(q->state), STORE_VISIBLE_ARGS(&q->visible)), ret, e);
}

static int take(struct db_tx *tx, int64_t id, const char *owner, int64_t now_ms, struct arena *a,
		struct store_import *ret, struct err *e)
{
	int64_t n = db_exec(
	    tx,
	    "UPDATE import SET state = 1, lease_epoch = lease_epoch + 1, lease_until = $2,"
	    " lease_owner = $4,"
	    " started_at = CASE WHEN started_at = 0 THEN $3 ELSE started_at END"
	    " WHERE id = $1 AND state = 0",
	    DB_ARGS(DB_I(id), DB_I(now_ms + STORE_LEASE_MS), DB_I(now_ms), DB_T(bytes_of(owner))),
	    e);
	if (n <= 0)
		return (int)n;
	struct db_stmt *s = db_query(tx, "SELECT " COLUMNS WITH_SECRETS FROM " WHERE i.id = $1",
				     DB_ARGS(DB_I(id)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0 && row(s, true, a, ret, e) < 0)
		r = -(int)e->code;
	db_done(s);
	ret->lease_owner = owner;
	return r;
}

int store_import_due(struct db_tx *tx, int64_t now_ms, struct err *e)
{
	int64_t id;
	return first_int(db_query(tx,
				  "SELECT id FROM import WHERE state = 0 AND run_at <= $1 LIMIT 1",
				  DB_ARGS(DB_I(now_ms)), e),
			 &id, e);
}

int store_import_waits(struct db_tx *tx, int64_t since_ms, struct err *e)
{
	int64_t id;
	return first_int(
	    db_query(tx,
		     "SELECT i.id FROM import i WHERE i.state = 0 AND i.run_at <= $1 AND NOT EXISTS"
		     " (SELECT 1 FROM import r WHERE r.state = 1 AND r.user_id = i.user_id)"
		     " LIMIT 1",
		     DB_ARGS(DB_I(since_ms)), e),
	    &id, e);
}

int store_import_claim(struct db_tx *tx, const char *owner, int64_t now_ms, struct arena *a,
		       struct store_import *ret, struct err *e)
{
	int64_t id = 0;
	int r = first_int(
	    db_query(tx,
		     "SELECT i.id FROM import i WHERE i.state = 0 AND i.run_at <= $1 ORDER BY"
		     " (SELECT count(*) FROM import r WHERE r.state = 1 AND r.user_id = i.user_id),"
		     " i.run_at, i.id LIMIT 1",
		     DB_ARGS(DB_I(now_ms)), e),
	    &id, e);
	return r <= 0 ? r : take(tx, id, owner, now_ms, a, ret, e);
}

#define PROGRESS_SET                                                                               \
	" manifests_done = $3, manifests_total = $4, blobs_done = $5, blobs_total = $6,"           \
	" bytes_done = $7, bytes_total = $8, bytes_fetched = $9"
#define PROGRESS_ARGS(p)                                                                           \
	DB_I((p)->manifests_done), DB_I((p)->manifests_total), DB_I((p)->blobs_done),              \
	    DB_I((p)->blobs_total), DB_I((p)->bytes_done), DB_I((p)->bytes_total),                 \
	    DB_I((p)->bytes_fetched)

int store_import_renew(struct db_tx *tx, const struct store_import *i, int64_t now_ms,
		       struct err *e)
{
	int64_t n = db_exec(tx,
			    "UPDATE import SET" PROGRESS_SET ", lease_until = $10, digest = $11"
			    " WHERE id = $1 AND lease_epoch = $2 AND lease_owner = $12"
			    " AND state = 1",
			    DB_ARGS(DB_I(i->id), DB_I(i->lease_epoch), PROGRESS_ARGS(&i->progress),
				    DB_I(now_ms + STORE_LEASE_MS), DB_T(i->digest),
				    DB_T(bytes_of(i->lease_owner))),
			    e);
	return n < 0 ? (int)n : n > 0;
}

/* What is left to do of those that ended. */
static int clear_parts(struct db_tx *tx, int64_t id, struct err *e)
{
	if (db_exec(tx, "DELETE FROM import_manifest WHERE import_id = $1", DB_ARGS(DB_I(id)), e) <
		0 ||
	    db_exec(tx, "DELETE FROM import_blob WHERE import_id = $1", DB_ARGS(DB_I(id)), e) < 0)
		return -(int)e->code;
	return 0;
}

int store_import_end(struct db_tx *tx, const struct store_import *i, int64_t now_ms, struct err *e)
{
	bool over = i->state != STORE_IMPORT_QUEUED;
	int64_t n = db_exec(
	    tx,
	    "UPDATE import SET" PROGRESS_SET
	    ", state = $10, reason = $11, digest = $12, attempts = $13, run_at = $14,"
	    " finished_at = $15, lease_until = 0,"
	    " sealed = CASE WHEN $15 = 0 THEN sealed ELSE $16 END"
	    " WHERE id = $1 AND lease_epoch = $2 AND lease_owner = $17 AND state = 1",
	    DB_ARGS(DB_I(i->id), DB_I(i->lease_epoch), PROGRESS_ARGS(&i->progress), DB_I(i->state),
		    DB_T(i->reason), DB_T(i->digest), DB_I(i->attempts), DB_I(i->run_at),
		    DB_I(over ? now_ms : 0), DB_B(BYTES_NONE), DB_T(bytes_of(i->lease_owner))),
	    e);
	if (n <= 0)
		return (int)n;
	return over && clear_parts(tx, i->id, e) < 0 ? -(int)e->code : 1;
}

int store_import_cancel(struct db_tx *tx, int64_t id, int64_t now_ms, struct err *e)
{
	int64_t n =
	    db_exec(tx,
		    "UPDATE import SET state = 4, sealed = $3, finished_at = $2, lease_until = 0"
		    " WHERE id = $1 AND state IN (0, 1)",
		    DB_ARGS(DB_I(id), DB_I(now_ms), DB_B(BYTES_NONE)), e);
	return n < 0 ? (int)n : n > 0;
}

int64_t store_import_reap(struct db_tx *tx, int64_t now_ms, struct err *e)
{
	return db_exec(
	    tx,
	    "UPDATE import SET state = 0, run_at = $1 WHERE (state = 1 AND lease_until < $1)"
	    " OR (state = 0 AND run_at > $2)",
	    DB_ARGS(DB_I(now_ms), DB_I(now_ms + STORE_IMPORT_AHEAD_MS)), e);
}

int64_t store_import_reap_ended(struct db_tx *tx, const char *owner, int64_t now_ms, struct err *e)
{
	int64_t n = db_exec(tx,
			    "UPDATE import SET state = CASE WHEN deaths + 1 < $2 THEN 0 ELSE 3 END,"
			    " reason = CASE WHEN deaths + 1 < $2 THEN reason ELSE $3 END,"
			    " finished_at = CASE WHEN deaths + 1 < $2 THEN 0 ELSE $1 END,"
			    " sealed = CASE WHEN deaths + 1 < $2 THEN sealed ELSE $4 END,"
			    " deaths = deaths + 1, run_at = $1, lease_until = 0"
			    " WHERE state = 1 AND lease_owner <> $5",
			    DB_ARGS(DB_I(now_ms), DB_I(STORE_IMPORT_DEATHS_MAX),
				    DB_T(BYTES_LIT("the server ended five times while it ran")),
				    DB_B(BYTES_NONE), DB_T(bytes_of(owner))),
			    e);
	/* Parts of what ended without the server that ran it: it was killed, or the registry went.
	 */
	if (n < 0 ||
	    db_exec(tx,
		    "DELETE FROM import_manifest WHERE import_id NOT IN"
		    " (SELECT id FROM import WHERE state IN (0, 1))",
		    NULL, 0, e) < 0 ||
	    db_exec(tx,
		    "DELETE FROM import_blob WHERE import_id NOT IN"
		    " (SELECT id FROM import WHERE state IN (0, 1))",
		    NULL, 0, e) < 0)
		return -(int64_t)e->code;
	return n;
}

int64_t store_import_prune(struct db_tx *tx, int64_t before_ms, struct err *e)
{
	return db_exec(tx,
		       "DELETE FROM import WHERE id IN (SELECT id FROM import WHERE state > 1 AND"
		       " finished_at < $1 ORDER BY id LIMIT 1000)",
		       DB_ARGS(DB_I(before_ms)), e);
}

int store_import_parts_put(struct db_tx *tx, int64_t id, const struct store_import_parts *p,
			   struct err *e)
{
	int64_t n = clear_parts(tx, id, e);
	for (size_t i = 0; n >= 0 && i < p->manifest_count; i++) {
		const struct store_import_manifest *m = &p->manifests[i];
		n = db_exec(tx,
			    "INSERT INTO import_manifest(import_id, position, digest, media_type,"
			    " content) VALUES($1, $2, $3, $4, $5)",
			    DB_ARGS(DB_I(id), DB_I(i), DB_T(m->digest), DB_T(m->media_type),
				    DB_B(m->content)),
			    e);
	}
	for (size_t i = 0; n >= 0 && i < p->blob_count; i++) {
		const struct store_import_blob *b = &p->blobs[i];
		n = db_exec(tx,
			    "INSERT INTO import_blob(import_id, position, digest, size, may_lack,"
			    " done, upload) VALUES($1, $2, $3, $4, $5, $6, $7)",
			    DB_ARGS(DB_I(id), DB_I(i), DB_T(b->digest), DB_I(b->size),
				    DB_I(b->may_lack), DB_I(b->done), DB_T(b->upload)),
			    e);
	}
	return n < 0 ? (int)n : 0;
}

static int get_manifests(struct db_tx *tx, int64_t id, struct arena *a,
			 struct store_import_parts *ret, struct err *e)
{
	size_t cap = 0;
	struct db_stmt *s = db_query(tx,
				     "SELECT digest, media_type, content FROM import_manifest"
				     " WHERE import_id = $1 ORDER BY position",
				     DB_ARGS(DB_I(id)), e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		bool ok = true;
		ret->manifests = arena_grow(a, ret->manifests, ret->manifest_count, &cap,
					    sizeof *ret->manifests);
		if (ret->manifests)
			ret->manifests[ret->manifest_count++] =
			    (struct store_import_manifest){.digest = db_keep(s, 0, a, &ok),
							   .media_type = db_keep(s, 1, a, &ok),
							   .content = db_keep(s, 2, a, &ok)};
		if (!ret->manifests || !ok)
			r = err_set(e, ERR_NOMEM, "no memory for an import's manifests");
	}
	db_done(s);
	return r;
}

int store_import_parts_get(struct db_tx *tx, int64_t id, struct arena *a,
			   struct store_import_parts *ret, struct err *e)
{
	size_t cap = 0;
	*ret = (struct store_import_parts){0};
	if (get_manifests(tx, id, a, ret, e) < 0)
		return -(int)e->code;
	struct db_stmt *s = db_query(tx,
				     "SELECT digest, size, may_lack, done, upload FROM import_blob"
				     " WHERE import_id = $1 ORDER BY position LIMIT $2",
				     DB_ARGS(DB_I(id), DB_I(PARTS_MAX)), e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		bool ok = true;
		ret->blobs = arena_grow(a, ret->blobs, ret->blob_count, &cap, sizeof *ret->blobs);
		if (ret->blobs)
			ret->blobs[ret->blob_count++] =
			    (struct store_import_blob){.digest = db_keep(s, 0, a, &ok),
						       .size = count(s, 1),
						       .may_lack = db_int(s, 2) != 0,
						       .done = db_int(s, 3) != 0,
						       .upload = db_keep(s, 4, a, &ok)};
		if (!ret->blobs || !ok)
			r = err_set(e, ERR_NOMEM, "no memory for an import's blobs");
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_import_blob_set(struct db_tx *tx, int64_t id, size_t position,
			  const struct store_import_blob *b, struct err *e)
{
	int64_t n = db_exec(tx,
			    "UPDATE import_blob SET done = $3, upload = $4"
			    " WHERE import_id = $1 AND position = $2",
			    DB_ARGS(DB_I(id), DB_I(position), DB_I(b->done), DB_T(b->upload)), e);
	return n < 0 ? (int)n : 0;
}
