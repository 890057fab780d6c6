/* why: what `why` and `why-not` print, of an image read here and of one a server holds. */
#pragma once
#include "base/buf.h"
#include "cli/cli.h"
#include "pkg/package.h"

/* What was said of an id and every package: `why` and `why-not` show parts of the same. */
struct why_answer {
	struct buf reported, not_reported;
	size_t reported_count, not_reported_count;
};
void why_answer_init(struct why_answer *r);
void why_answer_free(struct why_answer *r);

struct why_layer {
	size_t number; /* 1: the first; 0: not known */
	struct bytes digest, created_by;
};
void why_put_package(struct buf *out, const struct pkg *p, const struct why_layer *l);
/* Each line of an explanation, indented. */
void why_put_lines(struct buf *out, struct bytes text);
/* `why` shows reported packages, or the others if none is reported; `why-not` shows both. */
void why_put_answer(struct buf *out, struct bytes id, bool why_not, const struct why_answer *r);
void why_put_reason(struct buf *out, struct bytes word, struct bytes text);

/* ERR_FORMAT: an option was given beside --server that only an answer from here uses. */
int why_remote_refuses(const struct cli_args *args, struct err *e);
/* Ask the server of --server about the operands, an id and an image, and write its answer. */
int why_remote(const struct cli_args *args, bool why_not, struct err *e);
