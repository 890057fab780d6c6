/* attest: what is said about an artifact, as it is signed: a DSSE envelope (secure-systems-lab/dsse
 * protocol.md, envelope.md) and the in-toto statement within (in-toto/attestation spec v1). Nothing
 * here says whether a signature is good: attest/verify.h. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define ATTEST_SIGNATURES_MAX 16U /* of an envelope: real ones have one or two */
#define ATTEST_SUBJECTS_MAX 1024U /* of a statement: the platforms of an index are twenty */

struct attest_envelope {
	struct bytes payload_type, payload; /* the payload decoded */
	struct bytes signatures[ATTEST_SIGNATURES_MAX];
	size_t signature_count;
};
/* 1 = *ret, 0 = a JSON object that is no envelope. Of a key that is there twice the last counts.
 * Runs borrow from text or are in a. ERR_FORMAT, ERR_TRUNCATED, ERR_LIMIT, ERR_NOMEM. */
int attest_envelope_read(struct bytes text, struct arena *a, struct attest_envelope *ret,
			 struct err *e);
/* What is signed: DSSE's pre-authentication encoding of type and payload. */
struct buf;
void attest_put_signed(struct buf *out, const struct attest_envelope *x);

struct attest_statement {
	struct bytes predicate_type;
	struct bytes predicate; /* JSON or, of cosign's own types, text */
	struct bytes *subjects; /* "sha256:…" of each that has one */
	size_t subject_count;
};
/* 1 = *ret, 0 = a JSON object that is no statement; errors as above. */
int attest_statement_read(struct bytes text, struct arena *a, struct attest_statement *ret,
			  struct err *e);
