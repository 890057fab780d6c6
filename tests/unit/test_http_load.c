/* Many connections at once: bursts, shares of addresses, idle ones, a closing server, and no
 * descriptors left. */
#include "http_fixture.h"
#include "http/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BURST 2000
#define IDLE 10000U
#define IDLE_MAX (100U << 20) /* bytes that all of them may cost */
#define ACTIVE 200
#define SPARE 300U /* descriptors beside the connections of a test */

static const char one[] = "GET /small HTTP/1.1\r\n" HOST "\r\n";
static const char last[] = "GET /small HTTP/1.1\r\n" HOST CLOSE "\r\n";

/* As many descriptors as the system gives. */
static unsigned descriptors(void)
{
	struct rlimit l;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &l), 0);
	l.rlim_cur = l.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
	return l.rlim_cur > 1000000 ? 1000000 : (unsigned)l.rlim_cur;
}

/* A connection that begins a request and goes away. It may be refused, that is as well. */
static void half_open(struct http_server *s, int *fds, int count)
{
	for (int i = 0; i < count; i++) {
		fds[i] = dial(s);
		(void)send(fds[i], "G", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	for (int i = 0; i < count; i++)
		(void)close(fds[i]);
}

/* More half-open connections than there may be, again and again: then all is as before. */
static void test_bursts(void **state)
{
	(void)state;
	static int fds[BURST];
	if (descriptors() < 2 * BURST + SPARE) {
		print_message("skipped: %d descriptors are too few for the bursts\n",
			      (int)descriptors());
		skip();
	}
	struct http_server *s = server_of((struct http_options){.connections_max = 500});
	for (int round = 0; round < 5; round++) {
		half_open(s, fds, BURST);
		talk_to(s, last, sizeof last - 1);
		assert_int_equal(status(), 200);
	}
	wait_connections(s, 0);
	half_open(s, fds, BURST);
	close_at_once(s);
}

struct storm {
	struct http_server *server;
	atomic_bool over;
};

static void *storm_main(void *arg)
{
	struct storm *w = arg;
	static int fds[200];
	uint16_t port = http_server_port(w->server);
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	while (!atomic_load(&w->over)) {
		for (int i = 0; i < 200; i++) {
			fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
			(void)connect(fds[i], (struct sockaddr *)&a, sizeof a);
			(void)send(fds[i], one, i % 2 ? 1 : sizeof one - 1, MSG_NOSIGNAL);
		}
		for (int i = 0; i < 200; i++)
			(void)close(fds[i]);
	}
	return NULL;
}

/* Closing while clients come and go. */
static void test_close_in_storm(void **state)
{
	(void)state;
	pthread_t thread;
	(void)descriptors();
	struct storm w = {.server = server_of((struct http_options){.connections_max = 100})};
	atomic_init(&w.over, false);
	assert_int_equal(pthread_create(&thread, NULL, storm_main, &w), 0);
	for (int i = 0; i < 20; i++) {
		talk_to(w.server, last, sizeof last - 1);
		(void)usleep(10000);
	}
	close_at_once(w.server);
	atomic_store(&w.over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* One address has taken all places and goes on trying: others are served, and of those that rest
 * only its own are closed. */
static void test_share_of_addresses(void **state)
{
	(void)state;
	enum { PLACES = 64, SILENT = 200 };
	struct http_server *s = server_of((struct http_options){.connections_max = PLACES});
	int silent[SILENT], kept[4];
	for (unsigned i = 0; i < 4; i++) {
		kept[i] = dial_from(s, 100 + i);
		assert_int_equal(ask(kept[i], "/small"), 200);
	}
	for (int i = 0; i < SILENT; i++) {
		silent[i] = dial_from(s, 9);
		(void)send(silent[i], "G", 1, MSG_NOSIGNAL);
	}
	for (unsigned i = 0; i < 30; i++) {
		int fd = dial_from(s, 200 + i);
		put(fd, last, sizeof last - 1);
		assert_true(read_all(fd, 3000));
		assert_int_equal(status(), 200);
		(void)close(fd);
		silent[i] = (close(silent[i]), dial_from(s, 9));
		(void)send(silent[i], "G", 1, MSG_NOSIGNAL);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(ask(kept[i], "/small"), 200);
	assert_true(http_server_connections(s) <= PLACES + 9);
	for (int i = 0; i < SILENT; i++)
		(void)close(silent[i]);
	for (int i = 0; i < 4; i++)
		(void)close(kept[i]);
	assert_true(http_server_close(s, 500));
}

/* With places for busy ones only, the newest is refused and the busy ones go on. */
/* A reply is there before its connection rests, and with that the order of resting is known. */
static void wait_rest(struct http_server *s)
{
	bool busy = true;
	for (int i = 0; i < 1000 && busy; i++) {
		busy = false;
		(void)pthread_mutex_lock(&s->lock);
		for (unsigned k = 0; k < s->slot_count; k++)
			busy = busy || (s->slots[k].used && !s->slots[k].rests);
		(void)pthread_mutex_unlock(&s->lock);
		if (busy)
			(void)usleep(1000);
	}
	assert_false(busy);
}

static void test_longest_idle_goes(void **state)
{
	(void)state;
	struct http_server *s = server_of((struct http_options){.connections_max = 8});
	int fds[12];
	for (unsigned i = 0; i < 12; i++) {
		fds[i] = dial_from(s, 20 + i); /* 8 places and 2 of the share */
		assert_int_equal(ask(fds[i], "/small"), 200);
		wait_rest(s);
	}
	for (int i = 0; i < 12; i++) {
		bool closed = read_all(fds[i], i < 2 ? 3000 : 20);
		assert_int_equal(closed, i < 2);
		(void)close(fds[i]);
	}
	assert_true(http_server_close(s, 500));
}

static void test_connection_limits(void **state)
{
	(void)state;
	struct http_server *s = server_of((struct http_options){.connections_per_ip_max = 3});
	int fds[5];
	for (int i = 0; i < 5; i++) {
		fds[i] = dial(s);
		assert_int_equal(ask(fds[i], "/small"), i < 3 ? 200 : 0);
	}
	int other = dial_from(s, 2);
	assert_int_equal(ask(other, "/small"), 200);
	(void)close(other);
	for (int i = 0; i < 5; i++)
		(void)close(fds[i]);
	wait_connections(s, 0);
	fds[0] = dial(s);
	assert_int_equal(ask(fds[0], "/small"), 200);
	(void)close(fds[0]);
	assert_true(http_server_close(s, 500));
}

/* A fleet of nodes keeps its connections: they hold no thread and little memory, and clients that
 * are active are served beside them. */
static void test_idle_costs_nothing(void **state)
{
	(void)state;
	static int fds[IDLE];
	unsigned count = IDLE, can = descriptors();
	if (can < 2 * count + 2 * ACTIVE + SPARE) {
		count = (can - 2 * ACTIVE - SPARE) / 2;
		print_message("%u descriptors: %u idle connections, not %u\n", can, count, IDLE);
	}
	struct http_server *s = server_of((struct http_options){.connections_max = IDLE + ACTIVE,
								.idle_timeout_ms = 120000,
								.header_timeout_ms = 60000});
	size_t before = resident();
	for (unsigned i = 0; i < count; i++) {
		fds[i] = dial_from(s, 1 + i % 250);
		assert_int_equal(ask(fds[i], "/small"), 200);
	}
	assert_int_equal(http_server_connections(s), count);
	size_t now = resident(), cost = now > before
					    ? now - before
					    : 0; /* what others left may have been given back */
	print_message("%u idle connections: %zu KiB, %u threads\n", count, cost >> 10, threads());
	assert_true(cost < IDLE_MAX);
	assert_true(threads() < 20);
	static int active[ACTIVE];
	for (int i = 0; i < ACTIVE; i++)
		active[i] = dial_from(s, 251);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < ACTIVE; i++)
			assert_int_equal(ask(active[i], "/small"), 200);
	assert_int_equal(ask(fds[0], "/small"), 200);
	assert_int_equal(ask(fds[count - 1], "/small"), 200);
	for (int i = 0; i < ACTIVE; i++)
		(void)close(active[i]);
	close_at_once(s);
	for (unsigned i = 0; i < count; i++)
		(void)close(fds[i]);
}

/* A handler that does not return: the server says so within its grace, and waits no longer. */
static void test_close_never_hangs(void **state)
{
	(void)state;
	struct http_server *s = server_of((struct http_options){.port = 0});
	int fd = dial(s);
	atomic_store(&seen.hold, true);
	put_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	wait_for(&seen.held, 1);
	assert_false(http_server_close(s, 100)); /* it is held until this has returned */
	atomic_store(&seen.hold, false);
	wait_for(&seen.held, 0);
	/* When it has returned, the rest can be taken down. */
	assert_true(http_server_close(s, 100));
	(void)close(fd);
}

/* Sends the rest of its body when the server no longer accepts connections: it is closing. */
static void *slow_put(void *arg)
{
	int fd = *(int *)arg;
	struct sockaddr_in a;
	socklen_t len = sizeof a;
	assert_int_equal(getpeername(fd, (struct sockaddr *)&a, &len), 0);
	for (bool open = true; open;) {
		int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_true(other >= 0);
		open = connect(other, (struct sockaddr *)&a, len) == 0;
		(void)close(other);
		(void)usleep(1000);
	}
	put_text(fd, "def");
	return NULL;
}

static void test_graceful_close(void **state)
{
	(void)state;
	struct http_server *s = server_of((struct http_options){.port = 0});
	int fd = dial(s), idle = dial(s);
	pthread_t thread;
	int begins = atomic_load(&seen.begin);
	assert_int_equal(ask(idle, "/small"), 200);
	put_text(fd, "PUT /up/a HTTP/1.1\r\n" HOST "Content-Length: 6\r\n\r\nabc");
	wait_for(&seen.begin, begins + 1);
	assert_int_equal(pthread_create(&thread, NULL, slow_put, &fd), 0);
	close_at_once(s);
	assert_true(read_all(fd, 100));
	assert_int_equal(status(), 201);
	assert_non_null(strstr(answer, "Connection: close"));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(read_all(idle, 100));
	(void)close(fd);
	(void)close(idle);
}

static int64_t processor_ms(void)
{
	struct rusage u;
	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

/* No descriptor for the next connection: one that rests gives its own; with none that does, the
 * server waits without spinning, and goes on when there are some again. */
static void test_no_descriptors(void **state)
{
	(void)state;
	enum { HELD = 4000 };
	static int held[HELD];
	int count = 0;
	struct rlimit had, low;
	(void)descriptors();
	struct http_server *s = server_of((struct http_options){.threads_max = 8});
	int idle = dial(s);
	assert_int_equal(ask(idle, "/small"), 200);
	int waiting[2] = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
			  socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(http_server_port(s)),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &had), 0);
	low = (struct rlimit){.rlim_cur = 256, .rlim_max = had.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	while (count < HELD && (held[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		count++;
	assert_int_equal(errno, EMFILE);
	assert_int_equal(connect(waiting[0], (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(ask(waiting[0], "/small"), 200);
	assert_true(read_all(idle, 3000)); /* it gave its place */
	atomic_store(&seen.hold, true);
	put_text(waiting[0], "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	wait_for(&seen.held, 1);
	int64_t used = processor_ms();
	assert_int_equal(connect(waiting[1], (struct sockaddr *)&a, sizeof a), 0);
	put(waiting[1], one, sizeof one - 1);
	struct pollfd p = {.fd = waiting[1], .events = POLLIN};
	assert_int_equal(poll(&p, 1, 600), 0);
	assert_true(processor_ms() - used < 200);
	for (int i = 0; i < count; i++)
		(void)close(held[i]);
	assert_int_equal(poll(&p, 1, 5000), 1);
	atomic_store(&seen.hold, false);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &had), 0);
	wait_for(&seen.held, 0);
	(void)close(idle);
	(void)close(waiting[0]);
	(void)close(waiting[1]);
	assert_true(http_server_close(s, 500));
}

/* Handlers that block take all threads but do not stop what needs none; the crew shrinks again. */
static void test_crew(void **state)
{
	(void)state;
	enum { BLOCKED = 8 };
	struct http_server *s = server_of((struct http_options){.threads_max = BLOCKED});
	int fds[BLOCKED + 1];
	unsigned before = threads();
	atomic_store(&seen.hold, true);
	for (int i = 0; i < BLOCKED; i++) {
		fds[i] = dial(s);
		put_text(fds[i], "GET /hold HTTP/1.1\r\n" HOST CLOSE "\r\n");
	}
	wait_for(&seen.held, BLOCKED);
	fds[BLOCKED] = dial(s); /* waits for a thread */
	put(fds[BLOCKED], last, sizeof last - 1);
	assert_false(read_all(fds[BLOCKED], 200));
	atomic_store(&seen.hold, false);
	for (int i = 0; i <= BLOCKED; i++) {
		assert_true(read_all(fds[i], 3000));
		assert_int_equal(status(), i < BLOCKED ? 204 : 200);
		(void)close(fds[i]);
	}
	for (int i = 0; i < 500 && threads() > before; i++)
		(void)usleep(20000);
	assert_true(threads() <= before);
	assert_true(http_server_close(s, 500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bursts),
	    cmocka_unit_test(test_close_in_storm),
	    cmocka_unit_test(test_share_of_addresses),
	    cmocka_unit_test(test_longest_idle_goes),
	    cmocka_unit_test(test_connection_limits),
	    cmocka_unit_test(test_idle_costs_nothing),
	    cmocka_unit_test(test_close_never_hangs),
	    cmocka_unit_test(test_graceful_close),
	    cmocka_unit_test(test_no_descriptors),
	    cmocka_unit_test(test_crew),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
