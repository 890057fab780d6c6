/* A token: base64url(header) "." base64url(claims) "." base64url(signature over all before this
 * dot). Header: {"alg":"RS256","kid":"k1"}. Claims: a JSON object.
 * Keys: {"keys":[{"kty":"RSA","kid":"k1","use":"sig","alg":"RS256","n":"…","e":"AQAB"},
 *                {"kty":"EC","crv":"P-256","kid":"k2","x":"…","y":"…"}]}, numbers in base64url. */
#include "access/id_token.h"

#include "access/secret.h"
#include "base/base64.h"
#include "base/json.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#define RSA_BYTES_MIN 256U
#define RSA_BYTES_MAX 1024U
#define EXPONENT_MAX 8U /* bytes; 65,537 everywhere */
#define EC_BYTES 32U

enum kind { KIND_NONE, KIND_RS256, KIND_ES256 };

struct key {
	struct bytes type, id, use, alg, curve;
	struct bytes n, e, x, y; /* as sent */
};
struct keys {
	struct key *items;
	size_t count;
};

static void key_read(struct json *j, struct key *k)
{
	const struct bytes_slot slots[] = {
	    {"kty", &k->type}, {"kid", &k->id},	   {"use", &k->use},
	    {"alg", &k->alg},  {"crv", &k->curve}, {"n", &k->n},
	    {"e", &k->e},      {"x", &k->x},	   {"y", &k->y},
	};
	*k = (struct key){.type = BYTES_NONE};
	json_slots_lenient(j, BYTES_SLOTS(slots));
}

static int keys_read(struct bytes text, struct arena *a, struct keys *ret, struct err *e)
{
	struct json j;
	if (text.len > ID_TOKEN_KEYS_TEXT)
		return err_set(e, ERR_LIMIT, "JWKS of %zu bytes", text.len);
	ret->count = 0;
	ret->items = arena_alloc(a, ID_TOKEN_KEYS_MAX, sizeof *ret->items);
	if (!ret->items)
		return err_set(e, ERR_NOMEM, "keys");
	json_init(&j, text, a);
	if (!json_enter_object(&j))
		return json_finish(&j, e);
	for (struct bytes name; json_next_key(&j, &name);) {
		if (!bytes_eq_lit(name, "keys") || ret->count) {
			json_skip(&j);
			continue;
		}
		if (!json_enter_array(&j))
			break;
		while (json_next_item(&j)) {
			if (ret->count == ID_TOKEN_KEYS_MAX) {
				json_fail(&j, "more keys than a provider has");
				break;
			}
			key_read(&j, &ret->items[ret->count++]);
		}
	}
	return json_finish(&j, e);
}

/* The bytes of a base64url text of at most max bytes; empty: it is not one. */
static struct bytes decoded(struct bytes text, size_t max, struct arena *a)
{
	struct bytes out = {.ptr = NULL};
	if (text.len == 0 || text.len > (max + 2) / 3 * 4)
		return BYTES_NONE;
	uint8_t *raw = arena_alloc(a, text.len / 4 * 3 + 3, 1);
	if (!raw || !base64_decode(BASE64_URL, text, raw, &out.len))
		return BYTES_NONE;
	out.ptr = raw;
	return out.len <= max ? out : BYTES_NONE;
}

/* Parameters into a public key of OpenSSL's; NULL: they make none. */
static EVP_PKEY *key_make(const char *type, OSSL_PARAM_BLD *b)
{
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *rsa_key(const struct key *k, struct arena *a)
{
	struct bytes n = decoded(k->n, RSA_BYTES_MAX, a), x = decoded(k->e, EXPONENT_MAX, a);
	EVP_PKEY *key = NULL;
	if (n.len < RSA_BYTES_MIN || n.ptr[0] == 0 || !x.len || !(x.ptr[x.len - 1] & 1) ||
	    (x.len == 1 && x.ptr[0] < 3))
		return NULL;
	BIGNUM *bn = BN_bin2bn(n.ptr, (int)n.len, NULL), *be = BN_bin2bn(x.ptr, (int)x.len, NULL);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	if (bn && be && b && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, be) == 1)
		key = key_make("RSA", b);
	OSSL_PARAM_BLD_free(b);
	BN_free(bn);
	BN_free(be);
	return key;
}

