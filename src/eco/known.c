/* Programs that people build from source, by a text in them: eco/program_text.h. The package is of
 * type generic and upstream's name; the qualifier evidence says what shows it: a text that names
 * the program, or a version that lies alone in a file of the program's name.
 * Spec: docs/formats/known-programs.md. */
#include "eco/known.h"

#include "eco/program_text.h"

int known_find(struct bytes path, struct bytes file, struct known *ret, struct arena *a,
	       struct err *e)
{
	struct program_text *t = arena_alloc(a, 1, sizeof *t);
	bool ok = t != NULL;
	*ret = (struct known){.name = NULL};
	if (!t)
		return err_set(e, ERR_NOMEM, "program: out of memory");
	program_text_init(t, path);
	program_text_feed(t, file);
	program_text_end(t);
	ret->name = program_text_name(t);
	ret->qualifiers =
	    program_text_is_bare(t) ? BYTES_LIT("evidence=version") : BYTES_LIT("evidence=text");
	if (ret->name)
		ret->version = arena_bytes(a, program_text_version(t), &ok);
	return ok ? 0 : err_set(e, ERR_NOMEM, "program: out of memory");
}

int known_put(const struct known *k, const struct eco_sink *sink, struct err *e)
{
	struct pkg p = eco_language_package("generic", bytes_of(k->name), k->version, PKG_BINARY);
	p.qualifiers = k->qualifiers;
	return sink->package(sink->arg, &p, e);
}

static int known_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct known k;
	int r = known_find(path, file, &k, a, e);
	return r == 0 && k.name ? known_put(&k, sink, e) : r;
}

const struct eco_parser eco_known = {.parse = known_parse};
