/* npm, Cargo and Hex: comparisons of semantic versions, parts of which may be absent or '*'.
 *
 *   npm    "^1.2.3 || ~2.1 || 1.0.0 - 2.0.0 || >=3.x <4 || *"; a version alone is itself, or all
 *          that begin with it. Spec: node-semver, "Ranges" and its grammar.
 *   Cargo  "1.2.3, <1.5": a version alone is '^'. Spec: Cargo book, "Specifying Dependencies".
 *   Hex    "~> 2.0 and != 2.1.0 or 3.0.0". Spec: Elixir's Version module.
 *
 * Each becomes bounds: "^1.2.3" is ">=1.2.3" and "<2.0.0-0", below any pre-release of 2.0.0. */
#include "base/num.h"
#include "pkg/requirement/syntax.h"
#include "pkg/version/parts.h"
#include "pkg/version/semver.h"

#include <inttypes.h>

#define NUMBER_MAX (((uint64_t)1 << 53) - 1) /* of node-semver; one more is added below */

enum mark {
	MARK_NONE,
	MARK_EQUAL,
	MARK_ABOVE,
	MARK_FROM,
	MARK_BELOW,
	MARK_UP_TO,
	MARK_TILDE,
	MARK_CARET
};

/* "1.2.x-pre": count numbers are stated. */
struct partial {
	uint64_t n[3];
	unsigned count;
	bool wild; /* the next is '*' or 'x' */
	struct bytes pre;
};

struct rules {
	bool loose;    /* "1.2.3beta" */
	bool strict;   /* Cargo: no 'v', no number after '*' */
	bool with_pre; /* npm's includePrerelease */
};

static bool is_wild(struct bytes b)
{
	return b.len == 1 && (b.ptr[0] == '*' || byte_lower(b.ptr[0]) == 'x');
}

/* What follows the third number. */
static bool read_tail(struct bytes rest, const struct rules *rules, struct partial *p)
{
	size_t plus = bytes_find(rest, '+');
	struct bytes build = bytes_from(rest, plus + 1), pre = bytes_part(rest, 0, plus);
	if (plus < rest.len && !semver_is_words(build, true))
		return false;
	if (pre.len == 0)
		return true;
	if (pre.ptr[0] == '-')
		pre = bytes_from(pre, 1);
	else if (!rules->loose)
		return false;
	p->pre = pre;
	return semver_is_words(pre, rules->loose) && p->count == 3;
}

static bool read_partial(struct bytes text, const struct rules *rules, struct partial *p)
{
	*p = (struct partial){.count = 0};
	while (!rules->strict && text.len > 0 &&
	       (text.ptr[0] == 'v' || text.ptr[0] == '=' || byte_is_space(text.ptr[0])))
		text = bytes_from(text, 1);
	for (unsigned i = 0; i < 3; i++) {
		size_t n = 0;
		while (n < text.len &&
		       (byte_is_digit(text.ptr[n]) || is_wild(bytes_part(text, n, 1))))
			n++;
		struct bytes part = bytes_part(text, 0, n);
		if (is_wild(part)) {
			p->wild = true;
		} else {
			bool zeros = part.len > 1 && part.ptr[0] == '0' && !rules->loose;
			uint64_t value;
			if (zeros || !num_u64(part, NUMBER_MAX, &value) ||
			    (p->wild && rules->strict))
				return false;
			if (!p->wild)
				p->n[p->count++] = value;
		}
		text = bytes_from(text, n);
		if (text.len == 0 || text.ptr[0] != '.' || i == 2)
			break;
		text = bytes_from(text, 1);
		if (text.len == 0)
			return false;
	}
	/* node-semver lets "x-pre" pass and passes over it */
	return text.len == 0 || (p->wild && !rules->strict) || read_tail(text, rules, p);
}

