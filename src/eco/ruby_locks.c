/* What Bundler's Gemfile.lock declares. Nothing shows that it is installed.
 *
 * Sections begin with a word in the first column; GEM, GIT and PATH have a line "  specs:" and
 * below it "    NAME (VERSION)" or "    NAME (VERSION-PLATFORM)", and deeper what those need. PATH
 * is the project's own. Spec: Bundler's lib/bundler/lockfile_parser.rb. */
#include "eco/parsers.h"
#include "eco/path.h"

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_RUBY_LOCKS, path);
}

static int put(struct bytes line, const struct eco_sink *sink, struct arena *a, struct err *e)
{
	struct bytes platform = bytes_trim(line);
	struct bytes name = bytes_trim(bytes_cut(&platform, '('));
	platform = bytes_cut(&platform, ')');
	struct bytes version = bytes_cut(&platform, '-');
	if (!eco_is_word(name) || !eco_is_word(version))
		return 0;
	struct pkg p = eco_language_package("gem", name, version, PKG_DECLARED);
	if (eco_is_word(platform)) {
		char *text = arena_printf(a, "platform=%.*s", BYTES_ARG(platform));
		if (!text)
			return err_set(e, ERR_NOMEM, "Gemfile.lock: out of memory");
		p.qualifiers = bytes_of(text);
	}
	return sink->package(sink->arg, &p, e);
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	bool counts = false, specs = false;
	int r = 0;
	(void)path;
	for (struct bytes rest = file; r == 0 && rest.len > 0;) {
		struct bytes line = bytes_cut(&rest, '\n'), word = bytes_trim(line);
		if (word.len > 0 && line.ptr[0] != ' ')
			counts = bytes_eq_lit(word, "GEM") || bytes_eq_lit(word, "GIT");
		if (!bytes_has_prefix_lit(line, "    "))
			specs = counts && bytes_eq_lit(word, "specs:");
		else if (specs && line.len > 4 && line.ptr[4] != ' ')
			r = put(line, sink, a, e);
	}
	return r;
}

const struct eco_parser eco_ruby_locks = {.wants = locks_wants, .parse = locks_parse};
