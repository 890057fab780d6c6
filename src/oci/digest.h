/* digest: "sha256:…" and "sha512:…". Spec: OCI image-spec descriptor.md "Digests". */
#pragma once
#include "base/bytes.h"
#include "base/err.h"

#define DIGEST_TEXT_CAP 136 /* "sha512:" + 128 + NUL */
enum digest_algo { DIGEST_NONE, DIGEST_SHA256, DIGEST_SHA512 };

struct digest {
	enum digest_algo algo;
	uint8_t len; /* bytes of hash: 32 or 64 */
	uint8_t hash[64];
};

/* ERR_FORMAT for anything but algorithm:lower-case-hex of the right length; ERR_UNSUPPORTED for
 * another well-formed algorithm. */
int digest_parse(struct bytes text, struct digest *ret, struct err *e);
void digest_text(const struct digest *d, char out[DIGEST_TEXT_CAP]);
bool digest_eq(const struct digest *a, const struct digest *b);
/* For any other algo, ret->algo becomes DIGEST_NONE, which equals no digest. */
void digest_of(enum digest_algo algo, struct bytes content, struct digest *ret);

/* Running hash (libcrypto's, SHA-NI where there is). */
struct digest_run;
struct digest_run *digest_run_open(enum digest_algo algo, struct err *e);
void digest_run_add(struct digest_run *r, struct bytes b);
void digest_run_get(const struct digest_run *r,
		    struct digest *ret); /* of what was added so far; more may be added after */
void digest_run_close(struct digest_run *r);
