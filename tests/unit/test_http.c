/* Requests and replies as they should be, and the errors that routes and handlers make. */
#include "http_fixture.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_plain(void **state)
{
	(void)state;
	talk("GET /small HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 200);
	assert_string_equal(body(), "hello");
	talk("HEAD /small HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 200);
	assert_non_null(strstr(answer, "Content-Length: 5\r\n"));
	assert_string_equal(body(), "");
	talk("GET /small HTTP/1.0\r\n\r\n");
	assert_int_equal(status(), 200);
	talk("GET http://t/small HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 200);
	talk("GET /query?q=a&q=b%20c HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_string_equal(body(), "b c");
	talk("GET /header HTTP/1.1\r\n" HOST "X-A: 1\r\nx-a:  2 \r\n" CLOSE "\r\n");
	assert_string_equal(body(), "1, 2");
	talk("GET /v2/a/b%2Fc/tags/list HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_string_equal(body(), "a/b/c");
	talk("GET /header HTTP/1.1\r\n" HOST "X-Empty:\r\nX-A:\t3\t\r\nX-Blank: \r\n" CLOSE "\r\n");
	assert_string_equal(body(), "3");
	talk("\r\n\r\nGET /small?a=b&c HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 200);
	talk("POST /form HTTP/1.1\r\n" HOST CLOSE
	     "Content-Type: application/x-www-form-urlencoded\r\n"
	     "Content-Length: 9\r\n\r\nj=1&k=%41");
	assert_string_equal(body(), "A");
}

static void test_errors(void **state)
{
	(void)state;
	talk("GET /nope HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 404);
	assert_non_null(strstr(answer, "application/problem+json"));
	talk("GET /v2/nope HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 404);
	assert_non_null(strstr(body(), "{\"errors\":[{\"code\":"));
	talk("DELETE /small HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 405);
	assert_non_null(strstr(answer, "Allow: GET, HEAD, OPTIONS\r\n"));
	talk("OPTIONS /small HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 204);
	assert_non_null(strstr(answer, "Allow: GET, HEAD, OPTIONS\r\n"));
	talk("GET /fails HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 404);
	assert_non_null(strstr(body(), "no such thing"));
	talk("GET /v2/fails HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_non_null(strstr(body(), "\"errors\""));
	talk("GET /broken HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 500);
	assert_null(strstr(body(), "inside"));
	talk("GET /spent HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 503);
	assert_non_null(strstr(answer, "\r\nRetry-After: 1\r\n"));
	assert_non_null(strstr(body(), "\"status\":503"));
	talk("GET /silent HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 500);
	talk("GET /split HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_null(strstr(answer, "\nX-Evil"));
	assert_int_equal(status(), 400);
	talk("GET /locked HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 401);
	talk("BREW /small HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 501);
}

/* RFC 9110 §9: known methods that no route has are 405 with Allow, others 501. HTTP/1.0 closes. */
static void test_methods(void **state)
{
	(void)state;
	talk("TRACE /small HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 405);
	assert_non_null(strstr(answer, "Allow: GET, HEAD, OPTIONS\r\n"));
	talk("CONNECT t:80 HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 400);
	talk("get /small HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 501);
	talk("OPTIONS * HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 404);
	talk("GET /small HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	assert_int_equal(status(), 200);
	assert_non_null(strstr(answer, "Connection: close\r\n"));
	talk("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	assert_int_equal(status(), 505);
	talk("POST /echo HTTP/1.1\r\n" HOST "Expect: 200-maybe\r\nContent-Length: 1\r\n\r\na");
	assert_int_equal(status(), 417);
	/* A reply without a body has no length, and the connection goes on behind it. */
	int fd = dial(server);
	put_text(fd, "OPTIONS /small HTTP/1.1\r\n" HOST "\r\n"
		     "GET /small HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_true(read_all(fd, 3000));
	assert_int_equal(status(), 204);
	assert_int_equal(count_of("Content-Length"), 1);
	assert_int_equal(count_of("HTTP/1.1 200 OK\r\n"), 1);
	(void)close(fd);
}

static void test_limits(void **state)
{
	(void)state;
	static char big[600000];
	memset(big, 'a', sizeof big);
	(void)memcpy(big, "GET /", 5);
	static const char rest[] = " HTTP/1.1\r\n" HOST "\r\n";
	(void)memcpy(big + 20000, rest, sizeof rest);
	talk(big);
	assert_int_equal(status(), 414);
	/* 64 query parameters are read; a query of more is refused, not taken for an empty one. */
	for (int pairs = 64; pairs <= 65; pairs++) {
		static char query[1024];
		size_t used = (size_t)snprintf(query, sizeof query, "GET /small?");
		for (int i = 0; i < pairs; i++)
			used += (size_t)snprintf(query + used, sizeof query - used, "a=%d&", i);
		(void)snprintf(query + used, sizeof query - used,
			       " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
		talk(query);
		assert_int_equal(status(), pairs == 64 ? 200 : 414);
	}
	static char headers[200000];
	size_t n = (size_t)snprintf(headers, sizeof headers, "GET /small HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 600; i++)
		n += (size_t)snprintf(headers + n, sizeof headers - n, "X-%d: %060d\r\n", i, i);
	(void)snprintf(headers + n, sizeof headers - n, "\r\n");
	talk(headers);
	assert_int_equal(status(), 431);
	/* Just under the limit all is well, in one piece and in many. */
	n = (size_t)snprintf(headers, sizeof headers, "GET /small HTTP/1.1\r\n" HOST CLOSE);
	for (int i = 0; n < 31000; i++)
		n += (size_t)snprintf(headers + n, sizeof headers - n, "X-%d: %0200d\r\n", i, i);
	(void)snprintf(headers + n, sizeof headers - n, "\r\n");
	talk(headers);
	assert_int_equal(status(), 200);
	int fd = dial(server);
	for (size_t off = 0; headers[off]; off += strnlen(headers + off, 997))
		put(fd, headers + off, strnlen(headers + off, 997));
	assert_true(read_all(fd, 3000));
	assert_int_equal(status(), 200);
	(void)close(fd);
	(void)snprintf(headers + n, sizeof headers - n, "X: %02000d\r\n\r\n", 1);
	(void)memcpy(headers, "PUT", 3); /* the large pool would have room */
	talk(headers);
	assert_int_equal(status(), 431);
}

static void test_body_limit(void **state)
{
	(void)state;
	char request[512];
	char text[102];
	memset(text, 'x', sizeof text - 1);
	text[101] = '\0';
	(void)snprintf(request, sizeof request,
		       "POST /echo HTTP/1.1\r\n" HOST CLOSE "Content-Length: 100\r\n\r\n%.100s",
		       text);
	talk(request);
	assert_int_equal(status(), 200);
	assert_int_equal(strlen(body()), 100);
	(void)snprintf(request, sizeof request,
		       "POST /echo HTTP/1.1\r\n" HOST CLOSE "Content-Length: 101\r\n\r\n%s", text);
	talk(request);
	assert_int_equal(status(), 413);
	(void)snprintf(request, sizeof request,
		       "POST /echo HTTP/1.1\r\n" HOST CLOSE
		       "Transfer-Encoding: chunked\r\n\r\n65\r\n%s\r\n0\r\n\r\n",
		       text);
	talk(request);
	assert_int_equal(status(), 413);
	/* A body where none is wanted; the connection lives on. */
	int fd = dial(server);
	static const char two[] = "GET /small HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
				  "GET /small HTTP/1.1\r\n" HOST CLOSE "\r\n";
	put(fd, two, sizeof two - 1);
	assert_true(read_all(fd, 3000));
	assert_int_equal(status(), 413);
	assert_int_equal(count_of("HTTP/1.1 200"), 1);
	(void)close(fd);
}

static void test_pipelining(void **state)
{
	(void)state;
	static const char three[] = "GET /small HTTP/1.1\r\n" HOST "\r\n"
				    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
				    "HEAD /small HTTP/1.1\r\n" HOST "\r\n"
				    "GET /nope HTTP/1.1\r\n" HOST "\r\n"
				    "GET /small HTTP/1.1\r\n" HOST CLOSE "\r\n";
	talk(three);
	assert_int_equal(count_of("HTTP/1.1 200"), 4);
	assert_int_equal(count_of("HTTP/1.1 404"), 1);
	/* The same, one byte at a time. */
	int fd = dial(server);
	for (size_t i = 0; i < sizeof three - 1; i++)
		put(fd, three + i, 1);
	assert_true(read_all(fd, 3000));
	assert_int_equal(count_of("HTTP/1.1 200"), 4);
	(void)close(fd);
}

/* A handler without a descriptor for its file: the client may come again. */
static void test_no_descriptors(void **state)
{
	(void)state;
	talk("GET /no-file HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 503);
	assert_non_null(strstr(answer, "Retry-After: "));
}

static void test_file_and_events(void **state)
{
	(void)state;
	talk("GET /file HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_int_equal(status(), 206);
	assert_int_equal(answer_len - (size_t)(body() - answer), FIXTURE_FILE_LEN - 1000);
	assert_memory_equal(body(), "BEGIN", 5);
	assert_int_equal(atomic_load(&seen.last_out), FIXTURE_FILE_LEN - 1000);
	talk("HEAD /file HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_non_null(strstr(answer, "Content-Length: 2999000"));
	assert_string_equal(body(), "");
	talk("GET /events HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_non_null(strstr(answer, "text/event-stream"));
	assert_non_null(strstr(body(), "data: 3\n\n"));
	assert_non_null(strstr(body(), "data: 1\n\n"));
}

static void test_tls_hello_on_plain_port(void **state)
{
	(void)state;
	static const uint8_t hello[] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 1, 2, 3};
	int fd = dial(server);
	put(fd, hello, sizeof hello);
	assert_true(read_all(fd, 3000));
	assert_int_equal(status(), 400); /* and not what a head that never ends gets */
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain),	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_methods),	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_body_limit),	    cmocka_unit_test(test_pipelining),
	    cmocka_unit_test(test_file_and_events), cmocka_unit_test(test_tls_hello_on_plain_port),
	    cmocka_unit_test(test_no_descriptors),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