static EVP_PKEY *ec_key(const struct key *k, struct arena *a)
{
	uint8_t point[1 + 2 * EC_BYTES] = {0x04}; /* uncompressed: SEC 1 §2.3.3 */
	struct bytes x = decoded(k->x, EC_BYTES, a), y = decoded(k->y, EC_BYTES, a);
	EVP_PKEY *key = NULL;
	if (!bytes_eq_lit(k->curve, "P-256") || x.len != EC_BYTES || y.len != EC_BYTES)
		return NULL;
	memcpy(point + 1, x.ptr, EC_BYTES);
	memcpy(point + 1 + EC_BYTES, y.ptr, EC_BYTES);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	if (b &&
	    OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1)
		key = key_make("EC", b);
	OSSL_PARAM_BLD_free(b);
	return key;
}

/* The signature of ES256 is two numbers of 32 bytes; OpenSSL reads them in DER. *ret: freed with
 * OPENSSL_free. */
static int der_of(struct bytes sig, uint8_t **ret)
{
	ECDSA_SIG *s = sig.len == 2 * EC_BYTES ? ECDSA_SIG_new() : NULL;
	BIGNUM *r = s ? BN_bin2bn(sig.ptr, EC_BYTES, NULL) : NULL;
	BIGNUM *t = s ? BN_bin2bn(sig.ptr + EC_BYTES, EC_BYTES, NULL) : NULL;
	int len = 0;
	*ret = NULL;
	if (r && t && ECDSA_SIG_set0(s, r, t) == 1) { /* they are s's now */
		len = i2d_ECDSA_SIG(s, ret);
	} else {
		BN_free(r);
		BN_free(t);
	}
	ECDSA_SIG_free(s);
	return len;
}

