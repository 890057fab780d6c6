/* What a worker takes from its socket. */
#include <stdint.h>
#include <stdlib.h>

#include "jail/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned touch(struct bytes b)
{
	unsigned sum = 0;
	for (size_t i = 0; i < b.len; i++)
		sum += b.ptr[i];
	return sum;
}

static volatile unsigned sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cur_of((struct bytes){.ptr = data, .len = size});
	struct err e = ERR_INIT;
	uint8_t type = task_head_take(&c);
	if (type == TASK_START) {
		struct task_start s;
		if (task_start_take(&c, &s, &e) < 0)
			return 0;
		sink += touch(s.name) + touch(s.path);
		/* What was taken and is put again is the same message. */
		struct buf b;
		buf_init(&b, 65536);
		task_start_put(&b, &s);
		if (!bytes_eq(buf_bytes(&b), (struct bytes){.ptr = data, .len = size}))
			abort();
		buf_free(&b);
	} else if (type == TASK_AVAILABLE) {
		uint64_t available;
		bool final;
		if (task_available_take(&c, &available, &final, &e) == 0)
			sink += (unsigned)available + final;
	} else if (type == TASK_READY) {
		struct cage_report r;
		if (task_ready_take(&c, &r, &e) == 0)
			sink += cage_is_whole(&r);
	}
	return 0;
}
