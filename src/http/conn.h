/* conn (conn_, request_, reply_, server_): what the files of http/ share of a connection, its
 * request and the server. Private to http/.
 *
 * A connection either rests - the kernel watches it, no thread has it - or one thread of the pool
 * works on it (threads.c). Fields marked "under the lock" may be read by other threads; all others
 * belong to the working thread, and to any thread that takes the connection while it rests. */
#pragma once
#include "http/chunk.h"
#include "http/head.h"
#include "http/http.h"
#include "http/peers.h"
#include "http/route.h"
#include "http/tls.h"
#include "http/uri.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#define CONN_HEADERS_OUT_MAX 32	   /* reply headers set by a handler and the hook */
#define CONN_ARENA_MAX (16U << 20) /* bytes a request may take from its arena */
/* Bytes of body read away so that a refusal need not close the connection. */
#define CONN_DRAIN_SMALL (1U << 20)
#define CONN_PIECE_LEN (256U << 10)    /* bytes of a thread's buffer: reads of uploads */
#define CONN_HEAD_READ_LEN (16U << 10) /* bytes of a read for a head */
#define CONN_SMALL_LEN (16U << 10)     /* a body up to this leaves with its head in one run */
#define CONN_CHARGED_LEN (64U << 10)   /* a body past this is charged before it is copied */

/* The connection's next step. */
enum conn_step {
	CONN_HELLO,  /* its first byte */
	CONN_SHAKE,  /* the TLS handshake */
	CONN_HEAD,   /* a request's head */
	CONN_BODY,   /* its body */
	CONN_REPLY,  /* sending */
	CONN_LINGER, /* discarding what the client still sends, so that it sees the reply */
	CONN_END,
};

struct reply_header {
	const char *name;
	const char *value;
};

enum reply_kind { REPLY_NONE, REPLY_BYTES, REPLY_HEAD, REPLY_FILE, REPLY_EVENTS };
struct reply {
	enum reply_kind kind;
	unsigned status;
	const char *content_type; /* of the arena */
	struct bytes body;	  /* BYTES: owned, unless it is lasting */
	bool lasting;
	uint64_t len;	     /* of the body, as declared in the head */
	struct content file; /* FILE: owned */
	uint64_t off;	     /* FILE: next byte; sent bytes are taken from left */
	uint64_t left;
	struct buf head; /* followed by a small body */
	size_t sent;	 /* of head, then of body */
	http_event_fn next;
	void (*done)(void *arg); /* EVENTS: called once */
	void *arg;
};

struct http_request {
	struct http_conn *conn;
	struct arena arena;
	struct head head; /* borrows from arena */
	enum http_method method;
	struct bytes target;
	struct uri_path path;
	struct bytes query_text;
	struct uri_form *query, *form; /* parsed when first asked for */
	struct route_match match;
	const struct principal *principal;
	char peer[INET6_ADDRSTRLEN];

	struct buf body;
	struct chunk chunk;
	int64_t body_len; /* as declared; -1 = chunked */
	uint64_t body_in; /* bytes of it */
	void *stream_state;
	bool stream_open; /* begin succeeded; neither end nor abort was called */
	bool close;	  /* the connection must not be used again */
	bool lost;	  /* no memory even for an error reply: the connection is abandoned */
	bool linger;	  /* the reply is sent before the body was read */
	bool cut_short;	  /* the reply was not sent completely */

	struct reply_header headers[CONN_HEADERS_OUT_MAX];
	size_t header_count;
	struct reply reply;
	uint64_t bytes_out;
	int64_t begin_us;
};

/* Progress of a body or reply that waits for the client; under the lock. */
struct conn_watch {
	uint64_t moved;	    /* bytes when this window began */
	bool began;	    /* moved is set */
	uint64_t waited_ms; /* since then */
	int64_t at_ms;	    /* until when waited_ms is counted */
};

struct http_conn {
	/* Under the lock. */
	struct peer_link link;
	uint32_t generation; /* of the slot: identifies events for an earlier connection */
	bool used, rests;
	int64_t rest_ms;     /* since when */
	int64_t deadline_ms; /* INT64_MAX: the rate decides alone */
	struct conn_watch watch;
	size_t charged; /* bytes of the server's budget */
	struct http_conn *next_free;

	_Atomic bool cut; /* aborted: no reply, no further request */
	struct http_server *server;
	int fd;
	enum conn_step step;
	uint32_t want; /* EPOLLIN or EPOLLOUT */
	struct tls *tls;
	struct http_request *request; /* NULL between requests */
	struct buf saved;	      /* received bytes not used yet, while it rests */
	struct bytes in;	      /* the same while a thread works: of saved or the thread's */
	struct head_scan scan;
	uint64_t received; /* bytes of bodies, for the rate */
	size_t turn_bytes; /* of them since it last yielded the thread */
	int64_t linger_ms; /* the end of lingering */
	struct sockaddr_storage addr;
};

