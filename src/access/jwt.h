/* jwt: the registry's access tokens: JSON Web Tokens signed with HMAC-SHA256.
 * Spec: RFC 7519, RFC 7515; claims of the Docker registry token specification ("access"). Only our
 * own tokens are read, so the header must be ours byte for byte: the sender never chooses an
 * algorithm. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Entries of "access": clients ask for one to three, mirrors for all at once. */
#define JWT_ACCESS_MAX 256
#define JWT_TEXT_MAX 16384 /* bytes of a token: it travels in a header */
#define JWT_KEY_LEN 32

enum jwt_action { JWT_PULL = 1, JWT_PUSH = 2, JWT_DELETE = 4, JWT_CATALOG = 8 };

struct jwt_access {
	struct bytes type; /* "repository", "registry" */
	struct bytes name; /* "a/b", "catalog" */
	unsigned actions;  /* of enum jwt_action */
};
struct jwt_claims {
	struct bytes iss, sub, aud, jti;
	int64_t exp, nbf, iat; /* seconds since 1970 */
	struct jwt_access access[JWT_ACCESS_MAX];
	size_t access_count;
};

/* The token text, appended to out. */
int jwt_write(const struct jwt_claims *c, struct bytes key, struct buf *out, struct err *e);
/* What a token must satisfy. */
struct jwt_checks {
	struct bytes key, iss, aud;
	int64_t now_sec;
};
/* Check the signature, then the times, then issuer and audience. ERR_DENIED: signature, issuer,
 * audience; ERR_TIMEOUT: expired or not yet valid; ERR_FORMAT, ERR_LIMIT. The texts live in a. */
int jwt_read(struct bytes text, const struct jwt_checks *checks, struct arena *a,
	     struct jwt_claims *ret, struct err *e);

/* One "type:name:action,action" of a token request; unknown actions are left out. False if it does
 * not have that form. "*" is every action of the type. */
bool jwt_scope_parse(struct bytes text, struct jwt_access *ret);
