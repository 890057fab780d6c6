/* conn: what the files of http/ share of a connection, its request and the server. Private to
 * http/. */
#pragma once
#include "http/http.h"
#include "http/library.h"
#include "http/route.h"
#include "http/uri.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#define CONN_HEADERS_OUT_MAX 32	   /* reply headers set by a handler and the hook */
#define CONN_ARENA_MAX (16U << 20) /* bytes a request may take from its arena */
#define CONN_DRAIN_SMALL                                                                           \
	(1U << 20)			   /* bytes of body read away so that a refusal need not   \
					    * close the connection */
#define CONN_DRAIN_MAX (UINT64_C(4) << 30) /* bytes read away after a failed stream */
#define CONN_TARGET_MAX (16U << 10)	   /* bytes of a request target: 414 past it */

/* What a connection is doing; the watchdog's rule for it follows from this. */
enum conn_phase {
	CONN_WAITING,  /* for the end of the first request's headers: total deadline */
	CONN_IDLE,     /* for the next request: one deadline to its first byte, one from there */
	CONN_WHOLE,    /* for the end of a body that is kept whole: total deadline */
	CONN_STREAM,   /* receiving a streamed body: bytes must move, total deadline */
	CONN_WORKING,  /* a handler runs: no deadline of ours */
	CONN_REPLYING, /* sending: bytes must move */
};

struct reply_header {
	const char *name;
	const char *value;
};

struct http_request {
	struct http_conn *conn;
	struct arena arena;
	enum http_method method;
	struct bytes target;
	struct uri_path path;
	struct bytes query_text;
	struct uri_form *query, *form; /* parsed when first asked for */
	struct route_match match;
	const struct principal *principal;

	struct buf body;
	int64_t body_len; /* as declared; -1 = chunked */
	uint64_t bytes_in;
	void *stream_state;
	bool headers_seen;
	bool stream_open; /* begin said yes; neither end nor abort was called */
	bool close;	  /* the connection must not be used again */
	bool lost;	  /* there was no memory to say what went wrong: nothing more is done for it */
	bool linger;	  /* the reply leaves before the body was read */
	bool admitted;	  /* the authorise hook said yes */

	struct reply_header headers[CONN_HEADERS_OUT_MAX];
	size_t header_count;
	struct MHD_Response *response; /* made, not yet queued */
	unsigned status;
	uint64_t bytes_out;
	int64_t begin_us;
};

/* What the watchdog has seen of a connection; its own. */
struct conn_watch {
	unsigned turn;
	uint64_t moved;	   /* bytes received and acknowledged when this window began */
	uint64_t received; /* of them received */
	uint64_t waited_ms; /* for the client, since then */
	int64_t head_ms;   /* when an idle connection's next request was seen to begin; 0 = not */
	int64_t at_ms;	   /* of the last look */
};

struct http_conn {
	struct http_conn *prev, *next; /* the server's list, under its lock */
	struct http_server *server;
	struct MHD_Connection *mhd;
	int fd;
	_Atomic int phase;
	_Atomic int64_t since_ms; /* clock_mono_ms of the last change of phase */
	_Atomic int64_t body_ms;  /* when the body that is streamed began */
	_Atomic unsigned turn;	  /* counts waits for different things: a new one starts afresh */
	struct conn_watch watch;
	char peer[INET6_ADDRSTRLEN];
	char target[CONN_TARGET_MAX];
	size_t target_len; /* > CONN_TARGET_MAX: too long */
	struct http_request request;
};

/* A connection whose first byte has not come. */
struct http_knock {
	int fd; /* -1 = free */
	int64_t since_ms;
	struct sockaddr_storage addr;
	socklen_t addr_len;
};

enum { POOL_SMALL, POOL_LARGE, POOL_COUNT };

struct http_server {
	struct http_options options;
	struct http_hooks hooks;
	struct route_table *routes;
	/* Two daemons that differ in the memory per connection: the library clears all of it after
	 * each request, and fills all that is left of it with one read of an upload. */
	struct MHD_Daemon *pools[POOL_COUNT];
	int listen_fd, epoll_fd, wake_fd;
	uint16_t port;
	pthread_t thread;
	bool thread_runs;
	atomic_bool closing;
	pthread_mutex_t lock; /* conns, conn_count */
	struct http_conn *conns;
	unsigned conn_count;
	struct http_knock *knocks; /* options.connections_max of them; the accept thread's own */
	unsigned knock_count;
};

void conn_phase_set(struct http_conn *c, enum conn_phase phase);
/* The same, and what is waited for is another thing than before. */
void conn_turn(struct http_conn *c, enum conn_phase phase);

/* accept.c: the thread that accepts, waits for first bytes and watches deadlines. */
int accept_start(struct http_server *s, struct err *e);
void accept_stop(struct http_server *s);

/* request.c: the library's callbacks. */
enum MHD_Result request_call(void *cls, struct MHD_Connection *mhd, const char *url,
			     const char *method, const char *version, const char *data,
			     size_t *size, void **ctx);
void *request_target(void *cls, const char *target, struct MHD_Connection *mhd);
void request_done(void *cls, struct MHD_Connection *mhd, void **ctx,
		  enum MHD_RequestTerminationCode how);
/* Check the headers: 0, or the status to refuse with. */
unsigned header_check(struct http_request *r, const char *method, const char *url,
		      const char *version);

/* reply.c */
enum MHD_Result reply_queue(struct http_request *r);
/* Make the error reply for e unless a reply was made already. */
void reply_failed(struct http_request *r, const struct err *e);
/* Take a response over; headers are added. */
int reply_set(struct http_request *r, unsigned status, const char *content_type,
	      struct MHD_Response *response, uint64_t len, struct err *e);
