#include "store/scans.h"

#include "store/plan.h"

#include "store/digest_key.h"

#include <stdint.h>

#define SELECT                                                                                     \
	"SELECT s.id, nr.name, s.digest, s.trigger, s.status, s.attempts, s.run_at,"               \
	" s.lease_epoch, s.reason, s.queued_at, s.started_at, s.finished_at, s.deaths, s.retries," \
	" s.repository_id, ng.name, ns.name, nr.registry_id, s.lease_owner"                        \
	" FROM scan s" STORE_NAMES_JOIN("s.repository_id")
/* A parameter: the key of a digest's text. */
#define DIGEST(text) DB_B(digest_key_of(text, &(struct digest_key){{0}}))
#define INSERT                                                                                     \
	"INSERT INTO scan(id, repository_id, digest, trigger, status, attempts, run_at, "          \
	"lease_until, lease_epoch, reason,"                                                        \
	" queued_at, started_at, finished_at)"
/* Of statements that queue many: behind the last one; then counter_follows. */
#define NEXT_ID                                                                                    \
	"COALESCE((SELECT value FROM id_counter WHERE name = 'scan'), 0) + row_number() OVER "     \
	"(ORDER BY i.id)"
#define UNLESS_OPEN " ON CONFLICT(repository_id, digest) WHERE status IN (0, 1) DO NOTHING"

const char *store_scan_status_word(enum store_scan_status s)
{
	static const char *const words[] = {"queued", "running", "completed", "failed",
					    "unsupported"};
	return (unsigned)s < sizeof words / sizeof *words ? words[s] : "unknown";
}

static int row(struct db_stmt *s, struct arena *a, struct store_scan *ret, struct err *e)
{
	struct store_scan r = {.id = db_int(s, 0),
			       .status = (enum store_scan_status)db_int(s, 4),
			       .attempts = db_int(s, 5),
			       .run_at_ms = db_int(s, 6),
			       .lease_epoch = db_int(s, 7),
			       .queued_ms = db_int(s, 9),
			       .started_ms = db_int(s, 10),
			       .finished_ms = db_int(s, 11),
			       .deaths = db_int(s, 12),
			       .retries = db_int(s, 13),
			       .repository_id = db_int(s, 14),
			       .registry_id = db_int(s, 17)};
	struct {
		struct bytes *to;
		int column;
	} texts[] = {{&r.repository, 1}, {&r.trigger, 3},	{&r.reason, 8},
		     {&r.registry, 15},	 {&r.subscription, 16}, {&r.lease_owner, 18}};
	bool ok;
	r.digest = digest_key_text(db_bytes(s, 2), a, &ok);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (ok)
			*texts[i].to = arena_bytes(a, db_bytes(s, texts[i].column), &ok);
		if (!ok)
			return err_set(e, ERR_NOMEM, "no memory for a scan");
	}
	*ret = r;
	return 0;
}

/* Read one integer column of the first row: 1, 0, <0. */
static int first_int(struct db_stmt *s, int64_t *ret, struct err *e)
{
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e), found = r;
	if (r > 0)
		*ret = db_int(s, 0);
	while (r > 0)
		r = db_step(s, e);
	db_done(s);
	return r < 0 ? r : found;
}

int store_scan_add(struct db_tx *tx, int64_t repository, struct bytes digest, struct bytes trigger,
		   int64_t now_ms, int64_t *ret_id, struct err *e)
{
	int r = first_int(
	    db_query(
		tx,
		"SELECT id FROM scan WHERE repository_id = $1 AND digest = $2 AND status IN (0, 1)",
		DB_ARGS(DB_I(repository), DIGEST(digest)), e),
	    ret_id, e);
	if (r != 0)
		return r < 0 ? r : 0;
	*ret_id = db_id_next(tx, "scan", e);
	int64_t n =
	    *ret_id < 0
		? *ret_id
		: db_exec(tx, INSERT " VALUES($5, $1, $2, $3, 0, 0, $4, 0, 0, '', $4, 0, 0)",
			  DB_ARGS(DB_I(repository), DIGEST(digest), DB_T(trigger), DB_I(now_ms),
				  DB_I(*ret_id)),
			  e);
	return n < 0 ? (int)n : 0;
}

