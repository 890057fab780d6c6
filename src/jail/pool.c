#include "jail/pool_impl.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "jail/reply.h"

#define PROBE_MS 10000

int pool_check_task(const struct pool_task *t, struct err *e)
{
	if (t->name.len > TASK_NAME_MAX || t->path.len > LIMIT_PATH_MAX)
		return err_set(e, ERR_LIMIT, "task: name or path too long");
	return 0;
}

int pool_exchange(struct pool *p, struct proc *w, enum task_kind kind, struct bytes last,
		  const struct pool_reader *reader, struct err *e)
{
	struct exchange_options how = {.limits = &p->limits,
				       .allow_unjailed = p->allow_unjailed,
				       .cancel_fd = p->cancel_fd,
				       .kind = kind,
				       .last = last,
				       .reader = reader};
	int r = exchange_run(&how, w, e);
	pthread_mutex_lock(&p->lock);
	if (how.is_ready || r == -ERR_CHILD || r == -ERR_TIMEOUT || r == -ERR_UNSUPPORTED)
		pool_note(p, how.is_ready, e);
	pthread_mutex_unlock(&p->lock);
	return r;
}

bool pool_wants_scratch(enum task_kind kind)
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
	OWN_FD int scratch = t->out_fd < 0 && pool_wants_scratch(t->kind) ? proc_scratch() : -1;
	struct pool_spawn s = {.args = {.spawner = p->starter,
					.limits = &p->limits,
					.allow_missing = p->allow_unjailed,
					.in_fd = in_fd,
					.out_fd = t->out_fd >= 0 ? t->out_fd : scratch}};
	int rc = pool_make_start(&s, p, t, len, e);
	if (rc == 0) {
		pthread_mutex_lock(&p->lock);
		pool_spawn_begin(p, &s);
		pool_spawn_wait(p, &s);
		pthread_mutex_unlock(&p->lock);
		rc = s.result;
		if (rc < 0)
			*e = s.err;
		else
			rc = pool_exchange(p, &s.proc, t->kind, BYTES_NONE, r, e);
		proc_kill(&s.proc);
	}
	buf_free(&s.start);
	return rc;
}

int pool_run(struct pool *p, const struct pool_task *t, const struct pool_reader *r, struct err *e)
{
	struct err local = ERR_INIT;
	struct err *err = e ? e : &local;
	if (pool_check_task(t, err) < 0)
		return -(int)err->code;
	pthread_mutex_lock(&p->lock);
	p->callers++;
	int rc = pool_slot_wait(p, t->owner, err);
	pthread_mutex_unlock(&p->lock);
	bool has_slot = rc == 0;
	if (has_slot)
		rc = run_in_slot(p, t, r, err);
	pthread_mutex_lock(&p->lock);
	if (has_slot)
		pool_slot_release(p, t->owner, false);
	pool_caller_leave(p);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

static int open_worker(struct pool *p, const char *path, struct err *e)
{
	char self[PATH_MAX + sizeof "/plimsoll-worker"];
	if (!path) {
		ssize_t n = readlink("/proc/self/exe", self, PATH_MAX);
		if (n <= 0 || n == PATH_MAX)
			return err_sys(e, "worker: path of the program");
		self[n] = '\0';
		char *slash = strrchr(self, '/');
		if (!slash)
			return err_set(e, ERR_INTERNAL, "worker: path of the program");
		memcpy(slash, "/plimsoll-worker", sizeof "/plimsoll-worker");
		path = self;
	}
	p->starter = spawner_open(path, e);
	return p->starter ? 0 : -(int)e->code;
}

static const char *yes_no(bool v)
{
	return v ? "yes" : "no";
}

/* An empty worker: it reports its cage and ends. */
static int probe(struct pool *p, struct err *e)
{
	struct pool_spawn s = {.args = {.spawner = p->starter,
					.limits = &p->limits,
					.allow_missing = p->allow_unjailed,
					.in_fd = -1,
					.out_fd = -1}};
	pthread_mutex_lock(&p->lock);
	pool_spawn_begin(p, &s);
	pool_spawn_wait(p, &s);
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
		rc = err_set(e, ERR_TIMEOUT, "worker: did not start in time");
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
	int r = clock_cond_init(&p->changed);
	if (r != 0)
		return r;
	r = pthread_mutex_init(&p->lock, NULL);
	if (r == 0) {
		r = pthread_create(&p->spawner, NULL, pool_spawner_main, p);
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
	spawner_close(p->starter);
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
	p->slots = o->slots ? o->slots : (cores > 0 ? (unsigned)cores : 1) + 1;
	if (p->slots > POOL_SLOTS_MAX)
		p->slots = POOL_SLOTS_MAX;
	p->limits = o->limits;
	p->allow_unjailed = o->allow_unjailed;
	p->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->cancel_fd < 0) {
		(void)err_sys(err, "worker pool");
		pool_free(p);
		return NULL;
	}
	if (open_worker(p, o->worker_path, err) < 0) {
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
	/* The spawner ends last: when no call is running and no live task is left to its owner. */
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

bool pool_trouble(const struct pool *p, char *out, size_t cap)
{
	struct pool *m = (struct pool *)(uintptr_t)p; /* as above */
	pthread_mutex_lock(&m->lock);
	bool bad = m->trouble.code != ERR_OK;
	(void)snprintf(out, cap, "%s", bad ? m->trouble.msg : "");
	pthread_mutex_unlock(&m->lock);
	return bad;
}
