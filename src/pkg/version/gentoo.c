/* number{.number}[letter]{_suffix[number]}[-rrevision]. The first numbers by value; a later one
 * too, unless one of the two begins with '0': then in byte order, without the zeros at its end.
 * Suffixes in order: alpha, beta, pre, rc, none, p; a revision that is absent is 0. Texts that are
 * not valid come first, in byte order. Spec: Package Manager Specification 3.2 and 3.3. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

static const char *const suffixes[] = {"alpha", "beta", "pre", "rc", "", "p"};
#define SUFFIX_COUNT (sizeof suffixes / sizeof suffixes[0])
#define SUFFIX_NONE 4

struct version {
	struct bytes numbers;  /* with their dots */
	uint8_t letter;	       /* 0 = none */
	struct bytes suffixes; /* from the first '_' on */
	struct bytes revision;
};

/* The next of "_rc1_p2"; at the end SUFFIX_NONE, for a word that is none -1. */
static int suffix(struct bytes *rest, struct bytes *ret_number)
{
	*ret_number = BYTES_NONE;
	if (rest->len == 0)
		return SUFFIX_NONE;
	*rest = bytes_from(*rest, 1);
	struct bytes word = part_letters(rest);
	*ret_number = part_digits(rest);
	for (size_t i = 0; i < SUFFIX_COUNT; i++)
		if (i != SUFFIX_NONE && bytes_eq_lit(word, suffixes[i]))
			return (int)i;
	return -1;
}

static bool split(struct bytes v, struct version *ret)
{
	size_t n = 0;
	*ret = (struct version){.letter = 0};
	while (n < v.len && (byte_is_digit(v.ptr[n]) || v.ptr[n] == '.'))
		n++;
	ret->numbers = bytes_part(v, 0, n);
	if (n < v.len && v.ptr[n] >= 'a' && v.ptr[n] <= 'z')
		ret->letter = v.ptr[n++];
	v = bytes_from(v, n);
	size_t dash = bytes_find(v, '-');
	ret->suffixes = bytes_part(v, 0, dash);
	v = bytes_from(v, dash);
	if (v.len > 0) {
		if (!bytes_has_prefix_lit(v, "-r"))
			return false;
		ret->revision = bytes_from(v, 2);
		if (!part_is_digits(ret->revision))
			return false;
	}
	for (struct bytes rest = ret->suffixes, number; rest.len > 0;)
		if (rest.ptr[0] != '_' || suffix(&rest, &number) < 0)
			return false;
	return part_is_numbers(ret->numbers, '.', '.', 1);
}

bool ver_gentoo_is_valid(struct bytes v)
{
	struct version x;
	return split(v, &x);
}

static struct bytes without_end_zeros(struct bytes b)
{
	while (b.len > 0 && b.ptr[b.len - 1] == '0')
		b.len--;
	return b;
}

static int later_cmp(struct bytes x, struct bytes y)
{
	if (x.ptr[0] != '0' && y.ptr[0] != '0')
		return part_digits_cmp(x, y);
	return part_sign(bytes_cmp(without_end_zeros(x), without_end_zeros(y)));
}

static int numbers_cmp(struct bytes a, struct bytes b)
{
	uint8_t end_a, end_b;
	struct bytes x = part_until(&a, '.', '.', &end_a), y = part_until(&b, '.', '.', &end_b);
	int r = part_digits_cmp(x, y);
	while (r == 0 && end_a != 0 && end_b != 0) {
		x = part_until(&a, '.', '.', &end_a);
		y = part_until(&b, '.', '.', &end_b);
		r = later_cmp(x, y);
	}
	return r != 0 ? r : (end_a != 0) - (end_b != 0);
}

static int suffixes_cmp(struct bytes a, struct bytes b)
{
	while (a.len > 0 || b.len > 0) {
		struct bytes x, y;
		int sx = suffix(&a, &x), sy = suffix(&b, &y);
		int r = sx != sy ? part_sign(sx - sy) : part_digits_cmp(x, y);
		if (r != 0)
			return r;
	}
	return 0;
}

int ver_gentoo_cmp(struct bytes a, struct bytes b)
{
	struct version x, y;
	bool va = split(a, &x), vb = split(b, &y);
	if (!va || !vb)
		return va != vb ? va - vb : part_sign(bytes_cmp(a, b));
	int r = numbers_cmp(x.numbers, y.numbers);
	if (r == 0)
		r = part_sign(x.letter - y.letter);
	if (r == 0)
		r = suffixes_cmp(x.suffixes, y.suffixes);
	return r != 0 ? r : part_digits_cmp(x.revision, y.revision);
}
