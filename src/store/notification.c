#include "store/notification.h"

#include "db/db.h"

const char *store_notification_kind_word(int kind)
{
	static const char *const words[] = {"webhook", "email", NULL};
	return words[kind];
}

const char *store_notify_event_word(int event)
{
	static const char *const words[] = {"findings", "state",   "scan_failed", "feeds",
					    "rules",	"imports", "weekly",	  NULL};
	return words[event];
}

#define COLUMNS                                                                                    \
	"x.id, x.scope_id, x.name, x.kind, x.target, x.sealed, x.events, x.severity_min,"          \
	" x.criteria, x.is_on, x.author, x.created_at, x.changed_at"
#define COLUMN_COUNT 13
#define SUMS                                                                                       \
	", (SELECT count(*) FROM delivery d WHERE d.notification_id = x.id AND d.state = 0),"      \
	" (SELECT COALESCE(max(d.ended_at), 0) FROM delivery d WHERE d.notification_id = x.id"     \
	" AND d.state = 1), (SELECT COALESCE(max(d.ended_at), 0) FROM delivery d"                  \
	" WHERE d.notification_id = x.id AND d.state = 2), COALESCE((SELECT d.error FROM"          \
	" delivery d WHERE d.notification_id = x.id ORDER BY d.id DESC LIMIT 1), '')"

static int read_row(struct db_stmt *s, int from, bool sums, struct arena *a,
		    struct store_notification *ret, struct err *e)
{
	bool ok = true;
	*ret =
	    (struct store_notification){.id = db_int(s, from),
					.scope_id = db_int(s, from + 1),
					.name = db_keep(s, from + 2, a, &ok),
					.kind = (enum store_notification_kind)db_int(s, from + 3),
					.target = db_keep(s, from + 4, a, &ok),
					.sealed = db_keep(s, from + 5, a, &ok),
					.events = (uint64_t)db_int(s, from + 6),
					.severity_min = (int)db_int(s, from + 7),
					.criteria = db_keep(s, from + 8, a, &ok),
					.is_on = db_int(s, from + 9) != 0,
					.author = db_keep(s, from + 10, a, &ok),
					.created_at = db_int(s, from + 11),
					.changed_at = db_int(s, from + 12)};
	if (sums) {
		ret->waiting = (uint64_t)db_int(s, COLUMN_COUNT);
		ret->delivered_at = db_int(s, COLUMN_COUNT + 1);
		ret->failed_at = db_int(s, COLUMN_COUNT + 2);
		ret->error = db_keep(s, COLUMN_COUNT + 3, a, &ok);
	}
	return ok ? 0 : err_set(e, ERR_NOMEM, "no memory for a notification");
}

