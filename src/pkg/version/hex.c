/* Semantic versions of three numbers; build data does not count. Spec: hexdocs.pm Elixir "Version".
 * Native tool: Version.compare. */
#include "pkg/version/schemes.h"

bool ver_hex_is_valid(struct bytes v)
{
	return ver_semver_is_valid(v);
}

int ver_hex_cmp(struct bytes a, struct bytes b)
{
	return ver_semver_cmp(a, b);
}
