/* algorithm ":" encoded. algorithm: components of [a-z0-9]+ parted by one of "+._-"; encoded:
 * [a-zA-Z0-9=_-]+. Registered: sha256 with 64, sha512 with 128 lower-case hexadecimal digits.
 * Manifests may have others, but we can neither store nor check them. */
/* SHA-2 is libcrypto's, called straight: by EVP the first digest of a process reads libcrypto's
 * configuration and fills its tables, 2 ms that a scan of a known image does not have. */
#define OPENSSL_API_COMPAT 0x10100000L /* these calls, older than EVP */
#include "oci/digest.h"
#include "base/num.h"
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct digest_run {
	enum digest_algo algo;
	union {
		SHA256_CTX sha256;
		SHA512_CTX sha512;
	} state;
};

static const struct {
	enum digest_algo algo;
	const char *name;
	uint8_t len;
} algos[] = {
    {DIGEST_SHA256, "sha256", 32},
    {DIGEST_SHA512, "sha512", 64},
};
#define ALGO_COUNT (sizeof(algos) / sizeof(algos[0]))

static bool is_component_byte(uint8_t c)
{
	return byte_is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_algorithm(struct bytes name)
{
	bool inside = false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];
		if (is_component_byte(c))
			inside = true;
		else if (inside && (c == '+' || c == '.' || c == '_' || c == '-'))
			inside = false;
		else
			return false;
	}
	return inside;
}

static bool is_encoded(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		if (!byte_is_alnum(c) && c != '=' && c != '_' && c != '-')
			return false;
	}
	return text.len > 0;
}

static bool is_lower_hex(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!byte_is_digit(text.ptr[i]) && (text.ptr[i] < 'a' || text.ptr[i] > 'f'))
			return false;
	return true;
}

int digest_parse(struct bytes text, struct digest *ret, struct err *e)
{
	size_t colon = bytes_find(text, ':');
	struct bytes name = bytes_part(text, 0, colon), hex = bytes_from(text, colon + 1);
	if (!is_algorithm(name) || !is_encoded(hex))
		return err_set(
		    e, ERR_FORMAT,
		    "digest \"%.*s\" is not algorithm:encoded (image-spec descriptor.md, Digests)",
		    BYTES_ARG(bytes_part(text, 0, DIGEST_TEXT_CAP)));
	for (size_t i = 0; i < ALGO_COUNT; i++) {
		if (!bytes_eq_lit(name, algos[i].name))
			continue;
		struct digest d = {.algo = algos[i].algo, .len = algos[i].len};
		if (hex.len != 2 * (size_t)d.len || !is_lower_hex(hex) ||
		    !num_hex_decode(hex, d.hash, d.len))
			return err_set(e, ERR_FORMAT,
				       "digest: %s needs %d lower-case hexadecimal digits "
				       "(image-spec descriptor.md)",
				       algos[i].name, 2 * d.len);
		*ret = d;
		return 0;
	}
	return err_set(e, ERR_UNSUPPORTED, "digest algorithm \"%.*s\" is not sha256 or sha512",
		       BYTES_ARG(bytes_part(name, 0, 64)));
}

void digest_text(const struct digest *d, char out[DIGEST_TEXT_CAP])
{
	out[0] = '\0';
	for (size_t i = 0; i < ALGO_COUNT; i++) {
		if (algos[i].algo != d->algo)
			continue;
		size_t n = strlen(algos[i].name);
		memcpy(out, algos[i].name, n);
		out[n] = ':';
		num_hex_encode((struct bytes){.ptr = d->hash, .len = algos[i].len}, out + n + 1);
	}
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return a->algo == b->algo && a->len == b->len && memcmp(a->hash, b->hash, a->len) == 0;
}

static uint8_t len_of(enum digest_algo algo)
{
	return algo == DIGEST_SHA256 ? 32 : algo == DIGEST_SHA512 ? 64 : 0;
}

/* false: no such algorithm. The library's calls on these states cannot fail. */
static bool run_begin(struct digest_run *r, enum digest_algo algo)
{
	*r = (struct digest_run){.algo = algo};
	if (algo == DIGEST_SHA256)
		(void)SHA256_Init(&r->state.sha256);
	else if (algo == DIGEST_SHA512)
		(void)SHA512_Init(&r->state.sha512);
	return len_of(algo) > 0;
}

void digest_of(enum digest_algo algo, struct bytes content, struct digest *ret)
{
	struct digest_run r;
	*ret = (struct digest){.algo = DIGEST_NONE};
	if (!run_begin(&r, algo))
		return;
	digest_run_add(&r, content);
	digest_run_get(&r, ret);
}

struct digest_run *digest_run_open(enum digest_algo algo, struct err *e)
{
	struct digest_run *r = calloc(1, sizeof(*r));
	if (!r) {
		err_set(e, ERR_NOMEM, "no memory for a running digest");
		return NULL;
	}
	if (!run_begin(r, algo)) {
		free(r);
		err_set(e, ERR_UNSUPPORTED, "digest algorithm is not sha256 or sha512");
		return NULL;
	}
	return r;
}

void digest_run_add(struct digest_run *r, struct bytes b)
{
	if (b.len == 0)
		return;
	if (r->algo == DIGEST_SHA256)
		(void)SHA256_Update(&r->state.sha256, b.ptr, b.len);
	else
		(void)SHA512_Update(&r->state.sha512, b.ptr, b.len);
}

void digest_run_get(const struct digest_run *r, struct digest *ret)
{
	struct digest_run end = *r;
	*ret = (struct digest){.algo = r->algo, .len = len_of(r->algo)};
	if (r->algo == DIGEST_SHA256)
		(void)SHA256_Final(ret->hash, &end.state.sha256);
	else
		(void)SHA512_Final(ret->hash, &end.state.sha512);
}

void digest_run_close(struct digest_run *r)
{
	free(r);
}