static bool is_signed(EVP_PKEY *key, enum kind kind, struct bytes text, struct bytes sig)
{
	uint8_t *der = NULL;
	size_t len = sig.len;
	if (kind == KIND_ES256) {
		int n = der_of(sig, &der);
		len = n > 0 ? (size_t)n : 0;
	}
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && len && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestVerify(ctx, der ? der : sig.ptr, len, text.ptr, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
	return ok;
}

/* The key may have signed a token of this kind. */
static bool fits(const struct key *k, enum kind kind)
{
	bool rsa = kind == KIND_RS256;
	return bytes_eq_lit(k->type, rsa ? "RSA" : "EC") &&
	       (k->use.len == 0 || bytes_eq_lit(k->use, "sig")) &&
	       (k->alg.len == 0 || bytes_eq_lit(k->alg, rsa ? "RS256" : "ES256"));
}

struct header {
	enum kind kind;
	struct bytes id;
};

static int header_read(struct bytes encoded, struct arena *a, struct header *ret, struct err *e)
{
	struct json j;
	struct bytes text = decoded(encoded, ID_TOKEN_MAX, a);
	bool critical = false;
	*ret = (struct header){.kind = KIND_NONE};
	if (!text.len)
		return err_set(e, ERR_FORMAT, "ID token: its header is not base64url");
	json_init(&j, text, a);
	if (json_enter_object(&j)) {
		for (struct bytes name; json_next_key(&j, &name);) {
			if (bytes_eq_lit(name, "alg")) {
				struct bytes alg = json_string(&j);
				ret->kind = bytes_eq_lit(alg, "RS256")	 ? KIND_RS256
					    : bytes_eq_lit(alg, "ES256") ? KIND_ES256
									 : KIND_NONE;
			} else if (bytes_eq_lit(name, "kid")) {
				ret->id = json_string(&j);
			} else {
				critical = critical || bytes_eq_lit(name, "crit");
				json_skip(&j);
			}
		}
	}
	if (json_finish(&j, e) < 0)
		return err_ctx(e, "ID token's header");
	if (critical)
		return err_set(e, ERR_DENIED, "ID token: its header has extensions (\"crit\")");
	return ret->kind ? 0
			 : err_set(e, ERR_DENIED, "ID token: signed neither by RS256 nor ES256");
}

/* One of the keys made the signature. */
static int signature_check(const struct header *h, struct bytes text, struct bytes sig,
			   const struct keys *keys, struct arena *a, struct err *e)
{
	bool tried = false, ok = false;
	for (size_t i = 0; !ok && i < keys->count; i++) {
		const struct key *k = &keys->items[i];
		if (!fits(k, h->kind) || (h->id.len && !bytes_eq(h->id, k->id)))
			continue;
		EVP_PKEY *key = h->kind == KIND_RS256 ? rsa_key(k, a) : ec_key(k, a);
		tried = tried || key;
		ok = key && is_signed(key, h->kind, text, sig);
		EVP_PKEY_free(key);
	}
	if (ok)
		return 0;
	/* Without a kid another key may be meant that is not there yet. */
	return tried && h->id.len
		   ? err_set(e, ERR_DENIED, "ID token: its signature is wrong")
		   : err_set(e, ERR_NOT_FOUND, "ID token: signed by none of the provider's keys");
}

struct claims {
	struct bytes issuer, nonce, authorised; /* authorised: "azp" */
	bool for_us, for_others;		/* "aud" */
	bool has_expiry, has_issued;
	double expires, issued, not_before; /* seconds; NumericDate may have a fraction */
	struct id_token *out;
};

static void audience_read(struct json *j, struct bytes client_id, struct claims *c)
{
	if (json_peek(j) == JSON_STRING) {
		bool us = bytes_eq(json_string(j), client_id);
		c->for_us = us;
		c->for_others = !us;
		return;
	}
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		bool us = bytes_eq(json_string(j), client_id);
		c->for_us = c->for_us || us;
		c->for_others = c->for_others || !us;
	}
}

static void groups_read(struct json *j, struct arena *a, struct id_token *out)
{
	size_t cap = 0;
	out->groups = NULL;
	out->group_count = 0;
	out->groups_cut = false;
	bool one = json_peek(j) == JSON_STRING;
	if (!one && json_peek(j) != JSON_ARRAY) {
		json_skip(j);
		return;
	}
	if (!one && !json_enter_array(j))
		return;
	while (one ? out->group_count == 0 : json_next_item(j)) {
		if (json_peek(j) != JSON_STRING) {
			json_skip(j); /* an object of some provider's */
			continue;
		}
		if (out->group_count == ID_TOKEN_GROUPS_MAX) {
			out->groups_cut = true;
			json_skip(j);
			continue;
		}
		out->groups =
		    arena_grow(a, out->groups, out->group_count, &cap, sizeof *out->groups);
		if (!out->groups) {
			json_fail_memory(j);
			return;
		}
		out->groups[out->group_count++] = json_string(j);
		if (!json_ok(j))
			return;
	}
}

static void claim_read(struct json *j, struct bytes name, const struct id_token_checks *checks,
		       struct claims *c)
{
	if (bytes_eq_lit(name, "iss"))
		c->issuer = json_string(j);
	else if (bytes_eq_lit(name, "sub"))
		c->out->subject = json_string(j);
	else if (bytes_eq_lit(name, "nonce"))
		c->nonce = json_string(j);
	else if (bytes_eq_lit(name, "azp"))
		c->authorised = json_string(j);
	else if (bytes_eq_lit(name, "aud"))
		audience_read(j, checks->client_id, c);
	else if (bytes_eq_lit(name, "exp")) {
		c->expires = json_double(j);
		c->has_expiry = true;
	} else if (bytes_eq_lit(name, "iat")) {
		c->issued = json_double(j);
		c->has_issued = true;
	} else if (bytes_eq_lit(name, "nbf"))
		c->not_before = json_double(j);
	else if (bytes_eq(name, checks->groups_claim))
		groups_read(j, j->arena, c->out);
	else if (bytes_eq(name, checks->name_claim) && json_peek(j) == JSON_STRING)
		c->out->name = json_string(j);
	else
		json_skip(j);
}

