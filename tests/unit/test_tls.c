/* TLS: requests over it, plain text on its port, certificates that are renewed or unusable. The
 * keys belong to nothing but this test. */
#include "base/clock.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

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
static char subject[64]; /* of the certificate that the server showed */

/* One request over TLS of this version alone, the bytes of head sent apart if asked for; the
 * answer's length, 0 when there is no handshake. */
static size_t talk(const struct http_server *s, int version, const char *head, const char *body,
		   size_t body_len)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	assert_non_null(context);
	assert_int_equal(SSL_CTX_set_min_proto_version(context, version), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(context, version), 1);
	SSL_CTX_set_security_level(context, 0);
	SSL *t = SSL_new(context);
	int fd = dial(s), n;
	size_t got = 0;
	assert_int_equal(SSL_set_fd(t, fd), 1);
	assert_int_equal(SSL_set_alpn_protos(t, (const uint8_t *)"\x02h2\x08http/1.1", 12), 0);
	subject[0] = '\0';
	if (SSL_connect(t) == 1) {
		const uint8_t *protocol;
		unsigned protocol_len;
		SSL_get0_alpn_selected(t, &protocol, &protocol_len);
		assert_int_equal(protocol_len, 8);
		assert_memory_equal(protocol, "http/1.1", 8);
		X509 *peer = SSL_get1_peer_certificate(t);
		(void)X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName,
						subject, sizeof subject);
		X509_free(peer);
		assert_int_equal(SSL_write(t, head, (int)strlen(head)), (int)strlen(head));
		for (size_t sent = 0; sent < body_len; sent += (size_t)n) {
			n = SSL_write(t, body + sent, (int)(body_len - sent));
			assert_true(n > 0);
		}
		while ((n = SSL_read(t, answer + got, (int)(sizeof answer - 1 - got))) > 0)
			got += (size_t)n;
		/* The end is told, not just there. */
		assert_int_equal(SSL_get_error(t, n), SSL_ERROR_ZERO_RETURN);
	}
	answer[got] = '\0';
	SSL_free(t);
	SSL_CTX_free(context);
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
	static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
	for (int i = 0; i < 2; i++) {
		assert_true(talk(s, versions[i], "GET /small" REST "\r\n", NULL, 0) > 0);
		assert_non_null(strstr(answer, "HTTP/1.1 200"));
		assert_non_null(strstr(answer, "secret"));
		assert_string_equal(subject, "plimsoll.test");
		/* Several requests in one record. */
		assert_true(talk(s, versions[i],
				 "GET /small HTTP/1.1\r\nHost: t\r\n\r\n"
				 "GET /small HTTP/1.1\r\nHost: t\r\n\r\nGET /small" REST "\r\n",
				 NULL, 0) > 0);
		const char *third = answer;
		for (int k = 0; k < 3; k++)
			assert_non_null(third = strstr(third + 1, "secret"));
		assert_true(talk(s, versions[i], "GET /file" REST "\r\n", NULL, 0) > FILE_LEN);
		assert_true(talk(s, versions[i], "POST /len" REST "Content-Length: 100000\r\n\r\n",
				 body, sizeof body) > 0);
		assert_non_null(strstr(answer, "HTTP/1.1 200"));
	}
	/* TLS 1.1 is refused. */
	assert_int_equal(talk(s, TLS1_1_VERSION, "GET /small" REST "\r\n", NULL, 0), 0);
	assert_true(http_server_close(s, 500));
}

static void test_plain_and_slow(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	char text[64] = "";
	struct http_server *s = open_with(cert, key, &e);
	assert_non_null(s);
	int fd = dial(s);
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	assert_true(recv(fd, text, sizeof text - 1, 0) > 0);
	assert_non_null(strstr(text, "400"));
	(void)close(fd);
	/* A handshake that never ends. */
	fd = dial(s);
	int64_t begin = clock_mono_ms();
	assert_int_equal(send(fd, "\x16\x03\x01\x02", 4, 0), 4);
	assert_true(recv(fd, text, sizeof text - 1, 0) <= 0);
	assert_true(clock_mono_ms() - begin >= 800);
	(void)close(fd);
	assert_true(http_server_close(s, 500));
}

