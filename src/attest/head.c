#include "attest/head.h"

#include "attest/attest.h"
#include "base/cursor.h"

enum { IS_ENVELOPE = 1, IS_STATEMENT = 2, HAS_STATEMENTS = 4, HAS_BILL = 8, FLAGS = 15 };

void attest_head_put(struct buf *out, const struct attest_head *h)
{
	buf_put_u8(
	    out,
	    (uint8_t)((h->is_envelope ? IS_ENVELOPE : 0) | (h->is_statement ? IS_STATEMENT : 0) |
		      (h->has_statements ? HAS_STATEMENTS : 0) | (h->has_bill ? HAS_BILL : 0)));
	buf_put_varint(out, h->statement_count);
	buf_put_blob(out, h->predicate_type);
	buf_put_varint(out, h->subject_count);
	for (size_t i = 0; i < h->subject_count; i++)
		buf_put_blob(out, h->subjects[i]);
}

int attest_head_take(struct bytes in, struct arena *a, struct attest_head *ret, struct err *e)
{
	struct cursor c = cur_of(in);
	unsigned flags = cur_u8(&c);
	struct attest_head h = {.is_envelope = flags & IS_ENVELOPE,
				.is_statement = flags & IS_STATEMENT,
				.has_statements = flags & HAS_STATEMENTS,
				.has_bill = flags & HAS_BILL,
				.statement_count = cur_varint(&c),
				.predicate_type = cur_blob(&c)};
	uint64_t count = cur_varint(&c);
	if (count > ATTEST_SUBJECTS_MAX || count > cur_left(&c))
		return err_set(e, ERR_FORMAT, "attached: %llu subjects", (unsigned long long)count);
	h.subjects = arena_alloc(a, (size_t)count, sizeof *h.subjects);
	if (count && !h.subjects)
		return err_nomem(e);
	for (h.subject_count = 0; h.subject_count < count; h.subject_count++)
		h.subjects[h.subject_count] = cur_blob(&c);
	if (!cur_ok(&c) || cur_left(&c) || flags > FLAGS)
		return err_set(e, ERR_FORMAT, "attached: a head that is none");
	*ret = h;
	return 0;
}
