#include "access/secret.h"

#include "base/base64.h"
#include "base/io.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define ARGON2_KIB 7168U
#define ARGON2_PASSES 5U
#define ARGON2_LANES 1U
#define ARGON2_SALT_LEN 16U
#define ARGON2_TEXT_MAX 192U /* chars of the encoded form with these lengths: under 110 */
#define TOKEN_PREFIX "plm_"
#define TOKEN_BYTES 32

int secret_random(uint8_t *out, size_t len, struct err *e)
{
	return io_random(out, len, e);
}

int secret_token_new(char out[SECRET_TOKEN_CAP], struct err *e)
{
	uint8_t raw[TOKEN_BYTES];
	int rc = secret_random(raw, sizeof raw, e);
	if (rc < 0)
		return rc;
	struct buf text;
	buf_init(&text, SECRET_TOKEN_CAP - 1);
	buf_put_text(&text, TOKEN_PREFIX);
	base64_put(BASE64_URL, (struct bytes){.ptr = raw, .len = sizeof raw}, &text);
	if (buf_ok(&text)) {
		memcpy(out, text.ptr, text.len);
		out[text.len] = '\0';
	} else {
		rc = err_set(e, ERR_NOMEM, "token");
	}
	secret_wipe(raw, sizeof raw);
	if (text.ptr)
		secret_wipe(text.ptr, text.len);
	buf_free(&text);
	return rc;
}

bool secret_is_token(struct bytes text)
{
	return bytes_has_prefix_lit(text, TOKEN_PREFIX);
}

int secret_sha256(struct bytes in, uint8_t out[SECRET_HASH_LEN], struct err *e)
{
	unsigned len = SECRET_HASH_LEN;
	if (EVP_Digest(in.ptr, in.len, out, &len, EVP_sha256(), NULL) != 1)
		return err_set(e, ERR_INTERNAL, "sha256");
	return 0;
}

int secret_hmac(struct bytes key, struct bytes in, uint8_t out[SECRET_HASH_LEN], struct err *e)
{
	unsigned len = SECRET_HASH_LEN;
	if (key.len > INT32_MAX ||
	    !HMAC(EVP_sha256(), key.ptr, (int)key.len, in.ptr, in.len, out, &len))
		return err_set(e, ERR_INTERNAL, "hmac");
	return 0;
}