/* After NEXT_ID: no number is given twice. Returns n. */
static int64_t counter_follows(struct db_tx *tx, int64_t n, struct err *e)
{
	if (n <= 0)
		return n;
	int64_t r = db_exec(
	    tx,
	    "INSERT INTO id_counter(name, value) SELECT 'scan', max(id) FROM scan WHERE id > 0"
	    " ON CONFLICT(name) DO UPDATE SET value = excluded.value"
	    " WHERE excluded.value > id_counter.value",
	    NULL, 0, e);
	return r < 0 ? r : n;
}

/* 1 = *ret is the scan's id. */
static int longest_due(struct db_tx *tx, int64_t now_ms, int64_t *ret, struct err *e)
{
	return first_int(
	    db_query(
		tx,
		"SELECT id FROM scan WHERE status = 0 AND run_at <= $1 ORDER BY run_at, id LIMIT 1",
		DB_ARGS(DB_I(now_ms)), e),
	    ret, e);
}

static bool is_full(const struct store_scan_turn *turn, int64_t repository)
{
	for (size_t i = 0; i < turn->full_count; i++) {
		if (turn->full[i] == repository)
			return true;
	}
	return false;
}

/* The next repository with a scan in the queue, by number: 1, 0 = none after that one. */
static int next_repository(struct db_tx *tx, int64_t after, int64_t *ret, struct err *e)
{
	return first_int(db_query(tx,
				  "SELECT repository_id FROM scan WHERE status = 0"
				  " AND repository_id > $1 ORDER BY repository_id LIMIT 1",
				  DB_ARGS(DB_I(after)), e),
			 ret, e);
}

/* The longest due of a repository: 1, 0 = none is. */
static int first_due(struct db_tx *tx, int64_t repository, int64_t now_ms, int64_t *ret,
		     struct err *e)
{
	return first_int(db_query(tx,
				  "SELECT id FROM scan WHERE status = 0 AND repository_id = $1"
				  " AND run_at <= $2 ORDER BY run_at, id LIMIT 1",
				  DB_ARGS(DB_I(repository), DB_I(now_ms)), e),
			 ret, e);
}

static bool is_served(const struct store_scan_turn *turn, int64_t registry)
{
	for (size_t i = 0; i < turn->served_count; i++) {
		if (turn->served[i] == registry)
			return true;
	}
	return false;
}

#define LOOK_MAX 256 /* repositories that are looked at for another registry in a claim */

/* Repositories with scans in the queue behind *turn->look_from that are of registries which are not
 * served, into out: how many. One registry's thousands are passed over in some claims. */
static int64_t other_registries(struct db_tx *tx, const struct store_scan_turn *turn,
				int64_t out[LOOK_MAX], struct err *e)
{
	int64_t n = 0, seen = 0, last = 0;
	int r;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT q.id, r.registry_id FROM (SELECT DISTINCT repository_id AS id FROM scan"
	    " WHERE status = 0 AND repository_id > $1 ORDER BY repository_id LIMIT $2) q"
	    " JOIN repository r ON r.id = q.id ORDER BY q.id",
	    DB_ARGS(DB_I(*turn->look_from), DB_I(LOOK_MAX)), e);
	if (!s)
		return -(int)e->code;
	while ((r = db_step(s, e)) > 0 && seen++ < LOOK_MAX) {
		last = db_int(s, 0);
		if (!is_served(turn, db_int(s, 1)) && !is_full(turn, last))
			out[n++] = last;
	}
	db_done(s);
	*turn->look_from = seen < LOOK_MAX ? 0 : last;
	return r < 0 ? r : n;
}

/* One of a registry that has none running, if there is one among those that are looked at. */
static int by_registry(struct db_tx *tx, int64_t now_ms, const struct store_scan_turn *turn,
		       int64_t *ret, struct err *e)
{
	int64_t others[LOOK_MAX] = {0};
	int64_t from = *turn->look_from;
	int64_t n = other_registries(tx, turn, others, e);
	/* Around: those in front of where it began. */
	if (n == 0 && from > 0 && *turn->look_from == 0)
		n = other_registries(tx, turn, others, e);
	for (int64_t i = 0; i < n; i++) {
		int r = first_due(tx, others[i], now_ms, ret, e);
		if (r != 0) {
			*turn->look_from = others[i];
			return r;
		}
	}
	return n < 0 ? (int)n : 0;
}

