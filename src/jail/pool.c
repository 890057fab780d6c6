#include "jail/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "jail/process.h"
#include "jail/reply.h"
#include "jail/talk.h"

/* One lock guards everything in struct pool and in every live task. Nothing under it blocks: sends
 * are non-blocking, workers are started by one thread of the pool's own (which must outlive them: a
 * worker dies with the thread that started it, so none outlives a killed daemon) and reaped with
 * the lock released.
 *
 * Slots: an ordinary task waits for one; a live task takes one only if it is free, and all live
 * tasks together leave one to the ordinary. A live task whose file has stopped growing gives its
 * slot up when others wait; its owner learns nothing of it, pool_finish then indexes the whole
 * file. */

#define STALE_MS 5000 /* a live task that has not grown for so long gives way to those who wait */
#define ADVANCE_STEP 262144 /* bytes: a message for less growth costs more than it brings, */
#define ADVANCE_MS 50	    /* unless the client is slow */
#define TICK_MS 500	    /* how often one who waits looks for a stalled upload */
#define PROBE_MS 10000
#define SLOTS_MAX 256U

struct spawn {
	struct proc_args args;
	struct buf start; /* the START message */
	struct pool_live *live;
	struct spawn *next;
	struct proc proc;
	struct err err;
	int result;
	bool is_done;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t spawner;
	int cancel_fd;		   /* readable once the pool closes */
	bool closing, wants_stale; /* wants_stale: an upload found no slot */
	unsigned slots, busy, live_busy, callers;
	struct pool_live *lives;
	struct spawn *spawn_first, *spawn_last;
	struct limits limits;
	bool allow_unjailed;
	char *worker_path;
	struct cage_report cage;
	char report[128];
};

struct pool_live {
	struct pool *pool;
	struct pool_live *prev, *next;
	struct pool_task task; /* descriptors and texts of our own */
	uint8_t *texts;
	struct spawn spawn;
	struct proc proc;
	bool has_slot, is_stolen, is_finishing;
	uint64_t available, told;
	int64_t grown_ms, told_ms;
};

/* --- slots --- */

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
	/* With a single slot an upload that trickles for ever would lock out everybody. */
	bool must = p->slots == 1 && waited_ms >= STALE_MS;
	return oldest && (must || now - oldest->grown_ms >= STALE_MS) ? oldest : NULL;
}

static void slot_release(struct pool *p, bool live)
{
	p->busy--;
	if (live)
		p->live_busy--;
	pthread_cond_broadcast(&p->changed);
}

static void steal(struct pool *p, struct pool_live *l)
{
	struct proc w = l->proc;
	l->proc = PROC_NONE;
	l->is_stolen = true;
	l->has_slot = false;
	/* Its slot is free only when the process is gone; l may be freed meanwhile. */
	pthread_mutex_unlock(&p->lock);
	proc_kill(&w);
	pthread_mutex_lock(&p->lock);
	slot_release(p, true);
}

/* --- starting workers --- */

static int check_task(const struct pool_task *t, struct err *e)
{
	if (t->name.len > TASK_NAME_MAX || t->path.len > LIMIT_PATH_MAX)
		return err_set(e, ERR_LIMIT, "task: name or path too long");
	return 0;
}

static int make_start(struct spawn *s, const struct pool *p, const struct pool_task *t,
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

static void tell(struct pool_live *l, bool final)
{
	uint8_t room[32];
	struct buf m = {.ptr = room, .cap = sizeof room, .max = sizeof room};
	task_available_put(&m, l->available, final);
	/* A full socket holds older news that the worker has yet to read; a later call brings the
	 * newest. */
	if (proc_send(&l->proc, buf_bytes(&m), NULL) == 0)
		l->told = l->available;
	l->told_ms = clock_mono_ms();
}

static void start_one(struct pool *p, struct spawn *s)
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
	if (s->live && r == 0) {
		s->live->proc = w;
		s->proc = PROC_NONE;
		if (s->live->available > 0)
			tell(s->live, false);
	}
	pthread_cond_broadcast(&p->changed);
}

