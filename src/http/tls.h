/* tls: TLS over a non-blocking socket. Wraps the TLS library: nothing else in http/ includes it.
 * TLS 1.2 and 1.3 with forward secrecy, no renegotiation, HTTP/1.1 by ALPN. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <sys/types.h>

struct tls_pair; /* certificate chain and key, ready for connections; counted by those who use it */
struct tls;	 /* a connection */

/* From PEM texts. ERR_FORMAT: one is unusable, or they do not match. */
struct tls_pair *tls_pair_open(const char *cert_pem, const char *key_pem, struct err *e);
void tls_pair_close(struct tls_pair *p); /* connections that use it continue; NULL accepted */

/* What a call needs before it can continue. */
enum tls_want { TLS_READABLE = -1, TLS_WRITABLE = -2, TLS_GONE = -3 };

struct tls *tls_open(struct tls_pair *p, int fd); /* NULL: no memory */
void tls_close(struct tls *t); /* sends close_notify if possible without blocking; NULL accepted */
void tls_bye(struct tls *t);   /* sends close_notify: nothing is written after it */
/* 0 done, or enum tls_want. */
int tls_shake(struct tls *t);
/* Bytes, 0 at the end, or enum tls_want. A write that returned a want is repeated from the same
 * first byte with at least as many bytes. */
ssize_t tls_read(struct tls *t, void *out, size_t n);
ssize_t tls_write(struct tls *t, const void *in, size_t n);
