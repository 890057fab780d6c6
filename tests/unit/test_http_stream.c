/* Bodies that are pushed to their route: whole, refused, broken off, and after "100 Continue". */
#include "http_fixture.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_stream(void **state)
{
	(void)state;
	static char big[2000000];
	char head[200];
	int ends = atomic_load(&seen.end), aborts = atomic_load(&seen.abort);
	talk("PUT /up/a HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n\r\n");
	assert_int_equal(status(), 201);
	assert_string_equal(body(), "0");
	talk("PUT /up/a HTTP/1.1\r\n" HOST CLOSE
	     "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: "
	     "x\r\n\r\n");
	assert_string_equal(body(), "13");
	int fd = dial(server);
	(void)snprintf(head, sizeof head,
		       "PUT /up/a HTTP/1.1\r\n" HOST CLOSE "Content-Length: %zu\r\n\r\n",
		       sizeof big);
	put(fd, head, strlen(head));
	put(fd, big, sizeof big);
	assert_true(read_all(fd, 3000));
	assert_string_equal(body(), "2000000");
	(void)close(fd);
	assert_int_equal(atomic_load(&seen.last_in), 2000000);
	assert_int_equal(atomic_load(&seen.end) - ends, 3);
	assert_int_equal(atomic_load(&seen.abort), aborts);
}

static void test_stream_refused(void **state)
{
	(void)state;
	static char big[8000000];
	static const char *const queries[] = {"refuse=1", "fail=1"};
	static const unsigned statuses[] = {403, 409};
	for (int i = 0; i < 2; i++) {
		char head[200];
		int data = atomic_load(&seen.data), aborts = atomic_load(&seen.abort);
		int fd = dial(server);
		/* Much body, sent without waiting: the reply must survive the closing. */
		(void)snprintf(head, sizeof head,
			       "PUT /up/a?%s HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
			       queries[i], sizeof big);
		put(fd, head, strlen(head));
		put(fd, big, sizeof big);
		assert_true(read_all(fd, 4000));
		assert_int_equal(status(), statuses[i]);
		assert_non_null(strstr(answer, "Connection: close"));
		(void)close(fd);
		/* A short one keeps the connection. */
		(void)snprintf(head, sizeof head,
			       "PUT /up/a?%s HTTP/1.1\r\n" HOST
			       "Content-Length: 3\r\n\r\nabcGET /small HTTP/1.1\r\n" HOST CLOSE
			       "\r\n",
			       queries[i]);
		talk(head);
		assert_int_equal(status(), statuses[i]);
		assert_int_equal(count_of("HTTP/1.1 200"), 1);
		assert_int_equal(atomic_load(&seen.data), data);
		assert_int_equal(atomic_load(&seen.abort), aborts);
	}
	int begins = atomic_load(&seen.begin);
	talk("PUT /few/a HTTP/1.1\r\n" HOST CLOSE
	     "Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(status(), 413);
	assert_int_equal(atomic_load(&seen.begin), begins);
}

static void test_stream_breaks(void **state)
{
	(void)state;
	int aborts = atomic_load(&seen.abort), ends = atomic_load(&seen.end), begins;
	static char big[3000000];
	char head[200];
	int fd = dial(server);
	(void)snprintf(head, sizeof head,
		       "PUT /up/a?break=1 HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
		       sizeof big);
	put(fd, head, strlen(head));
	put(fd, big, sizeof big);
	assert_true(read_all(fd, 3000));
	assert_int_equal(status(), 400);
	assert_non_null(strstr(body(), "digest differs"));
	(void)close(fd);
	wait_for(&seen.abort, aborts + 1);
	/* The client disconnects. */
	begins = atomic_load(&seen.begin);
	fd = dial(server);
	static const char part[] = "PUT /up/a HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc";
	put(fd, part, sizeof part - 1);
	wait_for(&seen.begin, begins + 1);
	(void)close(fd);
	wait_for(&seen.abort, aborts + 2);
	/* So it does in the middle of a chunk. */
	fd = dial(server);
	static const char chunk[] =
	    "PUT /up/a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n10\r\nabc";
	put(fd, chunk, sizeof chunk - 1);
	(void)shutdown(fd, SHUT_WR);
	(void)read_all(fd, 2000);
	assert_int_not_equal(status(), 201);
	(void)close(fd);
	wait_for(&seen.abort, aborts + 3);
	/* A bad chunk after good ones. */
	talk("PUT /up/a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");
	assert_int_equal(status(), 400);
	wait_for(&seen.abort, aborts + 4);
	/* It stalls. */
	fd = dial(server);
	put(fd, part, sizeof part - 1);
	int64_t begin = clock_mono_ms();
	assert_true(read_all(fd, 30000));
	assert_true(clock_mono_ms() - begin >= 800);
	(void)close(fd);
	wait_for(&seen.abort, aborts + 5);
	assert_int_equal(atomic_load(&seen.end), ends);
}

static void test_continue(void **state)
{
	(void)state;
	int fd = dial(server);
	static const char head[] =
	    "PUT /up/a HTTP/1.1\r\n" HOST CLOSE "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n";
	put(fd, head, sizeof head - 1);
	assert_false(read_all(fd, 300));
	assert_non_null(strstr(answer, "HTTP/1.1 100"));
	put(fd, "abc", 3);
	assert_true(read_all(fd, 3000));
	assert_int_equal(status(), 201);
	(void)close(fd);
	static const char refused[] = "PUT /up/a?refuse=1 HTTP/1.1\r\n" HOST
				      "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n";
	talk(refused);
	assert_int_equal(status(), 403);
}

/* A client that sends slowly holds no thread: more streams at once than there are threads. */
static void test_pushed_one_at_a_time(void **state)
{
	(void)state;
	enum { STREAMS = 40 };
	struct http_server *s = server_of((struct http_options){.threads_max = 4});
	int fds[STREAMS], ends = atomic_load(&seen.end);
	for (int i = 0; i < STREAMS; i++) {
		fds[i] = dial(s);
		put_text(fds[i],
			 "PUT /up/a HTTP/1.1\r\n" HOST CLOSE "Content-Length: 6\r\n\r\nabc");
	}
	/* And another is served meanwhile. */
	static const char one[] = "GET /small HTTP/1.1\r\n" HOST CLOSE "\r\n";
	talk_to(s, one, sizeof one - 1);
	assert_int_equal(status(), 200);
	for (int i = STREAMS - 1; i >= 0; i--) {
		put_text(fds[i], "def");
		assert_true(read_all(fds[i], 3000));
		assert_int_equal(status(), 201);
		assert_string_equal(body(), "6");
		(void)close(fds[i]);
	}
	assert_int_equal(atomic_load(&seen.end) - ends, STREAMS);
	assert_true(http_server_close(s, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stream),
	    cmocka_unit_test(test_stream_refused),
	    cmocka_unit_test(test_stream_breaks),
	    cmocka_unit_test(test_continue),
	    cmocka_unit_test(test_pushed_one_at_a_time),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
