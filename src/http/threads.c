/* The thread pool: threads pick up connections that are ready. All wait in one epoll_wait, which
 * wakes one thread per event, the most recent waiter first; so under a small load few threads run,
 * with warm caches, and the others end after a while. When the last waiting thread starts to work,
 * it starts another, up to the limit: handlers may block. */
#include "http/conn.h"

#include "base/clock.h"
#include "base/io.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_LEN (512U << 10) /* bytes per thread: 60 KiB of frames were the most seen */
#define KEPT 2U		       /* threads that stay without work */
#define REST_MS 2000	       /* without work until another ends */
#define KEY_STOP UINT64_MAX

static int thread_start(struct http_server *s);

/* The connection that an event is about, now this thread's; NULL: closed, or already taken. */
static struct http_conn *take(struct http_server *s, uint64_t key)
{
	uint32_t index = (uint32_t)key;
	if (index >= s->slot_count)
		return NULL;
	struct http_conn *c = &s->slots[index];
	if (!c->used || !c->rests || c->generation != (uint32_t)(key >> 32))
		return NULL;
	conn_waited(c, clock_mono_ms());
	c->rests = false;
	peers_wake(s->peers, &c->link);
	return c;
}

/* Wait for an event: false when this thread is to end. */
static bool wait_one(struct http_server *s, struct http_conn **ret_conn)
{
	struct epoll_event ev;
	bool last = false, stay = true;
	(void)pthread_mutex_lock(&s->lock);
	s->waiting++;
	(void)pthread_mutex_unlock(&s->lock);
	int n = epoll_wait(s->epoll_fd, &ev, 1, REST_MS);
	(void)pthread_mutex_lock(&s->lock);
	s->waiting--;
	*ret_conn = n > 0 && ev.data.u64 != KEY_STOP ? take(s, ev.data.u64) : NULL;
	if (s->stop && !*ret_conn)
		stay = false;
	else if (n == 0 && s->threads > KEPT)
		stay = false;
	else if (*ret_conn && s->waiting == 0 && s->threads < s->options.threads_max)
		last = true;
	if (!stay)
		s->threads--;
	else if (last)
		s->threads++;
	if (!stay)
		(void)pthread_cond_broadcast(&s->gone);
	(void)pthread_mutex_unlock(&s->lock);
	if (last)
		(void)thread_start(s);
	return stay;
}

static void *thread_main(void *arg)
{
	struct hand *h = arg;
	struct http_server *s = h->server;
	struct http_conn *c;
	sigset_t broken;
	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE); /* sendfile and the TLS library have no flag against it */
	(void)pthread_sigmask(SIG_BLOCK, &broken, NULL);
	while (wait_one(s, &c))
		if (c)
			conn_run(h, c);
	free(h->piece);
	free(h);
	return NULL;
}

/* The caller has counted it. */
static int thread_start(struct http_server *s)
{
	struct hand *h = calloc(1, sizeof *h);
	pthread_attr_t attr;
	pthread_t thread;
	int sys = ENOMEM;
	if (h) {
		*h = (struct hand){.server = s, .piece = io_block(CONN_PIECE_LEN), .date_sec = -1};
		sys = h->piece ? pthread_attr_init(&attr) : ENOMEM;
	}
	if (sys == 0) {
		(void)pthread_attr_setstacksize(&attr, STACK_LEN);
		(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		sys = pthread_create(&thread, &attr, thread_main, h);
		(void)pthread_attr_destroy(&attr);
	}
	if (sys == 0)
		return 0;
	if (h)
		free(h->piece);
	free(h);
	(void)pthread_mutex_lock(&s->lock);
	s->threads--;
	(void)pthread_cond_broadcast(&s->gone);
	(void)pthread_mutex_unlock(&s->lock);
	return -sys;
}

int threads_start(struct http_server *s, struct err *e)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = KEY_STOP};
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->epoll_fd < 0 || s->stop_fd < 0 ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->stop_fd, &ev) < 0)
		return err_sys(e, "epoll");
	for (unsigned i = 0; i < KEPT; i++) {
		(void)pthread_mutex_lock(&s->lock);
		s->threads++;
		(void)pthread_mutex_unlock(&s->lock);
		int rc = thread_start(s);
		if (rc < 0)
			return err_set(e, ERR_IO, "a thread cannot be started: error %d", -rc);
	}
	return 0;
}

bool threads_stop(struct http_server *s, int64_t until_ms)
{
	uint64_t one = 1;
	(void)pthread_mutex_lock(&s->lock);
	s->stop = true;
	if (s->stop_fd >= 0 && write(s->stop_fd, &one, sizeof one) < 0)
		errno = 0; /* they look every REST_MS */
	for (bool in_time = true; s->threads > 0 && in_time;)
		in_time = clock_wait_mono(&s->gone, &s->lock, until_ms);
	bool all = s->threads == 0;
	(void)pthread_mutex_unlock(&s->lock);
	return all;
}
