/* client: pulls from another registry. Spec: OCI distribution-spec v1.1 "Pull"; distribution "Token
 * Authentication Specification". */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "connect/credentials.h"
#include "connect/fetch.h"
#include "oci/manifest.h"
#include "oci/reference.h"

struct client {
	struct bytes registry; /* host[:port] */
	struct bytes repository;
	const char *scheme; /* "https", or "http" if that was detected */
	bool insecure;
	struct credentials credentials;
	char *token; /* bearer, for pulls of repository; NULL = none yet */
	bool basic;  /* the registry requires Basic */
	struct arena arena;
};

/* "localhost", 127.0.0.0/8 or [::1], with or without a port; not a host name that merely begins
 * like one. */
bool client_is_loopback(struct bytes host);
/* Loopback registries may speak plain http; others only with insecure. */
int client_open(struct client *c, const struct ref *ref, const struct credentials *cred,
		bool insecure, struct err *e);
void client_close(struct client *c);
/* reference: tag or digest text. The body is checked against the digest when reference is one.
 * ret_type: of the reply. */
int client_manifest(struct client *c, struct bytes reference, struct buf *out,
		    struct bytes *ret_type, struct err *e);
/* The blob into fd, at most max bytes; resumed where it broke off. The caller checks its digest. */
int client_blob(struct client *c, const struct digest *d, uint64_t max, int fd, struct err *e);
