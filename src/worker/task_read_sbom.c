#include "worker/tasks.h"

#include "inventory/bill.h"
#include "sbom/sbom.h"

/* A bill of materials: one record, what it says. */

#define STEP 262144U /* bytes */

static int read_all(struct session *s, struct buf *out, struct err *e)
{
	struct bytes part;
	int r;
	struct stream *in = session_open_input(s, e);
	if (!in)
		return -(int)e->code;
	while ((r = stream_peek(in, STEP, &part, e)) > 0) {
		buf_put(out, part);
		stream_consume(in, part.len);
		if (!buf_ok(out)) {
			r = err_set(e, ERR_LIMIT, "a bill of materials of more than %u MiB",
				    BILL_MAX >> 20);
			break;
		}
	}
	stream_close(in);
	return r;
}

int task_read_sbom(struct session *s, int out_fd, struct err *e)
{
	struct buf text, out;
	(void)out_fd;
	buf_init(&text, BILL_MAX);
	buf_init(&out, LIMIT_INVENTORY_MAX);
	int r = read_all(s, &text, e);
	if (r == 0)
		r = sbom_read(buf_bytes(&text), &out, e);
	if (r == 0)
		r = session_record(s, TASK_BILL, buf_bytes(&out), e);
	buf_free(&text);
	buf_free(&out);
	return r;
}
