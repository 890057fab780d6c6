/* A reference that is taken has a name by the grammar; every byte of what is delivered is read. */
#include "oci/reference.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct ref r;
	struct bytes text = {.ptr = data, .len = size};
	arena_init(&a, 1 << 16);
	if (ref_parse(text, &a, &r, NULL) == 0) {
		sink +=
		    bytes_hash(r.registry, 0) + bytes_hash(r.repository, 1) + bytes_hash(r.tag, 2);
		if (!ref_is_name(r.repository) || (r.tag.len > 0 && !ref_is_tag(r.tag)) ||
		    r.registry.len == 0)
			abort();
	}
	arena_free(&a);
	return 0;
}