bool secret_eq(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void secret_wipe(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}

int secret_password_hash(struct bytes password, struct arena *a, struct bytes *ret_encoded,
			 struct err *e)
{
	uint8_t salt[ARGON2_SALT_LEN];
	if (password.len == 0 || password.len > SECRET_PASSWORD_MAX)
		return err_set(e, ERR_LIMIT, "password of %zu bytes (1 to %d)", password.len,
			       SECRET_PASSWORD_MAX);
	char *text = arena_alloc(a, ARGON2_TEXT_MAX, 1);
	if (!text)
		return err_set(e, ERR_NOMEM, "password");
	int rc = secret_random(salt, sizeof salt, e);
	if (rc < 0)
		return rc;
	int argon = argon2id_hash_encoded(ARGON2_PASSES, ARGON2_KIB, ARGON2_LANES, password.ptr,
					  password.len, salt, sizeof salt, SECRET_HASH_LEN, text,
					  ARGON2_TEXT_MAX);
	if (argon != ARGON2_OK)
		return err_set(e,
			       argon == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_NOMEM : ERR_INTERNAL,
			       "password: %s", argon2_error_message(argon));
	*ret_encoded = bytes_of(text);
	return 0;
}

/* Of no password at all: what is checked for users that do not exist. */
#define NOBODY                                                                                     \
	"$argon2id$v=19$m=7168,t=5,p=1$AAAAAAAAAAAAAAAAAAAAAA$"                                    \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

int secret_password_check(struct bytes encoded, struct bytes password, struct err *e)
{
	char text[ARGON2_TEXT_MAX] = NOBODY;
	bool known = encoded.len > 0 && encoded.len < sizeof text;
	if (known) {
		memcpy(text, encoded.ptr, encoded.len);
		text[encoded.len] = '\0';
	}
	if (password.len > SECRET_PASSWORD_MAX)
		return err_set(e, ERR_DENIED, "wrong name or password");
	int argon = argon2id_verify(text, password.ptr, password.len);
	if (argon == ARGON2_MEMORY_ALLOCATION_ERROR)
		return err_set(e, ERR_NOMEM, "password check");
	if (argon != ARGON2_OK || !known)
		return err_set(e, ERR_DENIED, "wrong name or password");
	return 0;
}

#define GCM_NONCE 12U
#define GCM_TAG 16U

static bool gcm_bind(EVP_CIPHER_CTX *c, struct bytes bound)
{
	int n;
	if (bound.len == 0)
		return true;
	return bound.len <= INT32_MAX &&
	       EVP_CipherUpdate(c, NULL, &n, bound.ptr, (int)bound.len) == 1;
}

int secret_seal(const uint8_t key[SECRET_HASH_LEN], struct bytes bound, struct bytes text,
		struct buf *out, struct err *e)
{
	uint8_t nonce[GCM_NONCE], tag[GCM_TAG];
	int n = 0;
	if (text.len > INT32_MAX - SECRET_SEAL_EXTRA)
		return err_set(e, ERR_LIMIT, "seal: %zu bytes", text.len);
	if (secret_random(nonce, sizeof nonce, e) < 0)
		return -(int)e->code;
	buf_put(out, (struct bytes){.ptr = nonce, .len = sizeof nonce});
	uint8_t *to = buf_room(out, text.len + 1);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	if (!to || !c) {
		EVP_CIPHER_CTX_free(c);
		return err_nomem(e);
	}
	bool ok = EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
		  gcm_bind(c, bound) &&
		  EVP_EncryptUpdate(c, to, &n, text.ptr, (int)text.len) == 1 &&
		  EVP_EncryptFinal_ex(c, to + n, &n) == 1 &&
		  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, GCM_TAG, tag) == 1;
	EVP_CIPHER_CTX_free(c);
	if (!ok)
		return err_set(e, ERR_INTERNAL, "seal");
	buf_commit(out, text.len);
	buf_put(out, (struct bytes){.ptr = tag, .len = sizeof tag});
	return buf_ok(out) ? 0 : err_nomem(e);
}

int secret_open(const uint8_t key[SECRET_HASH_LEN], struct bytes bound, struct bytes sealed,
		struct buf *out, struct err *e)
{
	uint8_t tag[GCM_TAG];
	int n = 0;
	if (sealed.len < SECRET_SEAL_EXTRA || sealed.len > INT32_MAX)
		return err_set(e, ERR_DENIED, "sealed text of %zu bytes", sealed.len);
	struct bytes text = bytes_part(sealed, GCM_NONCE, sealed.len - SECRET_SEAL_EXTRA);
	memcpy(tag, sealed.ptr + sealed.len - GCM_TAG, sizeof tag);
	uint8_t *to = buf_room(out, text.len + 1);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	if (!to || !c) {
		EVP_CIPHER_CTX_free(c);
		return err_nomem(e);
	}
	bool ok = EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, sealed.ptr) == 1 &&
		  gcm_bind(c, bound) &&
		  EVP_DecryptUpdate(c, to, &n, text.ptr, (int)text.len) == 1 &&
		  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, GCM_TAG, tag) == 1 &&
		  EVP_DecryptFinal_ex(c, to + n, &n) == 1;
	EVP_CIPHER_CTX_free(c);
	if (!ok) {
		secret_wipe(to, text.len);
		return err_set(e, ERR_DENIED, "sealed text: another key, or not as it was");
	}
	buf_commit(out, text.len);
	return 0;
}
