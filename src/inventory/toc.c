#include "inventory/toc.h"

#include <string.h>

/* eStargz: an empty gzip member of 51 bytes (47 in its first version), whose extra field holds the
 * table's offset in 16 hexadecimal digits and "STARGZ" (stargz-snapshotter, docs/estargz.md,
 * "Footer"). zstd:chunked: a skippable frame that ends in eight bytes of magic (containers/storage,
 * pkg/chunked/internal/minimal/compression.go). */
#define STARGZ_LEN 51U

void toc_see(void *arg, struct bytes b)
{
	struct toc_tail *t = arg;
	if (b.len > TOC_TAIL_LEN)
		b = bytes_from(b, b.len - TOC_TAIL_LEN);
	size_t keep = TOC_TAIL_LEN - b.len < t->len ? TOC_TAIL_LEN - b.len : t->len;
	memmove(t->ptr, t->ptr + t->len - keep, keep);
	if (b.len > 0)
		memcpy(t->ptr + keep, b.ptr, b.len);
	t->len = keep + b.len;
}

const char *toc_find(const struct toc_tail *t)
{
	struct bytes all = {.ptr = t->ptr, .len = t->len};
	struct bytes last = bytes_from(all, all.len > STARGZ_LEN ? all.len - STARGZ_LEN : 0);
	if (bytes_has_suffix(all, BYTES_LIT("GnUlInUx")))
		return "zstd:chunked";
	if (bytes_find_bytes(last, BYTES_LIT("STARGZ")) < last.len)
		return "eStargz";
	return NULL;
}
