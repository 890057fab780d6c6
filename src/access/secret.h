/* secret: random secrets, their hashes, and comparisons that take the same time whatever differs.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define SECRET_HASH_LEN 32
#define SECRET_TOKEN_CAP 64	 /* chars of a token with its NUL */
#define SECRET_PASSWORD_MAX 1024 /* bytes: no one types more, and hashing costs */

int secret_random(uint8_t *out, size_t len, struct err *e);
/* A token: "plm_" and 256 random bits in base64url. */
int secret_token_new(char out[SECRET_TOKEN_CAP], struct err *e);
bool secret_is_token(struct bytes text);
int secret_sha256(struct bytes in, uint8_t out[SECRET_HASH_LEN], struct err *e);
int secret_hmac(struct bytes key, struct bytes in, uint8_t out[SECRET_HASH_LEN], struct err *e);
/* Lengths are not secret, contents are. */
bool secret_eq(struct bytes a, struct bytes b);
void secret_wipe(void *p, size_t len);

/* Argon2id, 7 MiB, 5 passes, 1 lane (OWASP password storage, 2024): about 34 ms. The encoded text
 * lives in the arena. */
int secret_password_hash(struct bytes password, struct arena *a, struct bytes *ret_encoded,
			 struct err *e);
/* 0 = fits, ERR_DENIED = does not (also for an empty or broken encoded text, after the same
 * work). */
int secret_password_check(struct bytes encoded, struct bytes password, struct err *e);

/* Text that is kept where others may read it, under a key of SECRET_HASH_LEN bytes (AES-256-GCM).
 * bound: what it belongs to; it opens only with the same. out gets nonce, ciphertext, tag. */
#define SECRET_SEAL_EXTRA 28U /* bytes that it is longer */
int secret_seal(const uint8_t key[SECRET_HASH_LEN], struct bytes bound, struct bytes text,
		struct buf *out, struct err *e);
/* ERR_DENIED: another key, another bound, or not as it was sealed. */
int secret_open(const uint8_t key[SECRET_HASH_LEN], struct bytes bound, struct bytes sealed,
		struct buf *out, struct err *e);
