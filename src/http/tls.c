#include "http/tls.h"

#include "base/library.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The library's functions that are called here. Loading it costs every run of the program a quarter
 * of a millisecond, and only servers that speak TLS need it: it is loaded with the first pair. */
#define SYMBOLS(X)                                                                                 \
	X(SSL_CTX_check_private_key)                                                               \
	X(SSL_CTX_ctrl)                                                                            \
	X(SSL_CTX_free)                                                                            \
	X(SSL_CTX_new)                                                                             \
	X(SSL_CTX_set_alpn_select_cb)                                                              \
	X(SSL_CTX_set_cipher_list)                                                                 \
	X(SSL_CTX_set_options)                                                                     \
	X(SSL_CTX_use_PrivateKey)                                                                  \
	X(SSL_CTX_use_certificate)                                                                 \
	X(SSL_do_handshake)                                                                        \
	X(SSL_free)                                                                                \
	X(SSL_get_error)                                                                           \
	X(SSL_is_init_finished)                                                                    \
	X(SSL_new)                                                                                 \
	X(SSL_read)                                                                                \
	X(SSL_select_next_proto)                                                                   \
	X(SSL_set_accept_state)                                                                    \
	X(SSL_set_fd)                                                                              \
	X(SSL_shutdown)                                                                            \
	X(SSL_write)                                                                               \
	X(TLS_server_method)
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name takes none */
#define FIELD(name) __typeof__(&(name)) name;
#define ROW(name) {#name, &ssl_lib.name},
#define FILE_NAME "libssl.so.3"

static struct {
	SYMBOLS(FIELD)
} ssl_lib;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct err load_error = ERR_INIT;
static int load_result;

static void load(void)
{
	const struct library_symbol symbols[] = {SYMBOLS(ROW)};
	load_result =
	    library_load(FILE_NAME, symbols, sizeof symbols / sizeof *symbols, &load_error);
}
/* What the header's macros call. */
#define SSL_CTX_ctrl ssl_lib.SSL_CTX_ctrl

struct tls_pair {
	SSL_CTX *context;
};
struct tls {
	SSL *ssl;
	bool failed; /* nothing may be called but free */
};

/* HTTP/1.1 is what is spoken here; who offers other protocols only is answered without one. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
			   const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen = NULL;
	(void)ssl;
	(void)arg;
	if (ssl_lib.SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* An encrypted key has no one to ask. */
static int no_password(char *out, int max, int writing, void *arg)
{
	(void)out;
	(void)max;
	(void)writing;
	(void)arg;
	return -1;
}

static bool use_chain(SSL_CTX *c, BIO *text)
{
	X509 *own = PEM_read_bio_X509_AUX(text, NULL, no_password, NULL);
	bool ok = own && ssl_lib.SSL_CTX_use_certificate(c, own) == 1;
	X509_free(own);
	while (ok) {
		X509 *next = PEM_read_bio_X509(text, NULL, no_password, NULL);
		if (!next)
			break;
		ok = SSL_CTX_add0_chain_cert(c, next) == 1;
		if (!ok)
			X509_free(next);
	}
	return ok;
}

static bool use_key(SSL_CTX *c, BIO *text)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(text, NULL, no_password, NULL);
	bool ok = key && ssl_lib.SSL_CTX_use_PrivateKey(c, key) == 1;
	EVP_PKEY_free(key);
	return ok;
}

static void configure(SSL_CTX *c)
{
	ssl_lib.SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					   SSL_OP_CIPHER_SERVER_PREFERENCE |
					   SSL_OP_PRIORITIZE_CHACHA);
	/* An idle connection keeps no buffers; a piece is written from where it lies then. */
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Sessions are kept by clients, in tickets. */
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	ssl_lib.SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
}

