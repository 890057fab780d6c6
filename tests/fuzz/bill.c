/* What a worker says of a bill of materials: what is taken is put again the same. */
#include "inventory/bill.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct bill bill, again;
	struct buf out;
	arena_init(&a, 64U << 20);
	buf_init(&out, 64U << 20);
	if (bill_take((struct bytes){.ptr = data, .len = size}, &a, &bill, &e) == 0) {
		bill_put(&out, &bill);
		if (bill_take(buf_bytes(&out), &a, &again, &e) < 0 ||
		    again.package_count != bill.package_count)
			abort();
	}
	buf_free(&out);
	arena_free(&a);
	return 0;
}
