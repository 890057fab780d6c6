/* A purl: what is read of it is written as a purl that is read and written alike. */
#include "pkg/package.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool write_again(struct bytes text, struct buf *out)
{
	struct arena a;
	struct pkg p;
	arena_init(&a, 1 << 20);
	bool ok = pkg_purl_read(text, &a, &p, NULL) == 0;
	if (ok)
		pkg_purl(&p, out);
	arena_free(&a);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once, twice;
	buf_init(&once, 8 * size + 1024);
	buf_init(&twice, 64 * size + 1024);
	if (write_again((struct bytes){.ptr = data, .len = size}, &once) &&
	    (!write_again(buf_bytes(&once), &twice) ||
	     !bytes_eq(buf_bytes(&once), buf_bytes(&twice))))
		abort();
	buf_free(&once);
	buf_free(&twice);
	return 0;
}
