#include "worker/tasks.h"

#include "inventory/layer.h"

/* A layer's blob, maybe still being uploaded: one record, its inventory. */

static struct stream *open_layer(void *arg, struct err *e)
{
	return session_open_input(arg, e);
}

int task_index_layer(struct session *s, int out_fd, struct err *e)
{
	struct buf out;
	buf_init(&out, LIMIT_INVENTORY_MAX);
	struct layer_source src = {
	    .reopen = open_layer, .arg = s, .scratch_fd = out_fd, .ahead = s->ahead};
	int r = layer_index(&src, &s->start.limits, &out, e);
	if (r == 0 && !buf_ok(&out))
		r = err_set(e, ERR_LIMIT, "inventory over %u bytes", LIMIT_INVENTORY_MAX);
	if (r == 0)
		r = session_record(s, TASK_INVENTORY, buf_bytes(&out), e);
	buf_free(&out);
	return r;
}
