#include "store/notice.h"

int store_notice_add(struct db_tx *tx, const struct store_notice *x, struct err *e)
{
	int64_t id = db_id_next(tx, "notice", e);
	if (id < 0)
		return (int)id;
	int64_t n = db_exec(tx,
			    "INSERT INTO notice(id, kind, scope_id, subject, detail, checks, at)"
			    " VALUES($1, $2, $3, $4, $5, $6, $7)",
			    DB_ARGS(DB_I(id), DB_I(x->kind), DB_I(x->scope_id), DB_T(x->subject),
				    DB_T(x->detail), DB_B(x->checks), DB_I(x->at)),
			    e);
	if (n < 0)
		return (int)n;
	db_signal(tx);
	return 0;
}

int store_notice_first(struct db_tx *tx, struct arena *a, struct store_notice *ret, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT id, kind, scope_id, subject, detail, checks, at"
				     " FROM notice ORDER BY id LIMIT 1",
				     NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0) {
		bool ok, ok2, ok3;
		*ret = (struct store_notice){.id = db_int(s, 0),
					     .kind = (enum store_notice_kind)db_int(s, 1),
					     .scope_id = db_int(s, 2),
					     .subject = arena_bytes(a, db_bytes(s, 3), &ok),
					     .detail = arena_bytes(a, db_bytes(s, 4), &ok2),
					     .checks = arena_bytes(a, db_bytes(s, 5), &ok3),
					     .at = db_int(s, 6)};
		if (!ok || !ok2 || !ok3)
			r = err_set(e, ERR_NOMEM, "no memory for a notice");
	}
	db_done(s);
	return r;
}

int store_notice_done(struct db_tx *tx, int64_t id, struct err *e)
{
	int64_t n = db_exec(tx, "DELETE FROM notice WHERE id = $1", DB_ARGS(DB_I(id)), e);
	return n < 0 ? (int)n : n > 0;
}

int store_mark_set(struct db_tx *tx, enum store_mark_kind kind, struct bytes subject, int64_t value,
		   struct err *e)
{
	int64_t n = db_exec(tx,
			    "INSERT INTO notice_mark(kind, subject, value) VALUES($1, $2, $3)"
			    " ON CONFLICT(kind, subject) DO NOTHING",
			    DB_ARGS(DB_I(kind), DB_T(subject), DB_I(value)), e);
	if (n != 0)
		return n < 0 ? (int)n : 2;
	n = db_exec(tx,
		    "UPDATE notice_mark SET value = $3 WHERE kind = $1 AND subject = $2"
		    " AND value <> $3",
		    DB_ARGS(DB_I(kind), DB_T(subject), DB_I(value)), e);
	return n < 0 ? (int)n : n > 0;
}