/* Once around all repositories, from the one after the last. */
static int by_turns(struct db_tx *tx, int64_t now_ms, const struct store_scan_turn *turn,
		    int64_t *ret, struct err *e)
{
	int64_t at = turn->after, next = 0;
	bool around = false;
	for (;;) {
		int r = next_repository(tx, at, &next, e);
		if (r < 0)
			return r;
		if (r == 0) {
			if (around || turn->after == 0)
				return 0;
			around = true;
			at = 0;
			continue;
		}
		if (!is_full(turn, next)) {
			r = first_due(tx, next, now_ms, ret, e);
			if (r != 0)
				return r;
		}
		if (around && next >= turn->after)
			return 0;
		at = next;
	}
}

static int take(struct db_tx *tx, int64_t id, int64_t now_ms, const char *owner, struct arena *a,
		struct store_scan *ret, struct err *e)
{
	int64_t n = db_exec(
	    tx,
	    "UPDATE scan SET status = 1, attempts = attempts + 1, lease_epoch = lease_epoch + 1,"
	    " lease_owner = $4, lease_until = $2, started_at = $3 WHERE id = $1 AND status = 0",
	    DB_ARGS(DB_I(id), DB_I(now_ms + STORE_LEASE_MS), DB_I(now_ms), DB_T(bytes_of(owner))),
	    e);
	return n <= 0 ? (int)n : store_scan_get(tx, id, a, ret, e);
}

int store_scan_claim(struct db_tx *tx, int64_t now_ms, const struct store_scan_turn *turn,
		     struct arena *a, struct store_scan *ret, int64_t *ret_next_ms, struct err *e)
{
	int64_t id = 0, due = INT64_MAX;
	int r = first_int(
	    db_query(tx, "SELECT run_at FROM scan WHERE status = 0 ORDER BY run_at, id LIMIT 1",
		     NULL, 0, e),
	    &due, e);
	if (r < 0)
		return r;
	*ret_next_ms = r ? due : INT64_MAX;
	if (r == 0 || due > now_ms)
		return 0;
	if (turn->any)
		r = longest_due(tx, now_ms, &id, e);
	else
		r = turn->look_from ? by_registry(tx, now_ms, turn, &id, e) : 0;
	if (!turn->any && r == 0)
		r = by_turns(tx, now_ms, turn, &id, e);
	return r <= 0 ? r : take(tx, id, now_ms, turn->owner, a, ret, e);
}

#define OURS " WHERE id = $1 AND lease_epoch = $2 AND lease_owner = $3 AND status = 1"

int store_scan_renew(struct db_tx *tx, const struct store_scan *s, int64_t now_ms, struct err *e)
{
	int64_t n = db_exec(tx, "UPDATE scan SET lease_until = $4" OURS,
			    DB_ARGS(DB_I(s->id), DB_I(s->lease_epoch), DB_T(s->lease_owner),
				    DB_I(now_ms + STORE_LEASE_MS)),
			    e);
	return n < 0 ? (int)n : n > 0;
}

int store_scan_end(struct db_tx *tx, const struct store_scan *s, enum store_scan_status status,
		   struct bytes reason, int64_t run_at_ms, int64_t now_ms, struct err *e)
{
	int64_t n = db_exec(
	    tx,
	    "UPDATE scan SET status = $4, reason = $5, run_at = $6, finished_at = $7,"
	    " lease_owner = '', lease_until = 0" OURS,
	    DB_ARGS(DB_I(s->id), DB_I(s->lease_epoch), DB_T(s->lease_owner), DB_I(status),
		    DB_T(reason), DB_I(run_at_ms), DB_I(status == STORE_SCAN_QUEUED ? 0 : now_ms)),
	    e);
	if (n < 0)
		return (int)n;
	return n ? 0
		 : err_set(e, ERR_CONFLICT,
			   "scan %lld: another server has taken it over, or its image is gone",
			   (long long)s->id);
}

/* Begins as the condition of the index scan_open does: SQLite does not use it otherwise. */
#define RUNNING "status IN (0, 1) AND status = 1"

int64_t store_scan_reap(struct db_tx *tx, int64_t now_ms, struct err *e)
{
	return db_exec(tx,
		       "UPDATE scan SET status = 0, run_at = $1, lease_owner = ''"
		       " WHERE " RUNNING " AND lease_until < $1",
		       DB_ARGS(DB_I(now_ms)), e);
}

