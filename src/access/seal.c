/* What is made with keys of their own that follow from the signing key: sealed secrets of other
 * people, and codes over texts. */
#include "access/state.h"

static int key_of(const struct access *a, uint8_t key[SECRET_HASH_LEN], struct err *e)
{
	return secret_hmac((struct bytes){.ptr = a->sign_key, .len = sizeof a->sign_key},
			   BYTES_LIT("plimsoll: sealed secrets"), key, e);
}

int access_seal(const struct access *a, struct bytes bound, struct bytes text, struct buf *out,
		struct err *e)
{
	uint8_t key[SECRET_HASH_LEN];
	int r = key_of(a, key, e);
	if (r == 0)
		r = secret_seal(key, bound, text, out, e);
	secret_wipe(key, sizeof key);
	return r;
}

int access_unseal(const struct access *a, struct bytes bound, struct bytes sealed, struct buf *out,
		  struct err *e)
{
	uint8_t key[SECRET_HASH_LEN];
	int r = key_of(a, key, e);
	if (r == 0)
		r = secret_open(key, bound, sealed, out, e);
	secret_wipe(key, sizeof key);
	return r;
}

int access_mac(struct access *a, const char *purpose, struct bytes text,
	       uint8_t out[SECRET_HASH_LEN], struct err *e)
{
	struct buf b;
	buf_init(&b, 65536);
	buf_put_text(&b, purpose);
	buf_put_u8(&b, 0); /* in no token of ours */
	buf_put(&b, text);
	struct bytes key = {.ptr = a->sign_key, .len = sizeof a->sign_key};
	int rc =
	    buf_ok(&b) ? secret_hmac(key, buf_bytes(&b), out, e) : err_set(e, ERR_NOMEM, "mac");
	buf_free(&b);
	return rc;
}
