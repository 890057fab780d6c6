/* Where a request ends: what is ambiguous is refused, and what is not may be cut anywhere. */
#include "http_fixture.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const smuggling_cases[] = {
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5 6\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\n" HOST
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\n" HOST
    "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "GET /small HTTP/1.1\r\n\r\n",
    "GET /small HTTP/1.1\r\n" HOST HOST "\r\n",
    "GET /small HTTP/1.1\r\n" HOST "X-\x01: a\r\n\r\n",
    "GET /small HTTP/1.1\r\n" HOST "X-A: a\x01z\r\n\r\n",
    "GET /small HTTP/1.1\r\n" HOST ": a\r\n\r\n",
    "GET /small HTTP/1.1\r\n" HOST "X A: a\r\n\r\n",
    "GET /a/../small HTTP/1.1\r\n" HOST "\r\n",
    "GET /a/%2e%2e/small HTTP/1.1\r\n" HOST "\r\n",
    "GET /small%00 HTTP/1.1\r\n" HOST "\r\n",
    "GET small HTTP/1.1\r\n" HOST "\r\n",
    "GET /sm all HTTP/1.1\r\n" HOST "\r\n",
    "GET /small HTTP/9.9\r\n" HOST "\r\n",
    "GET\r\n\r\n",
};

static void test_smuggling(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof smuggling_cases / sizeof *smuggling_cases; i++) {
		char request[1024];
		int plain = atomic_load(&seen.plain);
		(void)snprintf(request, sizeof request, "%s%s", smuggling_cases[i],
			       "GET /small HTTP/1.1\r\n" HOST "\r\n");
		talk(request);
		unsigned s = status();
		if (s < 400 || s > 599 || count_of("HTTP/1.1 ") != 1 ||
		    !strstr(answer, "Connection: close"))
			fail_msg("%s\n-> %s", request, answer);
		if (atomic_load(&seen.plain) != plain)
			fail_msg("%s\n-> a handler ran", request);
	}
}

/* What is behind a NUL must not vanish. */
static void test_nul(void **state)
{
	(void)state;
	static const char one[] = "GET /small HTTP/1.1\r\n" HOST "X-A: a\0b\r\n\r\n";
	static const char two[] = "GET /small HTTP/1.1\r\n" HOST "X-A\0: b\r\n\r\n";
	static const char three[] = "GET /small\0?x HTTP/1.1\r\n" HOST "\r\n";
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {{one, sizeof one - 1}, {two, sizeof two - 1}, {three, sizeof three - 1}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int plain = atomic_load(&seen.plain);
		int fd = dial(server);
		put(fd, cases[i].text, cases[i].len);
		assert_true(read_all(fd, 3000));
		assert_int_not_equal(status(), 200);
		assert_int_equal(atomic_load(&seen.plain), plain);
		(void)close(fd);
	}
}

static void test_encodings(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		unsigned status;
	} cases[] = {{"gzip, chunked", 501},
		     {"chunked, identity", 400},
		     {"identity", 400},
		     {"chunked, chunked", 400},
		     {"gzip", 400},
		     {"chunked,", 400},
		     {",chunked", 501},
		     {"", 400},
		     {"\x0b"
		      "chunked",
		      400}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[512];
		(void)snprintf(text, sizeof text,
			       "PUT /up/a HTTP/1.1\r\n" HOST "Transfer-Encoding: %s\r\n\r\n"
			       "0\r\n\r\nGET /small HTTP/1.1\r\n" HOST "\r\n",
			       cases[i].value);
		talk(text);
		if (status() != cases[i].status || count_of("HTTP/1.1 200"))
			fail_msg("%s\n-> %s", text, answer);
	}
}

/* Where a chunked body ends is beyond doubt, so that the next request may follow. */
static void test_chunked_goes_on(void **state)
{
	(void)state;
	static const char *const bodies[] = {
	    "3\r\nabc\r\n0\r\n\r\n",
	    "3;x=\"y;z\"\r\nabc\r\n0;last\r\n\r\n",
	    "1\r\na\r\n2\r\nbc\r\n00\r\nX: y\r\nContent-MD5: 9\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		char text[512];
		(void)snprintf(text, sizeof text,
			       "PUT /up/a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n%s"
			       "GET /small HTTP/1.1\r\n" HOST CLOSE "\r\n",
			       bodies[i]);
		talk(text);
		if (status() != 201 || count_of("HTTP/1.1 200") != 1 || count_of(CLOSE) != 1)
			fail_msg("%s\n-> %s", text, answer);
		assert_int_equal(atomic_load(&seen.last_status), 200);
	}
}

