#include "store/event.h"

#include "store/digest_key.h"

int event_append(struct db_tx *tx, const struct event *ev, struct err *e)
{
	int64_t id = db_id_next(tx, "event", e);
	if (id < 0)
		return (int)id;
	struct digest_key key;
	int64_t n =
	    db_exec(tx,
		    "INSERT INTO event(id,registry_id,type,registry,repository,digest,tag,"
		    "media_type,size,actor,detail,at,repository_id)"
		    " VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)",
		    DB_ARGS(DB_I(id), DB_I(ev->registry_id), DB_T(ev->type), DB_T(ev->registry),
			    DB_T(ev->repository), DB_B(digest_key_of(ev->digest, &key)),
			    DB_T(ev->tag), DB_T(ev->media_type), DB_I(ev->size), DB_T(ev->actor),
			    DB_T(ev->detail), DB_I(ev->at), DB_I(ev->repository_id)),
		    e);
	if (n < 0)
		return (int)n;
	db_signal(tx);
	return 0;
}

static int read_event(struct db_stmt *s, struct arena *a, struct event *ret, struct err *e)
{
	bool ok = true, fits = true;
	struct event ev = {.id = db_int(s, 0),
			   .registry_id = db_int(s, 1),
			   .size = (uint64_t)db_int(s, 8),
			   .at = db_int(s, 11),
			   .repository_id = db_int(s, 12)};
	const struct {
		struct bytes *to;
		int column;
	} texts[] = {{&ev.type, 2},    {&ev.registry, 3},     {&ev.repository, 4},
		     {&ev.tag, 6},     {&ev.media_type, 7},   {&ev.actor, 9},
		     {&ev.detail, 10}, {&ev.subscription, 13}};
	ev.digest = digest_key_text(db_bytes(s, 5), a, &fits);
	for (size_t i = 0; i < sizeof texts / sizeof *texts && fits; i++) {
		*texts[i].to = arena_bytes(a, db_bytes(s, texts[i].column), &ok);
		fits = ok;
	}
	*ret = ev;
	return fits ? 1 : err_set(e, ERR_NOMEM, "event %lld: no memory", (long long)ev.id);
}

int event_next(struct db_tx *tx, int64_t after_id, const struct visibility *v, struct arena *a,
	       struct event *ret, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT v.id,v.registry_id,v.type,v.registry,v.repository,v.digest,v.tag,v.media_type,"
	    "v.size,v.actor,v.detail,v.at,v.repository_id,COALESCE(ns.name,'') FROM event v"
	    " LEFT JOIN scope ng ON ng.id=v.registry_id LEFT JOIN scope nh ON nh.id=ng.parent_id"
	    " LEFT JOIN scope ns ON ns.id=nh.parent_id WHERE v.id>$1 AND " STORE_VISIBLE(
		"v.repository_id", "$2", "$3") " ORDER BY v.id LIMIT 1",
	    DB_ARGS(DB_I(after_id), STORE_VISIBLE_ARGS(v)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r == 1)
		r = read_event(s, a, ret, e);
	db_done(s);
	return r;
}

int event_last(struct db_tx *tx, int64_t *ret_id, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT COALESCE(MAX(id),0) FROM event", NULL, 0, e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r == 1)
		*ret_id = db_int(s, 0);
	db_done(s);
	return r < 0 ? r : 0;
}

int64_t event_prune(struct db_tx *tx, int64_t upto_id, int64_t before_ms, struct err *e)
{
	return db_exec(tx,
		       "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id<=$1 AND at<$2"
		       " ORDER BY id LIMIT 1000)",
		       DB_ARGS(DB_I(upto_id), DB_I(before_ms)), e);
}

uint64_t event_seq(struct db *d)
{
	return db_signal_seq(d);
}

uint64_t event_wait(struct db *d, uint64_t seen, unsigned timeout_ms)
{
	return db_signal_wait(d, seen, timeout_ms);
}

void event_wake(struct db *d)
{
	db_signal_all(d);
}
