/* The scrub: every blob is read again in turn, slowly, so that damage is found while the clients
 * that pushed it still have it. */
#include "registry/registry_impl.h"

#include "base/clock.h"
#include "base/log.h"

#include <time.h>

#define NAP_MS 1000	 /* between looks for what is due */
#define WAIT_MAX_MS 1000 /* of one wait for the rate */

struct scrub_job {
	struct registry *g;
	int64_t before_ms;
	int64_t now_ms;
	struct store_care care;
};

struct pace {
	struct registry *g;
	uint64_t rate; /* bytes a second; 0 = no pace */
	uint64_t done;
	int64_t start_ms;
};

static int next(struct db_tx *tx, void *arg, struct err *e)
{
	struct scrub_job *j = arg;
	struct store_registry t = {.tx = tx, .now_ms = j->now_ms};
	return store_care_next(&t, j->before_ms, &j->care, e);
}

/* Sleeps until the registry closes or the time has passed. */
static void nap(struct registry *g, int64_t ms)
{
	pthread_mutex_lock(&g->s->house_lock);
	if (!g->s->stopping)
		(void)clock_wait_mono(&g->s->house_wake, &g->s->house_lock, clock_mono_ms() + ms);
	pthread_mutex_unlock(&g->s->house_lock);
}

static int keep_pace(void *arg, size_t n, struct err *e)
{
	struct pace *p = arg;
	p->done += n;
	while (p->rate && !p->g->s->stopping) {
		int64_t due = p->start_ms + (int64_t)(p->done * 1000 / p->rate),
			ahead = due - clock_mono_ms();
		if (ahead <= 0)
			break;
		nap(p->g, ahead < WAIT_MAX_MS ? ahead : WAIT_MAX_MS);
	}
	return p->g->s->stopping ? err_set(e, ERR_CANCELLED, "stopping") : 0;
}

int registry_scrub(struct registry *g, int64_t now_ms, uint64_t rate, uint64_t *ret_size,
		   struct err *e)
{
	struct scrub_job j = {
	    .g = g, .before_ms = now_ms - (int64_t)g->s->o.scrub_every_ms, .now_ms = now_ms};
	struct pace pace = {.g = g, .rate = rate, .start_ms = clock_mono_ms()};
	int r = db_run(g->s->db, DB_READ, next, &j, e);
	if (r == 1)
		r = blob_verify(g, &j.care, keep_pace, &pace, e);
	else
		return r;
	if (r < 0)
		return r;
	*ret_size = pace.done;
	pthread_mutex_lock(&g->s->health_lock);
	g->s->health.scrubbed_blobs++;
	g->s->health.scrubbed_bytes += pace.done;
	pthread_mutex_unlock(&g->s->health_lock);
	return 1;
}

void *scrub_main(void *registry)
{
	struct registry *g = registry;
	bool said = false;
	while (!g->s->stopping) {
		struct err e = ERR_INIT;
		uint64_t size = 0;
		int r = registry_scrub(g, clock_wall_ms(), g->s->o.scrub_rate, &size, &e);
		if (r < 0 && r != -(int)ERR_CANCELLED && !said)
			log_line(LOG_WARN, "scrub: %s", e.msg);
		said = r < 0;
		if (r <= 0)
			nap(g, r < 0 ? 60 * NAP_MS : NAP_MS);
	}
	return NULL;
}
