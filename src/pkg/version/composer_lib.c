/* Composer's own reading of versions, which is not PHP's: up to four numbers, absent ones are 0, or
 * a date; "1.x-dev" is the branch above all of 1; what follows '@' or " as " is not the version's;
 * then a stability, in order alpha (a), beta (b), RC, none (stable), patch (p, pl), with its
 * numbers; "-dev" comes before the same without, "1.0-dev" before "1.0-alpha". Branches
 * ("dev-main") come before every number, in byte order. Build data does not count. Texts that are
 * none of these come first. Spec: getcomposer.org "Versions and constraints". Native tool:
 * composer/semver. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

#define NUMBERS 10
#define ANY_NUMBER BYTES_LIT("9999999") /* what Composer writes for 'x' */

enum kind { KIND_INVALID, KIND_BRANCH, KIND_NUMBERS };

static const struct {
	const char *word;
	int rank;
} stabilities[] = {{"alpha", 1}, {"a", 1},	{"beta", 2},  {"b", 2},	 {"rc", 3},
		   {"", 4},	 {"stable", 4}, {"patch", 5}, {"pl", 5}, {"p", 5}};
#define STABLE 4

struct version {
	enum kind kind;
	struct bytes numbers[NUMBERS], branch;
	int rank;
	struct bytes rank_numbers; /* "1.2" of "beta1.2" */
	bool dev;
};

static bool cut_dev(struct bytes *rest)
{
	static const char *const marks[] = {"-dev", ".dev", "dev"};
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		struct bytes mark = bytes_of(marks[i]);
		if (rest->len < mark.len ||
		    part_cmp_fold(bytes_from(*rest, rest->len - mark.len), mark) != 0)
			continue;
		*rest = bytes_part(*rest, 0, rest->len - mark.len);
		return true;
	}
	return false;
}

static void skip_mark(struct bytes *rest)
{
	if (rest->len > 0 && (rest->ptr[0] == '.' || rest->ptr[0] == '-' || rest->ptr[0] == '_'))
		*rest = bytes_from(*rest, 1);
}

/* "-beta.2", or nothing. */
static bool read_stability(struct bytes rest, struct version *r)
{
	skip_mark(&rest);
	struct bytes word = part_letters(&rest);
	r->rank = 0;
	for (size_t i = 0; i < sizeof stabilities / sizeof stabilities[0]; i++)
		if (part_eq_fold(word, stabilities[i].word))
			r->rank = stabilities[i].rank;
	if (rest.len > 0 && (rest.ptr[0] == '.' || rest.ptr[0] == '-'))
		rest = bytes_from(rest, 1);
	r->rank_numbers = rest;
	return r->rank > 0 &&
	       (rest.len == 0 || (word.len > 0 && part_is_numbers(rest, '.', '-', 1)));
}

static bool is_word(struct bytes b, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (part_eq_fold(b, words[i]))
			return true;
	return false;
}

/* "1.0@beta as 2.0" without what a project says of it. */
static struct bytes without_wishes(struct bytes v)
{
	static const char *const stability[] = {"stable", "rc", "beta", "alpha", "dev", NULL};
	v = bytes_trim(v);
	size_t as = bytes_find_bytes(v, BYTES_LIT(" as ")), at;
	if (as > 0 && as < v.len)
		v = bytes_trim(bytes_part(v, 0, as));
	at = bytes_find_last(v, '@');
	return at > 0 && at < v.len && is_word(bytes_from(v, at + 1), stability)
		   ? bytes_part(v, 0, at)
		   : v;
}

static bool is_joint(uint8_t c)
{
	return c == '.' || c == ':' || c == '-';
}

/* "2010-01-02.5", "20100102203040-10": four digits, up to six pairs, up to two of up to three; a
 * joint between any of them. */
