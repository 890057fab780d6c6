/* The text, each line once and in this order:
 *
 *   plimsoll vulnerability database signature 1
 *   name: plimsoll
 *   created: 2026-11-29T06:00:00.000Z
 *   generation: 64 hexadecimal digits
 *   file: 64 hexadecimal digits
 *   length: 123456
 *   key: SHA-256 of the public key's 32 bytes, which only helps to find it
 *   signature: base64 of 64 bytes
 *
 * Signed are the bytes of all lines before the last. The first line keeps a signature from being
 * one of anything else. */
#include "vdb/sign.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/io.h"
#include "base/num.h"
#include "oci/digest.h"
#include "vdb/reader.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define FIRST_LINE "plimsoll vulnerability database signature 1"
#define KEY_LEN 32U
#define SIGNATURE_LEN 64U

/* A name that has no letter the lines are made of. */
bool vdb_is_name(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];
		if (!byte_is_alnum(c) && c != '.' && c != '_' && c != '-')
			return false;
	}
	return name.len > 0 && name.len <= VDB_NAME_MAX;
}

static int take_pem(BIO *bio, struct buf *out, struct err *e)
{
	char *text = NULL;
	long n = BIO_get_mem_data(bio, &text);
	if (n > 0)
		buf_put(out, (struct bytes){.ptr = (const uint8_t *)text, .len = (size_t)n});
	return n > 0 && buf_ok(out) ? 0 : err_nomem(e);
}

int vdb_key_make(struct buf *ret_private, struct buf *ret_public, struct err *e)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *secret = BIO_new(BIO_s_mem()), *open = BIO_new(BIO_s_mem());
	int r = err_set(e, ERR_INTERNAL, "a key could not be made");
	if (key && secret && open &&
	    PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	    PEM_write_bio_PUBKEY(open, key) == 1) {
		r = take_pem(secret, ret_private, e);
		if (r == 0)
			r = take_pem(open, ret_public, e);
	}
	EVP_PKEY_free(key);
	BIO_free(secret);
	BIO_free(open);
	return r;
}

void vdb_statement_of(const struct vdb *v, struct vdb_statement *ret)
{
	struct digest d;
	digest_of(DIGEST_SHA256, v->all, &d);
	num_hex_encode((struct bytes){.ptr = d.hash, .len = VDB_HASH_LEN}, ret->file);
	memcpy(ret->generation, vdb_digest(v), sizeof ret->generation);
	ret->file_len = v->all.len;
}

/* Nothing is asked of a terminal. */
static int no_passphrase(char *out, int len, int writes, void *arg)
{
	(void)out;
	(void)len;
	(void)writes;
	(void)arg;
	return 0;
}

static EVP_PKEY *read_private(struct bytes pem, struct err *e)
{
	BIO *bio =
	    pem.len && pem.len <= VDB_KEYS_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	BIO_free(bio);
	if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return key;
	EVP_PKEY_free(key);
	(void)err_set(e, ERR_FORMAT,
		      "not an Ed25519 private key in PEM without a passphrase (plimsoll vdb keygen "
		      "makes one)");
	return NULL;
}

static bool key_id(EVP_PKEY *key, char out[2 * VDB_HASH_LEN + 1])
{
	uint8_t raw[KEY_LEN];
	size_t n = sizeof raw;
	struct digest d;
	if (EVP_PKEY_get_raw_public_key(key, raw, &n) != 1 || n != sizeof raw)
		return false;
	digest_of(DIGEST_SHA256, (struct bytes){.ptr = raw, .len = n}, &d);
	num_hex_encode((struct bytes){.ptr = d.hash, .len = VDB_HASH_LEN}, out);
	return true;
}

