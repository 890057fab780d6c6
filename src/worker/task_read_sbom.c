#include "worker/tasks.h"

#include "inventory/bill.h"
#include "sbom/sbom.h"

/* A bill of materials: one record, what it says. */

int task_read_sbom(struct session *s, int out_fd, struct err *e)
{
	struct buf text, out;
	(void)out_fd;
	buf_init(&text, BILL_MAX);
	buf_init(&out, LIMIT_INVENTORY_MAX);
	int r = session_read_input(s, "a bill of materials", &text, e);
	if (r == 0)
		r = sbom_read(buf_bytes(&text), &out, e);
	if (r == 0)
		r = session_record(s, TASK_BILL, buf_bytes(&out), e);
	buf_free(&text);
	buf_free(&out);
	return r;
}