int64_t store_scan_reap_ended(struct db_tx *tx, const char *owner, int64_t now_ms, struct err *e)
{
	return db_exec(
	    tx,
	    "UPDATE scan SET status = 0, run_at = $1, lease_owner = '', deaths = deaths + 1"
	    " WHERE " RUNNING " AND lease_owner <> $3 AND deaths + 1 < $2",
	    DB_ARGS(DB_I(now_ms), DB_I(STORE_SCAN_DEATHS_MAX), DB_T(bytes_of(owner))), e);
}

int store_scan_doomed(struct db_tx *tx, struct arena *a, struct store_scan *ret, struct err *e)
{
	int64_t id = 0;
	int r = first_int(db_query(tx,
				   "SELECT id FROM scan WHERE " RUNNING " AND deaths + 1 >= $1"
				   " ORDER BY id LIMIT 1",
				   DB_ARGS(DB_I(STORE_SCAN_DEATHS_MAX)), e),
			  &id, e);
	if (r <= 0)
		return r;
	int64_t n =
	    db_exec(tx, "UPDATE scan SET deaths = deaths + 1 WHERE id = $1", DB_ARGS(DB_I(id)), e);
	return n < 0 ? (int)n : store_scan_get(tx, id, a, ret, e);
}

int store_scan_put_retry(struct db_tx *tx, const struct store_scan *s, int64_t retry_at_ms,
			 struct err *e)
{
	int64_t n = db_exec(tx, "UPDATE scan SET retry_at = $2 WHERE id = $1",
			    DB_ARGS(DB_I(s->id), DB_I(retry_at_ms)), e);
	return n < 0 ? (int)n : 0;
}

int64_t store_scan_retry(struct db_tx *tx, int64_t now_ms, size_t max, struct err *e)
{
	for (size_t i = 0; i < max; i++) {
		int64_t id = 0;
		int r = first_int(
		    db_query(tx,
			     "SELECT id FROM scan WHERE retry_at > 0 AND (retry_at <= $1 "
			     "OR retry_at > $2)"
			     " ORDER BY retry_at LIMIT 1",
			     DB_ARGS(DB_I(now_ms), DB_I(now_ms + STORE_SCAN_RETRY_MAX_MS)), e),
		    &id, e);
		if (r <= 0)
			return r < 0 ? r : (int64_t)i;
		int64_t next = db_id_next(tx, "scan", e);
		if (next < 0 ||
		    db_exec(
			tx,
			"INSERT INTO scan(id, repository_id, digest, trigger, status, attempts, "
			"run_at, lease_until, lease_epoch, reason,"
			" queued_at, started_at, finished_at, retries)"
			" SELECT $3, repository_id, digest, 'retry', 0, 0, $2, 0, 0, '', $2, 0, 0, "
			"retries + 1 FROM scan s WHERE id = $1"
			" AND NOT EXISTS (SELECT 1 FROM scan n WHERE n.repository_id = "
			"s.repository_id AND n.digest = s.digest AND n.id > s.id)" UNLESS_OPEN,
			DB_ARGS(DB_I(id), DB_I(now_ms), DB_I(next)), e) < 0 ||
		    db_exec(tx, "UPDATE scan SET retry_at = 0 WHERE id = $1", DB_ARGS(DB_I(id)),
			    e) < 0)
			return -(int64_t)e->code;
	}
	return (int64_t)max;
}

int64_t store_scan_mend_clock(struct db_tx *tx, int64_t now_ms, struct err *e)
{
	return db_exec(tx,
		       "UPDATE scan SET run_at = $1 WHERE status = 0 AND run_at > $1 AND (attempts "
		       "= 0 OR run_at > $2)",
		       DB_ARGS(DB_I(now_ms), DB_I(now_ms + STORE_SCAN_RUN_AHEAD_MS)), e);
}

/* Of an image's scans the last. */
#define LAST                                                                                       \
	"(SELECT max(l.id) FROM scan l WHERE l.repository_id = i.repository_id"                    \
	" AND l.digest = i.digest)"

