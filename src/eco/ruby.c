/* Installed gems: specifications/NAME-VERSION.gemspec, and specifications/default/ for those that
 * come with Ruby.
 *
 * The file is Ruby that RubyGems writes, in a form of its own, a statement a line; it is read as
 * lines, never run. A second line "# stub: NAME VERSION PLATFORM PATHS" says the same. Of the
 * statements s.name, s.version and s.platform count, the first of each with a plain text: "rack",
 * 'rack' or %q{rack}, .freeze behind it or Gem::Version.new around it. The platform is not part of
 * the version, in advisories neither. s.license or s.licenses is the licence. Spec:
 * guides.rubygems.org "Specification Reference", RubyGems lib/rubygems/specification.rb "to_ruby",
 * stub_specification.rb. */
#include "eco/parsers.h"
#include "pkg/license.h"

struct gem {
	struct bytes name, version, platform;
	struct license license;
};

static bool is_word(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (!byte_is_alnum(b.ptr[i]) && bytes_find(BYTES_LIT("-_."), b.ptr[i]) == 3)
			return false;
	return b.len > 0;
}

/* The text that a statement's right side begins with. */
static struct bytes ruby_text(struct bytes b)
{
	static const char open[] = "{<([", close[] = "}>)]";
	b = bytes_trim(b);
	if (bytes_has_prefix_lit(b, "Gem::Version.new"))
		b = bytes_trim(bytes_from(b, sizeof "Gem::Version.new" - 1));
	if (b.len > 0 && b.ptr[0] == '(')
		b = bytes_trim(bytes_from(b, 1));
	if (b.len > 3 && b.ptr[0] == '%' && (b.ptr[1] == 'q' || b.ptr[1] == 'Q')) {
		size_t kind = bytes_find(bytes_of(open), b.ptr[2]);
		struct bytes rest = bytes_from(b, 3);
		size_t end = kind < 4 ? bytes_find(rest, (uint8_t)close[kind]) : rest.len;
		return end < rest.len ? bytes_part(rest, 0, end) : BYTES_NONE;
	}
	if (b.len < 2 || (b.ptr[0] != '"' && b.ptr[0] != '\''))
		return BYTES_NONE;
	struct bytes rest = bytes_from(b, 1);
	size_t end = bytes_find(rest, b.ptr[0]);
	return end < rest.len ? bytes_part(rest, 0, end) : BYTES_NONE;
}

/* "VARIABLE.KEY = …": the key, and what it is set to. */
static struct bytes statement(struct bytes line, struct bytes *ret_value)
{
	struct bytes key = bytes_trim(bytes_cut(&line, '='));
	size_t dot = bytes_find(key, '.');
	*ret_value = line;
	if (dot == 0 || dot == key.len || !is_word(key) || bytes_has_prefix_lit(line, "="))
		return BYTES_NONE;
	return bytes_from(key, dot + 1);
}

/* license = "MIT", licenses = ["MIT".freeze, "GPL-2.0".freeze]: one may be chosen. */
static void read_licenses(struct bytes value, struct license *l)
{
	struct license one;
	for (;;) {
		size_t open = bytes_find(value, '"'), single = bytes_find(value, '\'');
		open = single < open ? single : open;
		struct bytes text = bytes_from(value, open + 1);
		size_t end = open < value.len ? bytes_find(text, value.ptr[open]) : text.len;
		if (end == text.len)
			return;
		license_read(&one, bytes_part(text, 0, end));
		license_or(l, &one);
		value = bytes_from(text, end + 1);
	}
}

static void read_stub(struct bytes line, struct gem *ret)
{
	struct bytes rest = bytes_trim(bytes_from(line, sizeof "# stub:" - 1));
	ret->name = bytes_cut(&rest, ' ');
	ret->version = bytes_cut(&rest, ' ');
	ret->platform = bytes_cut(&rest, ' ');
}

static void read_line(struct bytes line, struct gem *stub, struct gem *ret)
{
	struct bytes value;
	if (bytes_has_prefix_lit(line, "# stub:") && stub->name.len == 0) {
		read_stub(line, stub);
		return;
	}
	struct bytes key = statement(line, &value);
	if (bytes_eq_lit(key, "license") || bytes_eq_lit(key, "licenses")) {
		read_licenses(value, &ret->license);
		return;
	}
	const struct bytes_slot slots[] = {
	    {"name", &ret->name}, {"version", &ret->version}, {"platform", &ret->platform}};
	struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
	struct bytes text = to && to->len == 0 ? ruby_text(value) : BYTES_NONE;
	if (to && is_word(text))
		*to = text;
}

static int ruby_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	struct gem gem = {.name = BYTES_NONE}, stub = gem;
	(void)path;
	for (struct bytes rest = file; rest.len > 0;)
		read_line(bytes_trim(bytes_cut(&rest, '\n')), &stub, &gem);
	stub.license = gem.license;
	if (!is_word(gem.name) || !is_word(gem.version))
		gem = stub;
	if (!is_word(gem.name))
		return sink->note(sink->arg, 0, "no gem name", e);
	if (!is_word(gem.version))
		return sink->note(sink->arg, 0, "no gem version", e);
	struct pkg p = eco_language_package("gem", gem.name, gem.version, PKG_LANGUAGE);
	if (is_word(gem.platform) && !bytes_eq_lit(gem.platform, "ruby")) {
		char *text = arena_printf(a, "platform=%.*s", BYTES_ARG(gem.platform));
		if (!text)
			return err_set(e, ERR_NOMEM, "gem: out of memory");
		p.qualifiers = bytes_of(text);
	}
	bool ok;
	p.license = arena_bytes(a, license_bytes(&gem.license), &ok);
	return ok ? sink->package(sink->arg, &p, e) : err_set(e, ERR_NOMEM, "gem: out of memory");
}

const struct eco_parser eco_ruby = {.parse = ruby_parse};
