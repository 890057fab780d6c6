/* id_token: the ID token of an OpenID provider, and the keys it is signed with, both from outside.
 * Signatures: RS256 (RSA of 2,048 to 8,192 bits) and ES256; no others, "none" least of all.
 * Spec: OpenID Connect Core 1.0 §2, §3.1.3.7; RFC 7515 (JWS), RFC 7517 and 7518 (JWK). */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define ID_TOKEN_MAX 65536U	      /* bytes; a member of 1,000 groups has 40 KiB of them */
#define ID_TOKEN_KEYS_MAX 64U	      /* of a provider, which has two to ten */
#define ID_TOKEN_KEYS_TEXT (1U << 18) /* bytes of a JWKS */
#define ID_TOKEN_GROUPS_MAX 1000U
#define ID_TOKEN_SUBJECT_MAX 255U /* bytes; OpenID Connect Core §2 */
#define ID_TOKEN_SKEW_SEC 60	  /* that clocks may differ by */

struct id_token_checks {
	struct bytes issuer, client_id, nonce;
	struct bytes name_claim, groups_claim; /* which claims hold those */
	int64_t now_sec;
};
struct id_token {
	struct bytes subject;
	struct bytes name;    /* of name_claim; empty if it is absent or no text */
	struct bytes *groups; /* of groups_claim: a list of texts, or one text */
	size_t group_count;
	bool groups_cut; /* there are more than ID_TOKEN_GROUPS_MAX */
};

/* Check the token with the keys (the text of a JWKS). Runs of *ret are in a. ERR_NOT_FOUND: none of
 * the keys has its "kid": there may be newer ones. ERR_DENIED: the signature or a claim is wrong;
 * ERR_TIMEOUT: it expired; ERR_FORMAT, ERR_LIMIT, ERR_TRUNCATED: it or the JWKS is malformed;
 * ERR_NOMEM. */
int id_token_read(struct bytes token, struct bytes keys, const struct id_token_checks *checks,
		  struct arena *a, struct id_token *ret, struct err *e);