static enum mark cut_mark(struct bytes *text, enum mark none)
{
	static const struct {
		const char *text;
		enum mark mark;
	} marks[] = {{">=", MARK_FROM}, {"<=", MARK_UP_TO}, {"~>", MARK_TILDE}, {">", MARK_ABOVE},
		     {"<", MARK_BELOW}, {"=", MARK_EQUAL},  {"~", MARK_TILDE},	{"^", MARK_CARET}};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		if (!bytes_has_prefix_lit(*text, marks[i].text))
			continue;
		*text = bytes_trim(bytes_from(*text, bytes_of(marks[i].text).len));
		return marks[i].mark;
	}
	return none;
}

static bool add(struct req_reader *r, enum req_is is, const uint64_t n[3], struct bytes pre)
{
	return req_add_made(r, is, "%" PRIu64 ".%" PRIu64 ".%" PRIu64 "%s%.*s", n[0], n[1], n[2],
			    pre.len ? "-" : "", BYTES_ARG(pre));
}

/* Below the versions whose number at index is one more, and below their pre-releases. */
static bool add_next(struct req_reader *r, const struct partial *p, unsigned index)
{
	uint64_t n[3] = {0, 0, 0};
	for (unsigned i = 0; i < index; i++)
		n[i] = p->n[i];
	n[index] = p->n[index] + 1;
	return add(r, REQ_BELOW, n, BYTES_LIT("0"));
}

/* From this on; with npm's includePrerelease, and where numbers are absent, from its pre-releases
 * on. */
static bool add_from(struct req_reader *r, const struct partial *p, bool with_pre)
{
	return add(r, REQ_FROM, p->n, p->pre.len || !with_pre ? p->pre : BYTES_LIT("0"));
}

/* The first number of "^" that may not change. */
static unsigned caret_index(const struct partial *p)
{
	unsigned i = 0;
	while (i + 1 < p->count && i < 2 && p->n[i] == 0)
		i++;
	return i;
}

static bool add_bound(struct req_reader *r, enum mark mark, const struct partial *p,
		      const struct rules *rules)
{
	bool whole = p->count == 3;
	if (p->count == 0) {
		if (mark == MARK_ABOVE || mark == MARK_BELOW)
			req_never(r);
		return true;
	}
	switch (mark) {
	case MARK_TILDE:
		return add_from(r, p, false) && add_next(r, p, p->count == 1 ? 0 : 1);
	case MARK_CARET:
		/* node-semver's own: with pre-releases where numbers are absent, or of 0.x */
		return add_from(r, p, rules->with_pre && (!whole || p->n[0] == 0)) &&
		       add_next(r, p, caret_index(p));
	case MARK_FROM:
		return add_from(r, p, rules->with_pre && !whole);
	case MARK_ABOVE: {
		struct partial next = *p;
		if (whole)
			return add(r, REQ_ABOVE, p->n, p->pre);
		next.n[p->count - 1]++;
		return add_from(r, &next, rules->with_pre);
	}
	case MARK_BELOW:
		return add(r, REQ_BELOW, p->n, whole ? p->pre : BYTES_LIT("0"));
	case MARK_UP_TO:
		return whole ? add(r, REQ_UP_TO, p->n, p->pre) : add_next(r, p, p->count - 1);
	case MARK_NONE:
	case MARK_EQUAL:
	default:
		if (whole)
			return add(r, REQ_EQUAL, p->n, p->pre);
		return add_from(r, p, rules->with_pre) && add_next(r, p, p->count - 1);
	}
}

/* "1.0.0 - 2.0.0" */
static bool parse_hyphen(struct req_reader *r, struct bytes text, size_t at,
			 const struct rules *rules)
{
	struct partial from, to;
	if (!read_partial(bytes_trim(bytes_part(text, 0, at)), rules, &from) ||
	    !read_partial(bytes_trim(bytes_from(text, at + 3)), rules, &to))
		return false;
	if (from.count > 0 && !add_from(r, &from, rules->with_pre))
		return false;
	if (to.count == 0)
		return true;
	if (rules->with_pre && to.count == 3 && to.pre.len == 0)
		return add_next(r, &to, 2);
	return add_bound(r, MARK_UP_TO, &to, rules);
}

