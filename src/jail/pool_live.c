/* Tasks on growing files: one takes a slot only if it is free. */
#include "jail/pool_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/own.h"

#define ADVANCE_STEP 262144 /* bytes: a message for less growth is not worth its cost, */
#define ADVANCE_MS 50	    /* unless the client is slow */

void pool_live_notify(struct pool_live *l, bool final)
{
	uint8_t room[32];
	struct buf m = {.ptr = room, .cap = sizeof room, .max = sizeof room};
	task_available_put(&m, l->available, final);
	/* A full socket holds older news that the worker has yet to read; a later call brings the
	 * newest. */
	if (proc_send(&l->proc, buf_bytes(&m), NULL) == 0)
		l->notified = l->available;
	l->notified_ms = clock_mono_ms();
}

static void live_free(struct pool_live *l)
{
	own_fd_close(&l->task.fd);
	own_fd_close(&l->task.out_fd);
	buf_free(&l->spawn.start);
	free(l->texts);
	free(l);
}

static struct pool_live *live_make(struct pool *p, const struct pool_task *t, struct err *e)
{
	struct pool_live *l = calloc(1, sizeof *l);
	if (!l) {
		(void)err_set(e, ERR_NOMEM, "task: no memory");
		return NULL;
	}
	l->pool = p;
	l->proc = l->spawn.proc = PROC_NONE;
	l->task = *t;
	l->task.fd = proc_read_only(t->fd, e);
	l->task.out_fd = t->out_fd >= 0		       ? fcntl(t->out_fd, F_DUPFD_CLOEXEC, 0)
			 : pool_wants_scratch(t->kind) ? proc_scratch()
						       : -1;
	l->texts = malloc(t->name.len + t->path.len + 1);
	if (l->task.fd < 0 || !l->texts || (t->out_fd >= 0 && l->task.out_fd < 0)) {
		if (l->task.fd >= 0)
			(void)err_set(e, ERR_NOMEM, "task: no memory or descriptors");
		live_free(l);
		return NULL;
	}
	if (t->name.len)
		memcpy(l->texts, t->name.ptr, t->name.len);
	if (t->path.len)
		memcpy(l->texts + t->name.len, t->path.ptr, t->path.len);
	l->task.name.ptr = l->texts;
	l->task.path.ptr = l->texts + t->name.len;
	l->spawn.args = (struct proc_args){.spawner = p->starter,
					   .limits = &p->limits,
					   .allow_missing = p->allow_unjailed,
					   .in_fd = l->task.fd,
					   .out_fd = l->task.out_fd};
	l->spawn.live = l;
	if (pool_make_start(&l->spawn, p, t, UINT64_MAX, e) < 0) {
		live_free(l);
		return NULL;
	}
	l->grown_ms = clock_mono_ms();
	return l;
}

static bool live_may_start(const struct pool *p)
{
	unsigned live_max = p->slots > 1 ? p->slots - 1 : 1;
	return !p->closing && p->busy < p->slots && p->live_busy < live_max;
}

struct pool_live *pool_begin(struct pool *p, const struct pool_task *t, struct err *e)
{
	if (pool_check_task(t, e) < 0)
		return NULL;
	pthread_mutex_lock(&p->lock);
	bool free_slot = live_may_start(p) && pool_owner_may(p, t->owner);
	if (free_slot) {
		pool_slot_take(p, t->owner);
		p->live_busy++;
	} else {
		p->wants_stale = true; /* for the next upload */
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	if (!free_slot) {
		(void)err_set(e, ERR_LIMIT, "no worker is free");
		return NULL;
	}
	struct pool_live *l = live_make(p, t, e);
	pthread_mutex_lock(&p->lock);
	if (!l) {
		pool_slot_release(p, t->owner, true);
	} else {
		l->has_slot = true;
		l->next = p->lives;
		if (l->next)
			l->next->prev = l;
		p->lives = l;
		pool_spawn_begin(p, &l->spawn);
	}
	pthread_mutex_unlock(&p->lock);
	return l;
}

void pool_advance(struct pool_live *l, uint64_t available)
{
	struct pool *p = l->pool;
	pthread_mutex_lock(&p->lock);
	if (available > l->available) {
		l->available = available;
		l->grown_ms = clock_mono_ms();
		if (l->proc.pid > 0 && (available - l->notified >= ADVANCE_STEP ||
					l->grown_ms - l->notified_ms >= ADVANCE_MS))
			pool_live_notify(l, false);
	}
	pthread_mutex_unlock(&p->lock);
}

/* Out of the pool's list, its slot given back; then it can be freed. Lock held. */
static void live_leave(struct pool_live *l)
{
	struct pool *p = l->pool;
	if (l->prev)
		l->prev->next = l->next;
	else
		p->lives = l->next;
	if (l->next)
		l->next->prev = l->prev;
	if (l->has_slot)
		pool_slot_release(p, l->task.owner, true);
	pthread_cond_broadcast(&p->changed);
}

static int live_exchange(struct pool_live *l, uint64_t total, const struct pool_reader *r,
			 struct err *e)
{
	uint8_t room[32];
	struct buf m = {.ptr = room, .cap = sizeof room, .max = sizeof room};
	if (l->spawn.result < 0) {
		*e = l->spawn.err;
		return l->spawn.result;
	}
	task_available_put(&m, total, true);
	return pool_exchange(l->pool, &l->proc, l->task.kind, buf_bytes(&m), r, e);
}

int pool_finish(struct pool_live *l, uint64_t total, const struct pool_reader *r, struct err *e)
{
	struct err local = ERR_INIT;
	struct err *err = e ? e : &local;
	struct pool *p = l->pool;
	pthread_mutex_lock(&p->lock);
	p->callers++;
	pool_spawn_wait(p, &l->spawn);
	bool stolen = l->is_stolen;
	l->is_finishing = true;
	pthread_mutex_unlock(&p->lock);
	int rc = 0;
	if (!stolen)
		rc = live_exchange(l, total, r, err);
	proc_kill(&l->proc);
	proc_kill(&l->spawn.proc);
	pthread_mutex_lock(&p->lock);
	live_leave(l);
	pthread_mutex_unlock(&p->lock);
	if (stolen) {
		/* The file is complete now: index it as usual, from its start. */
		l->task.len = total > l->task.off ? total - l->task.off : 0;
		rc = pool_run(p, &l->task, r, err);
	}
	live_free(l);
	pthread_mutex_lock(&p->lock);
	pool_caller_leave(p);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

void pool_abandon(struct pool_live *l)
{
	if (!l)
		return;
	struct pool *p = l->pool;
	pthread_mutex_lock(&p->lock);
	p->callers++;
	pool_spawn_wait(p, &l->spawn);
	l->is_finishing = true;
	pthread_mutex_unlock(&p->lock);
	proc_kill(&l->proc);
	proc_kill(&l->spawn.proc);
	pthread_mutex_lock(&p->lock);
	live_leave(l);
	pool_caller_leave(p);
	pthread_mutex_unlock(&p->lock);
	live_free(l);
}
