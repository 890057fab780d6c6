/* What is taken as a digest is written back as it stood. */
#include "oci/digest.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct digest d;
	struct bytes text = {.ptr = data, .len = size};
	char out[DIGEST_TEXT_CAP];
	if (digest_parse(text, &d, NULL) < 0)
		return 0;
	digest_text(&d, out);
	if (!bytes_eq_lit(text, out))
		abort();
	return 0;
}
