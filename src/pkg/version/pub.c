/* Semantic versions whose build data counts: after the same version without, then identifier by
 * identifier as in a pre-release. A 'v' in front is passed over, since advisories hold such texts.
 * Spec: dart.dev "Package versioning". Native tool: pub_semver. */
#include "pkg/version/schemes.h"
#include "pkg/version/semver.h"

bool ver_pub_is_valid(struct bytes v)
{
	struct semver s = semver_split(v);
	return bytes_trim(v).len == v.len && semver_is_core(s.core, 3, 3) &&
	       (!s.has_pre || semver_is_words(s.pre, true)) &&
	       (!s.has_build || semver_is_words(s.build, true));
}

int ver_pub_cmp(struct bytes a, struct bytes b)
{
	struct semver x = semver_split(a), y = semver_split(b);
	int r = semver_cmp(&x, &y);
	if (r != 0)
		return r;
	if (x.has_build != y.has_build)
		return x.has_build ? 1 : -1;
	return x.has_build ? semver_pre_cmp(x.build, y.build) : 0;
}
