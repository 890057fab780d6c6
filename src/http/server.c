/* The server: made, measured, closed. */
#include "http/conn.h"

#include "base/clock.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096
#define SHARE_MAX 64 /* places for addresses that hold few */
#define LAST_MS 1500 /* for handlers to see that their clients were cut */
#define SLOW_MS 1000 /* without progress: who is cut when memory is short */

static int listen_on(struct http_server *s, struct err *e)
{
	char port[8];
	(void)snprintf(port, sizeof port, "%u", (unsigned)s->options.port);
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	if (getaddrinfo(s->options.address, port, &hints, &found) != 0)
		return err_set(e, ERR_FORMAT, "address \"%s\" is not an IP address",
			       s->options.address);
	int one = 1, off = 0;
	s->listen_fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool ok = s->listen_fd >= 0 &&
		  setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0;
	if (ok && found->ai_family == AF_INET6)
		(void)setsockopt(s->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	ok = ok && bind(s->listen_fd, found->ai_addr, found->ai_addrlen) == 0 &&
	     listen(s->listen_fd, BACKLOG) == 0;
	freeaddrinfo(found);
	struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof addr;
	ok = ok && getsockname(s->listen_fd, (struct sockaddr *)&addr, &len) == 0;
	if (!ok)
		return err_sys(e, "listen on %s port %s", s->options.address, port);
	/* All of addr is set, above and by getsockname. */
	/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign) */
	uint16_t port_of = addr.ss_family == AF_INET6
			       ? ((const struct sockaddr_in6 *)(const void *)&addr)->sin6_port
			       : ((const struct sockaddr_in *)(const void *)&addr)->sin_port;
	s->port = ntohs(port_of);
	return 0;
}

static void options_complete(struct http_options *o)
{
	o->address = o->address ? o->address : "127.0.0.1";
	o->connections_max = o->connections_max ? o->connections_max : 1024;
	o->header_timeout_ms = o->header_timeout_ms ? o->header_timeout_ms : 20000;
	o->idle_timeout_ms = o->idle_timeout_ms ? o->idle_timeout_ms : 75000;
	o->body_timeout_ms = o->body_timeout_ms ? o->body_timeout_ms : 60000;
	o->reply_timeout_ms = o->reply_timeout_ms ? o->reply_timeout_ms : 60000;
	o->upload_timeout_ms = o->upload_timeout_ms ? o->upload_timeout_ms : 43200000;
	o->header_max = o->header_max ? o->header_max : 32U << 10;
	o->threads_max = o->threads_max < 4 ? o->threads_max ? 4 : 128 : o->threads_max;
	o->memory_max = o->memory_max ? o->memory_max : UINT64_C(256) << 20;
}

static int server_start(struct http_server *s, struct err *e)
{
	const struct http_options *o = &s->options;
	if (!o->tls_cert_pem != !o->tls_key_pem)
		return err_set(e, ERR_FORMAT, "TLS needs both certificate and key");
	s->is_tls = o->tls_cert_pem != NULL;
	if (s->is_tls && http_server_tls(s, o->tls_cert_pem, o->tls_key_pem, e) < 0)
		return -(int)e->code;
	unsigned share = o->connections_max / 8 + 1;
	s->slot_count = o->connections_max + (share < SHARE_MAX ? share : SHARE_MAX);
	s->slots = calloc(s->slot_count, sizeof *s->slots);
	s->peers = peers_open(s->slot_count);
	if (!s->slots || !s->peers)
		return err_set(e, ERR_NOMEM, "%u connections", o->connections_max);
	int rc = listen_on(s, e);
	if (rc == 0)
		rc = threads_start(s, e);
	return rc < 0 ? rc : door_start(s, e);
}

