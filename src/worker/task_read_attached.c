#include "worker/tasks.h"

#include "attest/attest.h"
#include "exception/exception.h"
#include "inventory/bill.h"
#include "attest/head.h"
#include "sbom/sbom.h"

/* A document that is attached to an image: what it is, and what it says: statements (VEX), a bill
 * of materials, or both. Envelope and statement are taken off it first. */

#define MEMORY_MAX ((size_t)192 << 20) /* bytes: a worker has 256 MiB */
#define WRAPS_MAX 4		       /* statements in statements */

/* Down to what an envelope or a statement holds. */
static int unwrap(struct bytes text, struct arena *a, struct attest_head *ret, struct bytes *inner,
		  struct err *e)
{
	for (int i = 0; i < WRAPS_MAX; i++) {
		struct attest_envelope envelope;
		struct attest_statement statement;
		int r = attest_envelope_read(text, a, &envelope, e);
		if (r < 0)
			return r;
		if (r) {
			ret->is_envelope = true;
			text = envelope.payload;
		}
		int s = attest_statement_read(text, a, &statement, e);
		if (s < 0)
			return s;
		if (s) {
			ret->is_statement = true;
			ret->predicate_type = statement.predicate_type;
			ret->subjects = statement.subjects;
			ret->subject_count = statement.subject_count;
			text = statement.predicate;
		}
		if (!r && !s)
			break;
		/* A predicate may be a text that is no JSON: SPDX as tag and value. */
		if (!bytes_has_prefix_lit(bytes_trim(text), "{"))
			break;
	}
	*inner = text;
	return 0;
}

/* 1 = it is a document of VEX with statements. */
static int read_vex(struct session *s, struct bytes text, struct attest_head *head, struct err *e)
{
	struct exceptions x;
	struct buf out;
	struct err why = ERR_INIT;
	exceptions_init(&x);
	x.is_attached = true;
	buf_init(&out, LIMIT_ATTACHED_SAYS_MAX);
	int r = exceptions_add_vex(&x, text, BYTES_LIT("document"), &why);
	if (r < 0 && why.code != ERR_UNSUPPORTED)
		r = err_set(e, why.code, "%s", why.msg);
	else if (r == 0 && (x.count || x.note_count)) {
		head->statement_count = x.count;
		exceptions_put(&out, &x);
		r = buf_ok(&out) ? session_record(s, TASK_STATEMENTS, buf_bytes(&out), e)
				 : err_set(e, ERR_LIMIT, "statements of more than %u MiB",
					   LIMIT_ATTACHED_SAYS_MAX >> 20);
		r = r < 0 ? r : 1;
	} else {
		r = 0;
	}
	buf_free(&out);
	exceptions_free(&x);
	return r;
}

/* 1 = it is a bill of materials with packages. */
static int read_bill(struct session *s, struct bytes text, struct err *e)
{
	struct buf out;
	struct err why = ERR_INIT;
	buf_init(&out, LIMIT_INVENTORY_MAX);
	int r = sbom_read(text, &out, &why);
	if (r == 0)
		r = session_record(s, TASK_BILL, buf_bytes(&out), e) < 0 ? -(int)e->code : 1;
	else if (why.code == ERR_UNSUPPORTED)
		r = 0;
	else
		r = err_set(e, why.code, "%s", why.msg);
	buf_free(&out);
	return r;
}

static int send_head(struct session *s, const struct attest_head *head, struct err *e)
{
	struct buf out;
	buf_init(&out, LIMIT_FRAME_MAX);
	attest_head_put(&out, head);
	int r = buf_ok(&out) ? session_record(s, TASK_ATTACHED, buf_bytes(&out), e) : err_nomem(e);
	buf_free(&out);
	return r;
}

int task_read_attached(struct session *s, int out_fd, struct err *e)
{
	struct attest_head head = {.statement_count = 0};
	struct arena a;
	struct buf text;
	struct bytes inner = BYTES_NONE;
	(void)out_fd;
	arena_init(&a, MEMORY_MAX);
	buf_init(&text, LIMIT_ATTACHED_MAX);
	int r = session_read_input(s, "an attached document", &text, e);
	if (r == 0 && bytes_has_prefix_lit(bytes_trim(buf_bytes(&text)), "{"))
		r = unwrap(buf_bytes(&text), &a, &head, &inner, e);
	else
		inner = buf_bytes(&text);
	int vex = r == 0 && bytes_has_prefix_lit(bytes_trim(inner), "{")
		      ? read_vex(s, inner, &head, e)
		      : 0;
	int bill = r == 0 && vex >= 0 ? read_bill(s, inner, e) : 0;
	if (r == 0)
		r = vex < 0 ? vex : bill < 0 ? bill : 0;
	head.has_statements = vex > 0;
	head.has_bill = bill > 0;
	if (r == 0)
		r = send_head(s, &head, e);
	buf_free(&text);
	arena_free(&a);
	return r;
}
