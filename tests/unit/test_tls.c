/* TLS: a request over it, plain text on its port, unusable certificates. The key belongs to nothing
 * but this test. */
#include "base/clock.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>

static const char cert[] = "-----BEGIN CERTIFICATE-----\n"
			   "MIIBhzCCAS2gAwIBAgIULvJCKCO13wto2dMOykFLcsOqEG0wCgYIKoZIzj0EAwIw\n"
			   "GDEWMBQGA1UEAwwNcGxpbXNvbGwudGVzdDAgFw0yNjExMjMyMjMwMzVaGA8yMTI2\n"
			   "MTAzMDIyMzAzNVowGDEWMBQGA1UEAwwNcGxpbXNvbGwudGVzdDBZMBMGByqGSM49\n"
			   "AgEGCCqGSM49AwEHA0IABN7MOhlvzfc0D6zBrA1X9/jV6dTCSugXPRD3PPPruxa5\n"
			   "A0qbvJ/FeyfYpcfwI25EZHrVRidI58+7rj32e8rjTpWjUzBRMB0GA1UdDgQWBBQO\n"
			   "UXiScqU803xAEOOu52TKHCd87zAfBgNVHSMEGDAWgBQOUXiScqU803xAEOOu52TK\n"
			   "HCd87zAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCX/ra1vyky\n"
			   "mBbWjndBjXvGZxzVpHyTBPsU1WqZrKnRZgIgN7ba8bX57Ora0pYWdmzUzysr6TQP\n"
			   "ZyYYv34p4PdwWz0=\n"
			   "-----END CERTIFICATE-----\n";
static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
			  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgaCGMIHZUJQejlO3R\n"
			  "IQx2o50GFdEMb6ibsSIXkWcMywuhRANCAATezDoZb833NA+swawNV/f41enUwkro\n"
			  "Fz0Q9zzz67sWuQNKm7yfxXsn2KXH8CNuRGR61UYnSOfPu6499nvK406V\n"
			  "-----END PRIVATE KEY-----\n";

#define FILE_LEN 1000000

static int get_small(struct http_request *r, struct err *e)
{
	return http_reply_bytes(r, 200, "text/plain",
				http_is_tls(r) ? BYTES_LIT("secret") : BYTES_LIT("plain"), e);
}

static int get_file(struct http_request *r, struct err *e)
{
	int fd = memfd_create("t", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, FILE_LEN), 0);
	return http_reply_file(r, 200, "application/octet-stream", fd, 0, FILE_LEN, e);
}

static int post_len(struct http_request *r, struct err *e)
{
	return http_reply_bytes(r, http_body(r).len == 100000 ? 200 : 400, "text/plain",
				BYTES_LIT("ok"), e);
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .pattern = "/small",
     .handle = get_small,
     .action = HTTP_PUBLIC,
     .summary = "t"},
    {.methods = HTTP_GET,
     .pattern = "/file",
     .handle = get_file,
     .action = HTTP_PUBLIC,
     .summary = "t"},
    {.methods = HTTP_POST,
     .pattern = "/len",
     .handle = post_len,
     .action = HTTP_PUBLIC,
     .summary = "t",
     .body_max = 200000},
};

static struct http_server *open_with(const char *c, const char *k, struct err *e)
{
	const struct http_route *tables[] = {rows};
	const size_t counts[] = {sizeof rows / sizeof *rows};
	const struct http_hooks hooks = {.context = NULL};
	return http_server_open(
	    &(struct http_options){.tls_cert_pem = c, .tls_key_pem = k, .header_timeout_ms = 1000},
	    tables, counts, 1, &hooks, e);
}

static int dial(const struct http_server *s)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(http_server_port(s)),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = 5};
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	return fd;
}

static char answer[FILE_LEN + 4096];

/* One request over TLS of the version asked for; the answer's length. */
static size_t talk(const struct http_server *s, const char *priorities, const char *head,
		   const char *body, size_t body_len)
{
	gnutls_session_t t;
	gnutls_certificate_credentials_t none;
	int fd = dial(s), rc;
	assert_int_equal(gnutls_certificate_allocate_credentials(&none), 0);
	assert_int_equal(gnutls_init(&t, GNUTLS_CLIENT), 0);
	assert_int_equal(gnutls_priority_set_direct(t, priorities, NULL), 0);
	assert_int_equal(gnutls_credentials_set(t, GNUTLS_CRD_CERTIFICATE, none), 0);
	gnutls_transport_set_int(t, fd);
	while ((rc = gnutls_handshake(t)) == GNUTLS_E_INTERRUPTED || rc == GNUTLS_E_AGAIN)
		;
	size_t got = 0;
	if (rc == 0) {
		assert_int_equal(gnutls_record_send(t, head, strlen(head)), strlen(head));
		for (size_t sent = 0; sent < body_len;) {
			ssize_t n = gnutls_record_send(t, body + sent, body_len - sent);
			assert_true(n > 0);
			sent += (size_t)n;
		}
		for (ssize_t n;
		     (n = gnutls_record_recv(t, answer + got, sizeof answer - 1 - got)) > 0;)
			got += (size_t)n;
	}
	answer[got] = '\0';
	gnutls_deinit(t);
	gnutls_certificate_free_credentials(none);
	(void)close(fd);
	return got;
}

#define REST " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"

static void test_requests(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	static char body[100000];
	struct http_server *s = open_with(cert, key, &e);
	if (!s)
		fail_msg("%s", e.msg);
	static const char *const versions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.3",
					       "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
	for (int i = 0; i < 2; i++) {
		assert_true(talk(s, versions[i], "GET /small" REST "\r\n", NULL, 0) > 0);
		assert_non_null(strstr(answer, "HTTP/1.1 200"));
		assert_non_null(strstr(answer, "secret"));
		assert_true(talk(s, versions[i], "GET /file" REST "\r\n", NULL, 0) > FILE_LEN);
		assert_true(talk(s, versions[i], "POST /len" REST "Content-Length: 100000\r\n\r\n",
				 body, sizeof body) > 0);
		assert_non_null(strstr(answer, "HTTP/1.1 200"));
	}
	/* TLS 1.1 is refused. */
	assert_int_equal(
	    talk(s, "NORMAL:-VERS-ALL:+VERS-TLS1.1", "GET /small" REST "\r\n", NULL, 0), 0);
	http_server_close(s, 500);
}

static void test_plain_and_slow(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	char text[64] = "";
	struct http_server *s = open_with(cert, key, &e);
	assert_non_null(s);
	int fd = dial(s);
	int64_t begin = clock_mono_ms();
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	assert_true(recv(fd, text, sizeof text - 1, 0) > 0);
	assert_non_null(strstr(text, "400"));
	assert_true(clock_mono_ms() - begin < 500);
	(void)close(fd);
	/* A handshake that never ends. */
	fd = dial(s);
	begin = clock_mono_ms();
	assert_int_equal(send(fd, "\x16\x03\x01\x02", 4, 0), 4);
	assert_true(recv(fd, text, sizeof text - 1, 0) <= 0);
	assert_in_range(clock_mono_ms() - begin, 800, 2500);
	(void)close(fd);
	http_server_close(s, 500);
}

static void test_unusable(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	assert_null(open_with(cert, NULL, &e));
	assert_null(open_with(NULL, key, &e));
	assert_null(open_with("rubbish", key, &e));
	assert_true(e.code != ERR_OK && e.msg[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_requests),
	    cmocka_unit_test(test_plain_and_slow),
	    cmocka_unit_test(test_unusable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
