/* The accept thread. It owns the listening socket, keeps new connections until their first byte
 * (so that a silent one costs no thread), refuses at once what cannot be a request of ours - above
 * all a TLS hello on the plain port, with which some clients always begin -, hands the others to
 * the library, and four times a second walks all connections for passed deadlines. A connection is
 * cut by shutdown(): its own thread then sees the end and cleans up. */
#include "base/clock.h"
#include "http/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 250
#define EVENTS_MAX 64
#define KEY_LISTEN UINT64_MAX
#define KEY_WAKE (UINT64_MAX - 1)

static void knock_drop(struct http_server *s, struct http_knock *k)
{
	(void)close(k->fd); /* leaves the epoll set by itself */
	k->fd = -1;
	s->knock_count--;
}

static unsigned load(struct http_server *s)
{
	(void)pthread_mutex_lock(&s->lock);
	unsigned n = s->conn_count;
	(void)pthread_mutex_unlock(&s->lock);
	return n + s->knock_count;
}

static void address_text(const struct sockaddr_storage *a, char *out, socklen_t cap)
{
	const void *src = &((const struct sockaddr_in *)(const void *)a)->sin_addr;
	if (a->ss_family == AF_INET6)
		src = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
	if (!inet_ntop(a->ss_family, src, out, cap))
		out[0] = '\0';
}

static unsigned load_of_peer(struct http_server *s, const struct sockaddr_storage *addr)
{
	char peer[INET6_ADDRSTRLEN], other[INET6_ADDRSTRLEN];
	unsigned n = 0;
	address_text(addr, peer, sizeof peer);
	for (unsigned i = 0; i < s->options.connections_max; i++) {
		if (s->knocks[i].fd < 0)
			continue;
		address_text(&s->knocks[i].addr, other, sizeof other);
		n += strcmp(peer, other) == 0;
	}
	(void)pthread_mutex_lock(&s->lock);
	for (const struct http_conn *c = s->conns; c; c = c->next)
		n += strcmp(peer, c->peer) == 0;
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

static void knock_add(struct http_server *s, int fd, const struct sockaddr_storage *addr,
		      socklen_t addr_len)
{
	unsigned i = 0;
	while (i < s->options.connections_max && s->knocks[i].fd >= 0)
		i++;
	bool full = i == s->options.connections_max || load(s) >= s->options.connections_max;
	if (!full && s->options.connections_per_ip_max)
		full = load_of_peer(s, addr) >= s->options.connections_per_ip_max;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.u64 = i};
	if (full || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		(void)close(fd);
		return;
	}
	s->knocks[i] = (struct http_knock){
	    .fd = fd, .since_ms = clock_mono_ms(), .addr = *addr, .addr_len = addr_len};
	s->knock_count++;
}

