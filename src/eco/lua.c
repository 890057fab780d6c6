/* Rocks of LuaRocks: rocks-5.4/NAME/VERSION/NAME-VERSION.rockspec. A rockspec is Lua; of its
 * statements package = "NAME", version = "VERSION" and license = "NAME" the first of each counts,
 * read as text and never run. Spec: luarocks.org "Rockspec format". */
#include "eco/parsers.h"
#include "eco/toml.h"

static int lua_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e)
{
	struct toml t = {.rest = file};
	struct bytes key, value, name = BYTES_NONE, version = BYTES_NONE, license = BYTES_NONE;
	(void)path;
	while ((name.len == 0 || version.len == 0 || license.len == 0) &&
	       toml_next(&t, &key, &value)) {
		if (name.len == 0 && bytes_eq_lit(key, "package"))
			name = toml_text(value);
		else if (version.len == 0 && bytes_eq_lit(key, "version"))
			version = toml_text(value);
		else if (license.len == 0 && bytes_eq_lit(key, "license"))
			license = toml_text(value);
	}
	if (!eco_is_word(name) || !eco_is_word(version))
		return sink->note(sink->arg, 0, "a rock without a plain name or version", e);
	struct pkg p = eco_language_package("luarocks", name, version, PKG_LANGUAGE);
	int r = eco_license(&p, license, a, e);
	return r < 0 ? r : sink->package(sink->arg, &p, e);
}

const struct eco_parser eco_lua = {.parse = lua_parse};
