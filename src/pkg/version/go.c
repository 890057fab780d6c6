/* vMAJOR[.MINOR[.PATCH[-pre][+build]]]: semantic versions whose missing numbers are 0. Advisories
 * write them without the 'v'. The toolchain and standard library are "go1.21.3" and "go1.21rc2":
 * letters after a number begin a pre-release. What is not valid comes before all that is, and is
 * equal among itself. Spec: go.dev/ref/mod "Versions". Native tool: golang.org/x/mod/semver. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"
#include "pkg/version/semver.h"

static struct semver split(struct bytes v)
{
	if (bytes_has_prefix_lit(v, "go"))
		v = bytes_from(v, 2);
	else if (bytes_has_prefix_lit(v, "v"))
		v = bytes_from(v, 1);
	size_t n = 0;
	while (n < v.len && (byte_is_digit(v.ptr[n]) || v.ptr[n] == '.'))
		n++;
	struct semver s = {.core = bytes_part(v, 0, n)};
	struct bytes rest = bytes_from(v, n);
	if (rest.len > 0 && rest.ptr[0] == '-') {
		s.has_pre = true;
		rest = bytes_from(rest, 1);
	} else if (rest.len > 0 && byte_is_alpha(rest.ptr[0])) {
		s.has_pre = true;
	}
	size_t plus = bytes_find(rest, '+');
	s.has_build = plus < rest.len;
	s.build = bytes_from(rest, plus + 1);
	s.pre = s.has_pre ? bytes_part(rest, 0, plus) : BYTES_NONE;
	return s;
}

static bool is_toolchain(struct bytes v)
{
	return v.len > 0 && v.ptr[0] != 'v';
}

bool ver_go_is_valid(struct bytes v)
{
	struct semver s = split(v);
	/* Only the toolchain has a pre-release after two numbers, and then without '-'. */
	size_t dash = bytes_find(v, '-');
	unsigned min = s.has_pre && is_toolchain(v) && dash == v.len ? 2
		       : s.has_pre || s.has_build		     ? 3
								     : 1;
	if (!semver_is_core(s.core, min, 3))
		return false;
	if (s.has_pre && v.len > 0 && v.ptr[0] == 'v' && dash == v.len)
		return false;
	/* What is neither core, pre-release nor build. */
	size_t end = s.core.len + s.pre.len + s.build.len + (s.has_build ? 1 : 0);
	if (end + 3 < v.len)
		return false;
	return (!s.has_pre || semver_is_words(s.pre, false)) &&
	       (!s.has_build || semver_is_words(s.build, true));
}

int ver_go_cmp(struct bytes a, struct bytes b)
{
	bool va = ver_go_is_valid(a), vb = ver_go_is_valid(b);
	if (!va || !vb)
		return (int)va - (int)vb;
	struct semver x = split(a), y = split(b);
	return semver_cmp(&x, &y);
}
