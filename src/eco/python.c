/* Installed Python packages.
 *
 * NAME-VERSION.dist-info/METADATA (pip and all that installs wheels), NAME.egg-info/PKG-INFO and
 * the single file NAME-VERSION.egg-info (setuptools, distutils), EGG-INFO/PKG-INFO in an unpacked
 * egg: fields of an e-mail header, "Key: value", names of keys without case; a line that starts
 * with a blank goes on with the field before; a blank line ends them. Name and Version count, the
 * first of each. Names are compared as PEP 503 normalises them, and stated so. RECORD beside
 * METADATA lists the package's files: who owns a file is asked of the distribution's databases
 * alone, so it is not read. Spec: packaging.python.org "Core metadata", "Recording installed
 * projects", "Names and normalization". */
#include "eco/parsers.h"
#include "pkg/python_name.h"

static int python_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			struct arena *a, struct err *e)
{
	struct bytes name = BYTES_NONE, version = BYTES_NONE;
	(void)path;
	if (bytes_has_prefix_lit(file, "\xef\xbb\xbf")) /* of editors on Windows */
		file = bytes_from(file, 3);
	for (struct bytes rest = file; rest.len > 0;) {
		struct bytes value = bytes_cut(&rest, '\n');
		if (bytes_trim(value).len == 0)
			break;
		if (value.ptr[0] == ' ' || value.ptr[0] == '\t')
			continue;
		struct bytes key = bytes_trim(bytes_cut(&value, ':'));
		value = bytes_trim(value);
		if (name.len == 0 && bytes_eq_nocase(key, BYTES_LIT("name")))
			name = value;
		else if (version.len == 0 && bytes_eq_nocase(key, BYTES_LIT("version")))
			version = value;
	}
	if (!python_name_is_valid(name))
		return sink->note(sink->arg, 0, "no package name", e);
	if (!eco_is_word(version))
		return sink->note(sink->arg, 0, "no package version", e);
	struct bytes normal = python_name(name, a);
	if (normal.len == 0)
		return err_set(e, ERR_NOMEM, "Python package: out of memory");
	struct pkg p = eco_language_package("pypi", normal, version, PKG_LANGUAGE);
	return sink->package(sink->arg, &p, e);
}

const struct eco_parser eco_python = {.parse = python_parse};
