/* The order of bytes, which for UTF-8 is that of code points. Spec: VERS "lexicographic". */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

bool ver_lexicographic_is_valid(struct bytes v)
{
	return v.len > 0;
}

int ver_lexicographic_cmp(struct bytes a, struct bytes b)
{
	return part_sign(bytes_cmp(a, b));
}
