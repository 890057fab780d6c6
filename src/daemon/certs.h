/* certs: certificate and key of the server, read from their files, and read again when they change
 * or on SIGHUP. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <signal.h>
#include <sys/types.h>
#include <time.h>

struct http_server;

/* What a file was when it was read. */
struct certs_file {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};
struct certs {
	const char *cert_path, *key_path; /* "" = no TLS */
	struct buf cert, key;		  /* the pair as it was read last */
	struct certs_file seen[2];
};

/* paths: borrowed for the life of c. Reads both. */
int certs_open(struct certs *c, const char *cert_path, const char *key_path, struct err *e);
void certs_close(struct certs *c);
/* Give the server the pair again if a file is another than before, or now is true. A pair that is
 * unusable is logged, and the server keeps the one it has; the files are looked at again when they
 * change. */
void certs_renew(struct certs *c, struct http_server *s, bool now);
/* Wait for one of signals, which are blocked, and renew the pair meanwhile. SIGHUP renews at once
 * and ends nothing. Returns the other signal that came. */
int certs_wait(struct certs *c, struct http_server *s, const sigset_t *signals);
