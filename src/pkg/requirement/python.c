/* Python: "~=2.2, !=2.2.1, <3", "==1.*". Local parts count with "==" and "!=" alone; "<2" leaves
 * pre-releases of 2 out, ">2" its post-releases. Spec: PEP 440 "Version specifiers". Loosely, as
 * databases of advisories write them, there is "||" as well, a blank serves for ',', and a version
 * alone is itself. */
#include "pkg/requirement/syntax.h"
#include "pkg/version/parts.h"

/* "[v][epoch!]1.2.3" and what follows it. */
struct parts {
	struct bytes epoch, release, tail, local;
};

static struct parts split(struct bytes v)
{
	struct parts p;
	v = bytes_trim(v);
	size_t plus = bytes_find(v, '+');
	p.local = bytes_from(v, plus + 1);
	v = bytes_part(v, 0, plus);
	if (v.len > 0 && byte_lower(v.ptr[0]) == 'v')
		v = bytes_from(v, 1);
	struct bytes rest = v;
	p.epoch = part_digits(&rest);
	if (rest.len > 0 && rest.ptr[0] == '!')
		v = bytes_from(rest, 1);
	else
		p.epoch = BYTES_NONE;
	rest = v;
	(void)part_digits(&rest);
	while (rest.len > 1 && rest.ptr[0] == '.' && byte_is_digit(rest.ptr[1])) {
		rest = bytes_from(rest, 1);
		(void)part_digits(&rest);
	}
	p.release = bytes_part(v, 0, v.len - rest.len);
	p.tail = rest;
	return p;
}

static bool same_base(const struct parts *a, const struct parts *b)
{
	struct bytes x = a->release, y = b->release;
	bool same = part_digits_cmp(a->epoch, b->epoch) == 0;
	while (same && (x.len > 0 || y.len > 0))
		same = part_digits_cmp(bytes_cut(&x, '.'), bytes_cut(&y, '.')) == 0;
	return same;
}

/* Does the tail say a word, after digits and separators? */
static bool tail_has(struct bytes tail, const char *const *words)
{
	while (tail.len > 0) {
		struct bytes word = part_letters(&tail);
		for (size_t i = 0; words[i]; i++)
			if (word.len > 0 && part_eq_fold(word, words[i]))
				return true;
		if (word.len == 0)
			tail = bytes_from(tail, 1);
	}
	return false;
}

static bool is_pre(const struct parts *p)
{
	static const char *const words[] = {"a",    "b",       "c",   "rc",  "alpha",
					    "beta", "preview", "pre", "dev", NULL};
	return tail_has(p->tail, words);
}

static bool is_post(const struct parts *p)
{
	static const char *const words[] = {"post", "rev", "r", NULL};
	bool bare = p->tail.len > 1 && p->tail.ptr[0] == '-' && byte_is_digit(p->tail.ptr[1]);
	return bare || tail_has(p->tail, words);
}

/* Does version begin with the numbers of "1.2"? */
static bool begins(struct bytes version, struct bytes numbers)
{
	struct parts v = split(version), n = split(numbers);
	bool same = part_digits_cmp(v.epoch, n.epoch) == 0;
	if (n.tail.len > 0) { /* "2.0.post1.*", loosely */
		struct bytes after = bytes_from(version, numbers.len);
		return bytes_has_prefix(version, numbers) &&
		       !(after.len > 0 && byte_is_digit(after.ptr[0]));
	}
	while (same && n.release.len > 0)
		same = part_digits_cmp(bytes_cut(&v.release, '.'), bytes_cut(&n.release, '.')) == 0;
	return same;
}

