#include "api/turns.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>

#define SLICE_MS 500 /* how late a client that left is noticed */

/* A read that waits. */
struct waiting_read {
	struct waiting_read *next;
	pthread_cond_t given;
	bool may; /* the turn of one that ended is its own now */
};

struct turns {
	pthread_mutex_t lock; /* the rest */
	pthread_cond_t given;
	struct waiting_read *first_read, **last_read; /* in the order they came */
	unsigned reads_running, reads;
	int64_t running[TURNS_AT_ONCE], waiting[TURNS_WAITING]; /* callers */
	unsigned running_count, waiting_count, stream_count, streams;
	int64_t listening[]; /* callers with event streams */
};

struct turns *turns_open(unsigned streams, unsigned reads)
{
	struct turns *t = calloc(1, sizeof *t + streams * sizeof t->listening[0]);
	if (!t)
		return NULL;
	t->streams = streams;
	t->reads = reads;
	t->last_read = &t->first_read;
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)clock_cond_init(&t->given);
	return t;
}

void turns_close(struct turns *t)
{
	if (!t)
		return;
	(void)pthread_cond_destroy(&t->given);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

static unsigned count_of(const int64_t *callers, unsigned count, int64_t caller)
{
	unsigned n = 0;
	for (unsigned i = 0; i < count; i++)
		n += callers[i] == caller;
	return n;
}

static void leave(int64_t *callers, unsigned *count, int64_t caller)
{
	unsigned i = 0;
	while (i < *count && callers[i] != caller)
		i++;
	if (i < *count)
		callers[i] = callers[--*count];
}

static bool may_run(const struct turns *t, int64_t caller)
{
	return t->running_count < TURNS_AT_ONCE &&
	       count_of(t->running, t->running_count, caller) < TURNS_AT_ONCE_ONE;
}

static bool may_wait(const struct turns *t, int64_t caller)
{
	return t->waiting_count < TURNS_WAITING &&
	       count_of(t->waiting, t->waiting_count, caller) < TURNS_WAITING_ONE;
}

/* Under the lock. */
static bool wait_turn(struct turns *t, int64_t caller, bool (*gone)(void *arg), void *arg)
{
	int64_t now = clock_mono_ms(), until = now + TURNS_WAIT_MS;
	if (may_run(t, caller))
		return true;
	if (!may_wait(t, caller))
		return false;
	t->waiting[t->waiting_count++] = caller;
	while (!may_run(t, caller) && now < until && !gone(arg)) {
		int64_t slice = now + SLICE_MS;
		(void)clock_wait_mono(&t->given, &t->lock, slice < until ? slice : until);
		now = clock_mono_ms();
	}
	leave(t->waiting, &t->waiting_count, caller);
	return may_run(t, caller) && !gone(arg);
}

bool turns_take(struct turns *t, int64_t caller, bool (*gone)(void *arg), void *arg)
{
	(void)pthread_mutex_lock(&t->lock);
	bool came = wait_turn(t, caller, gone, arg);
	if (came)
		t->running[t->running_count++] = caller;
	(void)pthread_mutex_unlock(&t->lock);
	return came;
}

void turns_give(struct turns *t, int64_t caller)
{
	(void)pthread_mutex_lock(&t->lock);
	leave(t->running, &t->running_count, caller);
	(void)pthread_cond_broadcast(&t->given);
	(void)pthread_mutex_unlock(&t->lock);
}

/* Out of the line. Under the lock. */
static void read_leave(struct turns *t, struct waiting_read *own)
{
	struct waiting_read **at = &t->first_read;
	while (*at != own)
		at = &(*at)->next;
	*at = own->next;
	if (!own->next)
		t->last_read = at;
}

/* Into the line, at its end; NULL: no memory. Under the lock. */
static struct waiting_read *read_join(struct turns *t)
{
	struct waiting_read *own = calloc(1, sizeof *own);
	if (!own || clock_cond_init(&own->given) != 0) {
		free(own);
		return NULL;
	}
	*t->last_read = own;
	t->last_read = &own->next;
	return own;
}

/* Under the lock: one that ends hands its turn on, or the time is over. */
static bool read_wait(struct turns *t)
{
	int64_t until = clock_mono_ms() + TURNS_READ_WAIT_MS;
	struct waiting_read *own = read_join(t);
	if (!own)
		return false;
	for (bool in_time = true; !own->may && in_time;)
		in_time = clock_wait_mono(&own->given, &t->lock, until);
	bool may = own->may;
	if (!may)
		read_leave(t, own);
	(void)pthread_cond_destroy(&own->given);
	free(own);
	return may;
}

bool turns_read_begin(struct turns *t)
{
	(void)pthread_mutex_lock(&t->lock);
	bool in_time = t->reads == 0 || (!t->first_read && t->reads_running < t->reads);
	bool handed = !in_time && read_wait(t);
	if (!handed)
		t->reads_running++;
	(void)pthread_mutex_unlock(&t->lock);
	return in_time || handed;
}

void turns_read_end(struct turns *t)
{
	(void)pthread_mutex_lock(&t->lock);
	struct waiting_read *next = t->reads_running <= t->reads ? t->first_read : NULL;
	if (next) {
		read_leave(t, next);
		next->may = true;
		(void)pthread_cond_signal(&next->given);
	} else {
		t->reads_running--;
	}
	(void)pthread_mutex_unlock(&t->lock);
}

unsigned turns_reads_waiting(struct turns *t)
{
	unsigned count = 0;
	(void)pthread_mutex_lock(&t->lock);
	for (const struct waiting_read *w = t->first_read; w; w = w->next)
		count++;
	(void)pthread_mutex_unlock(&t->lock);
	return count;
}

bool turns_stream_begin(struct turns *t, int64_t caller)
{
	(void)pthread_mutex_lock(&t->lock);
	unsigned own = count_of(t->listening, t->stream_count, caller);
	bool free = t->stream_count < t->streams && (own == 0 || own < t->streams / 2);
	if (free)
		t->listening[t->stream_count++] = caller;
	(void)pthread_mutex_unlock(&t->lock);
	return free;
}

void turns_stream_end(struct turns *t, int64_t caller)
{
	(void)pthread_mutex_lock(&t->lock);
	leave(t->listening, &t->stream_count, caller);
	(void)pthread_mutex_unlock(&t->lock);
}
