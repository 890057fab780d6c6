/* A ring of slots, one written at a time; counts only grow, a slot is count % SLOTS. The filler
 * writes slot filled, the watcher is at seen, the reader at read; a slot is free when both have
 * left it. Slots are whole but for the last. */
#include "codec/ahead.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/io.h"
#include "codec/stream_impl.h"

#define SLOTS 32U /* a reader that stops to parse a file does not hold up the rest: 8 MiB */
#define SLOT_LEN STREAM_PEEK_MAX
#define STACK_LEN (512U << 10) /* bytes of a thread's stack: codecs keep their state elsewhere */

struct slot {
	size_t len;
	uint64_t taken; /* of in, once it was full */
};

struct ahead {
	uint8_t *bytes; /* SLOTS * SLOT_LEN */
	pthread_t filler, watcher;
	pthread_mutex_t lock;
	pthread_cond_t room, filled_one, seen_one; /* whom each wakes: filler; reader and watcher;
						      reader */
	/* under lock; the stream and what belongs to it are set while both threads are idle */
	struct slot slots[SLOTS];
	uint64_t filled, seen, read;
	bool fills, sees; /* a thread is at work on a slot */
	bool holds;	  /* the reader has slot read */
	bool ended;	  /* nothing follows what is filled */
	bool quits;
	unsigned running;
	int result; /* with which it ended */
	struct err why;
	struct stream *from;
	const struct stream *in;
	struct ahead_watch watch;
	uint64_t taken_all; /* of in, in the end */
	uint64_t taken;	    /* the reader's alone */
};

static void lock(struct ahead *a)
{
	(void)pthread_mutex_lock(&a->lock);
}

static void unlock(struct ahead *a)
{
	(void)pthread_mutex_unlock(&a->lock);
}

static uint8_t *slot_bytes(const struct ahead *a, uint64_t count)
{
	return a->bytes + count % SLOTS * SLOT_LEN;
}

static bool has_room(const struct ahead *a)
{
	uint64_t behind = a->seen < a->read ? a->seen : a->read;
	return a->filled - behind < SLOTS;
}

/* Nobody reads on: what is being filled is not needed. */
static bool is_left(struct ahead *a)
{
	lock(a);
	bool left = a->ended;
	unlock(a);
	return left;
}

/* As much as is there, at most a slot: 1, 0 = the end, <0; *ret_len bytes in front of that. */
static int fill(struct ahead *a, uint8_t *out, size_t *ret_len, struct err *e)
{
	*ret_len = 0;
	while (*ret_len < SLOT_LEN && !is_left(a)) {
		int64_t n = stream_take(a->from, out + *ret_len, SLOT_LEN - *ret_len, e);
		if (n <= 0)
			return (int)n;
		*ret_len += (size_t)n;
	}
	return 1;
}

static void fill_one(struct ahead *a)
{
	struct err why = ERR_INIT;
	uint64_t at = a->filled;
	size_t len;
	a->fills = true;
	unlock(a);
	int r = fill(a, slot_bytes(a, at), &len, &why);
	uint64_t taken = a->in ? stream_offset(a->in) : 0;
	lock(a);
	a->fills = false;
	a->slots[at % SLOTS] = (struct slot){.len = len, .taken = taken};
	if (len > 0)
		a->filled++;
	if (r <= 0) {
		a->ended = true;
		a->result = r;
		a->why = why;
		a->taken_all = taken;
	}
	(void)pthread_cond_broadcast(&a->filled_one);
}

static void *filler_main(void *arg)
{
	struct ahead *a = arg;
	lock(a);
	a->running++;
	(void)pthread_cond_broadcast(&a->seen_one);
	while (!a->quits) {
		if (a->from && !a->ended && has_room(a))
			fill_one(a);
		else
			(void)pthread_cond_wait(&a->room, &a->lock);
	}
	unlock(a);
	return NULL;
}

static void see_one(struct ahead *a)
{
	struct bytes b = {.ptr = slot_bytes(a, a->seen), .len = a->slots[a->seen % SLOTS].len};
	a->sees = true;
	unlock(a);
	a->watch.see(a->watch.arg, b);
	lock(a);
	a->sees = false;
	a->seen++;
	(void)pthread_cond_signal(&a->room);
	(void)pthread_cond_broadcast(&a->seen_one);
}

static void *watcher_main(void *arg)
{
	struct ahead *a = arg;
	lock(a);
	a->running++;
	(void)pthread_cond_broadcast(&a->seen_one);
	while (!a->quits) {
		if (a->seen < a->filled)
			see_one(a);
		else
			(void)pthread_cond_wait(&a->filled_one, &a->lock);
	}
	unlock(a);
	return NULL;
}

