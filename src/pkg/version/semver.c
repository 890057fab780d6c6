/* MAJOR.MINOR.PATCH[-pre.release][+build]. Numbers by value; a version with a pre-release comes
 * before the same without; pre-release identifiers one by one: numbers by value and before words,
 * words in byte order, fewer identifiers first; build data does not count. Beyond the
 * specification, since advisories hold such texts: a leading 'v' or '=' and blanks are skipped,
 * absent numbers are 0, any count of numbers is read; these are ordered but not valid. Spec:
 * semver.org 2.0.0 §2, §9 to §11. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"
#include "pkg/version/semver.h"

struct semver semver_split(struct bytes v)
{
	struct semver s = {.has_pre = false};
	v = bytes_trim(v);
	if (v.len > 0 && v.ptr[0] == '=')
		v = bytes_trim(bytes_from(v, 1));
	if (v.len > 0 && (v.ptr[0] == 'v' || v.ptr[0] == 'V'))
		v = bytes_from(v, 1);
	size_t plus = bytes_find(v, '+');
	s.has_build = plus < v.len;
	s.build = bytes_from(v, plus + 1);
	v = bytes_part(v, 0, plus);
	size_t dash = bytes_find(v, '-');
	s.has_pre = dash < v.len;
	s.pre = bytes_from(v, dash + 1);
	s.core = bytes_part(v, 0, dash);
	return s;
}

int semver_word_cmp(struct bytes a, struct bytes b)
{
	bool na = part_is_digits(a), nb = part_is_digits(b);
	if (na && nb)
		return part_digits_cmp(a, b);
	if (na != nb)
		return na ? -1 : 1;
	return part_sign(bytes_cmp(a, b));
}

int semver_core_cmp(struct bytes a, struct bytes b)
{
	while (a.len > 0 || b.len > 0) {
		struct bytes x = bytes_cut(&a, '.'), y = bytes_cut(&b, '.');
		/* An absent number is 0. */
		int r =
		    semver_word_cmp(x.len > 0 ? x : BYTES_LIT("0"), y.len > 0 ? y : BYTES_LIT("0"));
		if (r != 0)
			return r;
	}
	return 0;
}

int semver_pre_cmp(struct bytes a, struct bytes b)
{
	bool more_a = true, more_b = true;
	while (more_a && more_b) {
		uint8_t sep_a, sep_b;
		struct bytes x = part_until(&a, '.', '.', &sep_a),
			     y = part_until(&b, '.', '.', &sep_b);
		int r = semver_word_cmp(x, y);
		if (r != 0)
			return r;
		more_a = sep_a != 0;
		more_b = sep_b != 0;
	}
	return more_a == more_b ? 0 : more_a ? 1 : -1;
}

int semver_cmp(const struct semver *a, const struct semver *b)
{
	int r = semver_core_cmp(a->core, b->core);
	if (r != 0)
		return r;
	if (a->has_pre != b->has_pre)
		return a->has_pre ? -1 : 1;
	return a->has_pre ? semver_pre_cmp(a->pre, b->pre) : 0;
}

int ver_semver_cmp(struct bytes a, struct bytes b)
{
	struct semver x = semver_split(a), y = semver_split(b);
	return semver_cmp(&x, &y);
}

static bool is_word(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (!byte_is_alnum(b.ptr[i]) && b.ptr[i] != '-')
			return false;
	return b.len > 0;
}

static bool has_leading_zero(struct bytes b)
{
	return b.len > 1 && b.ptr[0] == '0' && part_is_digits(b);
}

bool semver_is_words(struct bytes list, bool zeros_allowed)
{
	for (uint8_t sep = '.'; sep != 0;) {
		struct bytes word = part_until(&list, '.', '.', &sep);
		if (!is_word(word) || (!zeros_allowed && has_leading_zero(word)))
			return false;
	}
	return true;
}

bool semver_is_core(struct bytes core, unsigned min, unsigned max)
{
	unsigned count = 0;
	for (uint8_t sep = '.'; sep != 0; count++) {
		struct bytes number = part_until(&core, '.', '.', &sep);
		if (!part_is_digits(number) || has_leading_zero(number))
			return false;
	}
	return count >= min && count <= max;
}

bool semver_is_valid(const struct semver *s)
{
	return semver_is_core(s->core, 3, 3) && (!s->has_pre || semver_is_words(s->pre, false)) &&
	       (!s->has_build || semver_is_words(s->build, true));
}

bool ver_semver_is_valid(struct bytes v)
{
	struct semver s = semver_split(v);
	return v.len > 0 && byte_is_digit(v.ptr[0]) && semver_is_valid(&s) &&
	       bytes_trim(v).len == v.len;
}
