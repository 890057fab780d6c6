#include "http_fixture.h"
#include "under_sanitizer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture_seen seen;
struct http_server *server;
char answer[4 << 20];
size_t answer_len;

static int get_small(struct http_request *r, struct err *e)
{
	atomic_fetch_add(&seen.plain, 1);
	return http_reply_bytes(r, 200, "text/plain", BYTES_LIT("hello"), e);
}

static int post_echo(struct http_request *r, struct err *e)
{
	atomic_fetch_add(&seen.plain, 1);
	return http_reply_bytes(r, 200, "text/plain", http_body(r), e);
}

static int post_whole(struct http_request *r, struct err *e)
{
	return http_reply_bytes(r, http_body(r).len == 4 << 20 ? 200 : 400, NULL, BYTES_NONE, e);
}

static int post_form(struct http_request *r, struct err *e)
{
	return http_reply_bytes(r, 200, "text/plain", http_form(r, "k", NULL), e);
}

static int get_query(struct http_request *r, struct err *e)
{
	struct bytes all[4];
	size_t n = http_query_all(r, "q", all, 4);
	return http_reply_bytes(r, 200, "text/plain", n ? all[n - 1] : BYTES_NONE, e);
}

static int get_header(struct http_request *r, struct err *e)
{
	return http_reply_bytes(r, 200, "text/plain", http_header(r, "x-a"), e);
}

static int get_name(struct http_request *r, struct err *e)
{
	return http_reply_bytes(r, 200, "text/plain", http_param(r, "name"), e);
}

static int get_fails(struct http_request *r, struct err *e)
{
	(void)r;
	return err_set(e, ERR_NOT_FOUND, "no such thing");
}

static int get_secret_failure(struct http_request *r, struct err *e)
{
	(void)r;
	return err_set(e, ERR_IO, "/var/lib/inside: broken");
}

/* Nothing is left of the request's memory. */
static int get_spent(struct http_request *r, struct err *e)
{
	for (size_t piece = 1U << 20; piece > 0; piece /= 2)
		while (arena_alloc(http_arena(r), piece, 1))
			;
	return err_set(e, ERR_NOMEM, "no memory for all that");
}

static int get_silent(struct http_request *r, struct err *e)
{
	(void)r;
	(void)e;
	return 0;
}

static int get_split(struct http_request *r, struct err *e)
{
	return http_reply_header(r, "X-A", BYTES_LIT("a\r\nX-Evil: 1"), e);
}

static int get_file(struct http_request *r, struct err *e)
{
	int fd = memfd_create("t", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, FIXTURE_FILE_LEN), 0);
	assert_int_equal(pwrite(fd, "BEGIN", 5, 1000), 5);
	return http_reply_file(r, 206, "application/octet-stream", fd, 1000,
			       FIXTURE_FILE_LEN - 1000, e);
}

/* More than the kernel takes on behalf of a client that does not read. */
static int get_large(struct http_request *r, struct err *e)
{
	int fd = memfd_create("t", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, FIXTURE_LARGE_LEN), 0);
	return http_reply_file(r, 200, "application/octet-stream", fd, 0, FIXTURE_LARGE_LEN, e);
}

/* Built in memory: what a budget is for. */
static int get_text(struct http_request *r, struct err *e)
{
	size_t len = 8 << 20;
	char *text = malloc(len);
	assert_non_null(text);
	memset(text, 't', len);
	int rc = http_reply_bytes(r, 200, "text/plain",
				  (struct bytes){.ptr = (const uint8_t *)text, .len = len}, e);
	free(text);
	return rc;
}

static int get_hold(struct http_request *r, struct err *e)
{
	atomic_fetch_add(&seen.held, 1);
	while (atomic_load(&seen.hold))
		(void)usleep(2000);
	atomic_fetch_sub(&seen.held, 1);
	return http_reply_empty(r, 204, e);
}

/* As a handler does that has no descriptor for a file of its own. */
static int get_no_file(struct http_request *r, struct err *e)
{
	(void)r;
	errno = EMFILE;
	return err_sys(e, "open");
}

static int next_event(void *arg, struct buf *out, unsigned timeout_ms)
{
	(void)timeout_ms;
	int *left = arg;
	if (*left == 0)
		return -1;
	buf_printf(out, "data: %d\n\n", (*left)--);
	return 0;
}

