/* What becomes worth a message as time passes; each is said once (store_mark_set). */
#include "base/clock.h"
#include "notify/notify_impl.h"
#include "scan/engine.h"
#include "store/rule.h"
#include "vdb/vdb.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)
#define SOON_MS (7 * DAY_MS)
#define FEED_OLD_MS (3 * DAY_MS)	 /* of feeds that are fetched */
#define FEED_OLD_BY_HAND_MS (7 * DAY_MS) /* of a database that comes otherwise */
#define FEEDS_MAX 256U
#define DETAIL_MAX (256U << 10)

struct old_feed {
	char name[64];
	int64_t fetched_ms;
};
struct watching {
	struct notifier *n;
	int64_t now;
	struct old_feed feeds[FEEDS_MAX];
	size_t feed_count;
};

struct due_rule {
	int64_t id, scope, value;
};

static int read_rules(struct db_stmt *s, struct due_rule *out, size_t *ret, struct err *e)
{
	int r = s ? 0 : -(int)e->code;
	*ret = 0;
	while (s && *ret < STORE_RULES_MAX && (r = db_step(s, e)) > 0)
		out[(*ret)++] = (struct due_rule){db_int(s, 0), db_int(s, 1), db_int(s, 2)};
	db_done(s);
	return r < 0 ? r : 0;
}

static int note_rules(struct db_tx *tx, const struct watching *w, const struct due_rule *rules,
		      size_t count, enum store_mark_kind mark, const char *what, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		char number[32];
		(void)snprintf(number, sizeof number, "%lld", (long long)rules[i].id);
		int r = store_mark_set(tx, mark, bytes_of(number), rules[i].value, e);
		if (r > 0)
			r = store_notice_add(tx,
					     &(struct store_notice){.kind = STORE_NOTICE_RULE,
								    .scope_id = rules[i].scope,
								    .subject = bytes_of(number),
								    .detail = bytes_of(what),
								    .at = w->now},
					     e);
		if (r < 0)
			return r;
	}
	return 0;
}

#define RULES "SELECT x.id, x.scope_id, "
static int watch_rules(struct db_tx *tx, const struct watching *w, struct err *e)
{
	struct due_rule rules[STORE_RULES_MAX];
	size_t n;
	struct db_stmt *s = db_query(tx,
				     RULES "x.expires_at FROM rule x WHERE x.state = 0"
					   " AND x.expires_at > $1 AND x.expires_at <= $2",
				     DB_ARGS(DB_I(w->now), DB_I(w->now + SOON_MS)), e);
	if (read_rules(s, rules, &n, e) < 0 ||
	    note_rules(tx, w, rules, n, STORE_MARK_RULE_SOON, "expires_soon", e) < 0)
		return -(int)e->code;
	s = db_query(tx,
		     RULES "x.expires_at FROM rule x WHERE x.state < 2 AND x.expires_at > $1"
			   " AND x.expires_at <= $2",
		     DB_ARGS(DB_I(w->now - DAY_MS), DB_I(w->now)), e);
	if (read_rules(s, rules, &n, e) < 0 ||
	    note_rules(tx, w, rules, n, STORE_MARK_RULE_EXPIRED, "expired", e) < 0)
		return -(int)e->code;
	s = db_query(tx,
		     RULES
		     "x.changed_at FROM rule x JOIN rule_seen n ON n.rule_id = x.id"
		     " WHERE x.state = 0 AND n.findings = 0 AND n.released > 0"
		     " AND NOT EXISTS (SELECT 1 FROM rule_due d WHERE d.scope_id = x.scope_id)",
		     NULL, 0, e);
	if (read_rules(s, rules, &n, e) < 0)
		return -(int)e->code;
	return note_rules(tx, w, rules, n, STORE_MARK_RULE_ENDED, "ended", e);
}