static int fill(SSL_CTX *c, const char *cert_pem, const char *key_pem, struct err *e)
{
	BIO *cert = BIO_new_mem_buf(cert_pem, -1), *key = BIO_new_mem_buf(key_pem, -1);
	int rc = 0;
	if (!cert || !key)
		rc = err_set(e, ERR_NOMEM, "TLS");
	else if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
		 ssl_lib.SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
		rc = err_set(e, ERR_UNSUPPORTED, "the TLS library has no TLS 1.2");
	else if (!use_chain(c, cert))
		rc = err_set(e, ERR_FORMAT,
			     "the certificate is not usable (expected: PEM, the chain after it)");
	else if (!use_key(c, key))
		rc = err_set(e, ERR_FORMAT,
			     "the key is not usable (expected: PEM, unencrypted), or does not "
			     "match the certificate");
	else if (ssl_lib.SSL_CTX_check_private_key(c) != 1)
		rc = err_set(e, ERR_FORMAT, "the key does not match the certificate");
	BIO_free(cert);
	BIO_free(key);
	return rc;
}

struct tls_pair *tls_pair_open(const char *cert_pem, const char *key_pem, struct err *e)
{
	(void)pthread_once(&once, load);
	if (load_result < 0) {
		(void)err_set(e, ERR_UNSUPPORTED, "the TLS library cannot be loaded: %s",
			      load_error.msg);
		return NULL;
	}
	struct tls_pair *p = calloc(1, sizeof *p);
	if (p)
		p->context = ssl_lib.SSL_CTX_new(ssl_lib.TLS_server_method());
	if (!p || !p->context) {
		(void)err_set(e, ERR_NOMEM, "TLS");
		free(p);
		return NULL;
	}
	configure(p->context);
	int rc = fill(p->context, cert_pem, key_pem, e);
	ERR_clear_error();
	if (rc < 0) {
		tls_pair_close(p);
		return NULL;
	}
	return p;
}

void tls_pair_close(struct tls_pair *p)
{
	if (!p)
		return;
	ssl_lib.SSL_CTX_free(p->context);
	free(p);
}

struct tls *tls_open(struct tls_pair *p, int fd)
{
	struct tls *t = calloc(1, sizeof *t);
	if (t)
		t->ssl = ssl_lib.SSL_new(p->context);
	if (!t || !t->ssl || ssl_lib.SSL_set_fd(t->ssl, fd) != 1) {
		if (t)
			ssl_lib.SSL_free(t->ssl);
		free(t);
		ERR_clear_error();
		return NULL;
	}
	ssl_lib.SSL_set_accept_state(t->ssl);
	return t;
}

void tls_bye(struct tls *t)
{
	if (!t->failed && ssl_lib.SSL_is_init_finished(t->ssl)) {
		(void)ssl_lib.SSL_shutdown(t->ssl);
		ERR_clear_error();
	}
}

void tls_close(struct tls *t)
{
	if (!t)
		return;
	tls_bye(t);
	ssl_lib.SSL_free(t->ssl);
	free(t);
}

/* What a call that returned rc <= 0 wants. */
static int wants(struct tls *t, int rc)
{
	int why = ssl_lib.SSL_get_error(t->ssl, rc);
	ERR_clear_error();
	if (why == SSL_ERROR_WANT_READ)
		return TLS_READABLE;
	if (why == SSL_ERROR_WANT_WRITE)
		return TLS_WRITABLE;
	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	t->failed = true;
	return TLS_GONE;
}

static int clamp(size_t n)
{
	return n > INT_MAX ? INT_MAX : (int)n;
}

int tls_shake(struct tls *t)
{
	if (t->failed)
		return TLS_GONE;
	ERR_clear_error();
	int rc = ssl_lib.SSL_do_handshake(t->ssl);
	if (rc == 1)
		return 0;
	rc = wants(t, rc);
	return rc ? rc : TLS_GONE;
}

ssize_t tls_read(struct tls *t, void *out, size_t n)
{
	if (t->failed)
		return TLS_GONE;
	ERR_clear_error();
	int rc = ssl_lib.SSL_read(t->ssl, out, clamp(n));
	return rc > 0 ? rc : wants(t, rc);
}

ssize_t tls_write(struct tls *t, const void *in, size_t n)
{
	if (t->failed)
		return TLS_GONE;
	ERR_clear_error();
	int rc = ssl_lib.SSL_write(t->ssl, in, clamp(n));
	if (rc > 0)
		return rc;
	rc = wants(t, rc);
	return rc ? rc : TLS_GONE;
}
