#include "api/content_range.h"

#include "base/num.h"

bool content_range_parse(struct bytes text, uint64_t *ret_first, uint64_t *ret_last)
{
	uint64_t first, last, length;
	struct bytes rest = bytes_trim(text);
	if (bytes_has_prefix_lit(rest, "bytes ")) {
		struct bytes total = bytes_from(rest, 6);
		rest = bytes_cut(&total, '/');
		if (!bytes_eq_lit(total, "*") && !num_u64(total, UINT64_MAX, &length))
			return false;
	}
	if (bytes_find(rest, '-') == rest.len)
		return false;
	struct bytes from = bytes_cut(&rest, '-');
	if (!num_u64(from, UINT64_MAX - 1, &first) || !num_u64(rest, UINT64_MAX - 1, &last) ||
	    last < first)
		return false;
	*ret_first = first;
	*ret_last = last;
	return true;
}
