/* A connection's life, step by step. Each step goes on until it would have to wait for the client;
 * then the connection rests, and whichever thread is free takes it up when there is something to
 * do. So only handlers hold threads, and silent or slow clients none. */
#include "http/conn.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS 2000		   /* without a byte from the client */
#define LINGER_ALL_MS 30000	   /* in all */
#define LINGER_TURN_LEN (8U << 20) /* bytes read away before others have their turn */
#define SAVED_STEP_LEN 1024	   /* bytes by which a half-read head's memory grows at least */
#define SAVED_FREE_LEN 4096	   /* bytes of it that are not charged */

static uint64_t event_key(const struct http_server *s, const struct http_conn *c)
{
	return (uint64_t)c->generation << 32 | (uint64_t)(c - s->slots);
}

struct http_conn *conn_open(struct http_server *s, int fd, const struct sockaddr_storage *addr)
{
	struct http_conn *c = s->free_slots;
	if (!c && s->slot_top < s->slot_count)
		c = &s->slots[s->slot_top];
	if (!c)
		return NULL;
	uint32_t generation = c->generation;
	struct http_conn *next = c->next_free;
	memset(c, 0, sizeof *c);
	c->generation = generation;
	c->next_free = next;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
				 .data.u64 = event_key(s, c)};
	if (!peers_enter(s->peers, addr, &c->link))
		return NULL;
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		peers_leave(s->peers, &c->link);
		return NULL;
	}
	if (c == s->free_slots)
		s->free_slots = c->next_free;
	else
		s->slot_top++;
	c->next_free = NULL;
	c->used = c->rests = true;
	c->server = s;
	c->fd = fd;
	c->addr = *addr;
	c->want = EPOLLIN;
	c->rest_ms = clock_mono_ms();
	c->deadline_ms = c->rest_ms + (int64_t)s->options.header_timeout_ms;
	buf_init(&c->saved, SIZE_MAX);
	peers_rest(s->peers, &c->link);
	s->conn_count++;
	return c;
}

/* Under the lock: give the slot back. Its socket is closed. */
static void slot_free(struct http_conn *c)
{
	struct http_server *s = c->server;
	s->budget_used -= c->charged;
	peers_leave(s->peers, &c->link);
	c->charged = 0;
	c->used = c->rests = false;
	c->generation++;
	c->next_free = s->free_slots;
	s->free_slots = c;
	s->conn_count--;
	(void)pthread_cond_broadcast(&s->gone);
}

static void release(struct http_conn *c, int fd)
{
	tls_close(c->tls);
	c->tls = NULL;
	(void)close(fd); /* leaves the epoll set by itself */
	buf_free(&c->saved);
}

void conn_drop(struct http_conn *c)
{
	release(c, c->fd);
	slot_free(c);
}

void conn_waited(struct http_conn *c, int64_t now)
{
	struct conn_watch *w = &c->watch;
	int64_t from = w->at_ms > c->rest_ms ? w->at_ms : c->rest_ms;
	w->waited_ms += now > from ? (uint64_t)(now - from) : 0;
	w->at_ms = now;
}

void conn_cut(struct http_conn *c)
{
	atomic_store(&c->cut, true);
	if (c->fd >= 0)
		(void)shutdown(c->fd, SHUT_RDWR);
}

static void conn_close(struct http_conn *c)
{
	struct http_server *s = c->server;
	if (c->request) {
		request_fail(c->request, 0);
		request_close(c->request);
		c->request = NULL;
	}
	(void)pthread_mutex_lock(&s->lock);
	int fd = c->fd;
	c->fd = -1; /* so that no thread cuts the next file with this number */
	(void)pthread_mutex_unlock(&s->lock);
	release(c, fd);
	(void)pthread_mutex_lock(&s->lock);
	slot_free(c);
	(void)pthread_mutex_unlock(&s->lock);
}

static ssize_t tls_result(struct http_conn *c, ssize_t n)
{
	if (n >= 0)
		return n;
	c->want = n == TLS_WRITABLE ? EPOLLOUT : EPOLLIN;
	return n == TLS_GONE ? CONN_LOST : CONN_WAIT;
}

static ssize_t socket_result(struct http_conn *c, ssize_t n, uint32_t want)
{
	if (n >= 0)
		return n;
	c->want = want;
	return errno == EAGAIN || errno == EINTR ? CONN_WAIT : CONN_LOST;
}

