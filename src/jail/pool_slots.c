/* Slots of the pool, who has them, and the thread that starts workers. */
#include "jail/pool_impl.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

/* A live task that has not grown for this long yields its slot to waiting tasks. */
#define STALE_MS 5000
#define TICK_MS 500 /* how often a waiting task looks for a stalled upload */

/* The live task that has waited longest for its file to grow, if that is long enough. */
static struct pool_live *find_stale(const struct pool *p, int64_t waited_ms)
{
	int64_t now = clock_mono_ms();
	struct pool_live *oldest = NULL;
	for (struct pool_live *l = p->lives; l; l = l->next) {
		if (l->has_slot && !l->is_finishing && l->spawn.is_done &&
		    (!oldest || l->grown_ms < oldest->grown_ms))
			oldest = l;
	}
	/* With a single slot, an endlessly slow upload would block all other tasks. */
	bool must = p->slots == 1 && waited_ms >= STALE_MS;
	return oldest && (must || now - oldest->grown_ms >= STALE_MS) ? oldest : NULL;
}

static struct pool_share *share_of(struct pool *p, uint64_t owner)
{
	for (size_t i = 0; i < p->slots; i++) {
		if (p->shares[i].owner == owner)
			return &p->shares[i];
	}
	return NULL;
}

bool pool_owner_may(const struct pool *p, uint64_t owner)
{
	for (size_t i = 0; owner && p->slots > 1 && i < p->slots; i++) {
		if (p->shares[i].owner == owner)
			return p->shares[i].slots < p->slots - 1;
	}
	return true;
}

void pool_slot_take(struct pool *p, uint64_t owner)
{
	p->busy++;
	struct pool_share *s = owner ? share_of(p, owner) : NULL;
	if (owner && !s)
		s = share_of(p, 0); /* a free one: there are as many as slots */
	if (s) {
		s->owner = owner;
		s->slots++;
	}
}

void pool_slot_release(struct pool *p, uint64_t owner, bool live)
{
	p->busy--;
	if (live)
		p->live_busy--;
	struct pool_share *s = owner ? share_of(p, owner) : NULL;
	if (s && --s->slots == 0)
		s->owner = 0;
	pthread_cond_broadcast(&p->changed);
}

void pool_note(struct pool *p, bool is_ready, const struct err *why)
{
	p->trouble = is_ready ? (struct err)ERR_INIT : *why;
}

void pool_caller_leave(struct pool *p)
{
	p->callers--;
	pthread_cond_broadcast(&p->changed);
}

static void steal(struct pool *p, struct pool_live *l)
{
	struct proc w = l->proc;
	l->proc = PROC_NONE;
	l->is_stolen = true;
	l->has_slot = false;
	/* Its slot is free only when the process has ended; l may be freed meanwhile. */
	pthread_mutex_unlock(&p->lock);
	proc_kill(&w);
	pthread_mutex_lock(&p->lock);
	pool_slot_release(p, l->task.owner, true);
}

int pool_make_start(struct pool_spawn *s, const struct pool *p, const struct pool_task *t,
		    uint64_t len, struct err *e)
{
	struct task_start start = {.kind = t->kind,
				   .limits = p->limits,
				   .off = t->off,
				   .len = len,
				   .name = t->name,
				   .path = t->path};
	buf_init(&s->start, 2 * LIMIT_PATH_MAX);
	task_start_put(&s->start, &start);
	return buf_ok(&s->start) ? 0 : err_set(e, ERR_NOMEM, "task: no memory");
}

static void start_one(struct pool *p, struct pool_spawn *s)
{
	pthread_mutex_unlock(&p->lock);
	struct proc w = PROC_NONE;
	int r = proc_spawn(&s->args, &w, &s->err);
	if (r == 0 && s->start.len > 0)
		r = proc_send(&w, buf_bytes(&s->start), &s->err);
	pthread_mutex_lock(&p->lock);
	s->proc = w;
	s->result = r > 0 ? err_set(&s->err, ERR_INTERNAL, "task: START does not fit") : r;
	s->is_done = true;
	if (s->result < 0)
		pool_note(p, false, &s->err);
	if (s->live && r == 0) {
		s->live->proc = w;
		s->proc = PROC_NONE;
		if (s->live->available > 0)
			pool_live_notify(s->live, false);
	}
	pthread_cond_broadcast(&p->changed);
}

void *pool_spawner_main(void *arg)
{
	struct pool *p = arg;
	pthread_mutex_lock(&p->lock);
	while (!p->closing || p->spawn_first || p->callers > 0 || p->lives) {
		struct pool_spawn *s = p->spawn_first;
		struct pool_live *stale = p->wants_stale ? find_stale(p, 0) : NULL;
		p->wants_stale = false;
		if (stale)
			steal(p, stale);
		if (stale || s != p->spawn_first)
			continue;
		if (!s) {
			pthread_cond_wait(&p->changed, &p->lock);
			continue;
		}
		p->spawn_first = s->next;
		if (!p->spawn_first)
			p->spawn_last = NULL;
		start_one(p, s);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void pool_spawn_begin(struct pool *p, struct pool_spawn *s)
{
	s->next = NULL;
	s->proc = PROC_NONE;
	s->is_done = false;
	if (p->spawn_last)
		p->spawn_last->next = s;
	else
		p->spawn_first = s;
	p->spawn_last = s;
	pthread_cond_broadcast(&p->changed);
}

void pool_spawn_wait(struct pool *p, const struct pool_spawn *s)
{
	while (!s->is_done)
		pthread_cond_wait(&p->changed, &p->lock);
}

static void wait_changed(struct pool *p, int64_t ms)
{
	(void)clock_wait_mono(&p->changed, &p->lock, clock_mono_ms() + ms);
}

int pool_slot_wait(struct pool *p, uint64_t owner, struct err *e)
{
	int64_t since = clock_mono_ms();
	while ((p->busy >= p->slots || !pool_owner_may(p, owner)) && !p->closing) {
		struct pool_live *stale = find_stale(p, clock_mono_ms() - since);
		if (stale)
			steal(p, stale);
		else
			wait_changed(p, TICK_MS);
	}
	if (p->closing)
		return err_set(e, ERR_CANCELLED, "cancelled");
	pool_slot_take(p, owner);
	return 0;
}
