/* A whole conversation as a worker might make it: u8 kind, then messages, each with a u16 length in
 * front. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "jail/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sink;

static void touch(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		sink += b.ptr[i];
}

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	(void)e;
	(void)type;
	touch(body);
	if (body.len == 0)
		abort(); /* an empty record is never delivered */
	*(size_t *)arg += 1;
	return 0;
}

static int on_note(void *arg, struct bytes where, struct bytes text, struct err *e)
{
	(void)arg;
	(void)e;
	touch(where);
	touch(text);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits lim = LIMITS_DEFAULT;
	struct cursor c = cur_of((struct bytes){.ptr = data, .len = size});
	enum task_kind kind = (enum task_kind)(cur_u8(&c) % TASK_KIND_COUNT);
	size_t records = 0;
	struct pool_reader reader = {.arg = &records, .record = on_record, .note = on_note};
	struct reply r;
	struct err e = ERR_INIT;
	int rc = 0;
	lim.layer_members_max = 20;
	reply_init(&r, kind, &lim, &reader);
	while (rc == 0 && cur_left(&c) > 0) {
		size_t n = cur_le16(&c);
		rc = reply_take(&r, cur_take(&c, n > cur_left(&c) ? cur_left(&c) : n), &e);
	}
	if (rc == 1 && records != r.record_count)
		abort();
	if (rc < 0 && e.code != (enum err_code) - rc)
		abort();
	reply_free(&r);
	return 0;
}
