/* Before 3: MAJOR.MINOR.FIX and letters, one or more ("0.9.8zh"), then "-dev", "-preN", "-betaN"
 * before the release; from 3 on semantic versions with "-alphaN" and "-betaN". Numbers by value,
 * letters in byte order, none first. Spec: openssl.org "Release Strategy". */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"
#include "pkg/version/semver.h"

struct version {
	struct semver s;
	struct bytes letters; /* behind the numbers */
};

static struct version split(struct bytes v)
{
	struct version r = {.s = semver_split(v)};
	size_t n = r.s.core.len;
	while (n > 0 && byte_is_alpha(r.s.core.ptr[n - 1]))
		n--;
	r.letters = bytes_from(r.s.core, n);
	r.s.core = bytes_part(r.s.core, 0, n);
	return r;
}

bool ver_openssl_is_valid(struct bytes v)
{
	struct version r = split(v);
	return v.len > 0 && byte_is_digit(v.ptr[0]) && semver_is_core(r.s.core, 3, 3) &&
	       (!r.s.has_pre || semver_is_words(r.s.pre, true)) &&
	       (!r.s.has_build || semver_is_words(r.s.build, true));
}

/* "beta2" before "beta10". */
static int pre_cmp(struct bytes a, struct bytes b)
{
	struct bytes x = part_letters(&a), y = part_letters(&b);
	int r = part_sign(bytes_cmp(x, y));
	if (r == 0)
		r = part_digits_cmp(part_digits(&a), part_digits(&b));
	return r != 0 ? r : part_sign(bytes_cmp(a, b));
}

int ver_openssl_cmp(struct bytes a, struct bytes b)
{
	struct version x = split(a), y = split(b);
	int r = semver_core_cmp(x.s.core, y.s.core);
	if (r == 0)
		r = part_sign(bytes_cmp(x.letters, y.letters));
	if (r == 0 && x.s.has_pre != y.s.has_pre)
		return x.s.has_pre ? -1 : 1;
	return r != 0 ? r : pre_cmp(x.s.pre, y.s.pre);
}
