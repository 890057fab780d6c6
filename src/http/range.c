/* Range: bytes=0-499 | bytes=500- | bytes=-500. Anything else that the grammar knows (other units,
 * several ranges) may be ignored by a server, and is. */
#include "base/num.h"
#include "http/http.h"

int http_range_parse(struct bytes header, uint64_t size, uint64_t *ret_off, uint64_t *ret_len)
{
	struct bytes spec = bytes_trim(header);
	const struct bytes unit = BYTES_LIT("bytes=");
	if (!bytes_has_prefix_nocase(spec, unit))
		return 0;
	spec = bytes_trim(bytes_from(spec, unit.len));
	size_t dash = bytes_find(spec, '-');
	if (dash == spec.len)
		return 0;
	struct bytes left = bytes_part(spec, 0, dash), right = bytes_from(spec, dash + 1);
	uint64_t first = 0, last = UINT64_MAX;
	if (left.len && !num_u64(left, UINT64_MAX, &first))
		return 0;
	if (right.len && !num_u64(right, UINT64_MAX, &last))
		return 0;
	if (left.len == 0) {
		if (right.len == 0)
			return 0;
		if (last == 0 || size == 0)
			return -ERR_LIMIT;
		*ret_len = last < size ? last : size;
		*ret_off = size - *ret_len;
		return 1;
	}
	if (last < first)
		return 0;
	if (first >= size)
		return -ERR_LIMIT;
	if (last > size - 1)
		last = size - 1;
	*ret_off = first;
	*ret_len = last - first + 1;
	return 1;
}

static struct bytes opaque(struct bytes tag)
{
	return bytes_has_prefix_lit(tag, "W/") ? bytes_from(tag, 2) : tag;
}

bool http_etag_matches(struct bytes header, struct bytes etag)
{
	struct bytes rest = bytes_trim(header);
	if (bytes_eq_lit(rest, "*"))
		return true;
	struct bytes want = opaque(etag);
	while (rest.len > 0) {
		/* Commas may occur inside the quotes, so tags are parsed, not split at commas. */
		struct bytes tag = opaque(rest);
		if (tag.len == 0 || tag.ptr[0] != '"')
			return false;
		size_t end = bytes_find(bytes_from(tag, 1), '"');
		if (end == tag.len - 1)
			return false;
		if (bytes_eq(bytes_part(tag, 0, end + 2), want))
			return true;
		rest = bytes_trim(bytes_from(tag, end + 2));
		if (rest.len > 0 && rest.ptr[0] != ',')
			return false;
		rest = bytes_trim(bytes_from(rest, 1));
	}
	return false;
}