static bool read_date(struct bytes *rest, struct version *r)
{
	struct bytes v = *rest;
	size_t n = 0, digits = 0;
	if (v.len < 6)
		return false;
	while (v.len > 0 && n < NUMBERS) {
		struct bytes one = part_digits(&v);
		bool fits = n == 0 ? one.len >= 4 && one.len % 2 == 0 : one.len > 0;
		if (!fits || (n > 0 && one.len > 3 && one.len % 2 != 0))
			return false;
		r->numbers[n++] = one;
		digits += one.len;
		if (v.len < 2 || !is_joint(v.ptr[0]) || !byte_is_digit(v.ptr[1]))
			break;
		v = bytes_from(v, 1);
	}
	*rest = v;
	return digits >= 5 && digits <= 22 && !(n == 1 && digits < 6);
}

/* "1.2.3.4", of which 'x' may stand for a number where a branch is named ("1.x-dev"). */
static bool read_numbers(struct bytes *rest, struct version *r)
{
	bool any = false, large = false;
	size_t n = 0;
	for (; n < 4; n++) {
		bool wild = r->dev && n > 0 && rest->len > 0 &&
			    (byte_lower(rest->ptr[0]) == 'x' || rest->ptr[0] == '*');
		r->numbers[n] = wild ? ANY_NUMBER : part_digits(rest);
		if (wild)
			*rest = bytes_from(*rest, 1);
		any |= wild;
		large |= n == 0 && r->numbers[n].len > 5;
		if (r->numbers[n].len == 0)
			return false;
		bool more = rest->len > 1 && rest->ptr[0] == '.' &&
			    (byte_is_digit(rest->ptr[1]) ||
			     (r->dev && (byte_lower(rest->ptr[1]) == 'x' || rest->ptr[1] == '*')));
		if (!more || n == 3)
			break;
		*rest = bytes_from(*rest, 1);
	}
	for (; any && n + 1 < 4; n++)
		r->numbers[n + 1] = ANY_NUMBER;
	return (!any || rest->len == 0) && (!large || (r->dev && rest->len == 0));
}

static struct version branch_of(struct bytes name)
{
	return (struct version){.kind = name.len > 0 ? KIND_BRANCH : KIND_INVALID, .branch = name};
}

static struct version split(struct bytes v)
{
	static const char *const names[] = {"master", "trunk", "default", NULL};
	struct version r = {.kind = KIND_INVALID};
	v = without_wishes(v);
	if (bytes_has_prefix_nocase(v, BYTES_LIT("dev-")))
		return branch_of(bytes_from(v, sizeof "dev-" - 1));
	if (is_word(v, names))
		return branch_of(v);
	if (v.len > 1 && byte_lower(v.ptr[0]) == 'v')
		v = bytes_from(v, 1);
	struct bytes build = bytes_from(v, bytes_find(v, '+'));
	v = bytes_part(v, 0, v.len - build.len);
	r.dev = cut_dev(&v);
	struct bytes rest = v;
	bool is = read_numbers(&rest, &r) && read_stability(rest, &r);
	if (!is) {
		bool dev = r.dev;
		r = (struct version){.kind = KIND_INVALID, .dev = dev};
		is = read_date(&v, &r) && read_stability(v, &r);
	}
	if (is && bytes_find(build, ' ') == build.len)
		r.kind = KIND_NUMBERS;
	if (r.dev && r.rank == STABLE)
		r.rank = 0; /* below alpha, as PHP's version_compare has it */
	return r;
}

bool ver_composer_lib_is_valid(struct bytes v)
{
	return split(v).kind != KIND_INVALID;
}

int ver_composer_lib_cmp(struct bytes a, struct bytes b)
{
	struct version x = split(a), y = split(b);
	if (x.kind != y.kind)
		return x.kind < y.kind ? -1 : 1;
	if (x.kind == KIND_INVALID)
		return part_sign(bytes_cmp(a, b));
	if (x.kind == KIND_BRANCH)
		return part_sign(bytes_cmp(x.branch, y.branch));
	for (size_t i = 0; i < NUMBERS; i++) {
		int r = part_digits_cmp(x.numbers[i], y.numbers[i]);
		if (r != 0)
			return r;
	}
	if (x.rank != y.rank)
		return x.rank < y.rank ? -1 : 1;
	int r = part_numbers_cmp(x.rank_numbers, y.rank_numbers, '.', '-');
	return r != 0 ? r : y.dev - x.dev;
}
