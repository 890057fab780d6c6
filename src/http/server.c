#include "base/clock.h"
#include "http/conn.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POOL_SMALL_LEN (64U << 10)  /* GET and HEAD: the headers, and a reply's */
#define POOL_LARGE_LEN (320U << 10) /* uploads: reads of up to a quarter MiB */
#define POOL_STEP_LEN (32U << 10)   /* by which the library lets a read buffer grow */
#define STACK_LEN (512U << 10)	    /* bytes per thread: 60 KiB of frames were the most seen */
#define GRACE_STEP_US 5000
#define BACKLOG 1024
#define UNSENT_LEN (128 << 10) /* bytes of a reply that wait in the kernel beyond what the client's window takes */
#define SEGMENT_LEN 32000      /* at most a quarter of it: see shallow */

/* The library's log has nothing that a client's error reply does not say. */
static void no_log(void *cls, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void no_log(void *cls, const char *fmt, va_list ap)
{
	(void)cls;
	(void)fmt;
	(void)ap;
}

/* Targets are decoded by uri.c, which knows where a "/" was escaped. */
static size_t no_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return strlen(text);
}

static void peer_text(struct MHD_Connection *mhd, char *out, socklen_t cap)
{
	const union MHD_ConnectionInfo *info =
	    mhd_lib.get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	out[0] = '\0';
	if (!info || !info->client_addr)
		return;
	const struct sockaddr *a = info->client_addr;
	const void *src = &((const struct sockaddr_in *)(const void *)a)->sin_addr;
	if (a->sa_family == AF_INET6)
		src = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
	if (!inet_ntop(a->sa_family, src, out, cap))
		out[0] = '\0';
}

static struct http_conn *conn_open(struct http_server *s, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
	    mhd_lib.get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_conn *c = info ? calloc(1, sizeof *c) : NULL;
	if (!c)
		return NULL;
	c->server = s;
	c->mhd = mhd;
	c->fd = info->connect_fd;
	buf_init(&c->request.body, 0);
	peer_text(mhd, c->peer, sizeof c->peer);
	conn_phase_set(c, CONN_WAITING);
	(void)pthread_mutex_lock(&s->lock);
	c->next = s->conns;
	if (c->next)
		c->next->prev = c;
	s->conns = c;
	s->conn_count++;
	(void)pthread_mutex_unlock(&s->lock);
	return c;
}

static void conn_close(struct http_conn *c)
{
	struct http_server *s = c->server;
	(void)pthread_mutex_lock(&s->lock);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->conn_count--;
	(void)pthread_mutex_unlock(&s->lock);
	arena_free(&c->request.arena);
	buf_free(&c->request.body);
	free(c);
}

static void connection_notify(void *cls, struct MHD_Connection *mhd, void **socket_context,
			      enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = conn_open(cls, mhd);
	} else if (*socket_context) {
		conn_close(*socket_context);
		*socket_context = NULL;
	}
}

