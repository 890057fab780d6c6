/* [epoch:]upstream[-revision]. The epoch is a decimal number, absent = 0; the revision begins after
 * the last '-', absent = "" which equals "0". Upstream and revision are compared in turns of
 * non-digits and digits: the non-digits byte by byte, where '~' comes before the end of the part,
 * the end before letters, letters before everything else; the digits by value. Spec:
 * deb-version(7); Debian Policy 5.6.12. Native tool: dpkg --compare-versions. */
#include "base/num.h"
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

struct evr {
	struct bytes epoch, upstream, revision;
	bool has_epoch, has_revision;
};

static struct evr split(struct bytes v)
{
	struct evr r = {.upstream = bytes_trim(v)};
	struct bytes rest = r.upstream;
	struct bytes epoch = part_digits(&rest);
	if (epoch.len > 0 && rest.len > 0 && rest.ptr[0] == ':') {
		r.epoch = epoch;
		r.has_epoch = true;
		r.upstream = bytes_from(rest, 1);
	}
	size_t dash = bytes_find_last(r.upstream, '-');
	if (dash < r.upstream.len) {
		r.has_revision = true;
		r.revision = bytes_from(r.upstream, dash + 1);
		r.upstream = bytes_part(r.upstream, 0, dash);
	}
	return r;
}

static bool only(struct bytes b, const char *extra)
{
	struct bytes set = bytes_of(extra);
	for (size_t i = 0; i < b.len; i++)
		if (!byte_is_alnum(b.ptr[i]) && bytes_find(set, b.ptr[i]) == set.len)
			return false;
	return true;
}

bool ver_dpkg_is_valid(struct bytes v)
{
	struct evr r = split(v);
	uint64_t epoch;
	if (r.has_epoch && !num_u64(r.epoch, INT32_MAX, &epoch))
		return false;
	if (r.has_revision && r.revision.len == 0)
		return false;
	if (r.upstream.len == 0 || !byte_is_digit(r.upstream.ptr[0]))
		return false;
	/* '_' is not in the manual's set; packages converted from rpm carry it in the revision
	 * ("6.0-4.el6.x86_64"). */
	if (!only(r.revision, "+.~_") || !only(r.upstream, "-+.~:"))
		return false;
	/* A colon is part of the upstream version only behind an epoch. */
	return r.has_epoch || bytes_find(r.upstream, ':') == r.upstream.len;
}

static int weight(struct bytes b, size_t i)
{
	if (i >= b.len || byte_is_digit(b.ptr[i]))
		return 0;
	if (b.ptr[i] == '~')
		return -1;
	return byte_is_alpha(b.ptr[i]) ? b.ptr[i] : b.ptr[i] + 256;
}

static int part_order(struct bytes a, struct bytes b)
{
	while (a.len > 0 || b.len > 0) {
		size_t i = 0;
		for (;; i++) {
			int wa = weight(a, i), wb = weight(b, i);
			if (wa != wb)
				return wa < wb ? -1 : 1;
			if (wa == 0)
				break;
		}
		a = bytes_from(a, i);
		b = bytes_from(b, i);
		struct bytes na = part_digits(&a), nb = part_digits(&b);
		int r = part_digits_cmp(na, nb);
		if (r != 0)
			return r;
	}
	return 0;
}

int ver_dpkg_cmp(struct bytes a, struct bytes b)
{
	struct evr x = split(a), y = split(b);
	int r = part_digits_cmp(x.epoch, y.epoch);
	if (r == 0)
		r = part_order(x.upstream, y.upstream);
	if (r == 0)
		r = part_order(x.revision, y.revision);
	return r;
}
