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
	/* A colon is part of the upstream version only after an epoch. */
	return r.has_epoch || bytes_find(r.upstream, ':') == r.upstream.len;
}

static int weight(struct bytes b, size_t i)
{
	if (i >= b.len)
		return 0;
	uint8_t c = b.ptr[i], letter = (uint8_t)((c | 0x20) - 'a');
	if ((uint8_t)(c - '0') <= 9)
		return 0;
	if (c == '~')
		return -1;
	return letter < 26 ? c : c + 256;
}

static bool is_digit_at(struct bytes b, size_t i)
{
	return i < b.len && (uint8_t)(b.ptr[i] - '0') <= 9;
}

static size_t skip_zeros(struct bytes b, size_t i)
{
	while (i < b.len && b.ptr[i] == '0')
		i++;
	return i;
}

/* Written with two offsets and no calls: the matcher spends its time here. */
static int part_order(struct bytes a, struct bytes b)
{
	size_t i = 0, j = 0;
	while (i < a.len || j < b.len) {
		for (;; i++, j++) {
			int wa = weight(a, i), wb = weight(b, j);
			if (wa != wb)
				return wa < wb ? -1 : 1;
			if (wa == 0)
				break;
		}
		int difference = 0;
		i = skip_zeros(a, i);
		j = skip_zeros(b, j);
		for (; is_digit_at(a, i) && is_digit_at(b, j); i++, j++)
			if (difference == 0)
				difference = a.ptr[i] - b.ptr[j];
		if (is_digit_at(a, i))
			return 1;
		if (is_digit_at(b, j))
			return -1;
		if (difference != 0)
			return difference < 0 ? -1 : 1;
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
