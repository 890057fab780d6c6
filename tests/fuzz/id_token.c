/* ID tokens and keys of providers. The input is a token under fixed keys, the keys of a fixed
 * token, and claims: a stranger's cannot be signed, so they are signed here. */
#include "access/id_token.h"
#include "base/base64.h"
#include "base/buf.h"
#include "touch.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NUMBER 32

static EVP_PKEY *key; /* of this run */
static char jwks[512];

static void key_make(void)
{
	uint8_t point[1 + 2 * NUMBER];
	size_t len = 0;
	struct buf b;
	key = EVP_EC_gen("P-256");
	if (!key || EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
						    sizeof point, &len) != 1)
		abort();
	buf_init(&b, sizeof jwks - 1);
	buf_put_text(&b, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\",\"x\":\"");
	base64_put(BASE64_URL, (struct bytes){.ptr = point + 1, .len = NUMBER}, &b);
	buf_put_text(&b, "\",\"y\":\"");
	base64_put(BASE64_URL, (struct bytes){.ptr = point + 1 + NUMBER, .len = NUMBER}, &b);
	buf_put_text(&b, "\"}]}");
	if (!buf_ok(&b))
		abort();
	memcpy(jwks, b.ptr, b.len);
	buf_free(&b);
}

/* ".SIGNATURE" of what is in b. */
static void sign(struct buf *b)
{
	uint8_t der[128], raw[2 * NUMBER];
	const uint8_t *at = der;
	size_t len = sizeof der;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(ctx, der, &len, b->ptr, b->len) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &at, (long)len);
	if (!s || BN_bn2binpad(ECDSA_SIG_get0_r(s), raw, NUMBER) != NUMBER ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(s), raw + NUMBER, NUMBER) != NUMBER)
		abort();
	ECDSA_SIG_free(s);
	buf_put_u8(b, '.');
	base64_put(BASE64_URL, (struct bytes){.ptr = raw, .len = sizeof raw}, b);
}

static void read_token(struct bytes token, struct bytes keys)
{
	const struct id_token_checks checks = {.issuer = BYTES_LIT("i"),
					       .client_id = BYTES_LIT("c"),
					       .nonce = BYTES_LIT("n"),
					       .name_claim = BYTES_LIT("name"),
					       .groups_claim = BYTES_LIT("groups"),
					       .now_sec = 1000};
	struct id_token t;
	struct arena a;
	struct err e = ERR_INIT;
	arena_init(&a, 4U << 20);
	if (id_token_read(token, keys, &checks, &a, &t, &e) == 0) {
		touch(t.subject);
		touch(t.name);
		for (size_t i = 0; i < t.group_count; i++)
			touch(t.groups[i]);
	}
	arena_free(&a);
}

/* The input as header or claims of a token that is signed. */
static void read_signed(struct bytes header, struct bytes claims)
{
	struct buf b;
	buf_init(&b, 1U << 18);
	base64_put(BASE64_URL, header, &b);
	buf_put_u8(&b, '.');
	base64_put(BASE64_URL, claims, &b);
	if (buf_ok(&b)) {
		sign(&b);
		if (buf_ok(&b))
			read_token(buf_bytes(&b), bytes_of(jwks));
	}
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {.ptr = data, .len = size};
	if (!key)
		key_make();
	read_token(in, bytes_of(jwks));
	read_token(BYTES_LIT("eyJhbGciOiJSUzI1NiJ9.e30.AAAA"), in);
	read_signed(BYTES_LIT("{\"alg\":\"ES256\",\"kid\":\"k\"}"), in);
	read_signed(in, BYTES_LIT("{}"));
	return 0;
}
