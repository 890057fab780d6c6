/* oidc: an OpenID provider, as its client: its addresses by discovery, its keys, and the exchange
 * of a code for an ID token. Both documents are kept for an hour; keys are fetched again when a
 * token names one that is not among them, at most once a minute. What fails is not tried again for
 * ten seconds, and only so many requests are made at once: a provider that hangs takes few of our
 * threads. Thread-safe.
 * Spec: OpenID Connect Discovery 1.0 §4, Core 1.0 §3.1.3; RFC 6749 §4.1.3, RFC 7636 (PKCE). */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include <stdatomic.h>

struct oidc_options {
	/* As the provider states it. https, or http to this machine's loopback addresses. */
	const char *issuer;
	const char *client_id, *client_secret; /* secret: "" = a public client */
};
struct oidc;
/* Copies the options. ERR_FORMAT: the issuer is no such URL. */
struct oidc *oidc_open(const struct oidc_options *given, struct err *e);
void oidc_stop_soon(struct oidc *o); /* requests end. NULL accepted, here and below */
void oidc_close(struct oidc *o);

/* Where browsers are sent. ERR_IO, ERR_TIMEOUT: the provider cannot be reached; ERR_FORMAT: it
 * answers something else; ERR_LIMIT: too many requests at once. */
int oidc_authorization_url(struct oidc *o, struct arena *a, struct bytes *ret, struct err *e);
/* The provider's keys, as the text of a JWKS. newer: not those that were returned before, if that
 * was more than a minute ago. */
int oidc_keys(struct oidc *o, bool newer, struct arena *a, struct bytes *ret, struct err *e);
/* ERR_DENIED: the provider does not know the code. */
struct oidc_exchange {
	struct bytes code, redirect_uri, verifier;
};
int oidc_exchange(struct oidc *o, const struct oidc_exchange *x, struct arena *a,
		  struct bytes *ret_id_token, struct err *e);
