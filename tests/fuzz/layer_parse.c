#include "inventory/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes as an inventory; one that is accepted is merged, on top of itself too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct lay lays[2];
	arena_init(&a, (size_t)64 << 20);
	if (layer_parse((struct bytes){.ptr = data, .len = size}, &a, &lays[0], NULL) == 0) {
		const struct inv_source source = {
		    .layers = lays, .layer_count = 2, .step_max = 2000000};
		struct inv_image image;
		lays[1] = lays[0];
		uint64_t sum = 0;
		if (inv_merge(&source, &a, &image, NULL) == 0) {
			for (size_t i = 0; i < image.package_count; i++)
				sum += bytes_hash(image.packages[i].pkg.name, 0) +
				       image.packages[i].layer;
			for (size_t i = 0; i < image.note_count; i++)
				sum += bytes_hash(image.notes[i].text,
						  bytes_hash(image.notes[i].path, 0));
		}
		for (size_t i = 0; i < lays[0].entry_count; i++)
			sum += inv_owner(lays, 2, lays[0].entries[i].path).len;
		if (sum == UINT64_MAX)
			abort();
	}
	arena_free(&a);
	return 0;
}
