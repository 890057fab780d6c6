/* A reply that takes long to read, over a real socket: it ends with the time it has, with its
 * client, or with the program; others are answered meanwhile. */
#include "scratch.h"

#include "api/api.h"
#include "api/turns.h"
#include "base/clock.h"
#include "db/db.h"
#include "store/schema.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ended: of the reads below; far less than what they would take. */
static struct {
	atomic_int begun, ended;
} seen;

#define NEVER_MS 600000U

/* Counts for minutes, if it is let. */
static int count_write(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	(void)w;
	(void)arg;
	atomic_fetch_add(&seen.begun, 1);
	int64_t n = db_exec(tx,
			    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
			    "i < 100000000000) SELECT count(*) FROM n",
			    NULL, 0, e);
	atomic_fetch_add(&seen.ended, 1);
	return n < 0 ? (int)n : 0;
}

static int short_write(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	(void)tx;
	(void)arg;
	(void)e;
	json_put_object(w, NULL);
	json_put_end(w, '}');
	return 0;
}

static int get_long(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, count_write, NULL, e);
}

static int get_short(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, short_write, NULL, e);
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .pattern = "/long",
     .handle = get_long,
     .action = HTTP_PUBLIC,
     .summary = "t"},
    {.methods = HTTP_GET,
     .pattern = "/short",
     .handle = get_short,
     .action = HTTP_PUBLIC,
     .summary = "t"},
};

static int anybody(struct http_request *r, const struct http_route *route, struct err *e)
{
	(void)r;
	(void)route;
	(void)e;
	return 0;
}

struct place {
	char dir[64], file[96];
	struct api api;
	struct http_hooks hooks;
	struct http_server *http;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	struct err e = ERR_INIT;
	const struct http_route *tables[] = {rows};
	const size_t counts[] = {sizeof rows / sizeof *rows};
	assert_non_null(p);
	(void)signal(SIGPIPE, SIG_IGN);
	scratch_folder(p->dir, "api-read");
	(void)snprintf(p->file, sizeof p->file, "%s/t.db", p->dir);
	p->api.db = store_open(p->file, &e);
	assert_non_null(p->api.db);
	p->api.turns = turns_open(1, 0);
	assert_non_null(p->api.turns);
	p->hooks = (struct http_hooks){.context = &p->api, .authorise = anybody};
	p->http = http_server_open(&(struct http_options){.header_timeout_ms = 5000}, tables,
				   counts, 1, &p->hooks, &e);
	if (!p->http)
		fail_msg("%s", e.msg);
	atomic_store(&seen.begun, 0);
	atomic_store(&seen.ended, 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	if (p->http)
		http_server_close(p->http, 1000);
	turns_close(p->api.turns);
	db_close(p->api.db);
	scratch_remove(p->dir);
	free(p);
	return 0;
}

static int ask(const struct place *p, const char *path)
{
	char line[128];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(http_server_port(p->http)),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval most = {.tv_sec = 20};
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most), 0);
	int n = snprintf(line, sizeof line,
			 "GET %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", path);
	assert_int_equal(send(fd, line, (size_t)n, MSG_NOSIGNAL), n);
	return fd;
}

/* All that comes; the connection is closed. */
static const char *answer_of(int fd)
{
	static char text[8192];
	size_t len = 0;
	ssize_t n;
	while ((n = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	(void)close(fd);
	return text;
}

static void wait_for(atomic_int *what, int count)
{
	for (int i = 0; i < 2000 && atomic_load(what) < count; i++)
		(void)usleep(10000);
	assert_true(atomic_load(what) >= count);
}

static void answered_meanwhile(const struct place *p)
{
	assert_memory_equal(answer_of(ask(p, "/short")), "HTTP/1.1 200", 12);
}

static void too_long(void **state)
{
	struct place *p = *state;
	p->api.read_ms = 100;
	const char *text = answer_of(ask(p, "/long"));
	assert_memory_equal(text, "HTTP/1.1 503", 12);
	assert_non_null(strstr(text, "Retry-After: 5\r\n"));
	assert_non_null(strstr(text, "application/problem+json"));
	answered_meanwhile(p);
}

static void client_gone(void **state)
{
	struct place *p = *state;
	p->api.read_ms = NEVER_MS;
	int fd = ask(p, "/long");
	wait_for(&seen.begun, 1);
	answered_meanwhile(p);
	assert_int_equal(atomic_load(&seen.ended), 0);
	(void)close(fd);
	wait_for(&seen.ended, 1);
	answered_meanwhile(p);
}

/* As the program ends when it is told to: serve.c. */
static void program_ends(void **state)
{
	struct place *p = *state;
	p->api.read_ms = NEVER_MS;
	int fd = ask(p, "/long");
	wait_for(&seen.begun, 1);
	db_stop(p->api.db);
	http_server_close(p->http, 10000);
	p->http = NULL;
	assert_int_equal(atomic_load(&seen.ended), 1);
	assert_memory_equal(answer_of(fd), "HTTP/1.1 503", 12);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(too_long), T(client_gone), T(program_ends)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
