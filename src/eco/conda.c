/* Conda packages: conda-meta/NAME-VERSION-BUILD.json in each environment, an object whose "name",
 * "license" and "build" count; the build is a qualifier. Spec: conda's documentation, "conda
 * environments" (conda-meta); purl's type conda. */
#include "eco/parsers.h"

#include "base/json.h"

static int conda_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct bytes name = BYTES_NONE, version = BYTES_NONE, build = BYTES_NONE,
		     license = BYTES_NONE;
	struct json j;
	(void)path;
	json_init(&j, file, a);
	const struct bytes_slot slots[] = {
	    {"name", &name},
	    {"version", &version},
	    {"build", &build},
	    {"license", &license},
	};
	json_slots_lenient(&j, BYTES_SLOTS(slots));
	int r = json_finish(&j, e);
	if (r < 0)
		return r;
	if (!eco_is_word(name) || !eco_is_word(version))
		return sink->note(sink->arg, 0, "a package without a name or version", e);
	struct pkg p = eco_language_package("conda", name, version, PKG_LANGUAGE);
	if (eco_is_word(build)) {
		char *text = arena_printf(a, "build=%.*s", BYTES_ARG(build));
		if (!text)
			return err_set(e, ERR_NOMEM, "Conda package: out of memory");
		p.qualifiers = bytes_of(text);
	}
	r = eco_license(&p, license, a, e);
	return r < 0 ? r : sink->package(sink->arg, &p, e);
}

const struct eco_parser eco_conda = {.parse = conda_parse};