static void *spawner_main(void *arg)
{
	struct pool *p = arg;
	pthread_mutex_lock(&p->lock);
	while (!p->closing || p->spawn_first || p->callers > 0 || p->lives) {
		struct spawn *s = p->spawn_first;
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

static void spawn_begin(struct pool *p, struct spawn *s)
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

static void spawn_wait(struct pool *p, const struct spawn *s)
{
	while (!s->is_done)
		pthread_cond_wait(&p->changed, &p->lock);
}

static void wait_changed(struct pool *p, int64_t ms)
{
	struct timespec at;
	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	(void)pthread_cond_timedwait(&p->changed, &p->lock, &at);
}

static int slot_wait(struct pool *p, struct err *e)
{
	int64_t since = clock_mono_ms();
	while (p->busy >= p->slots && !p->closing) {
		struct pool_live *stale = find_stale(p, clock_mono_ms() - since);
		if (stale)
			steal(p, stale);
		else
			wait_changed(p, TICK_MS);
	}
	if (p->closing)
		return err_set(e, ERR_CANCELLED, "cancelled");
	p->busy++;
	return 0;
}

/* --- ordinary tasks --- */

static int talk(struct pool *p, struct proc *w, enum task_kind kind, struct bytes last,
		const struct pool_reader *reader, struct err *e)
{
	struct talk_how how = {.limits = &p->limits,
			       .allow_unjailed = p->allow_unjailed,
			       .cancel_fd = p->cancel_fd,
			       .kind = kind,
			       .last = last,
			       .reader = reader};
	return talk_run(&how, w, e);
}

static bool wants_scratch(enum task_kind kind)
{
	return kind == TASK_INDEX_LAYER;
}

static int run_in_slot(struct pool *p, const struct pool_task *t, const struct pool_reader *r,
		       struct err *e)
{
	uint64_t len = t->len;
	struct stat st;
	if (len == UINT64_MAX) {
		if (fstat(t->fd, &st) < 0)
			return err_sys(e, "task: input");
		len = (uint64_t)st.st_size > t->off ? (uint64_t)st.st_size - t->off : 0;
	}
	OWN_FD int in_fd = proc_read_only(t->fd, e);
	if (in_fd < 0)
		return -(int)e->code;
	OWN_FD int scratch = t->out_fd < 0 && wants_scratch(t->kind) ? proc_scratch() : -1;
	struct spawn s = {.args = {.path = p->worker_path,
				   .limits = &p->limits,
				   .allow_missing = p->allow_unjailed,
				   .in_fd = in_fd,
				   .out_fd = t->out_fd >= 0 ? t->out_fd : scratch}};
	int rc = make_start(&s, p, t, len, e);
	if (rc == 0) {
		pthread_mutex_lock(&p->lock);
		spawn_begin(p, &s);
		spawn_wait(p, &s);
		pthread_mutex_unlock(&p->lock);
		rc = s.result;
		if (rc < 0)
			*e = s.err;
		else
			rc = talk(p, &s.proc, t->kind, BYTES_NONE, r, e);
		proc_kill(&s.proc);
	}
	buf_free(&s.start);
	return rc;
}

static void caller_leave(struct pool *p)
{
	p->callers--;
	pthread_cond_broadcast(&p->changed);
}

int pool_run(struct pool *p, const struct pool_task *t, const struct pool_reader *r, struct err *e)
{
	struct err local = ERR_INIT;
	struct err *err = e ? e : &local;
	if (check_task(t, err) < 0)
		return -(int)err->code;
	pthread_mutex_lock(&p->lock);
	p->callers++;
	int rc = slot_wait(p, err);
	pthread_mutex_unlock(&p->lock);
	bool has_slot = rc == 0;
	if (has_slot)
		rc = run_in_slot(p, t, r, err);
	pthread_mutex_lock(&p->lock);
	if (has_slot)
		slot_release(p, false);
	caller_leave(p);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

/* --- live tasks --- */

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
	l->task.out_fd = t->out_fd >= 0		  ? fcntl(t->out_fd, F_DUPFD_CLOEXEC, 0)
			 : wants_scratch(t->kind) ? proc_scratch()
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
	l->spawn.args = (struct proc_args){.path = p->worker_path,
					   .limits = &p->limits,
					   .allow_missing = p->allow_unjailed,
					   .in_fd = l->task.fd,
					   .out_fd = l->task.out_fd};
	l->spawn.live = l;
	if (make_start(&l->spawn, p, t, UINT64_MAX, e) < 0) {
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
	if (check_task(t, e) < 0)
		return NULL;
	pthread_mutex_lock(&p->lock);
	bool free_slot = live_may_start(p);
	if (free_slot) {
		p->busy++;
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
		slot_release(p, true);
	} else {
		l->has_slot = true;
		l->next = p->lives;
		if (l->next)
			l->next->prev = l;
		p->lives = l;
		spawn_begin(p, &l->spawn);
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
		if (l->proc.pid > 0 &&
		    (available - l->told >= ADVANCE_STEP || l->grown_ms - l->told_ms >= ADVANCE_MS))
			tell(l, false);
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
		slot_release(p, true);
	pthread_cond_broadcast(&p->changed);
}

static int live_talk(struct pool_live *l, uint64_t total, const struct pool_reader *r,
		     struct err *e)
{
	uint8_t room[32];
	struct buf m = {.ptr = room, .cap = sizeof room, .max = sizeof room};
	if (l->spawn.result < 0) {
		*e = l->spawn.err;
		return l->spawn.result;
	}
	task_available_put(&m, total, true);
	return talk(l->pool, &l->proc, l->task.kind, buf_bytes(&m), r, e);
}

int pool_finish(struct pool_live *l, uint64_t total, const struct pool_reader *r, struct err *e)
{
	struct err local = ERR_INIT;
	struct err *err = e ? e : &local;
	struct pool *p = l->pool;
	pthread_mutex_lock(&p->lock);
	p->callers++;
	spawn_wait(p, &l->spawn);
	bool stolen = l->is_stolen;
	l->is_finishing = true;
	pthread_mutex_unlock(&p->lock);
	int rc = 0;
	if (!stolen)
		rc = live_talk(l, total, r, err);
	proc_kill(&l->proc);
	proc_kill(&l->spawn.proc);
	pthread_mutex_lock(&p->lock);
	live_leave(l);
	pthread_mutex_unlock(&p->lock);
	if (stolen) {
		/* The file is complete now: the ordinary way, from its start. */
		l->task.len = total > l->task.off ? total - l->task.off : 0;
		rc = pool_run(p, &l->task, r, err);
	}
	live_free(l);
	pthread_mutex_lock(&p->lock);
	caller_leave(p);
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
	spawn_wait(p, &l->spawn);
	l->is_finishing = true;
	pthread_mutex_unlock(&p->lock);
	proc_kill(&l->proc);
	proc_kill(&l->spawn.proc);
	pthread_mutex_lock(&p->lock);
	live_leave(l);
	caller_leave(p);
	pthread_mutex_unlock(&p->lock);
	live_free(l);
}

/* --- the pool itself --- */

static int find_worker(struct pool *p, const char *path, struct err *e)
{
	char self[PATH_MAX];
	if (path) {
		p->worker_path = strdup(path);
	} else {
		ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
		if (n <= 0)
			return err_sys(e, "worker: where the program is");
		self[n] = '\0';
		char *slash = strrchr(self, '/');
		if (!slash)
			return err_set(e, ERR_INTERNAL, "worker: where the program is");
		*slash = '\0';
		if (asprintf(&p->worker_path, "%s/plimsoll-worker", self) < 0)
			p->worker_path = NULL;
	}
	return p->worker_path ? 0 : err_set(e, ERR_NOMEM, "worker: no memory");
}

static const char *yes_no(bool v)
{
	return v ? "yes" : "no";
}

/* An empty worker: it says what its cage is and is let go. */
static int probe(struct pool *p, struct err *e)
{
	struct spawn s = {.args = {.path = p->worker_path,
				   .limits = &p->limits,
				   .allow_missing = p->allow_unjailed,
				   .in_fd = -1,
				   .out_fd = -1}};
	pthread_mutex_lock(&p->lock);
	spawn_begin(p, &s);
	spawn_wait(p, &s);
	pthread_mutex_unlock(&p->lock);
	if (s.result < 0) {
		*e = s.err;
		return s.result;
	}
	uint8_t message[4096];
	struct pollfd fd = {.fd = s.proc.sock, .events = POLLIN};
	int n;
	do {
		n = poll(&fd, 1, PROBE_MS);
	} while (n < 0 && errno == EINTR);
	ssize_t got = n > 0 ? recv(s.proc.sock, message, sizeof message, MSG_DONTWAIT) : 0;
	struct reply r;
	reply_init(&r, TASK_INDEX_LAYER, &p->limits, NULL);
	r.allow_unjailed = p->allow_unjailed;
	int rc;
	if (n == 0)
		rc = err_set(e, ERR_TIMEOUT, "worker: does not start");
	else if (got <= 0)
		rc = proc_explain(&s.proc, e);
	else
		rc = reply_take(&r, (struct bytes){.ptr = message, .len = (size_t)got}, e);
	if (rc >= 0 && !r.is_ready)
		rc = err_set(e, ERR_CHILD, "worker: no READY");
	p->cage = r.cage;
	reply_free(&r);
	proc_kill(&s.proc);
	(void)snprintf(p->report, sizeof p->report,
		       "seccomp=%s landlock=%d no_new_privs=%s rlimits=%s", yes_no(p->cage.seccomp),
		       p->cage.landlock ? p->cage.landlock_abi : 0, yes_no(p->cage.no_new_privs),
		       yes_no(p->cage.rlimits));
	return rc < 0 ? rc : 0;
}

static int init_sync(struct pool *p)
{
	pthread_condattr_t attr;
	int r = pthread_condattr_init(&attr);
	if (r != 0)
		return r;
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	r = pthread_cond_init(&p->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	if (r != 0)
		return r;
	r = pthread_mutex_init(&p->lock, NULL);
	if (r == 0) {
		r = pthread_create(&p->spawner, NULL, spawner_main, p);
		if (r != 0)
			(void)pthread_mutex_destroy(&p->lock);
	}
	if (r != 0)
		(void)pthread_cond_destroy(&p->changed);
	return r;
}

static void pool_free(struct pool *p)
{
	own_fd_close(&p->cancel_fd);
	free(p->worker_path);
	free(p);
}

struct pool *pool_open(const struct pool_options *o, struct err *e)
{
	struct err local = ERR_INIT;
	struct err *err = e ? e : &local;
	struct pool *p = calloc(1, sizeof *p);
	if (!p) {
		(void)err_set(err, ERR_NOMEM, "worker pool: no memory");
		return NULL;
	}
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	p->slots = o->slots ? o->slots : cores > 0 ? (unsigned)cores : 1;
	if (p->slots > SLOTS_MAX)
		p->slots = SLOTS_MAX;
	p->limits = o->limits;
	p->allow_unjailed = o->allow_unjailed;
	p->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->cancel_fd < 0) {
		(void)err_sys(err, "worker pool");
		pool_free(p);
		return NULL;
	}
	if (find_worker(p, o->worker_path, err) < 0) {
		pool_free(p);
		return NULL;
	}
	errno = init_sync(p);
	if (errno != 0) {
		(void)err_sys(err, "worker pool: thread");
		pool_free(p);
		return NULL;
	}
	if (!o->skip_probe && probe(p, err) < 0) {
		pool_close(p);
		return NULL;
	}
	return p;
}

void pool_stop(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	(void)eventfd_write(p->cancel_fd, 1);
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

void pool_close(struct pool *p)
{
	if (!p)
		return;
	pool_stop(p);
	/* The spawner goes last: when no call is running and no live task is left to its owner. */
	pthread_join(p->spawner, NULL);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	pool_free(p);
}

const char *pool_jail_report(const struct pool *p)
{
	return p->report;
}

bool pool_is_jailed(const struct pool *p)
{
	return cage_is_whole(&p->cage);
}

void pool_load(const struct pool *p, unsigned *ret_busy, unsigned *ret_slots)
{
	struct pool *m = (struct pool *)(uintptr_t)p; /* the lock is not part of what is const */
	pthread_mutex_lock(&m->lock);
	*ret_busy = m->busy;
	*ret_slots = m->slots;
	pthread_mutex_unlock(&m->lock);
}
