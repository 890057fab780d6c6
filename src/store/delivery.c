#include "db/db.h"
#include "store/notification.h"

const char *store_delivery_state_word(int state)
{
	static const char *const words[] = {"waiting", "delivered", "failed", NULL};
	return words[state];
}

static int64_t waiting(struct db_tx *tx, int64_t notification, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT count(*) FROM delivery WHERE notification_id = $1 AND state = 0",
		     DB_ARGS(DB_I(notification)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	int64_t n = r > 0 ? db_int(s, 0) : r;
	db_done(s);
	return n;
}

int64_t store_delivery_add(struct db_tx *tx, const struct store_delivery *x, struct err *e)
{
	int64_t many = waiting(tx, x->notification_id, e);
	int64_t id = many < 0 ? many : db_id_next(tx, "delivery", e);
	if (id < 0)
		return id;
	bool full = many >= STORE_DELIVERIES_WAITING_MAX;
	struct bytes error = full ? BYTES_LIT("not sent: 1,000 messages wait") : BYTES_NONE;
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO delivery(id, notification_id, event, subject, body, state, attempts,"
	    " created_at, next_at, ended_at, error)"
	    " VALUES($1, $2, $3, $4, $5, $6, 0, $7, $7, $8, $9)",
	    DB_ARGS(DB_I(id), DB_I(x->notification_id), DB_T(x->event), DB_T(x->subject),
		    DB_T(full ? BYTES_NONE : x->body),
		    DB_I(full ? STORE_DELIVERY_FAILED : STORE_DELIVERY_WAITING),
		    DB_I(x->created_at), DB_I(full ? x->created_at : 0), DB_T(error)),
	    e);
	if (n < 0)
		return n;
	db_signal(tx);
	return id;
}

#define COLUMNS                                                                                    \
	"d.id, d.notification_id, d.event, d.subject, d.state, d.attempts, d.created_at,"          \
	" d.next_at, d.ended_at, d.error"

static int read_row(struct db_stmt *s, bool body, struct arena *a, struct store_delivery *ret,
		    struct err *e)
{
	bool ok[4] = {true, true, true, true};
	*ret = (struct store_delivery){.id = db_int(s, 0),
				       .notification_id = db_int(s, 1),
				       .event = arena_bytes(a, db_bytes(s, 2), &ok[0]),
				       .subject = arena_bytes(a, db_bytes(s, 3), &ok[1]),
				       .state = (enum store_delivery_state)db_int(s, 4),
				       .attempts = db_int(s, 5),
				       .created_at = db_int(s, 6),
				       .next_at = db_int(s, 7),
				       .ended_at = db_int(s, 8),
				       .error = arena_bytes(a, db_bytes(s, 9), &ok[2])};
	if (body)
		ret->body = arena_bytes(a, db_bytes(s, 10), &ok[3]);
	return ok[0] && ok[1] && ok[2] && ok[3] ? 1
						: err_set(e, ERR_NOMEM, "no memory for a message");
}

int store_delivery_list(struct db_tx *tx, int64_t notification, int64_t before, size_t n,
			struct arena *a, struct store_deliveries *ret, struct err *e)
{
	size_t cap = 0;
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT " COLUMNS " FROM delivery d WHERE d.notification_id = $1"
		     " AND ($2 = 0 OR d.id < $2) ORDER BY d.id DESC LIMIT $3",
		     DB_ARGS(DB_I(notification), DB_I(before), DB_I(n + 1)), e);
	int r = s ? 0 : -(int)e->code;
	*ret = (struct store_deliveries){0};
	while (s && (r = db_step(s, e)) > 0) {
		if (ret->count == n) {
			ret->more = true;
			break;
		}
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		r = ret->items ? read_row(s, false, a, &ret->items[ret->count], e)
			       : err_set(e, ERR_NOMEM, "no memory for messages");
		if (r < 0)
			break;
		ret->count++;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_delivery_total(struct db_tx *tx, int64_t notification, struct total *ret, struct err *e)
{
	return total_read(tx, TOTAL_OF("delivery d WHERE d.notification_id = $1"),
			  DB_ARGS(DB_I(notification)), ret, e);
}

int store_delivery_get(struct db_tx *tx, int64_t id, struct arena *a, struct store_delivery *ret,
		       struct err *e)
{
	struct db_stmt *s = db_query(
	    tx, "SELECT " COLUMNS ", d.body FROM delivery d WHERE d.id = $1", DB_ARGS(DB_I(id)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		r = read_row(s, true, a, ret, e);
	db_done(s);
	return r;
}

static int due(struct db_tx *tx, int64_t now_ms, int64_t *ret, int64_t *ret_of, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT d.id, d.notification_id FROM delivery d JOIN notification x"
		     " ON x.id = d.notification_id WHERE d.state = 0 AND d.next_at <= $1"
		     " AND x.is_on = 1 AND x.busy_until <= $1 ORDER BY d.next_at, d.id LIMIT 1",
		     DB_ARGS(DB_I(now_ms)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0) {
		*ret = db_int(s, 0);
		*ret_of = db_int(s, 1);
	}
	db_done(s);
	return r;
}

int store_delivery_claim(struct db_tx *tx, int64_t now_ms, int64_t lease_ms, struct arena *a,
			 struct store_delivery *ret, struct store_notification *ret_of,
			 struct err *e)
{
	int64_t id, of;
	int r = due(tx, now_ms, &id, &of, e);
	if (r <= 0)
		return r;
	if (db_exec(tx, "UPDATE notification SET busy_until = $2 WHERE id = $1",
		    DB_ARGS(DB_I(of), DB_I(now_ms + lease_ms)), e) < 0 ||
	    db_exec(tx, "UPDATE delivery SET attempts = attempts + 1 WHERE id = $1",
		    DB_ARGS(DB_I(id)), e) < 0)
		return -(int)e->code;
	r = store_delivery_get(tx, id, a, ret, e);
	return r <= 0 ? r : store_notification_get(tx, of, &VISIBILITY_ALL, a, ret_of, e);
}

int store_delivery_end(struct db_tx *tx, const struct store_delivery *x, struct err *e)
{
	bool waits = x->state == STORE_DELIVERY_WAITING;
	int64_t n =
	    db_exec(tx,
		    "UPDATE delivery SET state = $2, next_at = $3, ended_at = $4, error = $5,"
		    " body = CASE WHEN $2 = 0 THEN body ELSE '' END WHERE id = $1 AND state = 0",
		    DB_ARGS(DB_I(x->id), DB_I(x->state), DB_I(x->next_at), DB_I(x->ended_at),
			    DB_T(x->error)),
		    e);
	if (n >= 0) /* a receiver that fails is not asked for the next message before its time */
		n = db_exec(tx, "UPDATE notification SET busy_until = $2 WHERE id = $1",
			    DB_ARGS(DB_I(x->notification_id), DB_I(waits ? x->next_at : 0)), e);
	return n < 0 ? (int)n : 0;
}

int store_delivery_next(struct db_tx *tx, int64_t *ret_ms, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT COALESCE(min(CASE WHEN x.busy_until > d.next_at THEN x.busy_until"
		     " ELSE d.next_at END), 0) FROM delivery d JOIN notification x"
		     " ON x.id = d.notification_id WHERE d.state = 0 AND x.is_on = 1",
		     NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	*ret_ms = r > 0 ? db_int(s, 0) : 0;
	db_done(s);
	return r < 0 ? r : 0;
}

#define AHEAD_MS (INT64_C(2) * 3600000) /* none is put off longer: an hour at most */

int store_delivery_mend_clock(struct db_tx *tx, int64_t now_ms, struct err *e)
{
	int64_t n = db_exec(tx, "UPDATE delivery SET next_at = $1 WHERE state = 0 AND next_at > $2",
			    DB_ARGS(DB_I(now_ms), DB_I(now_ms + AHEAD_MS)), e);
	if (n >= 0)
		n = db_exec(tx, "UPDATE notification SET busy_until = 0 WHERE busy_until > $1",
			    DB_ARGS(DB_I(now_ms + AHEAD_MS)), e);
	return n < 0 ? (int)n : 0;
}

int64_t store_delivery_prune(struct db_tx *tx, int64_t before_ms, struct err *e)
{
	return db_exec(tx,
		       "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery"
		       " WHERE created_at < $1 ORDER BY id LIMIT 1000)",
		       DB_ARGS(DB_I(before_ms)), e);
}
