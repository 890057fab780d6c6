/* MAJOR.MINOR.PATCH[-REVISION]: what upstream calls the release, then the number of Bitnami's build
 * of it, which is no pre-release: absent is 0. Anything else after the '-' is a pre-release as
 * semantic versions have it. Spec: Bitnami's vulnerability database (bitnami/vulndb) "Versions". */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"
#include "pkg/version/semver.h"

static struct semver split(struct bytes v, struct bytes *ret_revision)
{
	struct semver s = semver_split(v);
	size_t dash = bytes_find_last(s.pre, '-');
	struct bytes last = dash < s.pre.len ? bytes_from(s.pre, dash + 1) : s.pre;
	*ret_revision = BYTES_NONE;
	if (s.has_pre && part_is_digits(last)) {
		*ret_revision = last;
		s.has_pre = dash < s.pre.len;
		s.pre = bytes_part(s.pre, 0, s.has_pre ? dash : 0);
	}
	return s;
}

bool ver_bitnami_is_valid(struct bytes v)
{
	struct bytes revision;
	struct semver s = split(v, &revision);
	return v.len > 0 && byte_is_digit(v.ptr[0]) && part_is_numbers(s.core, '.', '.', 1) &&
	       (!s.has_pre || semver_is_words(s.pre, true)) &&
	       (!s.has_build || semver_is_words(s.build, true));
}

int ver_bitnami_cmp(struct bytes a, struct bytes b)
{
	struct bytes x, y;
	struct semver sa = split(a, &x), sb = split(b, &y);
	int r = semver_cmp(&sa, &sb);
	return r != 0 ? r : part_digits_cmp(x, y);
}
