#include "notify/notify_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/event.h"

#include <stdlib.h>

#define LOOK_MS 1000	 /* what becomes due by itself is looked for */
#define WATCH_MS 60000	 /* the same of facts that follow from the time */
#define PRUNE_STEPS 1000 /* of 1,000 rows, once a watch */

static void say(const struct notifier *n, const char *what, const struct err *e)
{
	if (e->code != ERR_CANCELLED && e->code != ERR_CONFLICT && !atomic_load(&n->stopping))
		log_line(LOG_ERROR, "notifications: %s: %s; tried again", what, e->msg);
}

static int prune_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct notifier *n = arg;
	int64_t now = clock_wall_ms();
	int r = store_delivery_mend_clock(tx, now, e);
	return r < 0 ? r : (int)store_delivery_prune(tx, now - n->o.history_ms, e);
}

static int watch(struct notifier *n, struct err *e)
{
	int64_t now = clock_wall_ms();
	if (now - n->looked_at < WATCH_MS && now >= n->looked_at)
		return 0;
	n->looked_at = now;
	int r = notify_watch(n, now, e);
	for (int i = 0, more = 1; r >= 0 && more > 0 && i < PRUNE_STEPS; i++)
		r = more = db_run(n->o.db, DB_WRITE_SOON, prune_tx, n, e);
	return r < 0 ? r : 0;
}

static void *composer_main(void *arg)
{
	struct notifier *n = arg;
	while (!atomic_load(&n->stopping)) {
		struct err e = ERR_INIT;
		uint64_t seen = event_seq(n->o.db);
		int r = watch(n, &e);
		if (r < 0)
			say(n, "what is due", &e);
		do {
			e = (struct err)ERR_INIT;
			r = notify_compose_one(n, &e);
		} while (r > 0 && !atomic_load(&n->stopping));
		if (r < 0)
			say(n, "what happened", &e);
		(void)event_wait(n->o.db, r < 0 ? event_seq(n->o.db) : seen, LOOK_MS);
	}
	return NULL;
}

static void *sender_main(void *arg)
{
	struct notifier *n = arg;
	while (!atomic_load(&n->stopping)) {
		struct err e = ERR_INIT;
		uint64_t seen = event_seq(n->o.db);
		int r = notify_deliver_one(n, &e);
		if (r < 0)
			say(n, "messages", &e);
		if (r <= 0)
			(void)event_wait(n->o.db, r < 0 ? event_seq(n->o.db) : seen, LOOK_MS);
	}
	return NULL;
}

struct notifier *notifier_start(const struct notifier_options *o, struct err *e)
{
	struct notifier *n = calloc(1, sizeof *n);
	if (!n) {
		err_nomem(e);
		return NULL;
	}
	n->o = *o;
	for (size_t i = 0; i <= NOTIFY_SENDERS; i++) {
		int rc = pthread_create(&n->threads[i], NULL, i ? sender_main : composer_main, n);
		if (rc != 0) {
			notifier_stop(n);
			err_set(e, ERR_NOMEM, "no thread for notifications");
			return NULL;
		}
		n->thread_count++;
	}
	return n;
}

void notifier_stop_soon(struct notifier *n)
{
	if (!n)
		return;
	atomic_store(&n->stopping, true);
	event_wake(n->o.db);
}

void notifier_stop(struct notifier *n)
{
	if (!n)
		return;
	notifier_stop_soon(n);
	for (size_t i = 0; i < n->thread_count; i++)
		pthread_join(n->threads[i], NULL);
	free(n);
}
