/* What comes next for an image, by the rules that engine_events.c and engine_watch.c act on. */
#include "scan/engine_impl.h"

#include "base/clock.h"

/* Rechecks go on while the last pull is recent enough when one is due. */
static int64_t recheck_at(const struct engine *g, const struct ledger_image *i)
{
	int64_t now = clock_wall_ms(), due = i->scanned_ms + g->o.recheck_ms;
	int64_t at = due > now ? due : now;
	return i->pulled_ms && i->scanned_ms && at < i->pulled_ms + ENGINE_PULL_WINDOW_MS ? at : 0;
}

static void decide(const struct engine *g, const struct ledger_image *i,
		   const struct store_scan_outlook *o, struct engine_outlook *ret)
{
	ret->at_ms = 0;
	if (i->state == IMAGE_ARTIFACT) {
		ret->reason = BYTES_LIT("it is no image");
	} else if (o->plan_off) {
		ret->reason = BYTES_LIT("the plan of its subscription is off");
	} else if (o->open_trigger.len && !o->is_running) {
		ret->at_ms = o->run_at_ms;
	} else if (!o->open_trigger.len && o->retry_at_ms) {
		ret->at_ms = o->retry_at_ms;
		ret->reason = BYTES_LIT("the last scan failed and is tried again");
	} else if (!o->open_trigger.len) {
		ret->at_ms = recheck_at(g, i);
		ret->reason =
		    ret->at_ms
			? BYTES_LIT("recheck: it was pulled in the last 30 days")
			: BYTES_LIT("not pulled in the last 30 days: a push, a pull or a request "
				    "scans it; new advisories are matched without a scan");
	}
}

static int look(const struct engine *g, const struct ledger_image *i,
		const struct store_scan_outlook *o, struct arena *a, struct engine_outlook *ret,
		struct err *e)
{
	*ret = (struct engine_outlook){.trigger = o->trigger};
	decide(g, i, o, ret);
	if (ret->reason.len)
		return 0;
	const char *text = arena_printf(a, "%s: %.*s", o->is_running ? "running" : "queued",
					BYTES_ARG(o->open_trigger));
	ret->reason = bytes_of(text);
	return text ? 0 : err_nomem(e);
}

int engine_outlooks(const struct engine *g, struct db_tx *tx, const struct ledger_image *images,
		    size_t count, struct arena *a, struct engine_outlook *ret, struct err *e)
{
	int64_t *ids = arena_alloc(a, count, sizeof *ids);
	struct store_scan_outlook *o = arena_alloc(a, count, sizeof *o);
	if (!ids || !o)
		return err_nomem(e);
	for (size_t i = 0; i < count; i++)
		ids[i] = images[i].id;
	int r = store_scan_outlooks(tx, ids, count, a, o, e);
	for (size_t i = 0; i < count && r >= 0; i++)
		r = look(g, &images[i], &o[i], a, &ret[i], e);
	return r;
}
