/* The syntaxes, and what a range of any of them says of a version. */
#include "pkg/requirement/syntax.h"

#include "pkg/version/semver.h"

#include <stdarg.h>
#include <stdio.h>

static const struct req_syntax syntaxes[] = {
    {.name = "npm", .scheme = "npm", .parse = req_parse_npm, .guards_pre = true},
    {.name = "npm-loose", .scheme = "npm-loose", .parse = req_parse_npm_loose, .guards_pre = true},
    {.name = "npm-includePrerelease", .scheme = "npm", .parse = req_parse_npm_pre},
    {.name = "cargo", .scheme = "cargo", .parse = req_parse_cargo, .guards_pre = true},
    {.name = "hex", .scheme = "hex", .parse = req_parse_hex},
    {.name = "composer-lib", .scheme = "composer-lib", .parse = req_parse_composer},
    {.name = "gem", .scheme = "gem", .parse = req_parse_gem, .holds = req_gem_holds},
    {.name = "pep440", .scheme = "pep440", .parse = req_parse_pep440, .holds = req_pep440_holds},
    {.name = "pep440-loose",
     .scheme = "pep440",
     .parse = req_parse_pep440_loose,
     .holds = req_pep440_holds},
    {.name = "conan", .scheme = "conan", .parse = req_parse_conan},
    {.name = "maven", .scheme = "maven", .parse = req_parse_maven},
    {.name = "nuget", .scheme = "nuget", .parse = req_parse_nuget},
    {.name = "apk3", .scheme = "apk3", .parse = req_parse_apk, .holds = req_apk_holds},
    {.name = "dpkg", .scheme = "dpkg", .parse = req_parse_list},
    {.name = "-list", .scheme = NULL, .parse = req_parse_list},
};
#define SYNTAX_COUNT (sizeof syntaxes / sizeof *syntaxes)

/* "-list" of any scheme is a row per scheme, made where it is asked for. */
static int syntax_of(struct bytes name, struct arena *a, const struct req_syntax **ret,
		     struct err *e)
{
	const struct req_syntax *row = NULL;
	for (size_t i = 0; i < SYNTAX_COUNT && !row; i++)
		if (bytes_eq_lit(name, syntaxes[i].name))
			row = &syntaxes[i];
	*ret = row;
	if (row && row->scheme)
		return 0;
	row = &syntaxes[SYNTAX_COUNT - 1];
	const struct ver_scheme *s = NULL;
	if (bytes_has_suffix_lit(name, row->name))
		s = ver_find(bytes_part(name, 0, name.len - bytes_of(row->name).len));
	if (!s)
		return err_set(e, ERR_NOT_FOUND, "no such syntax of ranges");
	struct req_syntax *made = arena_alloc(a, 1, sizeof *made);
	if (!made)
		return err_nomem(e);
	*made = *row;
	made->scheme = s->name;
	*ret = made;
	return 0;
}

bool req_or(struct req_reader *r)
{
	struct requirement *q = r->out;
	struct req_all *grown = arena_grow(r->a, q->v, q->count, &q->cap, sizeof *q->v);
	r->no_memory |= !grown;
	r->too_many |= ++r->terms > REQ_TERMS_MAX;
	if (!grown || r->too_many)
		return false;
	q->v = grown;
	q->v[q->count++] = (struct req_all){.v = NULL};
	return true;
}

bool req_add(struct req_reader *r, enum req_is is, struct bytes version)
{
	if (r->out->count == 0 && !req_or(r))
		return false;
	struct req_all *all = &r->out->v[r->out->count - 1];
	struct req_term *grown = arena_grow(r->a, all->v, all->count, &all->cap, sizeof *all->v);
	r->no_memory |= !grown;
	r->too_many |= ++r->terms > REQ_TERMS_MAX;
	if (!grown || r->too_many || version.len > REQ_VERSION_MAX)
		return false;
	all->v = grown;
	all->v[all->count++] = (struct req_term){.is = is, .version = version};
	return true;
}

bool req_add_made(struct req_reader *r, enum req_is is, const char *format, ...)
{
	char text[REQ_VERSION_MAX];
	bool ok;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof text)
		return false;
	struct bytes kept = arena_bytes(r->a, bytes_of(text), &ok);
	r->no_memory |= !ok;
	return ok && req_add(r, is, kept);
}

void req_never(struct req_reader *r)
{
	if (r->out->count > 0)
		r->out->v[r->out->count - 1].never = true;
}

bool req_cut_mark(struct bytes *text, enum req_is *ret)
{
	static const struct {
		const char *mark;
		enum req_is is;
	} marks[] = {{"==", REQ_EQUAL}, {"!=", REQ_UNEQUAL}, {"<>", REQ_UNEQUAL}, {"<=", REQ_UP_TO},
		     {"=<", REQ_UP_TO}, {">=", REQ_FROM},    {"=>", REQ_FROM},	  {"<<", REQ_BELOW},
		     {">>", REQ_ABOVE}, {"<", REQ_BELOW},    {">", REQ_ABOVE},	  {"=", REQ_EQUAL}};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		if (!bytes_has_prefix_lit(*text, marks[i].mark))
			continue;
		*text = bytes_trim(bytes_from(*text, bytes_of(marks[i].mark).len));
		*ret = marks[i].is;
		return true;
	}
	*ret = REQ_EQUAL;
	return false;
}

