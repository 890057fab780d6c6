/* Semantic versions; a 'v' or '=' in front and blanks around are passed over; numbers fit into 53
 * bits, the text into 256 bytes. Spec: semver.org 2.0.0. Native tool: node-semver, strict. */
#include "base/num.h"
#include "pkg/version/schemes.h"
#include "pkg/version/semver.h"

#define NPM_LEN_MAX 256
#define NPM_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

bool ver_npm_is_valid(struct bytes v)
{
	struct semver s = semver_split(v);
	if (v.len > NPM_LEN_MAX || !semver_is_valid(&s))
		return false;
	while (s.core.len > 0) {
		uint64_t number;
		if (!num_u64(bytes_cut(&s.core, '.'), NPM_NUMBER_MAX, &number))
			return false;
	}
	return true;
}

int ver_npm_cmp(struct bytes a, struct bytes b)
{
	return ver_semver_cmp(a, b);
}