/* A pair of PEM texts for this name, made here; free both. */
static void make_pair(const char *name, char **ret_cert, char **ret_key)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509 *c = X509_new();
	BIO *text[2] = {BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())};
	char *out[2];
	assert_true(k && c && text[0] && text[1]);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(c), 1), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(c), -3600));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(c), 3600));
	assert_int_equal(X509_NAME_add_entry_by_NID(X509_get_subject_name(c), NID_commonName,
						    MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0),
			 1);
	assert_int_equal(X509_set_issuer_name(c, X509_get_subject_name(c)), 1);
	assert_int_equal(X509_set_pubkey(c, k), 1);
	assert_true(X509_sign(c, k, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(text[0], c), 1);
	assert_int_equal(PEM_write_bio_PrivateKey(text[1], k, NULL, NULL, 0, NULL, NULL), 1);
	for (int i = 0; i < 2; i++) {
		char *at;
		long len = BIO_get_mem_data(text[i], &at);
		out[i] = strndup(at, (size_t)len);
		assert_non_null(out[i]);
		BIO_free(text[i]);
	}
	X509_free(c);
	EVP_PKEY_free(k);
	*ret_cert = out[0];
	*ret_key = out[1];
}

static void test_unusable(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	char *other_cert, *other_key;
	make_pair("other.test", &other_cert, &other_key);
	assert_null(open_with(cert, NULL, &e));
	assert_null(open_with(NULL, key, &e));
	assert_null(open_with("rubbish", key, &e));
	assert_true(e.code != ERR_OK && e.msg[0]);
	assert_null(open_with(cert, "", &e));
	assert_null(open_with(cert, other_key, &e));
	assert_null(strstr(e.msg, "BEGIN"));
	free(other_cert);
	free(other_key);
}

/* A renewed pair is for connections from then on; one that is unusable leaves the present one. */
static void test_renewal(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	char *second_cert, *second_key;
	make_pair("second.test", &second_cert, &second_key);
	struct http_server *s = open_with(cert, key, &e);
	assert_non_null(s);
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *kept = SSL_new(context);
	int fd = dial(s);
	assert_int_equal(SSL_set_fd(kept, fd), 1);
	assert_int_equal(SSL_connect(kept), 1);
	assert_true(http_server_tls(s, second_cert, key, &e) < 0);
	assert_true(http_server_tls(s, "", "", &e) < 0);
	assert_true(talk(s, TLS1_3_VERSION, "GET /small" REST "\r\n", NULL, 0) > 0);
	assert_string_equal(subject, "plimsoll.test");
	assert_int_equal(http_server_tls(s, second_cert, second_key, &e), 0);
	assert_true(talk(s, TLS1_3_VERSION, "GET /small" REST "\r\n", NULL, 0) > 0);
	assert_string_equal(subject, "second.test");
	/* What began with the first goes on. */
	static const char one[] = "GET /small" REST "\r\n";
	assert_int_equal(SSL_write(kept, one, sizeof one - 1), sizeof one - 1);
	assert_true(SSL_read(kept, answer, sizeof answer - 1) > 0);
	assert_memory_equal(answer, "HTTP/1.1 200", 12);
	SSL_free(kept);
	SSL_CTX_free(context);
	(void)close(fd);
	free(second_cert);
	free(second_key);
	assert_true(http_server_close(s, 500));
	struct http_server *plain = open_with(NULL, NULL, &e);
	assert_non_null(plain);
	assert_int_equal(http_server_tls(plain, cert, key, &e), -ERR_UNSUPPORTED);
	assert_true(http_server_close(plain, 500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_requests),
	    cmocka_unit_test(test_plain_and_slow),
	    cmocka_unit_test(test_unusable),
	    cmocka_unit_test(test_renewal),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
