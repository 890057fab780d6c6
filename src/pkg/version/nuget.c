/* MAJOR[.MINOR[.PATCH[.REVISION]]][-pre.release][+build]: missing numbers are 0, leading zeros do
 * not count, pre-release words are compared without regard to case. Spec: learn.microsoft.com
 * "NuGet package versioning". Native tool: NuGet.Versioning. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"
#include "pkg/version/semver.h"

bool ver_nuget_is_valid(struct bytes v)
{
	struct semver s = semver_split(v);
	unsigned count = 0;
	if (v.len == 0 || !byte_is_digit(v.ptr[0]))
		return false;
	for (uint8_t sep = '.'; sep != 0; count++)
		if (!part_is_digits(part_until(&s.core, '.', '.', &sep)))
			return false;
	return count <= 4 && (!s.has_pre || semver_is_words(s.pre, false)) &&
	       (!s.has_build || semver_is_words(s.build, true));
}

static int word_cmp(struct bytes a, struct bytes b)
{
	return part_is_digits(a) || part_is_digits(b) ? semver_word_cmp(a, b) : part_cmp_fold(a, b);
}

static int pre_cmp(struct bytes a, struct bytes b)
{
	bool more_a = true, more_b = true;
	while (more_a && more_b) {
		uint8_t sep_a, sep_b;
		struct bytes x = part_until(&a, '.', '.', &sep_a),
			     y = part_until(&b, '.', '.', &sep_b);
		int r = word_cmp(x, y);
		if (r != 0)
			return r;
		more_a = sep_a != 0;
		more_b = sep_b != 0;
	}
	return (int)more_a - (int)more_b;
}

int ver_nuget_cmp(struct bytes a, struct bytes b)
{
	struct semver x = semver_split(a), y = semver_split(b);
	int r = semver_core_cmp(x.core, y.core);
	if (r != 0)
		return r;
	if (x.has_pre != y.has_pre)
		return x.has_pre ? -1 : 1;
	return x.has_pre ? pre_cmp(x.pre, y.pre) : 0;
}