int64_t store_scan_again(struct db_tx *tx, enum store_scan_again which, int64_t from_id,
			 int64_t to_id, struct bytes trigger, int64_t now_ms, struct err *e)
{
	static const char *const texts[] = {
	    [STORE_SCAN_AGAIN_REASON] = INSERT
	    " SELECT " NEXT_ID ", i.repository_id, i.digest, $3, 0, 0, $4, 0, 0, '', $4, 0, 0"
	    " FROM image i JOIN image_counts n ON n.image_id = i.id WHERE i.id BETWEEN $1 AND $2"
	    " AND (n.rest = 3 OR (n.rest < 3 AND i.reason <> '')"
	    " OR EXISTS (SELECT 1 FROM image_attached x WHERE x.image_id = i.id))"
	    " AND NOT EXISTS (SELECT 1 FROM scan s WHERE s.id = " LAST
	    " AND s.deaths >= $5)" UNLESS_OPEN,
	    [STORE_SCAN_AGAIN_FAILED] = INSERT
	    " SELECT " NEXT_ID ", i.repository_id, i.digest, $3, 0, 0, $4, 0, 0, '', $4, 0, 0"
	    " FROM image i JOIN image_counts n ON n.image_id = i.id WHERE i.id BETWEEN "
	    "$1 AND $2 AND n.rest = 3"
	    /* Counted, so that no engine begins with all scans of that state. */
	    " AND (SELECT count(*) FROM scan s WHERE s.id = " LAST
	    " AND s.status = 3 AND s.deaths < $5) = 1" UNLESS_OPEN,
	};
	return counter_follows(tx,
			       db_exec(tx, texts[which],
				       DB_ARGS(DB_I(from_id), DB_I(to_id), DB_T(trigger),
					       DB_I(now_ms), DB_I(STORE_SCAN_DEATHS_MAX)),
				       e),
			       e);
}

int64_t store_scan_recheck(struct db_tx *tx, int64_t pulled_ms, int64_t scanned_ms, int64_t now_ms,
			   struct err *e)
{
	int64_t n = db_exec(
	    tx,
	    INSERT
	    " SELECT " NEXT_ID
	    ", i.repository_id, i.digest, 'recheck', 0, 0, $1, 0, 0, '', $1, 0, 0 FROM image i"
	    " WHERE i.pulled_at > $2 AND (i.scanned_at < $3 OR i.scanned_at > $4)"
	    " AND NOT " STORE_PLAN_OFF("i.repository_id") UNLESS_OPEN,
	    /* One of the future was scanned before the clock was set back. */
	    DB_ARGS(DB_I(now_ms), DB_I(pulled_ms), DB_I(scanned_ms),
		    DB_I(now_ms + STORE_SCAN_RUN_AHEAD_MS)),
	    e);
	return counter_follows(tx, n, e);
}

int64_t store_scan_add_below(struct db_tx *tx, int64_t scope_id, struct bytes trigger,
			     int64_t now_ms, struct err *e)
{
	int64_t n = db_exec(tx,
			    INSERT " SELECT " NEXT_ID
				   ", i.repository_id, i.digest, $3, 0, 0, $2, 0, 0, '', $2, 0, 0"
				   " FROM image i JOIN scope_up u ON u.scope_id = i.repository_id"
				   " AND u.ancestor_id = $1 WHERE i.scanned_at = 0" UNLESS_OPEN,
			    DB_ARGS(DB_I(scope_id), DB_I(now_ms), DB_T(trigger)), e);
	return counter_follows(tx, n, e);
}

/* One of the last two scans of an image, the later one first. */
static int add_outlook(struct db_stmt *s, struct arena *a, struct store_scan_outlook *o,
		       struct err *e)
{
	bool ok, is_open = db_int(s, 2) <= STORE_SCAN_RUNNING;
	struct bytes trigger = arena_bytes(a, db_bytes(s, 1), &ok);
	if (is_open && !o->open_trigger.len && !o->trigger.len) {
		o->open_trigger = trigger;
		o->is_running = db_int(s, 2) == STORE_SCAN_RUNNING;
		o->run_at_ms = db_int(s, 3);
	} else if (!is_open && !o->trigger.len) {
		o->trigger = trigger;
		o->retry_at_ms = db_int(s, 4);
	}
	return ok ? 1 : err_set(e, ERR_NOMEM, "no memory for a scan");
}

