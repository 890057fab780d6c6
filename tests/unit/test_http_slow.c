/* Clients that take their time, and what they may hold meanwhile. */
#include "http_fixture.h"

#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_slow(void **state)
{
	(void)state;
	static const char *const begun[] = {"", "G", "GET /small HTTP/1.1\r\nHo", "\r\n"};
	for (size_t i = 0; i < sizeof begun / sizeof *begun; i++) {
		int fd = dial(server);
		int64_t begin = clock_mono_ms();
		put(fd, begun[i], strlen(begun[i]));
		/* A byte now and then does not help. */
		for (int k = 0; k < 5; k++) {
			(void)usleep(100000);
			if (i == 2)
				put(fd, "x", 1);
		}
		assert_true(read_all(fd, 30000));
		assert_true(clock_mono_ms() - begin >= 600);
		assert_int_not_equal(status(), 200);
		(void)close(fd);
	}
	/* An idle connection after a reply goes the same way. */
	int fd = dial(server);
	static const char one[] = "GET /small HTTP/1.1\r\n" HOST "\r\n";
	put(fd, one, sizeof one - 1);
	assert_true(read_all(fd, 3000));
	assert_int_equal(status(), 200);
	(void)close(fd);
}

/* A byte now and then is no progress, and enough of them are no upload. */
static void test_trickle(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		unsigned pause_us;
		int min_ms, max_ms; /* the second: what another time-out would take */
	} cases[] = {
	    /* 10 bytes a second: under rate_min, cut by the body's time-out */
	    {"x", 100000, 800, 2800},
	    /* 2,000 a second, or some hundred on a busy machine: cut by the upload's */
	    {"xxxxxxxxxxxxxxxxxxxx", 10000, 2800, 20000},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int aborts = atomic_load(&seen.abort);
		int fd = dial(server);
		static const char head[] =
		    "PUT /up/a HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n";
		int64_t begin = clock_mono_ms();
		put(fd, head, sizeof head - 1);
		struct pollfd p = {.fd = fd, .events = POLLIN};
		while (poll(&p, 1, 0) == 0 && clock_mono_ms() - begin < 20000) {
			put_text(fd, cases[i].bytes);
			(void)usleep(cases[i].pause_us);
		}
		assert_in_range(clock_mono_ms() - begin, cases[i].min_ms, cases[i].max_ms);
		(void)close(fd);
		wait_for(&seen.abort, aborts + 1);
	}
}

/* A client that does not take its reply is cut; its thread is free again. */
static void test_slow_reader(void **state)
{
	(void)state;
	int small = 4096;
	int fd = dial(server);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	int served_before = atomic_load(&seen.served);
	static const char one[] = "GET /large HTTP/1.1\r\n" HOST "\r\n";
	put(fd, one, sizeof one - 1);
	int64_t begin = clock_mono_ms();
	wait_for(&seen.served, served_before + 1);
	assert_true(clock_mono_ms() - begin >= 800);
	(void)close(fd);
}

/* The end of a chunked body is not sure to be the same to a front and to us. */
/* Sixty readers that take nothing: together they hold no more than the budget, those past it hear
 * 503 with Retry-After, one that reads is served again once the slowest are cut. */
