/* client: pulls from another registry, and pushes to it. Spec: OCI distribution-spec v1.1 "Pull",
 * "Push"; distribution "Token Authentication Specification". */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "connect/credentials.h"
#include "connect/fetch.h"
#include "oci/manifest.h"
#include "oci/reference.h"

struct client_options {
	const struct credentials *credentials; /* NULL or without a name: looked up (cred_find) */
	const char *bearer; /* a token of the registry's instead of them; may be NULL */
	bool
	    given_only; /* nothing is looked up: credentials of this machine are not the caller's */
	bool insecure;
	const struct reach *reach; /* of fetch, with limits for strangers; may be NULL */
	bool is_configured;	   /* of fetch; what the registry names is led by it */
	const char *authorities;   /* of fetch; may be NULL */
	const atomic_bool *stop;   /* of fetch; may be NULL */
};

struct client {
	struct client_options o;
	struct bytes registry; /* host[:port] */
	struct bytes repository;
	const char *scheme; /* "https", or "http" if that was detected */
	struct credentials credentials;
	const char *token;	    /* bearer, for pulls of repository; NULL = none yet */
	struct fetch_origin origin; /* of is_configured: who answered */
	bool basic;		    /* the registry requires Basic */
	bool push;		    /* asks for tokens that permit pushes, too */
	unsigned retry_after_sec;   /* what the last error's reply asked for; 0 = nothing */
	struct arena arena;
};

/* "localhost", 127.0.0.0/8 or [::1], with or without a port; not a host name that merely begins
 * like one. */
bool client_is_loopback(struct bytes host);
/* Loopback registries may speak plain http; others only with insecure. What ref and o point to
 * outlives c. */
int client_open(struct client *c, const struct ref *ref, const struct client_options *o,
		struct err *e);
void client_close(struct client *c);
/* reference: tag or digest text. The body is checked against the digest when reference is one, else
 * against the one that the registry states, if any. ret_type: of the reply. */
int client_manifest(struct client *c, struct bytes reference, struct buf *out,
		    struct bytes *ret_type, struct err *e);
/* The index of manifests whose subject is this digest: the referrers API, else the tag that stands
 * for it (distribution-spec "Referrers Tag Schema"). ERR_NOT_FOUND: the registry knows of none. Of
 * a list in pages the first is read. */
int client_referrers(struct client *c, struct bytes digest, struct buf *out, struct err *e);
/* The blob into fd, at most max bytes; resumed where it broke off. The caller checks its digest. */
int client_blob(struct client *c, const struct digest *d, uint64_t max, int fd, struct err *e);
/* The same into a sink, once, from a byte on where the registry can. What was written before an
 * error stays good. */
int client_blob_stream(struct client *c, const struct digest *d, uint64_t from, uint64_t max,
		       const struct fetch_sink *sink, struct err *e);

/* Pushes; c->push is set before. */
/* A blob, unless the registry has it: a file, or text where file is NULL. */
int client_put_blob(struct client *c, const struct digest *d, const struct fetch_file *file,
		    const char *text, struct err *e);
/* reference: tag or digest text. */
int client_put_manifest(struct client *c, const char *reference, const char *text, const char *type,
			struct err *e);
