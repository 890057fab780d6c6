/* What is said to be an expression is one; joined with itself it says nothing new. */
#include "pkg/license.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *arg, struct bytes ref)
{
	size_t *n = arg;
	*n += ref.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const patterns[] = {"*GPL*", "MIT", "a*b*c"};
	struct license l, both;
	size_t seen = 0;
	license_read(&l, (struct bytes){.ptr = data, .len = size});
	if (l.len > LICENSE_MAX || l.is_expression != license_is_expression(license_bytes(&l)))
		abort();
	both = l;
	license_also(&both, &l);
	license_or(&both, &l);
	if (both.len && !l.overflow && l.is_expression &&
	    !license_is_expression(license_bytes(&both)))
		abort();
	license_each_ref(license_bytes(&l), see, &seen);
	if (license_is_denied(license_bytes(&l), patterns, 3) && seen > LICENSE_MAX)
		abort();
	return 0;
}
