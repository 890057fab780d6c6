#include "pkg/vers.h"

#include "pkg/version.h"

enum comparator { EQUAL, UNEQUAL, BELOW, UP_TO, ABOVE, FROM };

struct constraint {
	enum comparator is;
	struct bytes version; /* in text */
	uint8_t text[VERS_VERSION_MAX];
};

/* The bounds next to the version that is looked for. */
struct bounds {
	bool has_lower, has_upper;
	struct constraint lower, upper;
	bool equal_in, equal_out, only_unequal;
};

/* By the word of a range where it is not a scheme's own name. */
static const struct ver_scheme *scheme_of(struct bytes name)
{
	static const struct {
		const char *word, *scheme;
	} words[] = {
	    {"deb", "dpkg"},
	    {"ebuild", "gentoo"},
	    {"golang", "go"},
	    {"pypi", "pep440"},
	    {"alpine", "apk"},
	    {"arch", "alpm"},
	    {"rubygems", "gem"},
	    {"github", "semver"},
	    {"crates", "cargo"},
	    {"swift", "semver"},
	    {"julia", "semver"},
	    {"bitnami", "semver"},
	    {"composer", "composer-lib"},
	    {"intdot", "hackage"},
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_eq_lit(name, words[i].word))
			return ver_find(bytes_of(words[i].scheme));
	return ver_find(name);
}

static enum comparator cut_comparator(struct bytes *text)
{
	static const struct {
		const char *mark;
		enum comparator is;
	} marks[] = {{"!=", UNEQUAL}, {"<=", UP_TO}, {">=", FROM},
		     {"<", BELOW},    {">", ABOVE},  {"=", EQUAL}};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		if (!bytes_has_prefix_lit(*text, marks[i].mark))
			continue;
		*text = bytes_from(*text, bytes_of(marks[i].mark).len);
		return marks[i].is;
	}
	return EQUAL;
}

static int hex_of(uint8_t c)
{
	return byte_is_digit(c) ? c - '0' : byte_lower(c) - 'a' + 10;
}

/* False: too long, or a '%' that encodes nothing. */
static bool decode(struct bytes in, struct constraint *c)
{
	size_t n = 0;
	for (size_t i = 0; i < in.len; i++) {
		uint8_t byte = in.ptr[i];
		if (n == sizeof c->text)
			return false;
		if (byte == '%') {
			if (in.len - i < 3 || !byte_is_hex(in.ptr[i + 1]) ||
			    !byte_is_hex(in.ptr[i + 2]))
				return false;
			byte = (uint8_t)(hex_of(in.ptr[i + 1]) << 4 | hex_of(in.ptr[i + 2]));
			i += 2;
		}
		c->text[n++] = byte;
	}
	c->version = (struct bytes){c->text, n};
	return n > 0;
}

static void keep(struct constraint *to, const struct constraint *c)
{
	*to = *c;
	to->version.ptr = to->text;
}

static void weigh(const struct ver_scheme *s, const struct constraint *c, struct bytes version,
		  struct bounds *b)
{
	int order = s->cmp(version, c->version);
	b->only_unequal &= c->is == UNEQUAL;
	if (order == 0) {
		b->equal_in |= c->is == EQUAL || c->is == UP_TO || c->is == FROM;
		b->equal_out |= c->is == UNEQUAL || c->is == BELOW || c->is == ABOVE;
		return;
	}
	if (c->is == EQUAL || c->is == UNEQUAL)
		return;
	if (order > 0 && (!b->has_lower || s->cmp(c->version, b->lower.version) > 0)) {
		keep(&b->lower, c);
		b->has_lower = true;
	} else if (order < 0 && (!b->has_upper || s->cmp(c->version, b->upper.version) < 0)) {
		keep(&b->upper, c);
		b->has_upper = true;
	}
}

static enum vers_answer answer(const struct bounds *b)
{
	if (b->equal_in || b->equal_out)
		return b->equal_out ? VERS_OUT : VERS_IN;
	if (b->only_unequal)
		return VERS_IN;
	bool below = b->has_upper && (b->upper.is == BELOW || b->upper.is == UP_TO);
	bool above = b->has_lower && (b->lower.is == ABOVE || b->lower.is == FROM);
	return below || above ? VERS_IN : VERS_OUT;
}

enum vers_answer vers_has(struct bytes range, struct bytes version)
{
	struct bounds b = {.only_unequal = true};
	struct constraint c;
	if (!bytes_has_prefix_lit(range, "vers:"))
		return VERS_INVALID;
	struct bytes rest = bytes_from(range, sizeof "vers:" - 1);
	const struct ver_scheme *s = scheme_of(bytes_cut(&rest, '/'));
	rest = bytes_trim(rest);
	if (bytes_eq_lit(rest, "*"))
		return s ? VERS_IN : VERS_INVALID;
	if (!s || rest.len == 0)
		return VERS_INVALID;
	while (rest.len > 0) {
		struct bytes text = bytes_trim(bytes_cut(&rest, '|'));
		if (text.len == 0)
			continue;
		c.is = cut_comparator(&text);
		if (!decode(bytes_trim(text), &c) || bytes_eq_lit(c.version, "*"))
			return VERS_INVALID;
		weigh(s, &c, version, &b);
	}
	return answer(&b);
}