bool req_pep440_holds(const struct ver_scheme *s, const struct req_term *t, struct bytes version)
{
	struct parts v = split(version), w = split(t->version);
	struct bytes all = bytes_trim(version);
	struct req_term known = *t;
	struct bytes open = bytes_part(all, 0, bytes_find(all, '+')); /* without the local part */
	switch (t->is) {
	case REQ_SAME:
		return bytes_eq_nocase(all, t->version);
	case REQ_LIKE:
		return begins(open, t->version);
	case REQ_UNLIKE:
		return !begins(open, t->version);
	case REQ_EQUAL:
	case REQ_UNEQUAL:
		return req_order_holds(s, &known, w.local.len ? all : open);
	case REQ_BELOW:
		return req_order_holds(s, &known, all) &&
		       (is_pre(&w) || !is_pre(&v) || !same_base(&v, &w));
	case REQ_ABOVE:
		return req_order_holds(s, &known, all) &&
		       !(same_base(&v, &w) && ((!is_post(&w) && is_post(&v)) || v.local.len > 0));
	case REQ_UP_TO:
	case REQ_FROM:
	case REQ_BELOW_RELEASE:
	default:
		return req_order_holds(s, &known, open);
	}
}

/* "~=2.2.1": from it on, and beginning with 2.2. */
static bool add_compatible(struct req_reader *r, struct bytes version)
{
	struct parts p = split(version);
	size_t dot = bytes_find_last(p.release, '.');
	if (dot >= p.release.len || p.local.len > 0)
		return false;
	return req_add(r, REQ_FROM, version) &&
	       req_add_made(r, REQ_LIKE, "%.*s%s%.*s", BYTES_ARG(p.epoch), p.epoch.len ? "!" : "",
			    BYTES_ARG(bytes_part(p.release, 0, dot)));
}

static bool add_marked(struct req_reader *r, enum req_is is, struct bytes text, bool loose)
{
	const struct ver_scheme *s = ver_find(BYTES_LIT("pep440"));
	bool wild = bytes_has_suffix_lit(text, ".*"), equal = is == REQ_EQUAL || is == REQ_UNEQUAL;
	struct bytes version = wild ? bytes_part(text, 0, text.len - 2) : text;
	if (!s->is_valid(version))
		return false;
	struct parts p = split(version);
	if (!wild)
		return (equal || p.local.len == 0) && req_add(r, is, version);
	return equal && (p.tail.len == 0 || loose) && p.local.len == 0 &&
	       req_add(r, is == REQ_EQUAL ? REQ_LIKE : REQ_UNLIKE, version);
}

/* One specifier, cut to its end; loosely, a blank is one. */
static bool cut_one(struct req_reader *r, struct bytes *text, bool loose)
{
	const struct ver_scheme *s = ver_find(BYTES_LIT("pep440"));
	enum req_is is = REQ_EQUAL;
	bool same = bytes_has_prefix_lit(*text, "==="),
	     compatible = bytes_has_prefix_lit(*text, "~=");
	if (same || compatible)
		*text = bytes_trim(bytes_from(*text, same ? 3 : 2));
	else if (bytes_has_prefix_lit(*text, "=>") || bytes_has_prefix_lit(*text, "=<") ||
		 (!req_cut_mark(text, &is) && !loose))
		return false;
	size_t n = 0;
	while (n < text->len && text->ptr[n] != ',' && !(loose && byte_is_space(text->ptr[n])))
		n++;
	struct bytes version = bytes_trim(bytes_part(*text, 0, n));
	*text = bytes_trim(bytes_from(*text, n));
	if (text->len > 0 && text->ptr[0] == ',')
		*text = bytes_trim(bytes_from(*text, 1));
	if (same)
		return version.len > 0 && req_add(r, REQ_SAME, version);
	if (compatible)
		return s->is_valid(version) && add_compatible(r, version);
	if (loose && bytes_eq_lit(version, "*"))
		return true;
	return add_marked(r, is, version, loose);
}

bool req_parse_pep440(struct req_reader *r, struct bytes text)
{
	if (!req_or(r))
		return false;
	while (text.len > 0)
		if (!cut_one(r, &text, false))
			return false;
	return true;
}

bool req_parse_pep440_loose(struct req_reader *r, struct bytes text)
{
	struct bytes part;
	while (req_cut_or(&text, false, &part)) {
		if (!req_or(r))
			return false;
		while (part.len > 0)
			if (!cut_one(r, &part, true))
				return false;
	}
	return true;
}
