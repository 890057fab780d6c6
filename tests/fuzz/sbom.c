/* A bill of materials: whatever is read is written so that it is taken again. */
#include "inventory/bill.h"
#include "sbom/sbom.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct buf out;
	buf_init(&out, 32U << 20);
	if (sbom_read((struct bytes){.ptr = data, .len = size}, &out, &e) == 0) {
		struct arena a;
		struct bill bill;
		arena_init(&a, 64U << 20);
		if (bill_take(buf_bytes(&out), &a, &bill, &e) < 0)
			abort();
		arena_free(&a);
	}
	buf_free(&out);
	return 0;
}
