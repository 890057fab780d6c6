/* "1.21rc1", "1.21.0": versions of Go itself. Until 1.20 a release without a third number is the
 * same as with ".0"; from 1.21 on "1.21" is the language, before its release candidates. What is
 * not valid comes first, and is equal among itself. Spec: go.dev/doc/toolchain "Version". Native
 * tool: internal/gover. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

struct version {
	bool valid;
	struct bytes major, minor, patch; /* digits; patch empty: before "0" */
	struct bytes kind, pre;		  /* "rc" and "1" of "rc1" */
};

static bool is_number(struct bytes b)
{
	return part_is_digits(b) && (b.len == 1 || b.ptr[0] != '0');
}

static bool cut_dot(struct bytes *rest)
{
	if (!bytes_has_prefix_lit(*rest, "."))
		return false;
	*rest = bytes_from(*rest, 1);
	return true;
}

static bool is_one_number(struct bytes minor)
{
	return part_digits_cmp(minor, BYTES_LIT("21")) < 0;
}

static struct version split(struct bytes v)
{
	if (bytes_has_prefix_lit(v, "go"))
		v = bytes_from(v, 2);
	struct version r = {.minor = BYTES_LIT("0"), .patch = BYTES_LIT("0")};
	r.major = part_digits(&v);
	if (v.len == 0) {
		r.valid = is_number(r.major);
		return r;
	}
	if (!cut_dot(&v))
		return r;
	r.minor = part_digits(&v);
	if (v.len == 0) {
		r.patch = is_one_number(r.minor) ? BYTES_LIT("0") : BYTES_NONE;
		r.valid = is_number(r.major) && is_number(r.minor);
		return r;
	}
	bool has_patch = cut_dot(&v);
	r.patch = has_patch ? part_digits(&v) : BYTES_NONE;
	if (!has_patch) {
		r.kind = part_letters(&v);
		r.pre = part_digits(&v);
	}
	r.valid = v.len == 0 && is_number(r.major) && is_number(r.minor) &&
		  (has_patch ? is_number(r.patch) : r.kind.len > 0 && is_number(r.pre));
	return r;
}

bool ver_go_toolchain_is_valid(struct bytes v)
{
	return split(v).valid;
}

int ver_go_toolchain_cmp(struct bytes a, struct bytes b)
{
	struct version x = split(a), y = split(b);
	if (!x.valid || !y.valid)
		return x.valid - y.valid;
	int r = part_digits_cmp(x.major, y.major);
	if (r == 0)
		r = part_digits_cmp(x.minor, y.minor);
	if (r == 0 && (x.patch.len == 0) != (y.patch.len == 0))
		r = x.patch.len == 0 ? -1 : 1;
	if (r == 0)
		r = part_digits_cmp(x.patch, y.patch);
	if (r == 0)
		r = part_sign(bytes_cmp(x.kind, y.kind));
	return r != 0 ? r : part_digits_cmp(x.pre, y.pre);
}
