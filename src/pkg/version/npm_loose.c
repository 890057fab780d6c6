/* npm's versions as node-semver reads them in its lenient mode: blanks around and after a
 * '=' or 'v' in front, leading zeros, and a pre-release without its '-' ("1.2.3beta").
 * Native tool: node-semver, loose. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"
#include "pkg/version/semver.h"

static struct semver split(struct bytes v)
{
	v = bytes_trim(v);
	while (v.len > 0 && (byte_is_space(v.ptr[0]) || v.ptr[0] == '=' || v.ptr[0] == 'v'))
		v = bytes_from(v, 1);
	size_t plus = bytes_find(v, '+'), end = 0;
	struct semver s = {.has_build = plus < v.len, .build = bytes_from(v, plus + 1)};
	v = bytes_part(v, 0, plus);
	while (end < v.len && (byte_is_digit(v.ptr[end]) || v.ptr[end] == '.'))
		end++;
	s.core = bytes_part(v, 0, end);
	s.has_pre = end < v.len;
	s.pre = bytes_from(v, end + (end < v.len && v.ptr[end] == '-'));
	return s;
}

bool ver_npm_loose_is_valid(struct bytes v)
{
	struct semver s = split(v);
	size_t count = 0;
	for (uint8_t end = 1; end != 0; count++)
		if (!part_is_digits(part_until(&s.core, '.', '.', &end)))
			return false;
	return count == 3 && (!s.has_pre || semver_is_words(s.pre, true)) &&
	       (!s.has_build || semver_is_words(s.build, true));
}

int ver_npm_loose_cmp(struct bytes a, struct bytes b)
{
	struct semver x = split(a), y = split(b);
	return semver_cmp(&x, &y);
}
