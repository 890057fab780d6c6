/* Numbers between '.' and '-', which mean the same: by value, and the shorter first where one ends.
 * Spec: Writing R Extensions "The DESCRIPTION file". Native tool: R's package_version. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

bool ver_cran_is_valid(struct bytes v)
{
	return part_is_numbers(v, '.', '-', 1);
}

int ver_cran_cmp(struct bytes a, struct bytes b)
{
	return part_numbers_cmp(a, b, '.', '-');
}
