#include "daemon/schedule.h"

#include "base/clock.h"
#include "base/log.h"
#include "scan/engine.h"
#include "scan/update.h"
#include "scan/vdb_build.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define UPDATE_BUDGET (16U << 20)
#define FIRST_UPDATE_MS 2000 /* after the start: a restart must not wait for feeds */

struct schedule {
	const struct config *c;
	struct engine *engine;
	struct pool *pool;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool stopping, update_now;
};

/* Build a database of the last good copies and make it the current generation. */
static int build(struct schedule *s, const struct update_file *files, size_t count, struct err *e)
{
	char out[4096];
	struct vdb_build_input sources[128];
	size_t n = 0;
	for (size_t i = 0; i < count && n < sizeof sources / sizeof *sources; i++) {
		if (files[i].outcome != UPDATE_MISSING)
			sources[n++] = (struct vdb_build_input){.feed = files[i].feed, .path = files[i].path};
	}
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "no feed could be fetched");
	(void)snprintf(out, sizeof out, "%s/vdb/next.vdb", s->c->data_dir);
	if (scan_vdb_build(s->pool, sources, n, out, NULL, NULL, e) < 0 || engine_switch(s->engine, out, e) < 0)
		return -(int)e->code;
	(void)remove(out);
	return 0;
}

static void update(struct schedule *s)
{
	struct arena a;
	struct err e = ERR_INIT;
	struct update_source *sources = NULL;
	struct update_file *files = NULL;
	size_t count = 0, changed = 0;
	char dir[4096];
	arena_init(&a, UPDATE_BUDGET);
	(void)snprintf(dir, sizeof dir, "%s/feeds", s->c->data_dir);
	int r = update_parse(bytes_of(s->c->feeds), &a, &sources, &count, &e);
	const struct update_source *from = count ? sources : update_defaults;
	count = count ? count : update_default_count;
	if (r == 0)
		r = update_fetch(from, count, dir, &a, &files, &e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		changed += files[i].unbuilt;
		if (files[i].outcome == UPDATE_STALE)
			log_line(LOG_WARN, "feed %s: %s; the copy from %lld hours ago is used", files[i].feed, files[i].why,
				 (long long)((clock_wall_ms() - files[i].fetched_ms) / 3600000));
		else if (files[i].outcome == UPDATE_MISSING)
			log_line(LOG_WARN, "feed %s: %s; there is no copy of it", files[i].feed, files[i].why);
	}
	const struct vdb *present = engine_vdb_take(s->engine);
	engine_vdb_give(s->engine, present);
	if (r == 0 && (changed || !present)) {
		r = build(s, files, count, &e);
		if (r == 0)
			update_built(files, count);
	}
	if (r < 0)
		log_line(LOG_WARN, "vulnerability database: %s; the present one stays", e.msg);
	arena_free(&a);
}

static void *schedule_main(void *arg)
{
	struct schedule *s = arg;
	int64_t next_update = clock_mono_ms() + FIRST_UPDATE_MS;
	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		if (s->update_now || (s->c->feeds_every_ms && clock_mono_ms() >= next_update)) {
			s->update_now = false;
			pthread_mutex_unlock(&s->lock);
			update(s);
			next_update = clock_mono_ms() + (int64_t)s->c->feeds_every_ms;
			pthread_mutex_lock(&s->lock);
			continue;
		}
		struct timespec until;
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += 1;
		(void)pthread_cond_timedwait(&s->moved, &s->lock, &until);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

struct schedule *schedule_start(const struct config *c, struct engine *engine, struct pool *pool, struct err *e)
{
	struct schedule *s = calloc(1, sizeof *s);
	if (!s) {
		err_set(e, ERR_NOMEM, "no memory for the schedule");
		return NULL;
	}
	*s = (struct schedule){.c = c, .engine = engine, .pool = pool};
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->moved, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&s->thread, NULL, schedule_main, s) != 0) {
		err_set(e, ERR_NOMEM, "a thread could not be started");
		free(s);
		return NULL;
	}
	return s;
}

void schedule_update_now(struct schedule *s)
{
	pthread_mutex_lock(&s->lock);
	s->update_now = true;
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->lock);
}

void schedule_stop(struct schedule *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->moved);
	free(s);
}
