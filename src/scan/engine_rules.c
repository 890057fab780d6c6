/* Disable rules come into effect: when one is changed, when its time has passed, when a tag moved
 * that rules look at, and what the last run left. */
#include "scan/engine_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "ledger/recount.h"
#include "store/event.h"
#include "store/rule.h"

#define WAIT_MS 3000 /* a request waits so long for a switch of generations to end */
#define LOOK_MS 500

static int recount(struct engine *g, const struct generation_run *run, void *arg, struct err *e)
{
	struct recount_result *result = arg;
	return recount_due(g->o.db, run, result, e);
}

/* Scans stand still meanwhile. The switch lock is held. */
static int apply(struct engine *g, struct err *e)
{
	struct recount_result result;
	pthread_rwlock_wrlock(&g->rows_lock);
	int r = engine_leased(g, recount, &result, e);
	pthread_rwlock_unlock(&g->rows_lock);
	if (r > 0)
		log_line(LOG_INFO, "rules: of %llu images %llu were counted again in %lld ms",
			 (unsigned long long)result.looked_at, (unsigned long long)result.images,
			 (long long)(result.took_us / 1000));
	return r;
}

int engine_rules_apply(struct engine *g, struct err *e)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	while (pthread_mutex_trylock(&g->switch_lock) != 0) {
		if (clock_mono_ms() >= until || atomic_load(&g->stopping))
			return 0;
		engine_sleep(g, 10);
	}
	int r = apply(g, e);
	pthread_mutex_unlock(&g->switch_lock);
	return r < 0 ? r : 1;
}

static int due_tx(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t *now = arg;
	struct db_stmt *s = db_query(tx,
				     "SELECT 1 FROM rule WHERE state = 0 AND expires_at > 0"
				     " AND expires_at <= $1 LIMIT 1",
				     DB_ARGS(DB_I(*now)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r < 0 ? r : r > 0 ? 2 : recount_is_due(tx, e);
}

static int expire_tx(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t n = store_rule_expire(tx, *(int64_t *)arg, e);
	return n < 0 ? (int)n : 0;
}

void *engine_rules_main(void *arg)
{
	struct engine *g = arg;
	while (!atomic_load(&g->stopping)) {
		struct err e = ERR_INIT;
		uint64_t seen = event_seq(g->o.db);
		int64_t now = clock_wall_ms();
		int r = db_run(g->o.db, DB_READ, due_tx, &now, &e);
		if (r == 2)
			r = db_run(g->o.db, DB_WRITE, expire_tx, &now, &e) < 0 ? -(int)e.code : 1;
		if (r > 0)
			r = engine_rules_apply(g, &e);
		if (r < 0 && e.code != ERR_CANCELLED && e.code != ERR_CONFLICT)
			log_line(LOG_ERROR, "rules: %s; tried again", e.msg);
		(void)event_wait(g->o.db, seen, LOOK_MS);
		if (r < 0)
			engine_sleep(g, LOOK_MS);
	}
	return NULL;
}
