/* certs: the server's certificate and key, read from their files, and re-read when they change or
 * on SIGHUP. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <signal.h>
#include <sys/types.h>
#include <time.h>

struct http_server;

/* A file's identity when it was read. */
struct certs_file {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};
struct certs {
	const char *cert_path, *key_path; /* "" = no TLS */
	struct buf cert, key;		  /* the pair as last read */
	struct certs_file seen[2];
};

/* paths: borrowed for the life of c. Reads both. */
int certs_open(struct certs *c, const char *cert_path, const char *key_path, struct err *e);
void certs_close(struct certs *c);
/* Give the server the pair again if a file has changed, or if now is true. An unusable pair is
 * logged, and the server keeps the current one; the files are checked again when they change. */
void certs_renew(struct certs *c, struct http_server *s, bool now);
/* Wait for one of signals, which are blocked, and renew the pair meanwhile. SIGHUP renews
 * immediately without ending the wait. Returns the other signal received. */
int certs_wait(struct certs *c, struct http_server *s, const sigset_t *signals);
