/* The importer: threads that take imports from the queue, one thread that renews their leases and
 * writes how far they are, and what clients ask for. */
#include "connect/import_impl.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "store/event.h"
#include "store/notice.h"
#include "store/notification.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS_FIRST 4 /* without having read the source's manifests: its name may be wrong */
#define ATTEMPTS_MAX 10	 /* in a row without progress: a quarter of an hour */
/* Bytes: less of a blob is none, or a trickle would never end. */
#define PROGRESS_MIN (256U << 10)
#define TIME_MAX_MS (INT64_C(24) * 3600000) /* from the first attempt: no other begins later */
#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 300000
#define RETRY_AFTER_MAX_MS 3600000 /* a source may ask for a longer pause */
#define KEEP_MS 1000		   /* between two writes of progress */
#define LEASE_RENEW_MS (STORE_LEASE_MS / 4)
#define YIELD_MS 3000 /* a user who has none running waits so long before one of several yields */
#define TELL_MS 2000  /* between two events of progress */
#define PRUNE_MS 3600000
#define EVENT_IMPORT "import" /* an import's state or progress changed */

int import_tell(struct db_tx *tx, const struct store_import *i, struct err *e)
{
	struct buf text;
	struct json_out w;
	const struct store_import_progress *p = &i->progress;
	const struct {
		const char *key;
		uint64_t n;
	} counts[] = {
	    {"manifests_done", p->manifests_done}, {"manifests_total", p->manifests_total},
	    {"blobs_done", p->blobs_done},	   {"blobs_total", p->blobs_total},
	    {"bytes_done", p->bytes_done},	   {"bytes_total", p->bytes_total}};
	const struct store_registry t = {.tx = tx, .registry = i->registry_id};
	int64_t repository = store_repository_find(&t, i->repository, e);
	if (repository < 0)
		return (int)repository;
	buf_init(&text, 65536);
	json_out_init(&w, &text, false);
	json_put_object(&w, NULL);
	json_put_i64(&w, "import", i->id);
	json_put_text(&w, "state", store_import_state_word((int)i->state));
	for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
		json_put_u64(&w, counts[k].key, counts[k].n);
	json_put_end(&w, '}');
	/* Visible to callers who see the repository, or while there is none the registry. */
	const struct event ev = {.registry_id = i->registry_id,
				 .repository_id = repository ? repository : i->registry_id,
				 .type = BYTES_LIT(EVENT_IMPORT),
				 .registry = i->registry,
				 .repository = i->repository,
				 .digest = i->digest,
				 .actor = i->actor,
				 .detail = buf_bytes(&text),
				 .at = clock_wall_ms()};
	int r = buf_ok(&text) ? event_append(tx, &ev, e) : err_nomem(e);
	buf_free(&text);
	return r;
}

static void run_free(struct import_run *run)
{
	char **const secrets[] = {&run->username, &run->password, &run->token, &run->authorities};
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		if (*secrets[i])
			secret_wipe(*secrets[i], strlen(*secrets[i]));
		free(*secrets[i]);
	}
	arena_free(&run->arena);
	pthread_mutex_destroy(&run->lock);
	free(run);
}

static void list_add(struct import_run *run)
{
	struct importer *m = run->m;
	pthread_mutex_lock(&m->lock);
	run->next = m->running;
	m->running = run;
	if (m->stopping)
		run->stop = true;
	pthread_mutex_unlock(&m->lock);
}

static void list_remove(struct import_run *run)
{
	struct importer *m = run->m;
	pthread_mutex_lock(&m->lock);
	struct import_run **p = &m->running;
	while (*p != run)
		p = &(*p)->next;
	*p = run->next;
	pthread_mutex_unlock(&m->lock);
}

static int claim_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct import_run *run = arg;
	arena_free(&run->arena);
	arena_init(&run->arena, IMPORT_BUDGET);
	int r = store_import_claim(tx, run->m->owner, clock_wall_ms(), &run->arena, &run->row, e);
	return r > 0 && import_tell(tx, &run->row, e) < 0 ? -(int)e->code : r;
}