static int get_events(struct http_request *r, struct err *e)
{
	int *left = malloc(sizeof *left);
	*left = 3;
	return http_reply_events(r, next_event, free, left, e);
}

static int up_begin(struct http_request *r, void **ret_state, struct err *e)
{
	atomic_fetch_add(&seen.begin, 1);
	if (bytes_eq_lit(http_query(r, "refuse", NULL), "1"))
		return http_reply_error(r, 403, "DENIED", "not here", e);
	if (bytes_eq_lit(http_query(r, "fail", NULL), "1"))
		return err_set(e, ERR_CONFLICT, "begun already");
	uint64_t *sum = calloc(1, sizeof *sum);
	assert_non_null(sum);
	*ret_state = sum;
	return 0;
}

static int up_data(struct http_request *r, void *state, struct bytes piece, struct err *e)
{
	atomic_fetch_add(&seen.data, 1);
	*(uint64_t *)state += piece.len;
	if (bytes_eq_lit(http_query(r, "break", NULL), "1"))
		return err_set(e, ERR_INTEGRITY, "digest differs");
	return 0;
}

static int up_end(struct http_request *r, void *state, struct err *e)
{
	char text[32];
	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)*(uint64_t *)state);
	free(state);
	atomic_fetch_add(&seen.end, 1);
	return http_reply_bytes(r, 201, "text/plain", bytes_of(text), e);
}

static void up_abort(struct http_request *r, void *state)
{
	(void)r;
	free(state);
	atomic_fetch_add(&seen.abort, 1);
}

static const struct http_stream up = {up_begin, up_data, up_end, up_abort};

#define ROW(m, p, h) .methods = (m), .pattern = (p), .handle = (h), .summary = "t"
static const struct http_route rows[] = {
    {ROW(HTTP_GET, "/small", get_small), .action = HTTP_PUBLIC},
    {ROW(HTTP_POST, "/echo", post_echo), .action = HTTP_PUBLIC, .body_max = 100},
    {ROW(HTTP_POST, "/form", post_form), .action = HTTP_PUBLIC, .body_max = 100},
    {ROW(HTTP_GET, "/query", get_query), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/header", get_header), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/v2/{name...}/tags/list", get_name), .action = HTTP_PUBLIC,
     .error_format = HTTP_OCI_ERRORS},
    {ROW(HTTP_GET, "/fails", get_fails), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/v2/fails", get_fails), .action = HTTP_PUBLIC, .error_format = HTTP_OCI_ERRORS},
    {ROW(HTTP_GET, "/broken", get_secret_failure), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/spent", get_spent), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/silent", get_silent), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/split", get_split), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/file", get_file), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/large", get_large), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/events", get_events), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/text", get_text), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/hold", get_hold), .action = HTTP_PUBLIC},
    {ROW(HTTP_GET, "/no-file", get_no_file), .action = HTTP_PUBLIC},
    {ROW(HTTP_POST, "/whole", post_whole), .action = HTTP_PUBLIC, .body_max = 4 << 20},
    {ROW(HTTP_GET, "/locked", get_small), .action = "x/read"},
    {ROW(HTTP_PUT | HTTP_PATCH, "/up/{name...}", NULL), .stream = &up, .action = HTTP_PUBLIC,
     .body_max = UINT64_MAX},
    {ROW(HTTP_PUT, "/few/{name}", NULL), .stream = &up, .action = HTTP_PUBLIC, .body_max = 1000},
};

static void served(void *context, const struct http_request *r, const struct http_route *route,
		   unsigned status, int64_t took_us, uint64_t bytes_in, uint64_t bytes_out)
{
	(void)context;
	(void)r;
	(void)route;
	assert_true(took_us >= 0);
	atomic_store(&seen.last_status, status);
	atomic_store(&seen.last_in, bytes_in);
	atomic_store(&seen.last_out, bytes_out);
	atomic_fetch_add(&seen.served, 1);
}

static int authorise(struct http_request *r, const struct http_route *route, struct err *e)
{
	if (strcmp(route->action, HTTP_PUBLIC) == 0)
		return 0;
	int rc = http_reply_error(r, 401, "UNAUTHORIZED", "who are you?", e);
	return rc < 0 ? rc : 1;
}

static const struct http_hooks hooks = {.authorise = authorise, .served = served};