/* TLS gives out a record of 16 KiB at most: go on while there are more. */
static ssize_t read_records(struct http_conn *c, uint8_t *out, size_t n)
{
	size_t got = 0;
	for (;;) {
		ssize_t more = tls_read(c->tls, out + got, n - got);
		if (more <= 0)
			return got ? (ssize_t)got : tls_result(c, more);
		got += (size_t)more;
		if (got == n)
			return (ssize_t)got;
	}
}

ssize_t conn_read(struct http_conn *c, void *out, size_t n)
{
	if (c->tls)
		return read_records(c, out, n);
	return socket_result(c, recv(c->fd, out, n, MSG_DONTWAIT), EPOLLIN);
}

ssize_t conn_write(struct http_conn *c, const void *in, size_t n, bool more)
{
	if (c->tls)
		return tls_result(c, tls_write(c->tls, in, n));
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
	return socket_result(c, send(c->fd, in, n, flags), EPOLLOUT);
}

/* Keep received bytes that are not used yet, beyond the thread's buffer. False: no memory. */
static bool save(struct http_conn *c)
{
	if (c->in.len == 0) {
		buf_free(&c->saved);
		c->in = BYTES_NONE;
	} else if (c->in.ptr != c->saved.ptr) {
		struct buf fresh;
		buf_init(&fresh, SIZE_MAX);
		buf_put(&fresh, c->in);
		buf_free(&c->saved);
		c->saved = fresh;
		c->in = buf_bytes(&c->saved);
	}
	return buf_ok(&c->saved);
}

/* Read what follows c->in into it: as conn_read. */
static ssize_t read_more(struct hand *h, struct http_conn *c)
{
	if (c->in.len == 0) {
		ssize_t n = conn_read(c, h->piece, CONN_HEAD_READ_LEN);
		if (n > 0)
			c->in = (struct bytes){.ptr = h->piece, .len = (size_t)n};
		return n;
	}
	if (!save(c))
		return CONN_LOST;
	uint8_t *room = buf_room(&c->saved, SAVED_STEP_LEN);
	if (!room)
		return CONN_LOST;
	ssize_t n = conn_read(c, room, SAVED_STEP_LEN);
	if (n > 0)
		buf_commit(&c->saved, (size_t)n);
	c->in = buf_bytes(&c->saved);
	return n;
}

size_t conn_memory(const struct http_conn *c)
{
	size_t n = c->saved.cap > SAVED_FREE_LEN ? c->saved.cap : 0;
	return n + (c->request ? request_memory(c->request) : 0);
}

static void step_set(struct http_conn *c, enum conn_step step, uint64_t timeout_ms)
{
	c->step = step;
	c->deadline_ms =
	    timeout_ms == UINT64_MAX ? INT64_MAX : clock_mono_ms() + (int64_t)timeout_ms;
	c->watch = (struct conn_watch){.began = false};
}

/* Answer in plain text, which HTTP clients that spoke TLS recognise, and TLS clients that spoke
 * HTTP, too. */
