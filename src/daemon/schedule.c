#include "daemon/schedule.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "connect/reach.h"
#include "scan/engine.h"
#include "scan/travel.h"
#include "scan/update_build.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPDATE_BUDGET (16U << 20)
#define FIRST_UPDATE_MS 2000 /* after the start: a restart must not wait for feeds */
#define RETRY_MS 5000	     /* after nothing could be fetched or built; doubled each time */
#define RETRY_MAX_MS 600000
#define RETRY_SOME_MS 60000 /* after some feeds could not be fetched; doubled up to feeds-every */

struct schedule {
	const struct config *c;
	struct engine *engine;
	struct pool *pool;
	const struct vdb_keys *keys;
	char pulled[65]; /* SHA-256 of the file that was fetched last */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool update_now;
	atomic_bool stopping;
};

enum outcome { OUTCOME_WHOLE, OUTCOME_PART, OUTCOME_NOTHING };

/* Build a database of the last good copies and make it the current generation. Returns how many
 * feeds could not be read. */
static int build(struct schedule *s, struct update_file *files, size_t count, struct arena *a,
		 struct err *e)
{
	char out[4096];
	(void)snprintf(out, sizeof out, "%s/vdb/next.vdb", s->c->data_dir);
	int unread = update_build(s->pool, files, count, out, a, e);
	for (size_t i = 0; i < count; i++)
		if (files[i].unreadable)
			log_line(LOG_WARN, "feed %s: %s; %s", files[i].feed, files[i].why,
				 files[i].outcome == UPDATE_STALE ? "using the copy before it"
								  : "left out");
	if (unread < 0 || engine_switch(s->engine, out, e) < 0)
		return -(int)e->code;
	(void)remove(out);
	return unread;
}

/* One line for all that could not be fetched: each is a line of level debug. */
static size_t report(const struct update_file *files, size_t count)
{
	const struct update_file *first = NULL;
	size_t failed = 0, copies = 0;
	for (size_t i = 0; i < count; i++) {
		if (files[i].outcome != UPDATE_STALE && files[i].outcome != UPDATE_MISSING)
			continue;
		first = first ? first : &files[i];
		failed++;
		copies += files[i].outcome == UPDATE_STALE;
		if (files[i].outcome == UPDATE_STALE)
			log_line(LOG_DEBUG, "feed %s: %s; using the copy from %lld hours ago",
				 files[i].feed, files[i].why,
				 (long long)((clock_wall_ms() - files[i].fetched_ms) / 3600000));
		else
			log_line(LOG_DEBUG, "feed %s: %s; no stored copy", files[i].feed,
				 files[i].why);
	}
	if (first)
		log_line(
		    LOG_WARN,
		    "feeds: %zu of %zu could not be fetched (%s: %s); using older copies of %zu",
		    failed, count, first->feed, first->why, copies);
	return failed;
}

static enum outcome update(struct schedule *s)
{
	struct arena a;
	struct err e = ERR_INIT;
	struct update_source *sources = NULL;
	struct update_file *files = NULL;
	size_t count = 0, changed = 0, failed = 0;
	char dir[4096];
	arena_init(&a, UPDATE_BUDGET);
	(void)snprintf(dir, sizeof dir, "%s/feeds", s->c->data_dir);
	struct reach allow;
	const struct update_place place = {.dir = dir, .allow = &allow, .stop = &s->stopping};
	int r = reach_parse(bytes_of(s->c->feeds_allow), &a, &allow, &e);
	allow.setting = "feeds-allow";
	if (r == 0)
		r = update_parse(bytes_of(s->c->feeds), &a, &sources, &count, &e);
	if (r == 0)
		r = update_fetch(sources, count, &place, &a, &files, &e);
	if (r == 0)
		failed = report(files, count);
	for (size_t i = 0; r == 0 && i < count; i++)
		changed += files[i].unbuilt;
	const struct vdb *present = engine_vdb_take(s->engine);
	engine_vdb_give(s->engine, present);
	if (r == 0 && (changed || (!present && failed < count))) {
		r = build(s, files, count, &a, &e);
		if (r >= 0)
			update_built(files, count);
		failed += r > 0 ? (size_t)r : 0;
	}
	if (r < 0 && !atomic_load(&s->stopping))
		log_line(LOG_WARN, "vulnerability database: %s%s", e.msg,
			 present ? "; the current one stays in use" : "");
	arena_free(&a);
	return r < 0 || failed >= count ? OUTCOME_NOTHING : failed ? OUTCOME_PART : OUTCOME_WHOLE;
}

