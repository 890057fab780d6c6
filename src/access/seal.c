/* Other people's secrets, sealed under a key of their own that follows from the signing key. */
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
