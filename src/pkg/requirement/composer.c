/* Composer: "^1.2 || ~2.4.1, !=2.4.3 || 3.*  || 1.0 - 2.0 || dev-main". A number's bounds include
 * its pre-releases ("<2.0" ends before 2.0.0-dev), unless it states a stability.
 * Spec: getcomposer.org "Versions and constraints"; composer/semver's VersionParser. */
#include "base/num.h"
#include "pkg/requirement/syntax.h"
#include "pkg/version/parts.h"

#include <inttypes.h>

#define NUMBERS 4
#define NUMBER_MAX 99999999U /* dates are numbers, too */

struct constraint {
	uint64_t n[NUMBERS];
	unsigned count;
	bool wild, states; /* a stability is stated */
	struct bytes text;
};

static bool is_wild(struct bytes b)
{
	return b.len == 1 && (b.ptr[0] == '*' || byte_lower(b.ptr[0]) == 'x');
}

static bool read_constraint(struct bytes text, struct constraint *c)
{
	text = bytes_part(text, 0, bytes_find(text, '+'));
	text = bytes_part(text, 0, bytes_find(text, '@'));
	if (text.len > 1 && byte_lower(text.ptr[0]) == 'v')
		text = bytes_from(text, 1);
	*c = (struct constraint){.text = text};
	while (text.len > 0) {
		struct bytes digits = part_digits(&text);
		if (digits.len == 0 && text.len > 0 && is_wild(bytes_part(text, 0, 1))) {
			c->wild = true;
			text = bytes_from(text, 1);
		} else if (digits.len == 0 || c->wild || c->count == NUMBERS ||
			   !num_u64(digits, NUMBER_MAX, &c->n[c->count++])) {
			return false;
		}
		if (text.len == 0 || text.ptr[0] != '.')
			break;
		text = bytes_from(text, 1);
	}
	c->states = text.len > 0;
	return (c->count > 0 || c->wild) && !(c->wild && c->states);
}

/* The numbers up to index, that one grown by more, then zeros. */
static bool add(struct req_reader *r, enum req_is is, const struct constraint *c, unsigned index,
		unsigned more)
{
	uint64_t n[NUMBERS] = {0};
	for (unsigned i = 0; i < c->count && i <= index; i++)
		n[i] = c->n[i];
	n[index] += more;
	return req_add_made(r, is, "%" PRIu64 ".%" PRIu64 ".%" PRIu64 ".%" PRIu64 "-dev", n[0],
			    n[1], n[2], n[3]);
}

static bool add_from(struct req_reader *r, const struct constraint *c)
{
	return c->states ? req_add(r, REQ_FROM, c->text) : add(r, REQ_FROM, c, NUMBERS - 1, 0);
}

static bool add_marked(struct req_reader *r, enum req_is is, const struct constraint *c)
{
	bool before = is == REQ_BELOW || is == REQ_FROM;
	if (before && !c->states)
		return add(r, is, c, NUMBERS - 1, 0);
	return req_add(r, is, c->text);
}

static bool parse_word(struct req_reader *r, struct bytes *rest)
{
	struct constraint c;
	enum req_is is = REQ_EQUAL;
	bool tilde = false, caret = false, marked = false;
	if (rest->ptr[0] == '~' || rest->ptr[0] == '^') {
		tilde = rest->ptr[0] == '~';
		caret = !tilde;
		*rest = bytes_trim(bytes_from(*rest, 1));
	} else {
		marked = req_cut_mark(rest, &is);
	}
	size_t n = 0;
	while (n < rest->len && !byte_is_space(rest->ptr[n]) && rest->ptr[n] != ',')
		n++;
	struct bytes word = bytes_part(*rest, 0, n);
	*rest = bytes_trim(bytes_from(*rest, n));
	if (rest->len > 0 && rest->ptr[0] == ',')
		*rest = bytes_trim(bytes_from(*rest, 1));
	if (bytes_has_prefix_lit(word, "dev-") || bytes_has_suffix_lit(word, "-dev"))
		return !tilde && !caret && req_add(r, is, word);
	if (!read_constraint(word, &c))
		return false;
	if (c.wild && c.count == 0)
		return true;
	if (c.wild)
		return !marked && add_from(r, &c) && add(r, REQ_BELOW, &c, c.count - 1, 1);
	if (tilde)
		return add_from(r, &c) && add(r, REQ_BELOW, &c, c.count > 1 ? c.count - 2 : 0, 1);
	if (!caret)
		return add_marked(r, is, &c);
	unsigned index = 0;
	while (index + 1 < c.count && index < 2 && c.n[index] == 0)
		index++;
	return add_from(r, &c) && add(r, REQ_BELOW, &c, index, 1);
}

/* "1.0 - 2.0": up to all of 2.0.*; with three numbers, up to that version. */
static bool parse_hyphen(struct req_reader *r, struct bytes text, size_t at)
{
	struct constraint from, to;
	if (!read_constraint(bytes_trim(bytes_part(text, 0, at)), &from) ||
	    !read_constraint(bytes_trim(bytes_from(text, at + 3)), &to) || from.wild || to.wild)
		return false;
	if (!add_from(r, &from))
		return false;
	return to.states || to.count > 2 ? req_add(r, REQ_UP_TO, to.text)
					 : add(r, REQ_BELOW, &to, to.count - 1, 1);
}

bool req_parse_composer(struct req_reader *r, struct bytes text)
{
	struct bytes part;
	while (req_cut_or(&text, true, &part)) {
		if (part.len == 0 || !req_or(r))
			return false;
		size_t hyphen = bytes_find_bytes(part, BYTES_LIT(" - "));
		if (hyphen < part.len) {
			if (!parse_hyphen(r, part, hyphen))
				return false;
			continue;
		}
		while (part.len > 0)
			if (!parse_word(r, &part))
				return false;
	}
	return true;
}