static int look_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return store_import_due(tx, clock_wall_ms(), e);
}

/* For notifications. */
static int note_end(struct db_tx *tx, const struct store_import *i, struct err *e)
{
	char number[32];
	if (i->state != STORE_IMPORT_SUCCEEDED && i->state != STORE_IMPORT_FAILED)
		return 0;
	int wants = store_notification_wants(tx, 1U << STORE_NOTIFY_IMPORTS, NULL, e);
	if (wants <= 0)
		return wants;
	(void)snprintf(number, sizeof number, "%lld", (long long)i->id);
	return store_notice_add(tx,
				&(struct store_notice){.kind = STORE_NOTICE_IMPORT,
						       .scope_id = i->registry_id,
						       .subject = bytes_of(number),
						       .at = clock_wall_ms()},
				e);
}

static int end_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct store_import *i = arg;
	int r = store_import_end(tx, i, clock_wall_ms(), e);
	if (r <= 0)
		return r;
	if (import_tell(tx, i, e) < 0 || note_end(tx, i, e) < 0)
		return -(int)e->code;
	return r;
}

/* When it is tried again; 0 = it is not. */
static int64_t next_attempt(struct import_run *run, const struct store_import_progress *was)
{
	struct store_import *i = &run->row;
	bool moved = i->progress.blobs_done > was->blobs_done ||
		     i->progress.bytes_fetched - was->bytes_fetched >= PROGRESS_MIN;
	i->attempts = moved ? 1 : i->attempts + 1;
	if (i->attempts >= (i->digest.len ? ATTEMPTS_MAX : ATTEMPTS_FIRST) ||
	    clock_wall_ms() - i->started_at > TIME_MAX_MS)
		return 0;
	int64_t ms = (int64_t)RETRY_FIRST_MS << (i->attempts - 1);
	int64_t asked = (int64_t)run->retry_after_sec * 1000;
	ms = ms > RETRY_MAX_MS ? RETRY_MAX_MS : ms;
	asked = asked > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : asked;
	return clock_wall_ms() + (asked > ms ? asked : ms);
}

/* What becomes of it. was: how far it was before this run. */
static void finish(struct import_run *run, int r, const struct err *why,
		   const struct store_import_progress *was)
{
	struct store_import *i = &run->row;
	struct err e = ERR_INIT;
	bool interrupted =
	    r < 0 && (atomic_load(&run->m->stopping) || (r == -ERR_CANCELLED && run->yields)) &&
	    !run->lost;
	i->progress = import_progress_of(run);
	i->reason = r < 0 ? bytes_of(why->msg) : BYTES_NONE;
	i->state = r < 0 ? STORE_IMPORT_FAILED : STORE_IMPORT_SUCCEEDED;
	if (interrupted) {
		i->state = STORE_IMPORT_QUEUED;
		i->reason = BYTES_NONE;
		i->run_at = clock_wall_ms();
	} else if (r < 0 && import_is_temporary(why)) {
		int64_t at = next_attempt(run, was);
		i->state = at ? STORE_IMPORT_QUEUED : STORE_IMPORT_FAILED;
		i->run_at = at;
	}
	if (run->target && (run->lost || i->state == STORE_IMPORT_FAILED))
		import_blobs_discard(run);
	if (!run->lost && db_run(run->m->o.db, DB_WRITE, end_tx, i, &e) < 0)
		log_line(LOG_ERROR, "import %lld: %s", (long long)i->id, e.msg);
	if (i->state == STORE_IMPORT_FAILED && !run->lost)
		log_line(LOG_WARN, "import %lld failed: %s", (long long)i->id, why->msg);
}

