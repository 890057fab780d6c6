/* Debian packages that were built again for an older release: "1.2-3~bpo12+1" (backports) is 1.2-3
 * of the release after 12, "1.2-3~deb12u1" a newer version brought to 12 as an update. '~' makes
 * them older than what they were built from, so that they are replaced in the next release. What
 * 1.2-3 fixed, they fix. */
#include "match/rebuild.h"

#include "base/num.h"

/* "12" after the last mark in version; the text before it in *ret_base. 0: there is no mark. */
static uint64_t release_behind(struct bytes version, const char *mark, struct bytes *ret_base)
{
	struct bytes word = bytes_of(mark);
	for (size_t at = version.len; at-- > 0;) {
		struct bytes rest = bytes_from(version, at);
		uint64_t n;
		size_t digits = 0;
		if (!bytes_has_prefix(rest, word))
			continue;
		rest = bytes_from(rest, word.len);
		while (digits < rest.len && byte_is_digit(rest.ptr[digits]))
			digits++;
		if (!num_u64(bytes_part(rest, 0, digits), 999, &n))
			return 0;
		*ret_base = bytes_part(version, 0, at);
		return n >= 40 && n % 10 == 0 ? n / 10 : n; /* "bpo70": of 7.0 */
	}
	return 0;
}

uint64_t rebuild_backport_of(struct bytes version, struct bytes *ret_base)
{
	return release_behind(version, "~bpo", ret_base);
}

bool rebuild_has_fix(const struct ver_scheme *s, struct bytes version, struct bytes fixed)
{
	struct bytes base, other;
	return fixed.len && release_behind(version, "~deb", &base) > 0 &&
	       release_behind(fixed, "~deb", &other) == 0 &&
	       release_behind(fixed, "~bpo", &other) == 0 && s->cmp(base, fixed) >= 0;
}
