/* head (attest_head_): what a worker says of a document that is attached to an image, behind
 * what it read of it. Parsing it trusts nothing. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct attest_head {
	bool is_envelope, is_statement; /* DSSE, in-toto */
	bool has_statements, has_bill;	/* records were sent before this one */
	uint64_t statement_count;
	struct bytes predicate_type;
	struct bytes *subjects; /* of an in-toto statement: "sha256:…" */
	size_t subject_count;
};
void attest_head_put(struct buf *out, const struct attest_head *h);
/* Runs borrow from in and a. ERR_FORMAT, ERR_NOMEM. */
int attest_head_take(struct bytes in, struct arena *a, struct attest_head *ret, struct err *e);