static void run_one(struct import_run *run)
{
	struct err e = ERR_INIT;
	struct store_import_progress was = run->row.progress;
	run->bytes_fetched = was.bytes_fetched;
	run->actor = (struct access_actor){.name = run->row.actor, .peer = run->row.peer};
	run->target = registry_numbered(run->m->o.registry, run->row.registry_id);
	list_add(run);
	int r = run->target ? import_run(run, &e)
			    : err_set(&e, ERR_NOT_FOUND, "the registry is being deleted");
	list_remove(run);
	if (r == -ERR_CANCELLED && run->target &&
	    !registry_numbered(run->m->o.registry, run->row.registry_id))
		r = err_set(&e, ERR_NOT_FOUND, "the registry is being deleted");
	finish(run, r, &e, &was);
}

/* 1 = one was done. */
static int take_one(struct importer *m, struct err *e)
{
	int r = db_run(m->o.db, DB_READ, look_tx, NULL, e);
	if (r <= 0)
		return r;
	struct import_run *run = calloc(1, sizeof *run);
	if (!run)
		return err_nomem(e);
	run->m = m;
	pthread_mutex_init(&run->lock, NULL);
	r = db_run(m->o.db, DB_WRITE, claim_tx, run, e);
	if (r > 0)
		run_one(run);
	run_free(run);
	return r;
}

static void *importer_main(void *arg)
{
	struct importer *m = arg;
	uint64_t seen = 0;
	while (!atomic_load(&m->stopping)) {
		struct err e = ERR_INIT;
		pthread_mutex_lock(&m->lock);
		seen = m->asked;
		pthread_mutex_unlock(&m->lock);
		int r = take_one(m, &e);
		if (r < 0)
			log_line(LOG_ERROR, "imports: %s", e.msg);
		if (r > 0)
			continue;
		pthread_mutex_lock(&m->lock);
		if (seen == m->asked && !m->stopping)
			(void)clock_wait(&m->moved, &m->lock, clock_steady_ms() + 1000);
		pthread_mutex_unlock(&m->lock);
	}
	return NULL;
}

struct keep_job {
	struct store_import row;
	bool tell;
};

static int keeper_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct keep_job *j = arg;
	int r = store_import_renew(tx, &j->row, clock_wall_ms(), e);
	return r > 0 && j->tell && import_tell(tx, &j->row, e) < 0 ? -(int)e->code : r;
}

/* Under the lock: the run stays while it is in the list. */
static void keep_one(struct import_run *run)
{
	int64_t now = clock_mono_ms();
	struct err e = ERR_INIT;
	if (!registry_numbered(run->m->o.registry, run->row.registry_id))
		run->stop = true; /* it is being deleted: nothing is added to it any more */
	pthread_mutex_lock(&run->lock);
	struct keep_job j = {.row = run->row};
	pthread_mutex_unlock(&run->lock);
	j.row.progress = import_progress_of(run);
	j.row.state = STORE_IMPORT_RUNNING;
	bool moved = memcmp(&j.row.progress, &run->written, sizeof run->written) != 0;
	if (run->lost || (!moved && now - run->written_ms < LEASE_RENEW_MS))
		return;
	j.tell = moved && now - run->told_ms >= TELL_MS;
	int r = db_run(run->m->o.db, DB_WRITE_SOON, keeper_tx, &j, &e);
	if (r == 0) {
		run->lost = true;
		run->stop = true;
	}
	run->written = j.row.progress;
	run->written_ms = now;
	run->told_ms = j.tell ? now : run->told_ms;
}

/* Which import makes room when every thread is busy: the last begun of a user who has several here.
 * NULL: none does. Under the lock. */
static struct import_run *who_yields(const struct importer *m)
{
	size_t busy = 0;
	struct import_run *found = NULL;
	for (struct import_run *run = m->running; run; run = run->next) {
		busy++;
		if (run->yields)
			return NULL; /* one is on its way */
		for (const struct import_run *o = run->next; o && !found; o = o->next)
			if (o->row.user_id == run->row.user_id)
				found = run; /* the list begins with the last one */
	}
	return busy + 1 == m->thread_count ? found : NULL;
}

static int waits_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return store_import_waits(tx, clock_wall_ms() - YIELD_MS, e);
}