static bool sign_text(EVP_PKEY *key, struct bytes text, uint8_t out[SIGNATURE_LEN])
{
	size_t n = SIGNATURE_LEN;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		  EVP_DigestSign(ctx, out, &n, text.ptr, text.len) == 1 && n == SIGNATURE_LEN;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static bool check_text(EVP_PKEY *key, struct bytes text, const uint8_t signature[SIGNATURE_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		  EVP_DigestVerify(ctx, signature, SIGNATURE_LEN, text.ptr, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

int vdb_sign(struct bytes private_key, const struct vdb_statement *s, struct buf *out,
	     struct err *e)
{
	char when[CLOCK_RFC3339_CAP], id[2 * VDB_HASH_LEN + 1];
	uint8_t signature[SIGNATURE_LEN];
	if (!vdb_is_name(bytes_of(s->name)))
		return err_set(e, ERR_FORMAT,
			       "\"%s\" is not a name of up to %d letters, digits, '.', '_' and '-'",
			       s->name, VDB_NAME_MAX);
	EVP_PKEY *key = read_private(private_key, e);
	if (!key)
		return -(int)e->code;
	clock_rfc3339(s->created_ms, when);
	bool ok = key_id(key, id);
	size_t start = out->len;
	buf_printf(out,
		   FIRST_LINE "\nname: %s\ncreated: %s\ngeneration: %s\nfile: %s\nlength: %llu\n"
			      "key: %s\n",
		   s->name, when, s->generation, s->file, (unsigned long long)s->file_len,
		   ok ? id : "");
	ok = ok && buf_ok(out) && sign_text(key, bytes_from(buf_bytes(out), start), signature);
	EVP_PKEY_free(key);
	buf_put_text(out, "signature: ");
	if (ok)
		base64_put(BASE64_STANDARD,
			   (struct bytes){.ptr = signature, .len = sizeof signature}, out);
	buf_put_text(out, "\n");
	return ok && buf_ok(out) ? 0 : err_set(e, ERR_INTERNAL, "the database could not be signed");
}

static int bad(struct err *e, const char *what)
{
	return err_set(e, ERR_FORMAT, "not a signature of a vulnerability database: %s", what);
}

/* "name: value\n". */
static struct bytes take_line(struct cursor *c, const char *name)
{
	struct bytes line = cur_until(c, '\n'), want = bytes_of(name);
	if (!bytes_has_prefix(line, want)) {
		cur_fail(c);
		return BYTES_NONE;
	}
	return bytes_from(line, want.len);
}

static void take_hex(struct cursor *c, const char *name, char out[65])
{
	struct bytes text = take_line(c, name);
	uint8_t raw[VDB_HASH_LEN];
	if (text.len != 2 * sizeof raw || !num_hex_decode(text, raw, sizeof raw)) {
		cur_fail(c);
		return;
	}
	num_hex_encode((struct bytes){.ptr = raw, .len = sizeof raw}, out);
}

struct parsed {
	struct vdb_statement s;
	struct bytes signed_text;
	uint8_t signature[SIGNATURE_LEN + 3]; /* what the decoder may write */
	char key[65];
};

static int parse(struct bytes text, struct parsed *ret, struct err *e)
{
	struct parsed p = {.s = {.file_len = 0}};
	struct cursor c = cur_of(text);
	size_t n = 0;
	if (text.len > VDB_SIGNATURE_MAX)
		return bad(e, "too long");
	if (!bytes_eq_lit(cur_until(&c, '\n'), FIRST_LINE))
		return bad(e, "it does not begin like one");
	struct bytes name = take_line(&c, "name: "), when = take_line(&c, "created: ");
	take_hex(&c, "generation: ", p.s.generation);
	take_hex(&c, "file: ", p.s.file);
	struct bytes length = take_line(&c, "length: ");
	take_hex(&c, "key: ", p.key);
	p.signed_text = bytes_part(text, 0, c.off);
	struct bytes base64 = take_line(&c, "signature: ");
	if (!cur_ok(&c) || cur_left(&c) != 0)
		return bad(e, "its lines");
	if (!vdb_is_name(name))
		return bad(e, "its name");
	if (!clock_parse_rfc3339(when, &p.s.created_ms) || p.s.created_ms <= 0)
		return bad(e, "its time");
	if (!num_u64(length, UINT64_MAX, &p.s.file_len))
		return bad(e, "its length");
	if (base64.len != (SIGNATURE_LEN + 2) / 3 * 4 ||
	    !base64_decode(BASE64_STANDARD, base64, p.signature, &n) || n != SIGNATURE_LEN)
		return bad(e, "its last line");
	if (name.len) /* it was checked */
		memcpy(p.s.name, name.ptr, name.len);
	*ret = p;
	return 0;
}

int vdb_statement_read(struct bytes text, struct vdb_statement *ret, struct err *e)
{
	struct parsed p;
	int r = parse(text, &p, e);
	if (r == 0)
		*ret = p.s;
	return r;
}

int vdb_signature_check(struct bytes keys, struct bytes text, struct vdb_statement *ret,
			struct err *e)
{
	struct parsed p;
	size_t known = 0;
	bool fits = false;
	if (parse(text, &p, e) < 0)
		return -(int)e->code;
	BIO *bio =
	    keys.len && keys.len <= VDB_KEYS_MAX ? BIO_new_mem_buf(keys.ptr, (int)keys.len) : NULL;
	for (EVP_PKEY *key; bio && !fits && (key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL));) {
		if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
			known++;
			fits = check_text(key, p.signed_text, p.signature);
		}
		EVP_PKEY_free(key);
	}
	BIO_free(bio);
	if (known == 0)
		return err_set(e, ERR_FORMAT,
			       "no Ed25519 public key in PEM is in the file of keys");
	if (!fits)
		return err_set(e, ERR_DENIED,
			       "the signature of the database is not of a key that is trusted "
			       "(it names key %.16s…)",
			       p.key);
	*ret = p.s;
	return 0;
}

int vdb_statement_fits(const struct vdb_statement *s, const struct vdb *v, const char *name,
		       struct err *e)
{
	struct vdb_statement is = {.created_ms = 0};
	vdb_statement_of(v, &is);
	if (name && strcmp(s->name, name) != 0)
		return err_set(e, ERR_DENIED,
			       "the signature is of a database named \"%s\", not of \"%s\"",
			       s->name, name);
	if (s->file_len != is.file_len || strcmp(s->file, is.file) != 0 ||
	    strcmp(s->generation, is.generation) != 0)
		return err_set(e, ERR_DENIED,
			       "the signature is of another file (generation %.12s, this is %.12s)",
			       s->generation, is.generation);
	return 0;
}

int vdb_signature_beside(const char *path, struct buf *out, struct err *e)
{
	char name[4200];
	int n = snprintf(name, sizeof name, "%s" VDB_SIGNATURE_ENDING, path);
	if (n < 0 || (size_t)n >= sizeof name)
		return err_set(e, ERR_NOT_FOUND, "%.100s…: the path is too long", path);
	return io_read_file(name, out, e);
}

int vdb_check_signed(const struct vdb *v, const char *path, struct bytes keys, const char *name,
		     struct vdb_statement *ret, struct err *e)
{
	struct buf text;
	buf_init(&text, VDB_SIGNATURE_MAX);
	int r = vdb_signature_beside(path, &text, e);
	if (r == -ERR_NOT_FOUND)
		r = err_set(e, ERR_DENIED,
			    "not signed: a key for databases is configured, and there is no "
			    "signature (%s%s)",
			    path, VDB_SIGNATURE_ENDING);
	if (r == 0)
		r = vdb_signature_check(keys, buf_bytes(&text), ret, e);
	if (r == 0)
		r = vdb_statement_fits(ret, v, name, e);
	buf_free(&text);
	return r < 0 ? err_ctx(e, "%s", path) : 0;
}
