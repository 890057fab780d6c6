/* A server with a route of each kind, and a client that speaks to it byte by byte: what a library
 * client cannot send. Linked into each test_http_*.c. */
#pragma once
#include "base/clock.h"
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOST "Host: t\r\n"
#define CLOSE "Connection: close\r\n"
#define FIXTURE_FILE_LEN 3000000
#define FIXTURE_LARGE_LEN (64 << 20)

/* What the handlers saw. */
struct fixture_seen {
	atomic_int plain, begin, data, end, abort, served;
	atomic_uint last_status;
	_Atomic uint64_t last_in, last_out;
	atomic_bool hold; /* GET /hold returns when this is false again */
	atomic_int held;
};
extern struct fixture_seen seen;
extern struct http_server *server; /* made by group_setup, with short deadlines */

struct http_server *server_of(struct http_options o);
int group_setup(void **state);
int group_teardown(void **state);
/* Close s, whose clients do nothing: that waits for none of them. */
#define CLOSE_GRACE_MS 20000
void close_at_once(struct http_server *s);

int dial(const struct http_server *s);
/* From 127.0.0.host; any. */
int dial_from(const struct http_server *s, unsigned host);
void put(int fd, const void *data, size_t len);
void put_text(int fd, const char *text);
/* All that comes until the server closes (true) or nothing comes for quiet_ms (false). */
bool read_all(int fd, int quiet_ms);
/* One reply to a request without a body, on a connection that stays; its status, 0 = none. */
unsigned ask(int fd, const char *path);
/* Send, then read until the connection closes (it must, soon). */
void talk(const char *request);
void talk_to(const struct http_server *s, const void *request, size_t len);
/* Of what read_all, ask or talk took in: */
extern char answer[4 << 20];
extern size_t answer_len;
unsigned count_of(const char *needle);
unsigned status(void);
const char *body(void);

void wait_for(atomic_int *counter, int value);
/* Until the server holds no more connections than these; fails after some seconds. */
void wait_connections(struct http_server *s, unsigned most);
/* Resident bytes of this process; always 0 with a sanitizer, whose memory it would be. */
size_t resident(void);
unsigned threads(void);
