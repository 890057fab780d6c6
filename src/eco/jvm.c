/* Java runtimes: a file "release" in their folder, lines KEY="VALUE", of which JAVA_VERSION counts.
 * The package is of type generic and called java. Spec: OpenJDK's make/ReleaseFile.gmk. */
#include "eco/parsers.h"
#include "eco/toml.h"

static int jvm_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e)
{
	struct toml t = {.rest = file};
	struct bytes key, value, version = BYTES_NONE;
	(void)path;
	(void)a;
	while (version.len == 0 && toml_next(&t, &key, &value))
		if (bytes_eq_lit(key, "JAVA_VERSION"))
			version = toml_text(value);
	if (!eco_is_word(version))
		return 0; /* another file of that name */
	struct pkg p = eco_language_package("generic", BYTES_LIT("java"), version, PKG_BINARY);
	return sink->package(sink->arg, &p, e);
}

const struct eco_parser eco_jvm = {.parse = jvm_parse};