/* The stream's side */

static int64_t ahead_show(void *impl, struct bytes *ret, struct err *e)
{
	struct ahead *a = impl;
	int64_t r = 1;
	lock(a);
	if (a->holds) {
		a->read++;
		a->holds = false;
		(void)pthread_cond_signal(&a->room);
	}
	while (a->read == a->filled && !a->ended)
		(void)pthread_cond_wait(&a->filled_one, &a->lock);
	if (a->read < a->filled) {
		const struct slot *s = &a->slots[a->read % SLOTS];
		a->holds = true;
		a->taken = s->taken;
		*ret = (struct bytes){.ptr = slot_bytes(a, a->read), .len = s->len};
	} else {
		while (a->seen < a->filled)
			(void)pthread_cond_wait(&a->seen_one, &a->lock);
		a->taken = a->taken_all;
		r = a->result;
		if (r < 0 && e)
			*e = a->why;
	}
	unlock(a);
	return r;
}

/* Both threads have nothing to do any more when this returns. */
static void ahead_leave(void *impl)
{
	struct ahead *a = impl;
	lock(a);
	a->ended = true;
	while (a->fills)
		(void)pthread_cond_wait(&a->filled_one, &a->lock);
	while (a->sees)
		(void)pthread_cond_wait(&a->seen_one, &a->lock);
	struct stream *from = a->from;
	a->from = NULL;
	a->filled = a->seen = a->read = 0;
	a->holds = false;
	unlock(a);
	stream_close(from);
}

static const struct stream_ops ahead_ops = {.show = ahead_show, .close = ahead_leave};

struct stream *ahead_stream(struct ahead *a, struct stream *s, const struct stream *in,
			    struct ahead_watch watch, struct err *e)
{
	lock(a);
	a->from = s;
	a->in = in;
	a->watch = watch;
	a->taken = 0;
	a->result = 0;
	a->why = (struct err)ERR_INIT;
	a->ended = false;
	(void)pthread_cond_signal(&a->room);
	unlock(a);
	return stream_open(&ahead_ops, a, e);
}

uint64_t ahead_taken(const struct ahead *a)
{
	return a->taken;
}

/* Threads */

static int create(struct ahead *a)
{
	pthread_attr_t attr;
	int sys = pthread_attr_init(&attr);
	if (sys != 0)
		return sys;
	sys = pthread_attr_setstacksize(&attr, STACK_LEN);
	if (sys == 0)
		sys = pthread_create(&a->filler, &attr, filler_main, a);
	if (sys == 0) {
		sys = pthread_create(&a->watcher, &attr, watcher_main, a);
		if (sys != 0) {
			lock(a);
			a->quits = true;
			(void)pthread_cond_signal(&a->room);
			unlock(a);
			(void)pthread_join(a->filler, NULL);
		}
	}
	(void)pthread_attr_destroy(&attr);
	return sys;
}

static void release(struct ahead *a)
{
	(void)pthread_cond_destroy(&a->room);
	(void)pthread_cond_destroy(&a->filled_one);
	(void)pthread_cond_destroy(&a->seen_one);
	(void)pthread_mutex_destroy(&a->lock);
	free(a->bytes);
	free(a);
}

struct ahead *ahead_open(struct err *e)
{
	struct ahead *a = calloc(1, sizeof *a);
	uint8_t *bytes = io_block((size_t)SLOTS * SLOT_LEN);
	if (!a || !bytes) {
		free(a);
		free(bytes);
		(void)err_set(e, ERR_NOMEM, "reading ahead: no memory");
		return NULL;
	}
	a->bytes = bytes;
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->room, NULL);
	(void)pthread_cond_init(&a->filled_one, NULL);
	(void)pthread_cond_init(&a->seen_one, NULL);
	int sys = create(a);
	if (sys != 0) {
		release(a);
		(void)err_set(e, ERR_IO, "reading ahead: no thread: error %d", sys);
		return NULL;
	}
	lock(a);
	while (a->running < 2)
		(void)pthread_cond_wait(&a->seen_one, &a->lock);
	unlock(a);
	return a;
}

void ahead_close(struct ahead *a)
{
	if (!a)
		return;
	lock(a);
	a->quits = true;
	(void)pthread_cond_signal(&a->room);
	(void)pthread_cond_broadcast(&a->filled_one);
	unlock(a);
	(void)pthread_join(a->filler, NULL);
	(void)pthread_join(a->watcher, NULL);
	release(a);
}
