/* number{.number}[letter]{_suffix[number]}[~hash][-rnumber]: a list of tokens, compared one by one.
 * A first number, a suffix's number and a revision are compared by value; a number after a dot
 * too, unless one of the two begins with '0': then in byte order. apk-tools 2 puts the one with
 * more zeros in front first and then compares by value. Suffixes in order: alpha beta pre rc, then
 * cvs svn git hg p. Hashes in byte order. Where two tokens differ in kind, one of alpha to rc comes
 * first; else the order is: what is not valid, the end, revision, hash, suffix number, suffix,
 * letter, number. So an invalid text has its place too, as `apk version -t` gives it one. "apk3" is
 * apk-tools 3. "apk" also reads on where apk-tools 2 does and 3 stops: digits after the letter
 * ("6.6.2p1-r1", which old Alpine releases had) and a dot without a number. Leading zeros aside,
 * both agree on everything that both call valid, but for "1.0_rc1" and its like after a zero:
 * apk-tools 2 puts them after "1.0"; here they come before, as the specification has it.
 * Spec: apk-package(5) "Version". Native tool: apk version. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

enum kind {
	KIND_FIRST,
	KIND_NUMBER,
	KIND_LETTER,
	KIND_SUFFIX,
	KIND_SUFFIX_NUMBER,
	KIND_HASH,
	KIND_REVISION,
	KIND_END,
	KIND_INVALID,
};

struct token {
	enum kind kind;
	int rank;	   /* of a letter or suffix */
	struct bytes text; /* of a number or hash */
};

static const char *const suffixes[] = {"alpha", "beta", "pre", "rc", "cvs",
				       "svn",	"git",	"hg",  "p"};
#define SUFFIX_COUNT (sizeof(suffixes) / sizeof(suffixes[0]))
#define SUFFIX_FIRST_LATE 4

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_hash(uint8_t c)
{
	return byte_is_digit(c) || (c >= 'a' && c <= 'f');
}

static struct bytes take(struct bytes *rest, bool (*wants)(uint8_t c))
{
	size_t n = 0;
	while (n < rest->len && wants(rest->ptr[n]))
		n++;
	struct bytes run = bytes_part(*rest, 0, n);
	*rest = bytes_from(*rest, n);
	return run;
}

static struct token number(struct bytes *rest, enum kind kind)
{
	struct token t = {.kind = kind, .text = part_digits(rest)};
	if (t.text.len == 0)
		t.kind = KIND_INVALID;
	return t;
}

static struct token suffix(struct bytes *rest)
{
	struct token t = {.kind = KIND_INVALID, .text = take(rest, is_lower)};
	for (size_t i = 0; i < SUFFIX_COUNT; i++) {
		if (bytes_eq_lit(t.text, suffixes[i])) {
			t.kind = KIND_SUFFIX;
			t.rank = (int)i;
		}
	}
	return t;
}

/* The token after one of the kind was; old: with the leniencies of apk-tools 2. */
static struct token next(struct bytes *rest, enum kind was, bool old)
{
	struct token bad = {.kind = KIND_INVALID};
	if (rest->len == 0)
		return (struct token){.kind = KIND_END};
	uint8_t c = rest->ptr[0];
	if (byte_is_digit(c) && was == KIND_SUFFIX)
		return number(rest, KIND_SUFFIX_NUMBER);
	if (byte_is_digit(c) && was == KIND_LETTER && old)
		return number(rest, KIND_NUMBER);
	if (is_lower(c) && was <= KIND_NUMBER) {
		*rest = bytes_from(*rest, 1);
		return (struct token){.kind = KIND_LETTER, .rank = c};
	}
	if (c == '-' && (rest->len < 2 || rest->ptr[1] != 'r'))
		return bad;
	*rest = bytes_from(*rest, c == '-' ? 2 : 1);
	if (c == '.' && was <= KIND_NUMBER) {
		struct token t = number(rest, KIND_NUMBER);
		t.kind = old ? KIND_NUMBER : t.kind;
		return t;
	}
	if (c == '_' && was <= KIND_SUFFIX_NUMBER)
		return suffix(rest);
	if (c == '-' && was < KIND_REVISION)
		return number(rest, KIND_REVISION);
	if (c != '~' || was >= KIND_HASH)
		return bad;
	struct token t = {.kind = KIND_HASH, .text = take(rest, is_hash)};
	return t.text.len > 0 ? t : bad;
}

static bool is_valid(struct bytes v, bool old)
{
	struct token t = number(&v, KIND_FIRST);
	while (t.kind < KIND_END)
		t = next(&v, t.kind, old);
	return t.kind == KIND_END;
}

static bool has_zero(struct bytes number)
{
	return number.len > 0 && number.ptr[0] == '0';
}

static size_t zero_count(struct bytes number)
{
	size_t n = 0;
	while (n < number.len && number.ptr[n] == '0')
		n++;
	return n;
}

/* Numbers after a dot of which at least one begins with '0'. */
static int zero_cmp(struct bytes a, struct bytes b, bool old)
{
	size_t x = zero_count(a), y = zero_count(b);
	if (old && x != y)
		return x > y ? -1 : 1;
	if (old && part_digits_cmp(a, b) != 0)
		return part_digits_cmp(a, b);
	return part_sign(bytes_cmp(a, b));
}

static int token_cmp(struct token a, struct token b, bool old)
{
	switch (a.kind) {
	case KIND_NUMBER:
		if (has_zero(a.text) || has_zero(b.text))
			return zero_cmp(a.text, b.text, old);
		return part_digits_cmp(a.text, b.text);
	case KIND_FIRST:
	case KIND_SUFFIX_NUMBER:
	case KIND_REVISION:
		return part_digits_cmp(a.text, b.text);
	case KIND_LETTER:
	case KIND_SUFFIX:
		return part_sign(a.rank - b.rank);
	case KIND_HASH:
		return part_sign(bytes_cmp(a.text, b.text));
	case KIND_END:
	case KIND_INVALID:
		break;
	}
	return 0;
}

static bool is_early_suffix(struct token t)
{
	return t.kind == KIND_SUFFIX && t.rank < SUFFIX_FIRST_LATE;
}

static int order(struct bytes a, struct bytes b, bool old)
{
	struct token x = number(&a, KIND_FIRST), y = number(&b, KIND_FIRST);
	while (x.kind == y.kind && x.kind < KIND_END) {
		int r = token_cmp(x, y, old);
		if (r != 0)
			return r;
		x = next(&a, x.kind, old);
		y = next(&b, y.kind, old);
	}
	if (x.kind == y.kind)
		return 0;
	if (is_early_suffix(x))
		return -1;
	if (is_early_suffix(y))
		return 1;
	return x.kind > y.kind ? -1 : 1;
}

bool ver_apk_is_valid(struct bytes v)
{
	return is_valid(v, true);
}

int ver_apk_cmp(struct bytes a, struct bytes b)
{
	return order(a, b, true);
}

bool ver_apk3_is_valid(struct bytes v)
{
	return is_valid(v, false);
}

int ver_apk3_cmp(struct bytes a, struct bytes b)
{
	return order(a, b, false);
}
