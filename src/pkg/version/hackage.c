/* Numbers between dots: by value, and the shorter first where one ends.
 * Spec: Haskell Package Versioning Policy. Native tool: Data.Version. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

bool ver_hackage_is_valid(struct bytes v)
{
	return part_is_numbers(v, '.', '.', 1);
}

int ver_hackage_cmp(struct bytes a, struct bytes b)
{
	return part_numbers_cmp(a, b, '.', '.');
}