/* A thread's own. */
struct hand {
	struct http_server *server;
	uint8_t *piece; /* CONN_PIECE_LEN */
	int64_t date_sec;
	char date[32];
};

struct http_server {
	struct http_options options;
	struct http_hooks hooks;
	struct route_table *routes;
	int listen_fd, epoll_fd, door_fd, stop_fd;
	uint16_t port;
	pthread_t door;
	bool door_runs, is_tls;
	atomic_bool closing;
	_Atomic unsigned event_count; /* event streams, each of which holds a thread */

	pthread_mutex_t tls_lock;
	struct tls_pair *pair;

	pthread_mutex_t lock; /* the rest */
	pthread_cond_t gone;  /* a connection or thread has ended */
	struct http_conn *slots, *free_slots;
	unsigned slot_count, slot_top, conn_count; /* slot_top: none above was ever used */
	struct peers *peers;
	unsigned threads, waiting; /* all; those of them that wait for an event */
	bool stop;
	uint64_t budget_used;
};

/* server.c */
/* Reserve n bytes of the memory shared by waiting clients; false: not enough is left, and the
 * slowest reader was disconnected to make space for later requests. */
bool server_take(struct http_server *s, struct http_conn *c, size_t n);
/* Set c's charge to what it holds now. */
bool server_charge(struct http_server *s, struct http_conn *c);

/* conn.c: one connection. */
/* Under the lock: a resting connection for this socket, or NULL: at the limit or out of memory. */
struct http_conn *conn_open(struct http_server *s, int fd, const struct sockaddr_storage *addr);
/* Under the lock: close a connection that rests and has no request. */
void conn_drop(struct http_conn *c);
/* Under the lock, for a resting connection: count the time until now as waited. */
void conn_waited(struct http_conn *c, int64_t now);
/* Under the lock: end it soon. Its thread, or one woken by the shut socket, cleans up. */
void conn_cut(struct http_conn *c);
/* Work on it until it rests or ends. The caller must have claimed it while it rested. */
void conn_run(struct hand *h, struct http_conn *c);
/* Bytes of memory that it holds while it rests. */
size_t conn_memory(const struct http_conn *c);
#define CONN_WAIT (-1) /* until the connection is as want says */
#define CONN_LOST (-2)
/* Bytes, 0 at the end, CONN_WAIT (want is set), CONN_LOST. */
ssize_t conn_read(struct http_conn *c, void *out, size_t n);
ssize_t conn_write(struct http_conn *c, const void *in, size_t n, bool more);

/* door.c: accepts, and watches deadlines. */
int door_start(struct http_server *s, struct err *e);
void door_stop(struct http_server *s);

/* threads.c: the thread pool. */
int threads_start(struct http_server *s, struct err *e);
/* Ends all threads; false if a handler has not returned by until_ms. */
bool threads_stop(struct http_server *s, int64_t until_ms);

/* request.c */
/* A request of this head (copied); NULL: no memory. */
struct http_request *request_open(struct http_conn *c, struct bytes head);
/* Frees it and calls the hook. */
void request_close(struct http_request *r);
/* Parse, route, authorise; afterwards it has a reply, or its body is to be read. */
void request_begin(struct http_request *r, unsigned refused);
/* A piece of the body; afterwards it may have a reply. */
void request_body(struct http_request *r, struct bytes piece);
/* The body is complete: runs the handler; afterwards it has a reply, or is lost. */
void request_end(struct http_request *r);
/* The client disconnected, or broke a framing rule (status to refuse with, else 0). */
void request_fail(struct http_request *r, unsigned status);
size_t request_memory(const struct http_request *r);

/* reply.c: how replies are made; send.c: how they are sent. */
bool reply_made(const struct http_request *r);
/* Make the error reply for e unless a reply was made already. */
void reply_failed(struct http_request *r, const struct err *e);
/* 503 with Retry-After instead of any other reply. */
int reply_busy(struct http_request *r, const char *why, struct err *e);
const char *reply_phrase(unsigned status);
void reply_drop(struct http_request *r);
/* Set what all kinds of reply have in common: 0, or why the reply is not possible. */
int reply_set(struct http_request *r, enum reply_kind kind, unsigned status,
	      const char *content_type, uint64_t len, struct err *e);
/* 1 = all was sent, 0 = waiting for the client, <0 = it cannot be sent completely. */
int reply_send(struct hand *h, struct http_request *r);

/* events.c: 0, or <0 when the client is lost. Returns at the end of the events. */
int events_send(struct hand *h, struct http_request *r);