/* The feeds of the database in use that are too old. */
static void look_at_feeds(struct watching *w)
{
	const struct notifier *n = w->n;
	const struct vdb *v = n->o.engine ? engine_vdb_take(n->o.engine) : NULL;
	int64_t old = n->o.feeds_every_ms ? FEED_OLD_MS : FEED_OLD_BY_HAND_MS;
	if (old < 3 * n->o.feeds_every_ms)
		old = 3 * n->o.feeds_every_ms;
	for (size_t i = 0; v && i < vdb_source_count(v) && w->feed_count < FEEDS_MAX; i++) {
		struct vdb_source x;
		if (!vdb_source_get(v, i, &x))
			continue;
		int64_t at = x.fetched_ms ? x.fetched_ms : vdb_built_ms(v);
		struct old_feed *f = &w->feeds[w->feed_count];
		if (w->now - at <= old || x.feed.len >= sizeof f->name)
			continue;
		(void)snprintf(f->name, sizeof f->name, "%.*s", BYTES_ARG(x.feed));
		f->fetched_ms = at;
		w->feed_count++;
	}
	if (n->o.engine)
		engine_vdb_give(n->o.engine, v);
}

/* One message about all that have become so. */
static int watch_feeds(struct db_tx *tx, const struct watching *w, struct err *e)
{
	struct buf detail, names;
	struct json_out j;
	size_t fresh = 0;
	int r = 0;
	buf_init(&detail, DETAIL_MAX);
	buf_init(&names, DETAIL_MAX);
	json_out_init(&j, &detail, false);
	json_put_array(&j, NULL);
	for (size_t i = 0; r >= 0 && i < w->feed_count; i++) {
		const struct old_feed *f = &w->feeds[i];
		r = store_mark_set(tx, STORE_MARK_FEED, bytes_of(f->name), f->fetched_ms, e);
		if (r <= 0)
			continue;
		buf_printf(&names, "%s%s", fresh++ ? ", " : "", f->name);
		json_put_object(&j, NULL);
		json_put_text(&j, "feed", f->name);
		json_put_time(&j, "fetched_at", f->fetched_ms);
		json_put_i64(&j, "days", (w->now - f->fetched_ms) / DAY_MS);
		json_put_end(&j, '}');
	}
	json_put_end(&j, ']');
	if (r >= 0 && fresh && buf_ok(&detail) && buf_ok(&names))
		r = store_notice_add(tx,
				     &(struct store_notice){.kind = STORE_NOTICE_FEEDS,
							    .subject = buf_bytes(&names),
							    .detail = buf_bytes(&detail),
							    .at = w->now},
				     e);
	buf_free(&detail);
	buf_free(&names);
	return r < 0 ? r : 0;
}

/* Mondays, in UTC; 1970 began on a Thursday. */
static int watch_week(struct db_tx *tx, const struct watching *w, struct err *e)
{
	int64_t days = w->now / DAY_MS + 3;
	int r = store_mark_set(tx, STORE_MARK_WEEK, BYTES_LIT("week"), days / 7, e);
	if (r < 0 || r == 0 || (r == 2 && days % 7 != 0))
		return r < 0 ? r : 0;
	return store_notice_add(
	    tx, &(struct store_notice){.kind = STORE_NOTICE_WEEKLY, .at = w->now}, e);
}

static int watch_tx(struct db_tx *tx, void *arg, struct err *e)
{
	static const struct {
		enum store_notify_event event;
		int (*watch)(struct db_tx *tx, const struct watching *w, struct err *e);
	} all[] = {{STORE_NOTIFY_RULES, watch_rules},
		   {STORE_NOTIFY_FEEDS, watch_feeds},
		   {STORE_NOTIFY_WEEKLY, watch_week}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		int r = store_notification_wants(tx, UINT64_C(1) << all[i].event, NULL, e);
		if (r > 0)
			r = all[i].watch(tx, arg, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int wants_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return store_notification_wants(
	    tx, 1U << STORE_NOTIFY_RULES | 1U << STORE_NOTIFY_FEEDS | 1U << STORE_NOTIFY_WEEKLY,
	    NULL, e);
}

int notify_watch(struct notifier *n, int64_t now_ms, struct err *e)
{
	struct watching w = {.n = n, .now = now_ms};
	int r = db_run(n->o.db, DB_READ, wants_tx, NULL, e);
	if (r <= 0)
		return r;
	look_at_feeds(&w);
	return db_run(n->o.db, DB_WRITE, watch_tx, &w, e);
}