/* The file of the database in use; false: there is none. */
static bool current_file(const struct schedule *s, char path[4096], int64_t *ret_built_ms)
{
	const struct vdb *v = engine_vdb_take(s->engine);
	if (v) {
		(void)snprintf(path, 4096, "%s/vdb/vdb-%s.vdb", s->c->data_dir, vdb_digest(v));
		*ret_built_ms = vdb_built_ms(v);
	}
	engine_vdb_give(s->engine, v);
	return v != NULL;
}

/* Fetch the database that vdb-source names, and make it the current generation. */
static enum outcome follow(struct schedule *s)
{
	char current[4096], next[4096], signature[4200];
	int64_t built_ms = 0;
	struct err e = ERR_INIT;
	struct travel_pulled got;
	bool present = current_file(s, current, &built_ms);
	(void)snprintf(next, sizeof next, "%s/vdb/next.vdb", s->c->data_dir);
	(void)snprintf(signature, sizeof signature, "%s" VDB_SIGNATURE_ENDING, next);
	const struct travel_pull p = {.from = {.ref = s->c->vdb_source, .stop = &s->stopping},
				      .pool = s->pool,
				      .to = next,
				      .current = present ? current : NULL,
				      .known = s->pulled,
				      .keys = s->keys->text,
				      .name = s->keys->name};
	int r = travel_pull(&p, &got, &e);
	if (r == 0 && got.changed)
		r = engine_switch(s->engine, next, &e);
	(void)remove(next);
	(void)remove(signature);
	if (r == 0)
		memcpy(s->pulled, got.file, sizeof s->pulled);
	if (r == 0 && got.changed)
		log_line(LOG_INFO, "vulnerability database: fetched %llu bytes (%s)",
			 (unsigned long long)got.received,
			 got.by_delta ? "a delta" : "the whole file");
	if (r < 0 && present && !atomic_load(&s->stopping))
		log_line(
		    LOG_WARN,
		    "vulnerability database: %s; the one in use stays, it is of %lld hours ago",
		    e.msg, (long long)((clock_wall_ms() - built_ms) / 3600000));
	else if (r < 0 && !atomic_load(&s->stopping))
		log_line(LOG_WARN, "vulnerability database: %s", e.msg);
	return r < 0 ? OUTCOME_NOTHING : OUTCOME_WHOLE;
}

/* Until the next try. Feeds are asked for in full at each: those that did not change answer with a
 * line. */
static int64_t next_after(const struct schedule *s, enum outcome outcome, unsigned failures)
{
	int64_t every = (int64_t)s->c->feeds_every_ms;
	int64_t first = outcome == OUTCOME_NOTHING ? RETRY_MS : RETRY_SOME_MS;
	int64_t ms = first << (failures < 12 ? failures : 12);
	if (outcome == OUTCOME_NOTHING && ms > RETRY_MAX_MS)
		ms = RETRY_MAX_MS;
	return outcome == OUTCOME_WHOLE || ms > every ? every : ms;
}

static void *schedule_main(void *arg)
{
	struct schedule *s = arg;
	int64_t next_update = clock_steady_ms() + FIRST_UPDATE_MS;
	unsigned failures = 0;
	char left[4096];
	(void)snprintf(left, sizeof left, "%s/feeds", s->c->data_dir);
	io_sweep_temporary(left);
	(void)snprintf(left, sizeof left, "%s/vdb/next.vdb", s->c->data_dir);
	(void)remove(left);
	pthread_mutex_lock(&s->lock);
	while (!atomic_load(&s->stopping)) {
		if (s->update_now || (s->c->feeds_every_ms && clock_steady_ms() >= next_update)) {
			s->update_now = false;
			pthread_mutex_unlock(&s->lock);
			enum outcome outcome = *s->c->vdb_source ? follow(s) : update(s);
			next_update = clock_steady_ms() + next_after(s, outcome, failures);
			failures = outcome == OUTCOME_WHOLE ? 0 : failures + 1;
			pthread_mutex_lock(&s->lock);
			continue;
		}
		(void)clock_wait(&s->moved, &s->lock, clock_steady_ms() + 1000);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

struct schedule *schedule_start(const struct config *c, struct engine *engine, struct pool *pool,
				const struct vdb_keys *keys, struct err *e)
{
	struct schedule *s = calloc(1, sizeof *s);
	if (!s) {
		err_set(e, ERR_NOMEM, "no memory for the schedule");
		return NULL;
	}
	s->c = c;
	s->engine = engine;
	s->pool = pool;
	s->keys = keys;
	pthread_mutex_init(&s->lock, NULL);
	(void)clock_cond_init(&s->moved);
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

void schedule_stop_soon(struct schedule *s)
{
	if (!s)
		return;
	atomic_store(&s->stopping, true);
	pthread_mutex_lock(&s->lock);
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->lock);
}

void schedule_stop(struct schedule *s)
{
	if (!s)
		return;
	schedule_stop_soon(s);
	pthread_join(s->thread, NULL);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->moved);
	free(s);
}