static struct MHD_Daemon *pool_start(struct http_server *s, size_t memory)
{
	const struct http_options *o = &s->options;
	union {
		const char *in;
		void *out; /* the library only reads it */
	} cert = {.in = o->tls_cert_pem}, key = {.in = o->tls_key_pem},
	  priorities = {.in = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"};
	const struct MHD_OptionItem tls[] = {
	    {o->tls_cert_pem ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, cert.out},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, key.out},
	    {MHD_OPTION_HTTPS_PRIORITIES, 0, priorities.out},
	    {MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
			 MHD_USE_POLL | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET;
	if (o->tls_cert_pem)
		flags |= MHD_USE_TLS;
	return mhd_lib.start_daemon(
	    flags, 0, NULL, NULL, request_call, s, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, o->connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    memory, MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)POOL_STEP_LEN,
	    MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_LEN, MHD_OPTION_STRICT_FOR_CLIENT,
	    0, /* header.c is stricter */
	    MHD_OPTION_URI_LOG_CALLBACK, request_target, s, MHD_OPTION_UNESCAPE_CALLBACK,
	    no_unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED, request_done, s,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_notify, s, MHD_OPTION_ARRAY, tls,
	    MHD_OPTION_END);
}

/* A shallow queue: what the kernel handles is still in its caches, and a download on one machine is half as fast again or more. The library corks a
 * reply, so a piece shorter than a segment waits for 200 ms; were it half of the queue's limit, nobody would be told to send more until then. Only loopback
 * has segments so long. Connections inherit both; without them all works, slower. */
static void shallow(int fd)
{
	int unsent = UNSENT_LEN, segment = SEGMENT_LEN;
	if (setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment) == 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

static int listen_on(struct http_server *s, struct err *e)
{
	char port[8];
	(void)snprintf(port, sizeof port, "%u", (unsigned)s->options.port);
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	if (getaddrinfo(s->options.address, port, &hints, &found) != 0)
		return err_set(e, ERR_FORMAT, "address \"%s\" is no IP address",
			       s->options.address);
	int one = 1, off = 0;
	s->listen_fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool ok = s->listen_fd >= 0 &&
		  setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0;
	if (ok && found->ai_family == AF_INET6)
		(void)setsockopt(s->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (ok)
		shallow(s->listen_fd);
	ok = ok && bind(s->listen_fd, found->ai_addr, found->ai_addrlen) == 0 &&
	     listen(s->listen_fd, BACKLOG) == 0;
	freeaddrinfo(found);
	struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof addr;
	ok = ok && getsockname(s->listen_fd, (struct sockaddr *)&addr, &len) == 0;
	if (!ok)
		return err_sys(e, "listen on %s port %s", s->options.address, port);
	/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): all of addr is set, above and by getsockname */
	s->port = ntohs(addr.ss_family == AF_INET6
			    ? ((const struct sockaddr_in6 *)(const void *)&addr)->sin6_port
			    : ((const struct sockaddr_in *)(const void *)&addr)->sin_port);
	return 0;
}

static void options_complete(struct http_options *o)
{
	o->address = o->address ? o->address : "127.0.0.1";
	o->connections_max = o->connections_max ? o->connections_max : 1024;
	o->header_timeout_ms = o->header_timeout_ms ? o->header_timeout_ms : 20000;
	o->idle_timeout_ms = o->idle_timeout_ms ? o->idle_timeout_ms : 30000;
	o->body_timeout_ms = o->body_timeout_ms ? o->body_timeout_ms : 60000;
	o->reply_timeout_ms = o->reply_timeout_ms ? o->reply_timeout_ms : 60000;
	o->upload_timeout_ms = o->upload_timeout_ms ? o->upload_timeout_ms : 43200000;
	o->header_max = o->header_max ? o->header_max : 32U << 10;
}

static int server_start(struct http_server *s, struct err *e)
{
	if (!s->options.tls_cert_pem != !s->options.tls_key_pem)
		return err_set(e, ERR_FORMAT, "TLS needs both certificate and key");
	int rc = mhd_load(e);
	if (rc == 0)
		rc = listen_on(s, e);
	if (rc < 0)
		return rc;
	s->pools[POOL_SMALL] = pool_start(s, POOL_SMALL_LEN);
	s->pools[POOL_LARGE] = pool_start(s, POOL_LARGE_LEN);
	if (!s->pools[POOL_SMALL] || !s->pools[POOL_LARGE])
		return err_set(e, ERR_INTERNAL, "the HTTP library does not start%s",
			       s->options.tls_cert_pem ? ": certificate and key unusable?" : "");
	return accept_start(s, e);
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
	s->listen_fd = s->epoll_fd = s->wake_fd = -1;
	(void)pthread_mutex_init(&s->lock, NULL);
	options_complete(&s->options);
	s->routes = route_table_open(tables, counts, table_count, e);
	if (!s->routes || server_start(s, e) < 0) {
		http_server_close(s, 0);
		return NULL;
	}
	return s;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

static bool is_between(struct http_conn *c)
{
	int phase = atomic_load(&c->phase);
	return phase == CONN_WAITING || phase == CONN_IDLE;
}

/* Cut the connections that wait for a request (all: every one); how many are left. */
static unsigned cut(struct http_server *s, bool all)
{
	(void)pthread_mutex_lock(&s->lock);
	for (struct http_conn *c = s->conns; c; c = c->next)
		if (all || is_between(c))
			(void)shutdown(c->fd, SHUT_RDWR);
	unsigned left = s->conn_count;
	(void)pthread_mutex_unlock(&s->lock);
	return left;
}

void http_server_close(struct http_server *s, unsigned grace_ms)
{
	if (!s)
		return;
	accept_stop(s);
	if (s->listen_fd >= 0)
		(void)close(s->listen_fd);
	int64_t until = clock_mono_ms() + grace_ms;
	while (cut(s, false) > 0 && clock_mono_ms() < until)
		(void)usleep(GRACE_STEP_US);
	(void)cut(s, true);
	for (int i = 0; i < POOL_COUNT; i++)
		if (s->pools[i])
			mhd_lib.stop_daemon(s->pools[i]);
	if (s->epoll_fd >= 0)
		(void)close(s->epoll_fd);
	if (s->wake_fd >= 0)
		(void)close(s->wake_fd);
	route_table_close(s->routes);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
