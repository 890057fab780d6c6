/* The first byte names the scheme, a newline parts the two versions: the order must be
 * antisymmetric, a version equal to itself. */
#include "pkg/version.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	const struct ver_scheme *s = &ver_table[data[0] % ver_count];
	struct bytes b = {.ptr = data + 1, .len = size - 1};
	struct bytes a = bytes_cut(&b, '\n');
	int ab = s->cmp(a, b), ba = s->cmp(b, a);
	if ((ab > 0) != (ba < 0) || (ab < 0) != (ba > 0) || s->cmp(a, a) != 0 || s->cmp(b, b) != 0)
		abort();
	(void)s->is_valid(a);
	(void)s->is_valid(b);
	return 0;
}