static int claims_check(const struct claims *c, const struct id_token_checks *k, struct err *e)
{
	double now = (double)k->now_sec;
	const char *why = NULL;
	if (!bytes_eq(c->issuer, k->issuer))
		why = "iss: another provider's";
	else if (!c->for_us)
		why = "aud: for another client";
	else if (c->for_others && !c->authorised.len)
		why = "aud: for several clients, without azp";
	else if (c->authorised.len && !bytes_eq(c->authorised, k->client_id))
		why = "azp: for another client";
	else if (!secret_eq(c->nonce, k->nonce))
		why = "nonce: of another sign-in";
	else if (c->out->subject.len == 0 || c->out->subject.len > ID_TOKEN_SUBJECT_MAX)
		why = "sub: empty or too long";
	else if (!c->has_expiry || !c->has_issued)
		why = "exp or iat: absent";
	else if (c->issued > now + ID_TOKEN_SKEW_SEC || c->not_before > now + ID_TOKEN_SKEW_SEC)
		why = "iat or nbf: in the future";
	if (why)
		return err_set(e, ERR_DENIED, "ID token: %s", why);
	/* Also of what is no number to compare. */
	if (!(c->expires > now - ID_TOKEN_SKEW_SEC))
		return err_set(e, ERR_TIMEOUT, "ID token: it expired");
	return 0;
}

static int claims_read(struct bytes encoded, const struct id_token_checks *checks, struct arena *a,
		       struct id_token *ret, struct err *e)
{
	struct json j;
	struct claims c = {.out = ret};
	struct bytes text = decoded(encoded, ID_TOKEN_MAX, a);
	if (!text.len)
		return err_set(e, ERR_FORMAT, "ID token: its claims are not base64url");
	json_init(&j, text, a);
	if (json_enter_object(&j))
		for (struct bytes name; json_next_key(&j, &name);)
			claim_read(&j, name, checks, &c);
	if (bytes_eq_lit(checks->name_claim, "sub")) /* it was read as the subject */
		ret->name = ret->subject;
	if (json_finish(&j, e) < 0)
		return err_ctx(e, "ID token's claims");
	return claims_check(&c, checks, e);
}

int id_token_read(struct bytes token, struct bytes keys, const struct id_token_checks *checks,
		  struct arena *a, struct id_token *ret, struct err *e)
{
	struct header h;
	struct keys all = {.count = 0};
	struct id_token made = {.subject = BYTES_NONE};
	if (token.len > ID_TOKEN_MAX)
		return err_set(e, ERR_LIMIT, "ID token of %zu bytes", token.len);
	size_t first = bytes_find(token, '.'), last = bytes_find_last(token, '.');
	if (first >= token.len || first == last)
		return err_set(e, ERR_FORMAT, "ID token: three parts are needed");
	struct bytes sig = decoded(bytes_from(token, last + 1), RSA_BYTES_MAX, a);
	if (!sig.len)
		return err_set(e, ERR_FORMAT, "ID token: its signature is not base64url");
	if (keys_read(keys, a, &all, e) < 0)
		return err_ctx(e, "the provider's keys");
	int rc = header_read(bytes_part(token, 0, first), a, &h, e);
	if (rc == 0)
		rc = signature_check(&h, bytes_part(token, 0, last), sig, &all, a, e);
	if (rc == 0)
		rc = claims_read(bytes_part(token, first + 1, last - first - 1), checks, a, &made,
				 e);
	if (rc == 0)
		*ret = made;
	return rc;
}