static bool parse_npm(struct req_reader *r, struct bytes text, const struct rules *rules)
{
	struct bytes part;
	while (req_cut_or(&text, false, &part)) {
		if (!req_or(r))
			return false;
		size_t hyphen = bytes_find_bytes(part, BYTES_LIT(" - "));
		if (hyphen < part.len) {
			if (!parse_hyphen(r, part, hyphen, rules))
				return false;
			continue;
		}
		while (part.len > 0) {
			struct partial p;
			enum mark mark = cut_mark(&part, MARK_EQUAL);
			size_t n = 0;
			while (n < part.len && !byte_is_space(part.ptr[n]))
				n++;
			struct bytes word = bytes_part(part, 0, n);
			if (word.len > 0 && !read_partial(word, rules, &p)) {
				if (!rules->loose)
					return false;
				req_never(r); /* loosely, what is no range is passed over */
			} else if (word.len > 0 && !add_bound(r, mark, &p, rules)) {
				return false;
			}
			part = bytes_trim(bytes_from(part, n));
		}
	}
	return true;
}

bool req_parse_npm(struct req_reader *r, struct bytes text)
{
	return parse_npm(r, text, &(struct rules){.loose = false});
}

bool req_parse_npm_loose(struct req_reader *r, struct bytes text)
{
	return parse_npm(r, text, &(struct rules){.loose = true});
}

bool req_parse_npm_pre(struct req_reader *r, struct bytes text)
{
	return parse_npm(r, text, &(struct rules){.with_pre = true});
}

bool req_parse_cargo(struct req_reader *r, struct bytes text)
{
	const struct rules rules = {.strict = true};
	if (is_wild(text))
		return req_or(r);
	if (text.len == 0 || text.ptr[text.len - 1] == ',' || !req_or(r))
		return false;
	while (text.len > 0) {
		struct bytes part = bytes_trim(bytes_cut(&text, ','));
		struct partial p;
		enum mark mark = cut_mark(&part, MARK_NONE);
		if (!read_partial(part, &rules, &p) || p.count == 0)
			return false;
		if (mark == MARK_NONE)
			mark = p.wild ? MARK_EQUAL : MARK_CARET;
		if (!add_bound(r, mark, &p, &rules))
			return false;
	}
	return true;
}

/* One comparison of Elixir's. */
static bool parse_hex_part(struct req_reader *r, struct bytes part)
{
	const struct rules rules = {.strict = true};
	struct partial p;
	enum req_is is = REQ_EQUAL;
	bool tilde = bytes_has_prefix_lit(part, "~>");
	if (tilde)
		part = bytes_trim(bytes_from(part, 2));
	else
		(void)req_cut_mark(&part, &is);
	if (!read_partial(part, &rules, &p) || p.wild || p.count < (tilde ? 2 : 3))
		return false;
	if (!tilde)
		return add(r, is, p.n, p.pre);
	return add_from(r, &p, false) && add_next(r, &p, p.count - 2);
}

bool req_parse_hex(struct req_reader *r, struct bytes text)
{
	if (text.len == 0 || !req_or(r))
		return false;
	while (text.len > 0) {
		size_t and = bytes_find_bytes(text, BYTES_LIT(" and ")),
		       or = bytes_find_bytes(text, BYTES_LIT(" or "));
		size_t at = and < or ? and : or ;
		if (!parse_hex_part(r, bytes_trim(bytes_part(text, 0, at))))
			return false;
		if (at < text.len && or < and&&!req_or(r))
			return false;
		bool ends = at >= text.len;
		text = bytes_trim(bytes_from(text, at + (and < or ? 5 : 4)));
		if (!ends && text.len == 0)
			return false;
	}
	return true;
}
