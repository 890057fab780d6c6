/* Any bytes as a set's members and as ids: they ascend, or are refused. */
#include "store/lists.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {.ptr = data, .len = size};
	struct lists_reader r;
	struct cursor c = cur_of(in);
	int64_t last = 0, id = 0;
	unsigned sum = 0;
	lists_open(&r, in);
	while (lists_next(&r, NULL) > 0) {
		for (size_t i = 0; i < r.path.len; i++)
			sum += r.path.ptr[i];
		if (r.package <= last)
			abort();
		last = r.package;
	}
	lists_close(&r);
	for (last = 0; lists_ids_next(&c, &id, NULL) > 0; last = id) {
		if (id <= last)
			abort();
	}
	return sum == 1U << 31;
}