static void say_wrong_protocol(struct http_conn *c)
{
	static const char plain[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
				    "Content-Type: text/plain\r\nContent-Length: 36\r\n\r\n"
				    "This port speaks plain HTTP, not TLS\n";
	static const char tls[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
				  "Content-Type: text/plain\r\nContent-Length: 36\r\n\r\n"
				  "This port speaks TLS, not plain HTTP\n";
	(void)send(c->fd, c->server->is_tls ? tls : plain, sizeof plain - 1,
		   MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void linger(struct http_conn *c)
{
	if (c->tls)
		tls_bye(c->tls);
	(void)shutdown(c->fd, SHUT_WR);
	c->in = BYTES_NONE;
	step_set(c, CONN_LINGER, LINGER_ALL_MS);
	c->linger_ms = c->deadline_ms;
	c->want = EPOLLIN;
}

static bool step_hello(struct http_conn *c)
{
	struct http_server *s = c->server;
	uint8_t first;
	ssize_t n = socket_result(c, recv(c->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT), EPOLLIN);
	if (n <= 0) {
		c->step = n == CONN_WAIT ? CONN_HELLO : CONN_END;
		return n != CONN_WAIT;
	}
	if (s->is_tls != (first == 0x16)) {
		say_wrong_protocol(c);
		linger(c);
		return true;
	}
	if (!s->is_tls) {
		step_set(c, CONN_HEAD, s->options.header_timeout_ms);
		return true;
	}
	(void)pthread_mutex_lock(&s->tls_lock);
	c->tls = tls_open(s->pair, c->fd);
	(void)pthread_mutex_unlock(&s->tls_lock);
	c->step = c->tls ? CONN_SHAKE : CONN_END; /* the deadline stays */
	return true;
}

static bool step_shake(struct http_conn *c)
{
	ssize_t rc = tls_result(c, tls_shake(c->tls));
	if (rc == 0)
		step_set(c, CONN_HEAD, c->server->options.header_timeout_ms);
	else if (rc == CONN_LOST)
		c->step = CONN_END;
	return rc != CONN_WAIT;
}

/* The head is whole, or wrong. */
static void begin_request(struct http_conn *c, struct bytes head, unsigned refused)
{
	struct http_request *r = request_open(c, head);
	c->request = r;
	c->step = CONN_END;
	c->scan = (struct head_scan){.begin = 0};
	if (!r)
		return;
	request_begin(r, refused);
	if (r->lost)
		return;
	const struct http_options *o = &c->server->options;
	bool is_short = r->body_len >= 0 && r->body_len <= CONN_DRAIN_SMALL;
	if (reply_made(r) && (r->close || (r->body_len && (!is_short || r->head.expects)))) {
		r->linger = r->close = true;
		step_set(c, CONN_REPLY, UINT64_MAX);
		return;
	}
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	/* A client that waits for it sent nothing after its head, so there is space for it. */
	if (r->body_len && r->head.expects && c->in.len == 0 &&
	    conn_write(c, go_on, sizeof go_on - 1, false) != sizeof go_on - 1)
		return;
	step_set(c, CONN_BODY, r->stream_open ? o->upload_timeout_ms : o->body_timeout_ms);
}

static bool step_head(struct hand *h, struct http_conn *c)
{
	const struct http_options *o = &c->server->options;
	struct bytes head = BYTES_NONE;
	for (;;) {
		int rc = head_find(c->in, o->header_max, &c->scan, &head);
		if (rc != 0) {
			c->in = rc > 0 ? bytes_from(c->in, c->scan.line) : BYTES_NONE;
			begin_request(c, head, rc < 0 ? (unsigned)-rc : 0);
			return true;
		}
		bool first = c->in.len == 0;
		ssize_t n = read_more(h, c);
		if (n == CONN_WAIT)
			return false;
		if (n <= 0) {
			c->step = CONN_END;
			return true;
		}
		if (first) /* from its first byte on, a request has its own time */
			step_set(c, CONN_HEAD, o->header_timeout_ms);
	}
}

/* The next bytes of the body from the client: as conn_read. Never past its end, when that is
 * known. */
static ssize_t read_body(struct hand *h, struct http_conn *c)
{
	struct http_request *r = c->request;
	size_t want = CONN_PIECE_LEN;
	if (r->body_len >= 0 && (uint64_t)r->body_len - r->body_in < want)
		want = (size_t)((uint64_t)r->body_len - r->body_in);
	ssize_t n = conn_read(c, h->piece, want);
	if (n > 0) {
		c->in = (struct bytes){.ptr = h->piece, .len = (size_t)n};
		c->received += (uint64_t)n;
		c->turn_bytes += (size_t)n;
	}
	return n;
}

/* Take the next piece of the body from the bytes received: an event of chunk_next. */
static int next_piece(struct http_conn *c, struct bytes *ret_piece)
{
	struct http_request *r = c->request;
	if (r->body_len < 0)
		return chunk_next(&r->chunk, &c->in, ret_piece);
	uint64_t left = (uint64_t)r->body_len - r->body_in;
	if (left == 0)
		return CHUNK_END;
	if (c->in.len == 0)
		return CHUNK_MORE;
	*ret_piece = bytes_part(c->in, 0, left < c->in.len ? (size_t)left : c->in.len);
	c->in = bytes_from(c->in, ret_piece->len);
	return CHUNK_DATA;
}

static void to_reply(struct http_conn *c)
{
	step_set(c, c->request->lost ? CONN_END : CONN_REPLY, UINT64_MAX);
}

/* Others wait for a thread, and no more can be started. */
static bool is_crowded(struct http_server *s)
{
	(void)pthread_mutex_lock(&s->lock);
	bool crowded = s->waiting == 0 && s->threads >= s->options.threads_max;
	(void)pthread_mutex_unlock(&s->lock);
	return crowded;
}

static bool step_body(struct hand *h, struct http_conn *c)
{
	struct http_request *r = c->request;
	struct bytes piece;
	bool refused = reply_made(r); /* what follows is only read away */
	for (;;) {
		int event = next_piece(c, &piece);
		if (event == CHUNK_DATA) {
			request_body(r, piece);
			if (r->lost || (!refused && reply_made(r))) {
				r->linger = true;
				to_reply(c);
				return true;
			}
			continue;
		}
		if (event == CHUNK_END) {
			request_end(r);
			to_reply(c);
			return true;
		}
		if (event < 0) {
			request_fail(r, (unsigned)-event);
			r->linger = true;
			to_reply(c);
			return true;
		}
		/* What TLS holds back would not be seen while it rests. */
		if (c->turn_bytes > CONN_PIECE_LEN && !c->tls && is_crowded(c->server)) {
			c->turn_bytes = 0;
			return false;
		}
		ssize_t n = read_body(h, c);
		if (n == CONN_WAIT)
			return false;
		if (n <= 0) {
			c->step = CONN_END;
			return true;
		}
	}
}

/* Closing a socket with bytes unread resets the connection, and the reply may never be seen. */
static bool has_unread(const struct http_conn *c)
{
	uint8_t byte;
	return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static bool step_reply(struct hand *h, struct http_conn *c)
{
	struct http_request *r = c->request;
	int rc = reply_send(h, r);
	if (rc == 0)
		return false;
	bool close_now = rc < 0, close_after = r->close;
	bool unread = r->linger || c->in.len > 0;
	r->cut_short = rc < 0;
	request_close(r);
	c->request = NULL;
	if (close_now)
		c->step = CONN_END;
	else if (close_after && (unread || has_unread(c)))
		linger(c);
	else if (close_after)
		c->step = CONN_END;
	else
		step_set(c, CONN_HEAD, c->server->options.idle_timeout_ms);
	c->want = EPOLLIN;
	/* A plain connection need not be asked for what has most likely not come yet. */
	return c->step != CONN_HEAD || c->tls || c->in.len > 0;
}

static bool step_linger(struct hand *h, struct http_conn *c)
{
	for (size_t got = 0; got < LINGER_TURN_LEN;) {
		ssize_t n = recv(c->fd, h->piece, CONN_PIECE_LEN, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			c->step = CONN_END;
			return true;
		}
		got += (size_t)n;
	}
	return false;
}

static bool step(struct hand *h, struct http_conn *c)
{
	switch (c->step) {
	case CONN_HELLO:
		return step_hello(c);
	case CONN_SHAKE:
		return step_shake(c);
	case CONN_HEAD:
		return step_head(h, c);
	case CONN_BODY:
		return step_body(h, c);
	case CONN_REPLY:
		return step_reply(h, c);
	case CONN_LINGER:
		return step_linger(h, c);
	case CONN_END:
	default:
		return false;
	}
}

/* What a resting connection holds counts for all clients together. Beyond what they may hold, a
 * request that has no reply yet gets 503, and one that has is cut. True = it may rest. */
static bool afford(struct http_conn *c)
{
	if (server_charge(c->server, c))
		return true;
	struct http_request *r = c->request;
	c->step = CONN_END;
	if (r && !reply_made(r)) {
		request_fail(r, 503);
		r->linger = true;
		to_reply(c);
	}
	return false;
}

/* False: it did not come to rest, for the server closes. */
static bool rest(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct epoll_event ev = {.events = c->want | EPOLLRDHUP | EPOLLONESHOT,
				 .data.u64 = event_key(s, c)};
	if (c->step == CONN_LINGER) {
		ev.events = EPOLLIN | EPOLLONESHOT;
		int64_t quiet = clock_mono_ms() + LINGER_MS;
		c->deadline_ms = c->linger_ms < quiet ? c->linger_ms : quiet;
	}
	if (c->step == CONN_REPLY && c->want == EPOLLOUT)
		ev.events = EPOLLOUT | EPOLLONESHOT;
	(void)pthread_mutex_lock(&s->lock);
	bool stay = c->request || !atomic_load(&s->closing);
	if (stay) {
		c->rests = true;
		c->rest_ms = clock_mono_ms();
		if (!c->request)
			peers_rest(s->peers, &c->link);
		if (epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev) < 0) {
			c->rests = stay = false;
			peers_wake(s->peers, &c->link);
		}
	}
	(void)pthread_mutex_unlock(&s->lock);
	return stay;
}

void conn_run(struct hand *h, struct http_conn *c)
{
	c->in = buf_bytes(&c->saved);
	for (;;) {
		while (c->step != CONN_END && !atomic_load(&c->cut) && step(h, c))
			;
		if (c->step == CONN_END || atomic_load(&c->cut) || !save(c))
			break;
		if (!afford(c)) {
			if (c->step == CONN_END)
				break;
			continue;
		}
		if (rest(c))
			return;
		break;
	}
	conn_close(c);
}
