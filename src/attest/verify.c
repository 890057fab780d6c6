#include "attest/verify.h"

#include "base/buf.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <string.h>

/* The digest that signatures of this key are made with; false: a key of another kind. */
static bool kind_of(const EVP_PKEY *key, const EVP_MD **ret)
{
	char group[64] = "";
	size_t n = 0;
	*ret = NULL;
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return true;
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
	    EVP_PKEY_get_group_name(key, group, sizeof group, &n) != 1 ||
	    strcmp(group, SN_X9_62_prime256v1) != 0)
		return false;
	*ret = EVP_sha256();
	return true;
}

static BIO *open_keys(struct bytes pem)
{
	return pem.len && pem.len <= ATTEST_KEYS_TEXT_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len)
							  : NULL;
}

int attest_keys_check(struct bytes pem, struct err *e)
{
	BIO *bio = open_keys(pem);
	int count = 0, r = 0;
	for (EVP_PKEY *key; r == 0 && bio && (key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL));) {
		const EVP_MD *md;
		if (!kind_of(key, &md))
			r = err_set(e, ERR_FORMAT,
				    "key %d is neither an Ed25519 nor an ECDSA P-256 public key",
				    count + 1);
		else if (++count > (int)ATTEST_KEYS_MAX)
			r = err_set(e, ERR_LIMIT, "more than %u keys", ATTEST_KEYS_MAX);
		EVP_PKEY_free(key);
	}
	BIO_free(bio);
	if (r == 0 && count == 0)
		r = err_set(e, ERR_FORMAT, "no public key in PEM");
	return r < 0 ? r : count;
}

static bool is_good(EVP_PKEY *key, struct bytes text, struct bytes signature)
{
	const EVP_MD *md;
	if (!kind_of(key, &md) || !signature.len)
		return false;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
		    EVP_DigestVerify(ctx, signature.ptr, signature.len, text.ptr, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

int attest_is_signed(const struct attest_envelope *x, struct bytes pem, struct err *e)
{
	struct buf text;
	bool good = false;
	BIO *bio = open_keys(pem);
	buf_init(&text, x->payload.len + x->payload_type.len + 64);
	attest_put_signed(&text, x);
	bool made = buf_ok(&text);
	for (EVP_PKEY *key;
	     made && bio && !good && (key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL));) {
		for (size_t i = 0; i < x->signature_count && !good; i++)
			good = is_good(key, buf_bytes(&text), x->signatures[i]);
		EVP_PKEY_free(key);
	}
	BIO_free(bio);
	buf_free(&text);
	return made ? good : err_nomem(e);
}
