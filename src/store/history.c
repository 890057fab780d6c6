#include "store/history.h"

#include "store/event.h"
#include "store/scans.h"

#define SCANS_STEP 500U /* rows a transaction */

struct job {
	const struct store_history_rules *rules;
	int64_t ids[SCANS_STEP];
	size_t count;
};

/* The highest event that all consumers have taken; without consumers none has been. */
static int taken(struct db_tx *tx, int64_t *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT COALESCE(min(last_event), 0) FROM event_cursor", NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = db_int(s, 0);
	db_done(s);
	return r < 0 ? r : 0;
}

static int events_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct job *j = arg;
	int64_t upto = 0, last = 0;
	if (taken(tx, &upto, e) < 0 || event_last(tx, &last, e) < 0)
		return -(int)e->code;
	int64_t n = event_prune(tx, upto, j->rules->before_ms, e),
		over = last - j->rules->events_max;
	if (n == 0 && over > 0)
		n = event_prune(tx, over < upto ? over : upto, INT64_MAX, e);
	return (int)n;
}

/* The look is for readers: most rows stay, and the writer is not held for them. */
static int find_scans_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct job *j = arg;
	j->count = 0;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT s.id FROM scan s WHERE s.status >= 2 AND s.finished_at < $1 AND EXISTS"
	    " (SELECT 1 FROM scan n WHERE n.repository_id = s.repository_id AND n.digest = "
	    "s.digest AND n.id > s.id"
	    " AND n.status >= 2) ORDER BY s.id LIMIT $2",
	    DB_ARGS(DB_I(j->rules->before_ms), DB_I(SCANS_STEP)), e);
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && j->count < SCANS_STEP && (r = db_step(s, e)) > 0) {
		j->ids[j->count++] = db_int(s, 0);
		r = 0;
	}
	db_done(s);
	return r;
}

/* What has ended stays as it is, and so does the newer one that made it superfluous. */
static int delete_scans_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct job *j = arg;
	for (size_t i = 0; i < j->count; i++) {
		if (db_exec(tx, "DELETE FROM scan WHERE id = $1", DB_ARGS(DB_I(j->ids[i])), e) < 0)
			return -(int)e->code;
	}
	return (int)j->count;
}

int store_history_prune(struct db *db, const struct store_history_rules *rules,
			struct store_history_result *ret, struct err *e)
{
	struct job j = {.rules = rules};
	int r;
	*ret = (struct store_history_result){0};
	while ((r = db_run(db, DB_WRITE_SOON, events_tx, &j, e)) > 0) {
		ret->events += r;
		db_yield(db);
	}
	while (r >= 0) {
		r = db_run(db, DB_READ, find_scans_tx, &j, e);
		if (r < 0 || j.count == 0)
			break;
		r = db_run(db, DB_WRITE_SOON, delete_scans_tx, &j, e);
		ret->scans += r > 0 ? r : 0;
		db_yield(db);
	}
	return r < 0 ? r : 0;
}

bool store_history_believes(struct store_history_clock *c, int64_t wall_ms, int64_t mono_ms,
			    int64_t newest_ms, int64_t keep_ms)
{
	int64_t offset = wall_ms - mono_ms, moved = offset - c->offset_ms;
	bool jumped = c->asked ? moved > STORE_HISTORY_JUMP_MS || moved < -STORE_HISTORY_JUMP_MS
			       : newest_ms && wall_ms - newest_ms > keep_ms / 2;
	c->asked = true;
	c->offset_ms = offset;
	if (jumped)
		c->until_ms = mono_ms + STORE_HISTORY_DOUBT_MS;
	c->doubted = mono_ms < c->until_ms;
	return !c->doubted;
}