bool req_cut_or(struct bytes *rest, bool single, struct bytes *ret)
{
	if (!rest->ptr)
		return false;
	size_t at = bytes_find(*rest, '|');
	while (!single && at < rest->len && !(at + 1 < rest->len && rest->ptr[at + 1] == '|'))
		at += 1 + bytes_find(bytes_from(*rest, at + 1), '|');
	bool more = at < rest->len;
	size_t next = at + 1 + (at + 1 < rest->len && rest->ptr[at + 1] == '|');
	*ret = bytes_trim(bytes_part(*rest, 0, at));
	*rest = more ? (struct bytes){rest->ptr + next, rest->len - next} : BYTES_NONE;
	return true;
}

/* Comparisons with blanks or ',' between: "> 1.0, < 1.2 || =2". */
bool req_parse_list(struct req_reader *r, struct bytes text)
{
	struct bytes part;
	while (req_cut_or(&text, false, &part)) {
		if (part.len == 0 && !text.ptr && r->out->count > 0)
			return true; /* "<1||", as some databases end */
		if (!req_or(r) || part.len == 0)
			return false;
		while (part.len > 0) {
			enum req_is is;
			size_t n = 0;
			(void)req_cut_mark(&part, &is);
			while (n < part.len && !byte_is_space(part.ptr[n]) && part.ptr[n] != ',' &&
			       part.ptr[n] != '<' && part.ptr[n] != '>')
				n++;
			if (n == 0 || !req_add(r, is, bytes_part(part, 0, n)))
				return false;
			part = bytes_trim(bytes_from(part, n));
			if (part.len > 0 && part.ptr[0] == ',') {
				part = bytes_trim(bytes_from(part, 1));
				if (part.len == 0)
					return false;
			}
		}
	}
	return true;
}

int req_parse(struct bytes syntax, struct bytes text, struct arena *a, struct requirement *ret,
	      struct err *e)
{
	struct req_reader r = {.a = a, .out = ret};
	*ret = (struct requirement){.v = NULL};
	int rc = syntax_of(syntax, a, &ret->syntax, e);
	if (rc < 0)
		return rc;
	if (text.len > REQ_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "a range of more than %d bytes", REQ_TEXT_MAX);
	text = bytes_trim(text);
	if (!text.ptr)
		text = BYTES_LIT("");
	if (ret->syntax->parse(&r, text))
		return 0;
	if (r.no_memory)
		return err_nomem(e);
	if (r.too_many)
		return err_set(e, ERR_LIMIT, "a range of more than %d terms", REQ_TERMS_MAX);
	return err_set(e, ERR_FORMAT, "not a range of %s", ret->syntax->name);
}

bool req_order_holds(const struct ver_scheme *s, const struct req_term *t, struct bytes version)
{
	int order = s->cmp(version, t->version);
	switch (t->is) {
	case REQ_EQUAL:
		return order == 0;
	case REQ_UNEQUAL:
		return order != 0;
	case REQ_BELOW:
		return order < 0;
	case REQ_UP_TO:
		return order <= 0;
	case REQ_ABOVE:
		return order > 0;
	case REQ_FROM:
		return order >= 0;
	case REQ_LIKE:
	case REQ_UNLIKE:
	case REQ_SAME:
	case REQ_BELOW_RELEASE:
	default:
		return false;
	}
}

static bool names_pre(const struct req_all *all, struct bytes version)
{
	struct semver v = semver_split(version);
	if (!v.has_pre)
		return true;
	for (size_t i = 0; i < all->count; i++) {
		struct semver t = semver_split(all->v[i].version);
		if (t.has_pre && semver_core_cmp(t.core, v.core) == 0)
			return true;
	}
	return false;
}

static bool all_hold(const struct requirement *r, const struct ver_scheme *s,
		     const struct req_all *all, struct bytes version)
{
	const struct req_syntax *x = r->syntax;
	if (all->never)
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (!(x->holds ? x->holds : req_order_holds)(s, &all->v[i], version))
			return false;
	return !x->guards_pre || names_pre(all, version);
}

bool req_has(const struct requirement *r, struct bytes version)
{
	const struct ver_scheme *s = ver_find(bytes_of(r->syntax->scheme));
	bool has = false;
	if (!s || (s->doubt == VER_REFUSE && !s->is_valid(version)))
		return false;
	for (size_t i = 0; i < r->count && !has; i++)
		has = all_hold(r, s, &r->v[i], version);
	return has;
}