/* What a front could read otherwise is refused, and what is behind it is not read. */
static void test_chunked_ambiguous(void **state)
{
	(void)state;
	static const char *const bodies[] = {
	    "3\nabc\r\n0\r\n\r\n",
	    "3\r\nabc\n0\r\n\r\n",
	    "3\r\nabc\r\n0\n\r\n",
	    "3\r\nabc\r\n0\r\n\n",
	    "3;x\nabc\r\n0\r\n\r\n",
	    "3 \r\nabc\r\n0\r\n\r\n",
	    "3 ;x\r\nabc\r\n0\r\n\r\n",
	    "3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n",
	    "3\r\r\nabc\r\n0\r\n\r\n",
	    "3\r\nabc\r\n0\r\nX: y\n\r\n",
	    "3;\x01\r\nabc\r\n0\r\n\r\n",
	    ";x\r\nabc\r\n0\r\n\r\n",
	    "3\r\nabc\r\n0\r\n x: y\r\n\r\n",
	    "3\r\nabc\r\n\r\n0\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		char text[512];
		int plain = atomic_load(&seen.plain);
		(void)snprintf(text, sizeof text,
			       "PUT /up/a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n%s"
			       "GET /small HTTP/1.1\r\n" HOST "\r\n",
			       bodies[i]);
		talk(text);
		if (status() != 400 || count_of("HTTP/1.1 ") != 1 || count_of(CLOSE) != 1)
			fail_msg("%s\n-> %s", text, answer);
		assert_int_equal(atomic_load(&seen.plain), plain);
	}
	/* Sizes and lines past their limits. */
	static char text[20000];
	int n = snprintf(text, sizeof text,
			 "PUT /up/a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3;");
	memset(text + n, 'x', 5000);
	(void)snprintf(text + n + 5000, 64, "\r\nabc\r\n0\r\n\r\n");
	talk(text);
	assert_int_equal(status(), 431);
	n += snprintf(text + n - 2, 64, "3\r\nabc\r\n0\r\nX: ") - 2;
	memset(text + n, 'x', 17000);
	(void)snprintf(text + n + 17000, 64, "\r\n\r\n");
	talk(text);
	assert_int_equal(status(), 431);
	talk("PUT /up/a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	     "00000000000000000001\r\na\r\n10000000000000000\r\n");
	assert_int_equal(status(), 413);
}

static void test_every_prefix(void **state)
{
	(void)state;
	static const char whole[] =
	    "PUT /up/a%2Fb?x=1 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n0\r\n\r\n";
	int ends = atomic_load(&seen.end), begins = atomic_load(&seen.begin);
	int aborts = atomic_load(&seen.abort);
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		int fd = dial(server);
		put(fd, whole, n);
		(void)shutdown(fd, SHUT_WR);
		assert_true(read_all(fd, 3000));
		assert_int_not_equal(status(), 200);
		(void)close(fd);
	}
	/* All replies were read, so no more requests begin; each that did is aborted. The last
	 * prefixes lack only the empty line after the last chunk. */
	wait_for(&seen.abort, aborts + atomic_load(&seen.begin) - begins);
	assert_int_equal(atomic_load(&seen.end), ends);
}

/* Three requests, cut at each place, and byte by byte: the same replies. */
static void test_any_pieces(void **state)
{
	(void)state;
	static const char whole[] =
	    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
	    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "2;e\r\nde\r\n1\r\nf\r\n0\r\nT: x\r\n\r\n\r\n"
	    "GET /query?q=ghi HTTP/1.1\r\n" HOST CLOSE "\r\n";
	for (size_t cut = 0; cut <= sizeof whole - 1; cut++) {
		int fd = dial(server);
		put(fd, whole, cut);
		if (cut % 8 == 0)
			(void)usleep(2000); /* so that some are read apart */
		put(fd, whole + cut, sizeof whole - 1 - cut);
		assert_true(read_all(fd, 3000));
		assert_int_equal(count_of("HTTP/1.1 200"), 3);
		assert_non_null(strstr(answer, "\r\n\r\nabcHTTP"));
		assert_non_null(strstr(answer, "\r\n\r\ndefHTTP"));
		assert_non_null(strstr(answer, "\r\n\r\nghi"));
		(void)close(fd);
	}
	int fd = dial(server);
	for (size_t i = 0; i < sizeof whole - 1; i++)
		put(fd, whole + i, 1);
	assert_true(read_all(fd, 3000));
	assert_int_equal(count_of("HTTP/1.1 200"), 3);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_smuggling),	      cmocka_unit_test(test_nul),
	    cmocka_unit_test(test_encodings),	      cmocka_unit_test(test_chunked_goes_on),
	    cmocka_unit_test(test_chunked_ambiguous), cmocka_unit_test(test_every_prefix),
	    cmocka_unit_test(test_any_pieces),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
