/* What the registry's routes read of a stranger's request: Content-Range, Range, a page's n,
 * digests, names, tags. */
#include "api/content_range.h"
#include "base/num.h"
#include "http/http.h"
#include "oci/reference.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = {.ptr = data, .len = size};
	uint64_t first, last, off, len, n;
	struct digest d;
	if (content_range_parse(text, &first, &last))
		need(first <= last && last < UINT64_MAX);
	static const uint64_t sizes[] = {0, 1, 10000, UINT64_MAX};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (http_range_parse(text, sizes[i], &off, &len) == 1)
			need(off < sizes[i] && len > 0 && len <= sizes[i] - off);
	if (num_u64(text, UINT64_MAX, &n))
		need(size > 0);
	if (digest_parse(text, &d, NULL) == 0) {
		char out[DIGEST_TEXT_CAP];
		digest_text(&d, out);
		need(bytes_eq_lit(text, out));
	}
	if (ref_is_name(text))
		need(size > 0 && size <= REF_NAME_MAX && data[0] != '/' && data[0] != '.');
	if (ref_is_tag(text))
		need(size > 0 && size <= REF_TAG_MAX && data[0] != '.');
	return 0;
}