static void accept_all(struct http_server *s)
{
	for (int i = 0; i < EVENTS_MAX; i++) {
		struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof addr;
		int fd = accept4(s->listen_fd, (struct sockaddr *)&addr, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
			(void)usleep(10000); /* nothing to accept with: let others finish */
		if (fd < 0)
			return;
		int one = 1;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		knock_add(s, fd, &addr, len);
	}
}

/* Answer in plain text, which HTTP clients that spoke TLS recognise, and close. */
static void refuse(struct http_server *s, struct http_knock *k)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
				   "Content-Type: text/plain\r\nContent-Length: 36\r\n\r\n"
				   "This port speaks plain HTTP, no TLS\n";
	char away[4096];
	while (recv(k->fd, away, sizeof away, MSG_DONTWAIT) > 0)
		;
	(void)send(k->fd, text, sizeof text - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(k->fd, SHUT_RDWR);
	knock_drop(s, k);
}

static void knock_ready(struct http_server *s, struct http_knock *k)
{
	uint8_t first[1];
	if (k->fd < 0)
		return;
	ssize_t n = recv(k->fd, first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		knock_drop(s, k);
		return;
	}
	bool tls = s->options.tls_cert_pem != NULL;
	bool letter = first[0] >= 'A' && first[0] <= 'Z';
	/* Empty lines before a request line are to be ignored (RFC 9112 §2.2). */
	if (tls ? first[0] != 0x16 : !letter && first[0] != '\r' && first[0] != '\n') {
		refuse(s, k);
		return;
	}
	struct http_knock taken = *k;
	(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, k->fd, NULL);
	k->fd = -1;
	s->knock_count--;
	bool small = !tls && (first[0] == 'G' || first[0] == 'H');
	(void)mhd_lib.add_connection(s->pools[small ? POOL_SMALL : POOL_LARGE], taken.fd,
				 (struct sockaddr *)&taken.addr, taken.addr_len);
}

/* Bytes that went either way, as the kernel counts them: it sees sendfile and TLS too. */
static uint64_t bytes_moved(int fd, uint64_t *ret_received)
{
	struct tcp_info info = {.tcpi_state = 0};
	socklen_t len = sizeof info;
	*ret_received = 0;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return 0;
	*ret_received = info.tcpi_bytes_received;
	return info.tcpi_bytes_received + info.tcpi_bytes_acked;
}

static bool is_past(int64_t since, uint64_t timeout_ms, int64_t now)
{
	return now > since && (uint64_t)(now - since) > timeout_ms;
}

/* A kept connection: the next request has one deadline to begin and one to be there. */
static bool idle_is_late(const struct http_options *o, struct http_conn *c, uint64_t received,
			 int64_t now)
{
	struct conn_watch *w = &c->watch;
	if (!w->head_ms && received > w->received)
		w->head_ms = now;
	if (w->head_ms)
		return is_past(w->head_ms, o->header_timeout_ms, now);
	return is_past(atomic_load(&c->since_ms), o->idle_timeout_ms, now);
}

/* Only time spent waiting for the client counts, not what our own handlers take. */
static bool flow_is_late(const struct http_options *o, struct http_conn *c, uint64_t timeout_ms,
			 uint64_t moved, uint64_t step_ms)
{
	struct conn_watch *w = &c->watch;
	uint64_t need = o->rate_min * (timeout_ms / 1000 + (timeout_ms % 1000 > 0));
	if (moved - w->moved >= (need ? need : 1)) {
		w->moved = moved;
		w->waited_ms = 0;
		return false;
	}
	w->waited_ms += step_ms;
	return w->waited_ms > timeout_ms;
}

static bool is_late(const struct http_options *o, struct http_conn *c, int64_t now)
{
	enum conn_phase phase = (enum conn_phase)atomic_load(&c->phase);
	int64_t since = atomic_load(&c->since_ms);
	unsigned turn = atomic_load(&c->turn);
	struct conn_watch *w = &c->watch;
	if (phase == CONN_WAITING)
		return is_past(since, o->header_timeout_ms, now);
	if (phase == CONN_WHOLE)
		return is_past(since, o->body_timeout_ms, now);
	if (phase == CONN_WORKING) {
		w->at_ms = now;
		return false;
	}
	uint64_t received, moved = bytes_moved(c->fd, &received);
	if (turn != w->turn || w->at_ms == 0)
		*w = (struct conn_watch){
		    .turn = turn, .moved = moved, .received = received, .at_ms = now};
	uint64_t step_ms = (uint64_t)(now - w->at_ms);
	w->at_ms = now;
	if (phase == CONN_IDLE)
		return idle_is_late(o, c, received, now);
	if (phase == CONN_STREAM && is_past(atomic_load(&c->body_ms), o->upload_timeout_ms, now))
		return true;
	return flow_is_late(o, c, phase == CONN_STREAM ? o->body_timeout_ms : o->reply_timeout_ms,
			    moved, step_ms);
}

static void watch(struct http_server *s)
{
	int64_t now = clock_mono_ms();
	for (unsigned i = 0; s->knock_count && i < s->options.connections_max; i++) {
		struct http_knock *k = &s->knocks[i];
		if (k->fd >= 0 && is_past(k->since_ms, s->options.header_timeout_ms, now))
			knock_drop(s, k);
	}
	(void)pthread_mutex_lock(&s->lock);
	for (struct http_conn *c = s->conns; c; c = c->next)
		if (is_late(&s->options, c, now))
			(void)shutdown(c->fd, SHUT_RDWR);
	(void)pthread_mutex_unlock(&s->lock);
}

static void *accept_main(void *arg)
{
	struct http_server *s = arg;
	struct epoll_event events[EVENTS_MAX];
	int64_t tick = clock_mono_ms() + TICK_MS;
	while (!atomic_load(&s->closing)) {
		int64_t left = tick - clock_mono_ms();
		int n = epoll_wait(s->epoll_fd, events, EVENTS_MAX, left > 0 ? (int)left : 0);
		for (int i = 0; i < n; i++) {
			if (events[i].data.u64 == KEY_LISTEN)
				accept_all(s);
			else if (events[i].data.u64 != KEY_WAKE)
				knock_ready(s, &s->knocks[events[i].data.u64]);
		}
		if (clock_mono_ms() >= tick) {
			watch(s);
			tick = clock_mono_ms() + TICK_MS;
		}
	}
	return NULL;
}

static int epoll_add(struct http_server *s, int fd, uint64_t key, struct err *e)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = key};
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return err_sys(e, "epoll");
	return 0;
}

int accept_start(struct http_server *s, struct err *e)
{
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->epoll_fd < 0 || s->wake_fd < 0)
		return err_sys(e, "epoll");
	s->knocks = calloc(s->options.connections_max, sizeof *s->knocks);
	if (!s->knocks)
		return err_set(e, ERR_NOMEM, "%u connections", s->options.connections_max);
	for (unsigned i = 0; i < s->options.connections_max; i++)
		s->knocks[i].fd = -1;
	int rc = epoll_add(s, s->listen_fd, KEY_LISTEN, e);
	if (rc == 0)
		rc = epoll_add(s, s->wake_fd, KEY_WAKE, e);
	if (rc < 0)
		return rc;
	int sys = pthread_create(&s->thread, NULL, accept_main, s);
	if (sys != 0)
		return err_set(e, ERR_IO, "accept thread: error %d", sys);
	s->thread_runs = true;
	return 0;
}

void accept_stop(struct http_server *s)
{
	uint64_t one = 1;
	atomic_store(&s->closing, true);
	if (s->thread_runs) {
		if (write(s->wake_fd, &one, sizeof one) < 0)
			errno = 0; /* the next tick sees it too */
		(void)pthread_join(s->thread, NULL);
		s->thread_runs = false;
	}
	for (unsigned i = 0; s->knocks && i < s->options.connections_max; i++)
		if (s->knocks[i].fd >= 0)
			knock_drop(s, &s->knocks[i]);
	free(s->knocks);
	s->knocks = NULL;
}
