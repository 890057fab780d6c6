/* npm's versions as node-semver reads them when it is told to be lenient: blanks around and after a
 * '=' or 'v' in front, leading zeros, and a pre-release without its '-' ("1.2.3beta").
 * Native tool: node-semver, loose. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"
#include "pkg/version/semver.h"

static struct semver split(struct bytes v)
{
	struct semver s = semver_split(v);
	s.core = bytes_trim(s.core);
	size_t n = 0;
	while (n < s.core.len && (byte_is_digit(s.core.ptr[n]) || s.core.ptr[n] == '.'))
		n++;
	if (n < s.core.len) {
		/* "1.2.3beta-4": the dash, if any, is within the pre-release. */
		const uint8_t *end = s.has_pre ? s.pre.ptr + s.pre.len : s.core.ptr + s.core.len;
		s.pre =
		    (struct bytes){.ptr = s.core.ptr + n, .len = (size_t)(end - (s.core.ptr + n))};
		s.core = bytes_part(s.core, 0, n);
		s.has_pre = true;
	}
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