static int read_rows(struct db_stmt *s, size_t max, bool sums, struct arena *a,
		     struct store_notifications *ret, struct err *e)
{
	size_t cap = 0;
	int r = s ? 0 : -(int)e->code;
	*ret = (struct store_notifications){0};
	while (s && (r = db_step(s, e)) > 0) {
		if (max && ret->count == max) {
			ret->more = true;
			break;
		}
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		if (!ret->items) {
			r = err_set(e, ERR_NOMEM, "no memory for notifications");
			break;
		}
		r = read_row(s, 0, sums, a, &ret->items[ret->count], e);
		if (r < 0)
			break;
		ret->count++;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

static int one_int(struct db_stmt *s, int64_t *ret, struct err *e)
{
	int r = s ? db_step(s, e) : -(int)e->code;
	*ret = r > 0 ? db_int(s, 0) : 0;
	db_done(s);
	return r < 0 ? r : 0;
}

int64_t store_notification_add(struct db_tx *tx, const struct store_notification *x, struct err *e)
{
	int64_t there;
	if (one_int(db_query(tx, "SELECT count(*) FROM notification", NULL, 0, e), &there, e) < 0)
		return -(int64_t)e->code;
	if (there >= STORE_NOTIFICATIONS_MAX)
		return err_set(e, ERR_LIMIT,
			       "there are %u notifications, which is as many as may be",
			       STORE_NOTIFICATIONS_MAX);
	int64_t id = db_id_next(tx, "notification", e);
	if (id < 0)
		return id;
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO notification(id, scope_id, name, kind, target, sealed, events,"
	    " severity_min, criteria, is_on, author, created_at, changed_at, busy_until)"
	    " VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)",
	    DB_ARGS(DB_I(id), DB_I(x->scope_id), DB_T(x->name), DB_I(x->kind), DB_T(x->target),
		    DB_B(x->sealed), DB_I(x->events), DB_I(x->severity_min), DB_T(x->criteria),
		    DB_I(x->is_on), DB_T(x->author), DB_I(x->created_at), DB_I(x->changed_at)),
	    e);
	return n < 0 ? n : id;
}

int store_notification_set(struct db_tx *tx, const struct store_notification *x, struct err *e)
{
	int64_t n = db_exec(
	    tx,
	    "UPDATE notification SET name = $2, kind = $3, target = $4, sealed = $5,"
	    " events = $6, severity_min = $7, criteria = $8, is_on = $9, changed_at = $10,"
	    " author = $11, busy_until = 0 WHERE id = $1",
	    DB_ARGS(DB_I(x->id), DB_T(x->name), DB_I(x->kind), DB_T(x->target), DB_B(x->sealed),
		    DB_I(x->events), DB_I(x->severity_min), DB_T(x->criteria), DB_I(x->is_on),
		    DB_I(x->changed_at), DB_T(x->author)),
	    e);
	if (n >= 0)
		n = db_exec(tx,
			    "UPDATE delivery SET next_at = $2 WHERE notification_id = $1"
			    " AND state = 0 AND next_at > $2",
			    DB_ARGS(DB_I(x->id), DB_I(x->changed_at)), e);
	if (n >= 0)
		db_signal(tx);
	return n < 0 ? (int)n : 0;
}

int store_notification_delete(struct db_tx *tx, int64_t id, struct err *e)
{
	int64_t n =
	    db_exec(tx, "DELETE FROM delivery WHERE notification_id = $1", DB_ARGS(DB_I(id)), e);
	if (n >= 0)
		n = db_exec(tx, "DELETE FROM notification WHERE id = $1", DB_ARGS(DB_I(id)), e);
	return n < 0 ? (int)n : 0;
}

int store_notification_get(struct db_tx *tx, int64_t id, const struct visibility *v,
			   struct arena *a, struct store_notification *ret, struct err *e)
{
	struct store_notifications got;
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT " COLUMNS SUMS " FROM notification x"
		     " WHERE x.id = $1 AND " STORE_VISIBLE("x.scope_id", "$2", "$3"),
		     DB_ARGS(DB_I(id), STORE_VISIBLE_ARGS(v)), e);
	int r = read_rows(s, 0, true, a, &got, e);
	if (r < 0 || got.count == 0)
		return r;
	*ret = got.items[0];
	return 1;
}

#define WANTED "($1 = 0 OR x.scope_id = $1) AND " STORE_VISIBLE("x.scope_id", "$2", "$3")
#define WANTED_ARGS(q) DB_I((q)->scope_id), STORE_VISIBLE_ARGS(&(q)->visible)

int store_notification_list(struct db_tx *tx, const struct store_notification_query *q,
			    struct arena *a, struct store_notifications *ret, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT " COLUMNS SUMS " FROM notification x WHERE " WANTED
				     " AND x.id > $4 ORDER BY x.id LIMIT $5",
				     DB_ARGS(WANTED_ARGS(q), DB_I(q->after), DB_I(q->n + 1)), e);
	return read_rows(s, q->n, true, a, ret, e);
}

int store_notification_total(struct db_tx *tx, const struct store_notification_query *q,
			     struct total *ret, struct err *e)
{
	return total_read(tx, TOTAL_OF("notification x WHERE " WANTED), DB_ARGS(WANTED_ARGS(q)),
			  ret, e);
}

int store_notifications_on(struct db_tx *tx, uint64_t events, int64_t scope, struct arena *a,
			   struct store_notifications *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT " COLUMNS " FROM notification x WHERE x.is_on = 1"
		     " AND (x.events & $1) <> 0 AND ($2 = 0 OR EXISTS (SELECT 1 FROM scope_up u"
		     " WHERE u.scope_id = $2 AND u.ancestor_id = x.scope_id)) ORDER BY x.id",
		     DB_ARGS(DB_I(events), DB_I(scope)), e);
	return read_rows(s, 0, false, a, ret, e);
}

int store_notification_wants(struct db_tx *tx, uint64_t events, int *ret_severity_min,
			     struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT count(*), COALESCE(min(severity_min), 0)"
				     " FROM notification WHERE is_on = 1 AND (events & $1) <> 0",
				     DB_ARGS(DB_I(events)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	bool any = r > 0 && db_int(s, 0) > 0;
	if (any && ret_severity_min)
		*ret_severity_min = (int)db_int(s, 1);
	db_done(s);
	return r < 0 ? r : any;
}