static void test_replies_have_a_budget(void **state)
{
	(void)state;
	enum { READERS = 60, BUDGET = 32 << 20 };
	struct http_server *s =
	    server_of((struct http_options){.memory_max = BUDGET, .reply_timeout_ms = 60000});
	int fds[READERS], small = 4096;
#ifdef M_MMAP_THRESHOLD
	(void)mallopt(M_MMAP_THRESHOLD,
		      1 << 20); /* as the daemon does: what is freed is given back */
#endif
	size_t before = resident();
	for (int i = 0; i < READERS; i++) {
		fds[i] = dial(s);
		assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small),
				 0);
		put_text(fds[i], "GET /text HTTP/1.1\r\n" HOST "\r\n");
	}
	unsigned busy = 0;
	for (int i = 0; i < READERS; i++) {
		char head[16] = "";
		struct pollfd p = {.fd = fds[i], .events = POLLIN};
		assert_true(poll(&p, 1, 5000) > 0);
		assert_true(recv(fds[i], head, 12, MSG_PEEK) == 12);
		busy += strcmp(head, "HTTP/1.1 503") == 0;
	}
	assert_true(busy > 0);
	assert_true(resident() < before + BUDGET + (32 << 20));
	/* Who asks again gets it in the end: the slowest reader is cut for each that was refused.
	 */
	bool got = false;
	for (int i = 0; i < 100 && !got; i++) {
		static const char again[] = "GET /text HTTP/1.1\r\n" HOST CLOSE "\r\n";
		answer_len = 0;
		int fd = dial(s);
		put(fd, again, sizeof again - 1);
		char head[16] = "";
		assert_true(recv(fd, head, 12, MSG_WAITALL) == 12);
		got = strcmp(head, "HTTP/1.1 200") == 0;
		(void)close(fd);
		(void)usleep(50000);
	}
	assert_true(got);
	for (int i = 0; i < READERS; i++)
		(void)close(fds[i]);
	assert_true(http_server_close(s, 1000));
}

/* The same of bodies that are kept whole and do not end. */
static void test_bodies_have_a_budget(void **state)
{
	(void)state;
	enum { SENDERS = 24, BODY_LEN = 4 << 20, BUDGET = 16 << 20 };
	struct http_server *s = server_of((struct http_options){.memory_max = BUDGET});
	int fds[SENDERS];
	static char bytes[BODY_LEN - 1];
	char head[128];
	(void)snprintf(head, sizeof head,
		       "POST /whole HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", BODY_LEN);
	unsigned refused = 0;
	for (int i = 0; i < SENDERS; i++) {
		fds[i] = dial(s);
		put_text(fds[i], head);
		put(fds[i], bytes, sizeof bytes);
		struct pollfd p = {.fd = fds[i], .events = POLLIN};
		if (poll(&p, 1, 100) > 0 && recv(fds[i], head + 100, 12, 0) == 12)
			refused += strncmp(head + 100, "HTTP/1.1 503", 12) == 0;
	}
	assert_true(refused >= SENDERS - BUDGET / BODY_LEN);
	/* What has memory goes on and ends. */
	put(fds[0], "x", 1);
	assert_false(read_all(fds[0], 500));
	assert_int_equal(status(), 200);
	for (int i = 0; i < SENDERS; i++)
		(void)close(fds[i]);
	assert_true(http_server_close(s, 1000));
}

/* A reply that is in the kernel's buffer is not idleness: the client is reading it. */
static void test_idle_with_unsent(void **state)
{
	(void)state;
	/* Less than the server's kernel holds; much less still makes the two sides wait for timers.
	 */
	int small = 65536, fd = dial(server);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	put_text(fd, "GET /file HTTP/1.1\r\n" HOST "\r\n");
	size_t got = 0;
	int64_t begin = clock_mono_ms();
	for (ssize_t n = 1; n > 0 && got < FIXTURE_FILE_LEN - 1000;) {
		static char piece[65536];
		n = recv(fd, piece, sizeof piece, 0);
		got += n > 0 ? (size_t)n : 0;
		if (clock_mono_ms() - begin < 2500) /* longer than idle_timeout_ms */
			(void)usleep(50000);
	}
	assert_true(got >= FIXTURE_FILE_LEN - 1000);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_slow),
	    cmocka_unit_test(test_trickle),
	    cmocka_unit_test(test_slow_reader),
	    cmocka_unit_test(test_replies_have_a_budget),
	    cmocka_unit_test(test_bodies_have_a_budget),
	    cmocka_unit_test(test_idle_with_unsent),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