/* A slow source must not hold all threads for one user while others wait. Under the lock. */
static void share_threads(const struct importer *m)
{
	struct err e = ERR_INIT;
	struct import_run *run = who_yields(m);
	if (!run || db_run(m->o.db, DB_READ, waits_tx, NULL, &e) <= 0)
		return;
	run->yields = true;
	run->stop = true;
}

static int reap_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	int64_t n = store_import_reap(tx, clock_wall_ms(), e);
	return n < 0 ? (int)n : n > 0;
}

static int ended_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct importer *m = arg;
	int64_t n = store_import_reap_ended(tx, m->owner, clock_wall_ms(), e);
	return n < 0 ? (int)n : n > 0;
}

static int prune_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct importer *m = arg;
	int64_t n = store_import_prune(tx, clock_wall_ms() - m->o.history_ms, e);
	return n < 0 ? (int)n : n > 0;
}

static void *keeper_main(void *arg)
{
	struct importer *m = arg;
	int64_t next_prune = 0, next_reap = 0;
	pthread_mutex_lock(&m->lock);
	while (!m->stopping) {
		for (struct import_run *run = m->running; run; run = run->next)
			keep_one(run);
		share_threads(m);
		pthread_mutex_unlock(&m->lock);
		struct err e = ERR_INIT;
		int64_t now = clock_steady_ms();
		int r = now < next_reap ? 0 : db_run(m->o.db, DB_WRITE, reap_tx, NULL, &e);
		next_reap = now < next_reap ? next_reap : now + LEASE_RENEW_MS;
		while (r >= 0 && now >= next_prune &&
		       (r = db_run(m->o.db, DB_WRITE, prune_tx, m, &e)) > 0)
			;
		next_prune = now < next_prune ? next_prune : now + PRUNE_MS;
		if (r < 0)
			log_line(LOG_ERROR, "imports: %s", e.msg);
		pthread_mutex_lock(&m->lock);
		if (!m->stopping)
			(void)clock_wait_mono(&m->moved, &m->lock, clock_mono_ms() + KEEP_MS);
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

struct importer *importer_start(const struct importer_options *o, struct err *e)
{
	struct importer *m = calloc(1, sizeof *m);
	if (!m) {
		err_nomem(e);
		return NULL;
	}
	m->o = *o;
	pthread_mutex_init(&m->lock, NULL);
	(void)clock_cond_init(&m->moved);
	int r = store_lease_owner(m->owner, e);
	if (r >= 0)
		r = db_run(o->db, DB_WRITE, ended_tx, m, e);
	size_t want = o->threads < IMPORT_THREADS_MAX ? o->threads : IMPORT_THREADS_MAX;
	for (size_t i = 0; r >= 0 && i <= want; i++) {
		if (pthread_create(&m->threads[i], NULL, i ? importer_main : keeper_main, m) != 0)
			r = err_set(e, ERR_NOMEM, "a thread could not be started");
		else
			m->thread_count++;
	}
	if (r < 0) {
		importer_stop(m);
		return NULL;
	}
	return m;
}

void importer_stop_soon(struct importer *m)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->stopping = true;
	for (struct import_run *run = m->running; run; run = run->next)
		run->stop = true;
	pthread_cond_broadcast(&m->moved);
	pthread_mutex_unlock(&m->lock);
}

void importer_stop(struct importer *m)
{
	if (!m)
		return;
	importer_stop_soon(m);
	for (size_t i = 0; i < m->thread_count; i++)
		pthread_join(m->threads[i], NULL);
	pthread_mutex_destroy(&m->lock);
	pthread_cond_destroy(&m->moved);
	free(m);
}

void importer_progress(struct importer *m, struct store_import *i)
{
	pthread_mutex_lock(&m->lock);
	for (const struct import_run *run = m->running; run; run = run->next)
		if (run->row.id == i->id && i->state == STORE_IMPORT_RUNNING)
			i->progress = import_progress_of(run);
	pthread_mutex_unlock(&m->lock);
}
