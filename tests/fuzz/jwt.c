/* Tokens, token scopes, base64, role patterns and scopes. A stranger's token cannot be signed, so
 * the claims are tried under the right signature too. */
#include "base/base64.h"
#include "access/jwt.h"
#include "access/role.h"
#include "access/secret.h"
#include "touch.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_token(struct bytes text, struct bytes key, struct arena *a)
{
	const struct jwt_checks checks = {
	    .key = key, .iss = BYTES_LIT("i"), .aud = BYTES_LIT("a"), .now_sec = 950};
	struct jwt_claims *c = arena_alloc(a, 1, sizeof *c);
	if (!c || jwt_read(text, &checks, a, c, NULL) < 0)
		return;
	touch(c->sub);
	touch(c->jti);
	for (size_t i = 0; i < c->access_count; i++) {
		touch(c->access[i].type);
		touch(c->access[i].name);
	}
}

/* The input as claims under a right signature. */
static void read_signed(struct bytes in, struct bytes key, struct arena *a)
{
	struct buf b;
	uint8_t mac[SECRET_HASH_LEN];
	buf_init(&b, 1U << 20);
	buf_put_text(&b, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.");
	base64_put(BASE64_URL, in, &b);
	if (buf_ok(&b) && secret_hmac(key, buf_bytes(&b), mac, NULL) == 0) {
		buf_put_u8(&b, '.');
		base64_put(BASE64_URL, (struct bytes){.ptr = mac, .len = sizeof mac}, &b);
		if (buf_ok(&b))
			read_token(buf_bytes(&b), key, a);
	}
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {.ptr = data, .len = size}, key = BYTES_LIT("key");
	struct jwt_access s;
	struct arena a;
	size_t n;
	uint8_t *out = malloc(size / 4 * 3 + 3);
	if (!out)
		return 0;
	arena_init(&a, 4U << 20);
	read_token(in, key, &a);
	read_signed(in, key, &a);
	if (jwt_scope_parse(in, &s)) {
		touch(s.type);
		touch(s.name);
	}
	if (base64_decode(BASE64_STANDARD, in, out, &n))
		touch((struct bytes){.ptr = out, .len = n});
	if (base64_decode(BASE64_URL, in, out, &n))
		touch((struct bytes){.ptr = out, .len = n});
	if (size < 200)
		(void)role_allows(in, BYTES_LIT(ACTION_PULL));
	(void)role_is_scope(in);
	arena_free(&a);
	free(out);
	return 0;
}
