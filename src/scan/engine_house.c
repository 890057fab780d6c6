/* Expired rows, and rows that nothing needs, are removed once an hour. */
#include "scan/engine_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/history.h"
#include "ledger/tidy.h"

static int newest_tx(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t *ret = arg;
	struct db_stmt *s = db_query(tx, "SELECT COALESCE(max(at), 0) FROM event", NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = db_int(s, 0);
	db_done(s);
	return r;
}

static bool is_believed(struct engine *g, struct err *e)
{
	int64_t newest = 0;
	bool before = g->clock.doubted;
	if (db_run(g->o.db, DB_READ, newest_tx, &newest, e) < 0)
		return false;
	bool believed = store_history_believes(&g->clock, clock_wall_ms(), clock_steady_ms(),
					       newest, g->o.history_ms);
	if (!believed && !before)
		log_line(LOG_WARN,
			 "history: the clock may have jumped; nothing is removed for a day");
	return believed;
}

static int forget(struct engine *g, struct err *e)
{
	struct store_history_result gone;
	const struct store_history_rules rules = {.before_ms = clock_wall_ms() - g->o.history_ms,
						  .events_max = STORE_HISTORY_EVENTS_MAX};
	int r = store_history_prune(g->o.db, &rules, &gone, e);
	if (gone.events || gone.scans)
		log_line(LOG_INFO, "history: removed %lld events and %lld scans",
			 (long long)gone.events, (long long)gone.scans);
	return r;
}

static int tidy(struct engine *g, struct err *e)
{
	struct ledger_tidy_result gone;
	int64_t now = clock_wall_ms();
	const struct ledger_tidy_rules rules = {.analyzer = LAYER_ANALYZER_VERSION,
						.layers_before_ms = now - g->o.layers_ms,
						.now_ms = now,
						.stop = &g->cut_short};
	if (pthread_mutex_trylock(&g->switch_lock) != 0)
		return 0; /* a switch: the next time */
	int r = ledger_tidy_rows(g->o.db, &rules, &gone, e);
	pthread_mutex_unlock(&g->switch_lock);
	if (gone.layers || gone.sets || gone.packages || gone.rest)
		log_line(LOG_INFO,
			 "removed what nothing needs: %lld inventories, %lld sets, %lld packages, "
			 "%lld other rows",
			 (long long)gone.layers, (long long)gone.sets, (long long)gone.packages,
			 (long long)gone.rest);
	return r;
}

static int pulls_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return ledger_image_pulls_forget(tx, clock_wall_ms() - ENGINE_PULL_WINDOW_MS, e);
}

static int pulls(struct engine *g, struct err *e)
{
	int r = 1;
	while (r > 0 && !atomic_load(&g->cut_short)) {
		r = db_run(g->o.db, DB_WRITE_SOON, pulls_tx, NULL, e);
		db_yield(g->o.db);
	}
	return r;
}

static int hourly_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct engine *g = arg;
	return g->o.hourly(tx, clock_wall_ms(), e);
}

void engine_house(struct engine *g)
{
	struct err e = ERR_INIT;
	if (g->o.hourly && db_run(g->o.db, DB_WRITE, hourly_tx, g, &e) < 0)
		log_line(LOG_ERROR, "hourly: %s", e.msg);
	e = (struct err)ERR_INIT;
	if (is_believed(g, &e) && (forget(g, &e) < 0 || pulls(g, &e) < 0))
		log_line(LOG_ERROR, "history: %s", e.msg);
	e = (struct err)ERR_INIT;
	if (tidy(g, &e) < 0)
		log_line(LOG_ERROR, "rows that nothing needs: %s", e.msg);
}
