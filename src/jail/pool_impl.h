/* pool_impl: what the parts of the pool share. Private to jail/pool*.c. */
#pragma once
#include "jail/pool.h"

#include <pthread.h>

#include "jail/process.h"
#include "jail/spawner.h"
#include "jail/exchange.h"

/* One lock guards everything in struct pool and in every live task. Nothing under it blocks: sends
 * are non-blocking, workers are started by one thread of the pool's own (which must outlive them: a
 * worker dies with the thread that started it, so none outlives a killed daemon) and reaped with
 * the lock released.
 *
 * Slots: an ordinary task waits for one; a live task takes one only if it is free, and all live
 * tasks together leave one to the ordinary. A live task whose file has stopped growing gives its
 * slot up when others wait; its owner does not notice: pool_finish then indexes the whole file. */

#define POOL_SLOTS_MAX 256U

struct pool_spawn {
	struct proc_args args;
	struct buf start; /* the START message */
	struct pool_live *live;
	struct pool_spawn *next;
	struct proc proc;
	struct err err;
	int result;
	bool is_done;
};

struct pool_share {
	uint64_t owner; /* 0 = free */
	unsigned slots;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t spawner;
	int cancel_fd;		   /* readable once the pool closes */
	bool closing, wants_stale; /* wants_stale: an upload found no slot */
	unsigned slots, busy, live_busy, callers;
	struct pool_share shares[POOL_SLOTS_MAX]; /* owners that have slots */
	struct pool_live *lives;
	struct pool_spawn *spawn_first, *spawn_last;
	struct limits limits;
	bool allow_unjailed;
	struct spawner *starter;
	struct cage_report cage;
	char report[128];
	struct err trouble; /* of the last worker, if it did not become ready; else ERR_OK */
};

struct pool_live {
	struct pool *pool;
	struct pool_live *prev, *next;
	struct pool_task task; /* descriptors and texts of our own */
	uint8_t *texts;
	struct pool_spawn spawn;
	struct proc proc;
	bool has_slot, is_stolen, is_finishing;
	uint64_t available, notified;
	int64_t grown_ms, notified_ms;
};

/* ERR_LIMIT: a name or a path is too long. */
int pool_check_task(const struct pool_task *t, struct err *e);

/* pool_slots.c; the lock is held unless it says otherwise. */
int pool_slot_wait(struct pool *p, uint64_t owner, struct err *e);
/* May the owner have one more slot? If there are several, no owner has all of them. */
bool pool_owner_may(const struct pool *p, uint64_t owner);
void pool_slot_take(struct pool *p, uint64_t owner);
void pool_slot_release(struct pool *p, uint64_t owner, bool live);
void *pool_spawner_main(void *arg); /* without the lock */
void pool_spawn_begin(struct pool *p, struct pool_spawn *s);
void pool_spawn_wait(struct pool *p, const struct pool_spawn *s);
int pool_make_start(struct pool_spawn *s, const struct pool *p, const struct pool_task *t,
		    uint64_t len, struct err *e); /* without the lock */
/* Whether a worker became ready: for pool_trouble. */
void pool_note(struct pool *p, bool is_ready, const struct err *why);
void pool_caller_leave(struct pool *p);

/* pool.c: without the lock */
int pool_exchange(struct pool *p, struct proc *w, enum task_kind kind, struct bytes last,
		  const struct pool_reader *reader, struct err *e);
bool pool_wants_scratch(enum task_kind kind);

/* pool_live.c */
void pool_live_notify(struct pool_live *l, bool final);