struct http_server *http_server_open(const struct http_options *o,
				     const struct http_route *const *tables, const size_t *counts,
				     size_t table_count, const struct http_hooks *hooks,
				     struct err *e)
{
	struct http_server *s = calloc(1, sizeof *s);
	if (!s) {
		(void)err_set(e, ERR_NOMEM, "server");
		return NULL;
	}
	s->options = *o;
	s->hooks = *hooks;
	s->listen_fd = s->epoll_fd = s->door_fd = s->stop_fd = -1;
	(void)clock_cond_init(&s->gone);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_mutex_init(&s->tls_lock, NULL);
	options_complete(&s->options);
	s->routes = route_table_open(tables, counts, table_count, e);
	int rc = s->routes ? server_start(s, e) : -1;
	s->options.tls_cert_pem = s->options.tls_key_pem = NULL; /* the caller's, and secret */
	s->options.address = NULL;
	if (rc < 0) {
		(void)http_server_close(s, 0);
		return NULL;
	}
	return s;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

int http_server_tls(struct http_server *s, const char *cert_pem, const char *key_pem, struct err *e)
{
	if (!s->is_tls)
		return err_set(e, ERR_UNSUPPORTED, "the server does not speak TLS");
	struct tls_pair *fresh = tls_pair_open(cert_pem, key_pem, e);
	if (!fresh)
		return -(int)e->code;
	(void)pthread_mutex_lock(&s->tls_lock);
	struct tls_pair *old = s->pair;
	s->pair = fresh;
	(void)pthread_mutex_unlock(&s->tls_lock);
	tls_pair_close(old);
	return 0;
}

unsigned http_server_connections(struct http_server *s)
{
	(void)pthread_mutex_lock(&s->lock);
	unsigned n = s->conn_count;
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

/* Under the lock: cut the reader that takes least of what it asked for. */
static void cut_slowest(struct http_server *s)
{
	struct http_conn *slowest = NULL;
	for (unsigned i = 0; i < s->slot_top; i++) {
		struct http_conn *c = &s->slots[i];
		if (!c->used || !c->rests || c->step != CONN_REPLY || atomic_load(&c->cut) ||
		    c->watch.waited_ms < SLOW_MS)
			continue;
		if (!slowest || c->watch.waited_ms > slowest->watch.waited_ms)
			slowest = c;
	}
	if (slowest)
		conn_cut(slowest);
}

bool server_take(struct http_server *s, struct http_conn *c, size_t n)
{
	(void)pthread_mutex_lock(&s->lock);
	bool fits = n <= s->options.memory_max && s->budget_used <= s->options.memory_max - n;
	if (fits) {
		s->budget_used += n;
		c->charged += n;
	} else {
		cut_slowest(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return fits;
}

bool server_charge(struct http_server *s, struct http_conn *c)
{
	size_t now = conn_memory(c);
	if (now == c->charged) /* only this thread changes it */
		return true;
	if (now > c->charged)
		return server_take(s, c, now - c->charged);
	(void)pthread_mutex_lock(&s->lock);
	s->budget_used -= c->charged - now;
	c->charged = now;
	(void)pthread_mutex_unlock(&s->lock);
	return true;
}

/* Close what rests without a request, cut the others too if all: how many are left. */
static unsigned clear(struct http_server *s, bool all)
{
	(void)pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < s->slot_top; i++) {
		struct http_conn *c = &s->slots[i];
		if (c->used && c->rests && !c->request)
			conn_drop(c);
		else if (c->used && all)
			conn_cut(c);
	}
	unsigned left = s->conn_count;
	(void)pthread_mutex_unlock(&s->lock);
	return left;
}

static unsigned wait_gone(struct http_server *s, int64_t until_ms)
{
	bool in_time = true;
	(void)pthread_mutex_lock(&s->lock);
	while (s->conn_count > 0 && in_time)
		in_time = clock_wait_mono(&s->gone, &s->lock, until_ms);
	unsigned left = s->conn_count;
	(void)pthread_mutex_unlock(&s->lock);
	return left;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

bool http_server_close(struct http_server *s, unsigned grace_ms)
{
	if (!s)
		return true;
	atomic_store(&s->closing, true);
	door_stop(s);
	close_fd(s->listen_fd);
	s->listen_fd = -1;
	int64_t until = clock_mono_ms() + grace_ms;
	if (s->slots && clear(s, false) > 0 && wait_gone(s, until) > 0 && clear(s, true) > 0)
		(void)wait_gone(s, clock_mono_ms() + LAST_MS);
	if (!threads_stop(s, clock_mono_ms() + LAST_MS))
		return false;
	close_fd(s->epoll_fd);
	close_fd(s->door_fd);
	close_fd(s->stop_fd);
	peers_close(s->peers);
	free(s->slots);
	route_table_close(s->routes);
	tls_pair_close(s->pair);
	(void)pthread_cond_destroy(&s->gone);
	(void)pthread_mutex_destroy(&s->tls_lock);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	return true;
}
