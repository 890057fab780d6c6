/* Composer's own reading of versions, which is not PHP's: up to four numbers, absent ones are 0;
 * then a stability, in order alpha (a), beta (b), RC, none (stable), patch (p, pl), with its
 * numbers; "-dev" comes before the same without. Branches ("dev-main") come before every number,
 * in byte order. Build data does not count. Texts that are none of these come first.
 * Spec: getcomposer.org "Versions and constraints". Native tool: composer/semver. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

#define NUMBERS 4

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

static struct version split(struct bytes v)
{
	struct version r = {.kind = KIND_INVALID};
	v = bytes_trim(v);
	if (bytes_has_prefix_lit(v, "dev-")) {
		r.branch = bytes_from(v, sizeof "dev-" - 1);
		r.kind = r.branch.len > 0 && bytes_find(r.branch, ' ') == r.branch.len
			     ? KIND_BRANCH
			     : KIND_INVALID;
		return r;
	}
	if (v.len > 1 && byte_lower(v.ptr[0]) == 'v')
		v = bytes_from(v, 1);
	struct bytes build = bytes_from(v, bytes_find(v, '+'));
	v = bytes_part(v, 0, v.len - build.len);
	r.dev = cut_dev(&v);
	size_t n = 0;
	for (; n < NUMBERS; n++) {
		r.numbers[n] = part_digits(&v);
		if (r.numbers[n].len == 0)
			return r;
		if (v.len < 2 || v.ptr[0] != '.' || !byte_is_digit(v.ptr[1]) || n + 1 == NUMBERS)
			break;
		v = bytes_from(v, 1);
	}
	if (read_stability(v, &r) && bytes_find(build, ' ') == build.len)
		r.kind = KIND_NUMBERS;
	return r;
}

bool ver_composer_lib_is_valid(struct bytes v)
{
	return bytes_trim(v).len == v.len && split(v).kind != KIND_INVALID;
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