struct http_server *server_of(struct http_options o)
{
	const struct http_route *tables[] = {rows};
	const size_t counts[] = {sizeof rows / sizeof *rows};
	struct err e = ERR_INIT;
	struct http_server *s = http_server_open(&o, tables, counts, 1, &hooks, &e);
	if (!s)
		fail_msg("%s", e.msg);
	return s;
}

int group_setup(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	server = server_of((struct http_options){.header_timeout_ms = 700,
						 .idle_timeout_ms = 700,
						 .body_timeout_ms = 900,
						 .reply_timeout_ms = 900,
						 .rate_min = 20,
						 .upload_timeout_ms = 3000});
	return 0;
}

void close_at_once(struct http_server *s)
{
	int64_t begin = clock_mono_ms();
	assert_true(http_server_close(s, CLOSE_GRACE_MS));
	assert_true(clock_mono_ms() - begin < CLOSE_GRACE_MS);
}

int group_teardown(void **state)
{
	(void)state;
	close_at_once(server);
	return 0;
}

int dial_from(const struct http_server *s, unsigned host)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(http_server_port(s)),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in own = {.sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(0x7f000000U + host)};
	int one = 1;
	assert_true(fd >= 0);
	/* The port is chosen when the other end is known: one in use towards another server is as
	 * good. */
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
	return fd;
}

int dial(const struct http_server *s)
{
	return dial_from(s, 1);
}

void put(int fd, const void *data, size_t len)
{
	size_t sent = 0;
	while (sent < len) {
		ssize_t n = send(fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL);
		if (n <= 0)
			return; /* the server may refuse before all is sent */
		sent += (size_t)n;
	}
}

/* All that comes until the server closes or nothing comes for quiet_ms. *ret_closed tells which. */
bool read_all(int fd, int quiet_ms)
{
	answer_len = 0;
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, quiet_ms) <= 0)
			break;
		ssize_t n = recv(fd, answer + answer_len, sizeof answer - 1 - answer_len, 0);
		if (n <= 0) {
			answer[answer_len] = '\0';
			return true;
		}
		answer_len += (size_t)n;
	}
	answer[answer_len] = '\0';
	return false;
}

unsigned count_of(const char *needle)
{
	unsigned n = 0;
	for (const char *p = answer; (p = strstr(p, needle)); p++)
		n++;
	return n;
}

unsigned ask(int fd, const char *path)
{
	char text[256];
	(void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST "\r\n", path);
	put_text(fd, text);
	answer_len = 0;
	answer[0] = '\0';
	/* Replies of these routes leave in one piece. */
	struct pollfd p = {.fd = fd, .events = POLLIN};
	if (poll(&p, 1, 5000) <= 0)
		return 0;
	ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
	answer_len = n > 0 ? (size_t)n : 0;
	answer[answer_len] = '\0';
	return status();
}

void talk_to(const struct http_server *s, const void *request, size_t len)
{
	int fd = dial(s);
	put(fd, request, len);
	if (!read_all(fd, 3000))
		fail_msg("the connection stayed open after %s", (const char *)request);
	(void)close(fd);
}

void talk(const char *request)
{
	talk_to(server, request, strlen(request));
}

unsigned status(void)
{
	unsigned v = 0;
	return sscanf(answer, "HTTP/1.1 %3u", &v) == 1 ? v : 0;
}

const char *body(void)
{
	const char *p = strstr(answer, "\r\n\r\n");
	return p ? p + 4 : "";
}

void put_text(int fd, const char *text)
{
	put(fd, text, strlen(text));
}

void wait_for(atomic_int *counter, int value)
{
	for (int i = 0; i < 6000 && atomic_load(counter) != value; i++)
		(void)usleep(10000);
	assert_int_equal(atomic_load(counter), value);
}

void wait_connections(struct http_server *s, unsigned most)
{
	for (int i = 0; i < 6000 && http_server_connections(s) > most; i++)
		(void)usleep(10000);
	assert_true(http_server_connections(s) <= most);
}

static size_t field_of(const char *file, const char *name)
{
	char line[256];
	size_t value = 0;
	FILE *f = fopen(file, "re");
	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		if (strncmp(line, name, strlen(name)) == 0)
			value = (size_t)strtoull(line + strlen(name) + 1, NULL, 10);
	(void)fclose(f);
	return value;
}

size_t resident(void)
{
	return UNDER_SANITIZER ? 0 : field_of("/proc/self/status", "VmRSS") * 1024;
}

unsigned threads(void)
{
	return (unsigned)field_of("/proc/self/status", "Threads");
}
