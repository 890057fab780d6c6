/* Moments: "2024-01-01T00:00:00.5+02:00", compared as moments, whatever their zone, to the
 * millisecond. Texts that are not valid come first, in byte order.
 * Spec: RFC 3339 section 5.6; VERS "datetime". */
#include "base/clock.h"
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

bool ver_datetime_is_valid(struct bytes v)
{
	int64_t ms;
	return clock_parse_rfc3339(v, &ms);
}

int ver_datetime_cmp(struct bytes a, struct bytes b)
{
	int64_t x = 0, y = 0;
	bool va = clock_parse_rfc3339(a, &x), vb = clock_parse_rfc3339(b, &y);
	if (va != vb)
		return va ? 1 : -1;
	return va ? (x > y) - (x < y) : part_sign(bytes_cmp(a, b));
}
