/* Programs that people build from source, by a text in them: eco/program_text.h. The package is of
 * type generic and upstream's name; the qualifier evidence says that nothing but a text shows it.
 * Spec: docs/formats/known-programs.md. */
#include "eco/parsers.h"
#include "eco/program_text.h"

static int known_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct program_text t;
	program_text_init(&t, path);
	program_text_feed(&t, file);
	program_text_end(&t);
	if (t.version_len == 0)
		return 0;
	/* of Python, what is in front belongs to the version */
	size_t from = t.before[0] == 0 ? 1 : t.before_len;
	char *version = arena_printf(a, "%.*s%.*s", (int)(t.before_len - from), t.before + from,
				     (int)t.version_len, t.version);
	if (!version)
		return err_set(e, ERR_NOMEM, "program: out of memory");
	struct pkg p =
	    eco_language_package("generic", bytes_of(t.name), bytes_of(version), PKG_BINARY);
	p.qualifiers = BYTES_LIT("evidence=text");
	return sink->package(sink->arg, &p, e);
}

const struct eco_parser eco_known = {.parse = known_parse};