int store_scan_outlooks(struct db_tx *tx, const int64_t *images, size_t count, struct arena *a,
			struct store_scan_outlook *ret, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT x.id, x.why, x.status, x.run_at, x.retry_at, CASE WHEN " STORE_PLAN_OFF(
		"x.repository_id") " THEN 1 ELSE 0 END FROM (SELECT i.id AS id,"
				   " i.repository_id AS repository_id, s.trigger AS why,"
				   " s.status AS status, s.run_at AS run_at,"
				   " s.retry_at AS retry_at, s.id AS scan, row_number() OVER"
				   " (PARTITION BY i.id ORDER BY s.id DESC) AS n FROM image i"
				   " JOIN scan s ON s.repository_id = i.repository_id"
				   " AND s.digest = i.digest WHERE i.id {IN $1}) x"
				   " WHERE x.n <= 2 ORDER BY x.id, x.scan DESC",
	    DB_ARGS(DB_INTS(images, count)), e);
	int r = s ? 1 : -(int)e->code;
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct store_scan_outlook){0};
	while (r > 0 && (r = db_step(s, e)) > 0) {
		for (size_t i = 0; i < count && r > 0; i++) {
			if (images[i] != db_int(s, 0))
				continue;
			ret[i].plan_off = db_int(s, 5) != 0;
			r = add_outlook(s, a, &ret[i], e);
		}
	}
	db_done(s);
	return r < 0 ? r : 0;
}

/* Nearly all scans have completed: the others have an index (scan_rest), which needs to be asked
 * for by its own words. */
#define ASKED                                                                                      \
	"($1 = 0 OR s.repository_id = $1) AND ($2 = 0 OR s.digest = $3)"                           \
	" AND " STORE_VISIBLE("s.repository_id", "$4", "$5") " AND s.status {IN $6}"
#define LIST_ORDER " AND s.id < $7 ORDER BY s.id DESC LIMIT $8"
#define ASKED_REST "s.status <> 2 AND " ASKED
#define ASKED_ARGS(q, of)                                                                          \
	DB_I((q)->repository_id), DB_I((q)->digest.len > 0), DIGEST((q)->digest),                  \
	    STORE_VISIBLE_ARGS(&(q)->visible), DB_INTS((of)->list, (of)->count)

struct statuses {
	int64_t list[STORE_SCAN_UNSUPPORTED + 1];
	size_t count;
	bool rest; /* those that have not completed, or some of them */
};

static struct statuses asked_for(const struct store_scan_query *q)
{
	struct statuses ret = {.count = 0};
	bool any = true;
	for (int i = 0; i <= STORE_SCAN_UNSUPPORTED; i++)
		any = any && !q->statuses[i];
	for (int i = 0; i <= STORE_SCAN_UNSUPPORTED; i++)
		if (any || q->statuses[i])
			ret.list[ret.count++] = i;
	ret.rest = !any && !q->statuses[STORE_SCAN_COMPLETED];
	return ret;
}

int64_t store_scan_list(struct db_tx *tx, const struct store_scan_query *q, struct arena *a,
			struct store_scan *out, struct err *e)
{
	const struct statuses of = asked_for(q);
	struct db_stmt *s = db_query(
	    tx,
	    of.rest ? SELECT " WHERE " ASKED_REST LIST_ORDER : SELECT " WHERE " ASKED LIST_ORDER,
	    DB_ARGS(ASKED_ARGS(q, &of), DB_I(q->before ? q->before : INT64_MAX), DB_I(q->max)), e);
	if (!s)
		return -(int)e->code;
	int r;
	int64_t n = 0;
	while ((r = db_step(s, e)) > 0 && (size_t)n < q->max) {
		r = row(s, a, &out[n], e);
		if (r < 0)
			break;
		n++;
	}
	db_done(s);
	return r < 0 ? r : n;
}

int store_scan_total(struct db_tx *tx, const struct store_scan_query *q, struct total *ret,
		     struct err *e)
{
	const struct statuses of = asked_for(q);
	return total_read(
	    tx, of.rest ? TOTAL_OF("scan s WHERE " ASKED_REST) : TOTAL_OF("scan s WHERE " ASKED),
	    DB_ARGS(ASKED_ARGS(q, &of)), ret, e);
}

int store_scan_get(struct db_tx *tx, int64_t id, struct arena *a, struct store_scan *ret,
		   struct err *e)
{
	struct db_stmt *s = db_query(tx, SELECT " WHERE s.id = $1", DB_ARGS(DB_I(id)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0 && row(s, a, ret, e) < 0)
		r = -(int)e->code;
	db_done(s);
	return r;
}
