/* A thread that accepts connections, chooses which one to close at the limit, and checks deadlines
 * four times a second. A connection that rests without a request is closed here; any other is cut:
 * its socket is shut, and the thread that has it, or is woken by that, cleans up. */
#include "http/conn.h"

#include "base/clock.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 250
#define ACCEPT_MAX 64 /* connections taken before deadlines are looked at again */
#define PAUSE_MS 100  /* without accepting, when there are no descriptors */

static struct http_conn *conn_of(struct peer_link *l)
{
	union {
		struct peer_link *link;
		struct http_conn *conn; /* which begins with it */
	} u = {.link = l};
	_Static_assert(offsetof(struct http_conn, link) == 0, "a connection begins with its link");
	return u.conn;
}

/* Under the lock. The places past connections_max are for addresses that hold few. */
static bool make_room(struct http_server *s, const struct sockaddr_storage *addr)
{
	unsigned own = peers_count(s->peers, addr), per_ip = s->options.connections_per_ip_max;
	if (per_ip && own >= per_ip)
		return false;
	if (s->conn_count < s->options.connections_max)
		return true;
	if (own < PEERS_FEW && s->conn_count < s->slot_count)
		return true;
	struct peer_link *victim = peers_victim(s->peers, addr);
	if (victim)
		conn_drop(conn_of(victim));
	return victim != NULL;
}

static void take_in(struct http_server *s, int fd, const struct sockaddr_storage *addr)
{
	int one = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	(void)pthread_mutex_lock(&s->lock);
	bool in = make_room(s, addr) && conn_open(s, fd, addr);
	(void)pthread_mutex_unlock(&s->lock);
	if (!in)
		(void)close(fd);
}

/* Out of descriptors for the next connection: close one that rests. */
static bool give_descriptor(struct http_server *s)
{
	struct sockaddr_storage nobody = {.ss_family = AF_UNSPEC};
	(void)pthread_mutex_lock(&s->lock);
	struct peer_link *victim = peers_victim(s->peers, &nobody);
	if (victim)
		conn_drop(conn_of(victim));
	(void)pthread_mutex_unlock(&s->lock);
	return victim != NULL;
}

/* accept4 checks for a free descriptor before it checks whether a client is waiting. */
static bool somebody_waits(const struct http_server *s)
{
	struct pollfd p = {.fd = s->listen_fd, .events = POLLIN};
	return poll(&p, 1, 0) > 0;
}

/* False: nothing can be accepted for now. */
static bool accept_some(struct http_server *s)
{
	for (int i = 0; i < ACCEPT_MAX; i++) {
		struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof addr;
		int fd = accept4(s->listen_fd, (struct sockaddr *)&addr, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		bool full = fd < 0 && (errno == EMFILE || errno == ENFILE);
		if (fd >= 0)
			take_in(s, fd, &addr);
		else if (full && !somebody_waits(s))
			return true;
		else if (full && !give_descriptor(s))
			return false;
		else if (errno == ENOMEM || errno == ENOBUFS)
			return false;
		else if (!full && errno != ECONNABORTED && errno != EINTR)
			return true;
	}
	return true;
}

/* Bytes of the reply that the client's side has acknowledged: the kernel's buffer does not count.
 */
static uint64_t bytes_acked(int fd)
{
	struct tcp_info info = {.tcpi_state = 0};
	socklen_t len = sizeof info;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return 0;
	return info.tcpi_bytes_acked;
}

/* The client was waited for timeout_ms in all, while fewer bytes moved than should have. */
static bool flow_is_late(struct http_conn *c, uint64_t timeout_ms, uint64_t moved, int64_t now)
{
	struct conn_watch *w = &c->watch;
	uint64_t rate = c->server->options.rate_min;
	uint64_t need = rate * (timeout_ms / 1000 + (timeout_ms % 1000 > 0));
	conn_waited(c, now);
	if (!w->began) {
		w->began = true;
		w->moved = moved;
	}
	if (moved - w->moved >= (need ? need : 1)) {
		w->moved = moved;
		w->waited_ms = 0;
		return false;
	}
	return w->waited_ms > timeout_ms;
}

/* Bytes of earlier replies that the client has not taken. */
static bool has_unsent(const struct http_conn *c)
{
	int n = 0;
	return ioctl(c->fd, SIOCOUTQ, &n) == 0 && n > 0;
}

static bool is_late(struct http_conn *c, int64_t now)
{
	const struct http_options *o = &c->server->options;
	bool past = now > c->deadline_ms;
	if (c->step == CONN_HEAD && past && !c->in.len && has_unsent(c))
		return flow_is_late(c, o->reply_timeout_ms, bytes_acked(c->fd), now);
	if (past)
		return true;
	if (c->step == CONN_REPLY)
		return flow_is_late(c, o->reply_timeout_ms, bytes_acked(c->fd), now);
	if (c->step == CONN_BODY && c->request->stream_open)
		return flow_is_late(c, o->body_timeout_ms, c->received, now);
	return false;
}

static void watch(struct http_server *s)
{
	int64_t now = clock_mono_ms();
	(void)pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < s->slot_top; i++) {
		struct http_conn *c = &s->slots[i];
		if (!c->used || !c->rests || !is_late(c, now))
			continue;
		if (c->request)
			conn_cut(c);
		else
			conn_drop(c);
	}
	(void)pthread_mutex_unlock(&s->lock);
}

static void *door_main(void *arg)
{
	struct http_server *s = arg;
	int64_t tick = clock_mono_ms() + TICK_MS, pause = 0;
	while (!atomic_load(&s->closing)) {
		int64_t now = clock_mono_ms(), until = tick;
		bool paused = now < pause;
		if (paused && pause < until)
			until = pause;
		struct pollfd p[2] = {{.fd = s->door_fd, .events = POLLIN},
				      {.fd = paused ? -1 : s->listen_fd, .events = POLLIN}};
		int n = poll(p, 2, until > now ? (int)(until - now) : 0);
		if (n > 0 && p[1].revents && !accept_some(s))
			pause = clock_mono_ms() + PAUSE_MS;
		if (clock_mono_ms() >= tick) {
			watch(s);
			tick = clock_mono_ms() + TICK_MS;
		}
	}
	return NULL;
}

int door_start(struct http_server *s, struct err *e)
{
	s->door_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->door_fd < 0)
		return err_sys(e, "eventfd");
	int sys = pthread_create(&s->door, NULL, door_main, s);
	if (sys != 0)
		return err_set(e, ERR_IO, "a thread cannot be started: error %d", sys);
	s->door_runs = true;
	return 0;
}

void door_stop(struct http_server *s)
{
	uint64_t one = 1;
	if (!s->door_runs)
		return;
	if (write(s->door_fd, &one, sizeof one) < 0)
		errno = 0; /* the next tick sees it too */
	(void)pthread_join(s->door, NULL);
	s->door_runs = false;
}
