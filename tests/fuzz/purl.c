/* A serialised package: what is taken is written back alike, and its purl is plain ASCII without
 * blanks. */
#include "pkg/package.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cur_of((struct bytes){.ptr = data, .len = size});
	struct pkg p, again;
	struct buf out;
	pkg_take(&c, &p);
	if (!cur_ok(&c))
		return 0;
	buf_init(&out, 8 * size + 1024);
	pkg_put(&out, &p);
	c = cur_of(buf_bytes(&out));
	pkg_take(&c, &again);
	if (!cur_ok(&c) || cur_left(&c) != 0 || pkg_cmp(&p, &again) != 0 ||
	    !bytes_eq(p.vendor, again.vendor))
		abort();
	buf_clear(&out);
	pkg_purl(&p, &out);
	for (size_t i = 0; i < out.len; i++)
		if (out.ptr[i] <= ' ' || out.ptr[i] > '~')
			abort();
	if (!buf_ok(&out))
		abort();
	buf_free(&out);
	return 0;
}
