/* Runs of digits and runs of letters; every other byte separates. Order of what can be at one
 * place: other words, dev, alpha (a), beta (b), rc, the end and numbers (the end first, then by
 * value), pl (p). Words count by their beginning and in the case given here (RC also in upper
 * case), as in PHP; a 'v' before the first digit is passed over. Spec: PHP manual, version_compare.
 */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

#define RANK_NUMBER 5

static const struct {
	const char *word;
	int rank;
} words[] = {{"dev", 1}, {"alpha", 2}, {"a", 2},  {"beta", 3}, {"b", 3},
	     {"rc", 4},	 {"RC", 4},    {"pl", 6}, {"p", 6}};

struct part {
	int rank;
	bool is_number; /* not the end */
	struct bytes digits;
};

static struct bytes without_v(struct bytes v)
{
	v = bytes_trim(v);
	bool v_digit = v.len > 1 && byte_lower(v.ptr[0]) == 'v' && byte_is_digit(v.ptr[1]);
	return v_digit ? bytes_from(v, 1) : v;
}

static struct part next(struct bytes *rest)
{
	size_t n = 0;
	while (n < rest->len && !byte_is_alnum(rest->ptr[n]))
		n++;
	*rest = bytes_from(*rest, n);
	if (rest->len == 0)
		return (struct part){.rank = RANK_NUMBER};
	if (byte_is_digit(rest->ptr[0]))
		return (struct part){
		    .rank = RANK_NUMBER, .is_number = true, .digits = part_digits(rest)};
	struct bytes word = part_letters(rest);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct bytes w = bytes_of(words[i].word);
		if (bytes_has_prefix(word, w))
			return (struct part){.rank = words[i].rank};
	}
	return (struct part){.rank = 0};
}

int ver_composer_cmp(struct bytes a, struct bytes b)
{
	a = without_v(a);
	b = without_v(b);
	while (a.len > 0 || b.len > 0) {
		struct part x = next(&a), y = next(&b);
		if (x.rank != y.rank)
			return x.rank < y.rank ? -1 : 1;
		if (x.is_number != y.is_number)
			return x.is_number ? 1 : -1;
		int r = part_digits_cmp(x.digits, y.digits);
		if (r != 0)
			return r;
	}
	return 0;
}

bool ver_composer_is_valid(struct bytes v)
{
	struct bytes marks = BYTES_LIT(".-_+#");
	v = without_v(v);
	/* a branch: "dev-main", "dev-feature/x" */
	if (bytes_has_prefix_lit(v, "dev-")) {
		marks = BYTES_LIT("./-_+#");
		v = bytes_from(v, sizeof "dev-" - 1);
	} else if (v.len == 0 || !byte_is_digit(v.ptr[0])) {
		return false;
	}
	for (size_t i = 0; i < v.len; i++)
		if (!byte_is_alnum(v.ptr[i]) && bytes_find(marks, v.ptr[i]) == marks.len)
			return false;
	return v.len > 0;
}
