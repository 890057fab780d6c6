/* Installed Python packages.
 *
 * NAME-VERSION.dist-info/METADATA (pip and all that installs wheels), NAME.egg-info/PKG-INFO and
 * the single file NAME-VERSION.egg-info (setuptools, distutils), EGG-INFO/PKG-INFO in an egg, a
 * folder or a zip archive that Python imports as it is, and the same in a zip archive that it runs
 * (zipapp, shiv, pex): fields of an e-mail header, "Key: value",
 * names of keys without case; a line that starts with a blank goes on with the field before; a
 * blank line ends them. Name and Version count, the first of each; of the licence
 * License-Expression, License or the classifiers. Names are compared as PEP 503
 * normalises them, and stated so. RECORD beside METADATA lists the package's files: who owns a file
 * is asked of the distribution's databases alone, so it is not read. Spec: packaging.python.org
 * "Core metadata", "Recording installed projects", "Names and normalization". */
#include "eco/parsers.h"
#include "eco/zipped.h"
#include "pkg/license.h"
#include "pkg/python_name.h"

#include <string.h>

#define TEXT_MAX (1U << 20) /* bytes of an egg's fields: real ones reach 300 KiB */

struct license_fields {
	struct bytes expression, license;
	struct license classifiers; /* all of them */
};

/* "License :: OSI Approved :: MIT License": the last part, which may name several licences. */
static void see_classifier(struct license *all, struct bytes value)
{
	struct license one;
	if (!bytes_has_prefix_lit(value, "License ::"))
		return;
	value = bytes_trim(bytes_from(value, bytes_find_last(value, ':') + 1));
	if (bytes_eq_lit(value, "OSI Approved"))
		return;
	license_read(&one, value);
	license_also(all, &one);
}

/* An expression is believed first, then a field that names one, then the classifiers. */
static int put_license(const struct license_fields *f, struct pkg *p, struct arena *a,
		       struct err *e)
{
	struct license l;
	bool ok;
	license_read(&l, f->expression.len ? f->expression : f->license);
	const struct license *said =
	    l.is_expression || f->classifiers.len == 0 ? &l : &f->classifiers;
	p->license = arena_bytes(a, license_bytes(said), &ok);
	return ok ? 0 : err_set(e, ERR_NOMEM, "Python package: out of memory");
}

static int read_fields(struct bytes file, const struct eco_sink *sink, struct arena *a,
		       struct err *e)
{
	struct bytes name = BYTES_NONE, version = BYTES_NONE;
	struct license_fields license = {.classifiers = {.len = 0}};
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
		else if (bytes_eq_nocase(key, BYTES_LIT("license-expression")))
			license.expression = value;
		else if (bytes_eq_nocase(key, BYTES_LIT("license")))
			license.license = value;
		else if (bytes_eq_nocase(key, BYTES_LIT("classifier")))
			see_classifier(&license.classifiers, value);
	}
	if (!python_name_is_valid(name))
		return sink->note(sink->arg, 0, "no package name", e);
	if (!eco_is_word(version))
		return sink->note(sink->arg, 0, "no package version", e);
	struct bytes normal = python_name(name, a);
	if (normal.len == 0)
		return err_set(e, ERR_NOMEM, "Python package: out of memory");
	struct pkg p = eco_language_package("pypi", normal, version, PKG_LANGUAGE);
	int r = put_license(&license, &p, a, e);
	return r < 0 ? r : sink->package(sink->arg, &p, e);
}

/* archives */

struct archived {
	const struct eco_sink *sink;
	struct arena *arena;
};

static bool is_of_egg(struct bytes path)
{
	return bytes_eq_lit(path, "EGG-INFO/PKG-INFO");
}

/* A zipapp or pex has what is installed in a folder, in whatever folder. */
static bool is_metadata(struct bytes path)
{
	return bytes_has_suffix_lit(path, ".dist-info/METADATA") ||
	       bytes_has_suffix_lit(path, ".egg-info/PKG-INFO") ||
	       bytes_has_suffix_lit(path, "EGG-INFO/PKG-INFO");
}

static int read_archived(void *arg, struct bytes path, struct bytes text, struct err *e)
{
	const struct archived *d = arg;
	(void)path;
	return read_fields(text, d->sink, d->arena, e);
}

static int read_archive(bool is_egg, struct bytes file, const struct eco_sink *sink,
			struct arena *a, struct err *e)
{
	struct archived d = {.sink = sink, .arena = a};
	const struct zipped z = {.text_max = TEXT_MAX,
				 .wants = is_egg ? is_of_egg : is_metadata,
				 .read = read_archived,
				 .arg = &d};
	int r = zipped_read(file, &z, a, e);
	if (r == 0 && is_egg)
		r = sink->note(sink->arg, 0, "an egg without EGG-INFO/PKG-INFO", e);
	return r < 0 ? r : 0;
}

static int python_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			struct arena *a, struct err *e)
{
	struct err own = ERR_INIT;
	bool is_egg = bytes_has_suffix_lit(path, ".egg");
	e = e ? e : &own;
	if (is_egg || bytes_has_suffix_lit(path, ".pyz") || bytes_has_suffix_lit(path, ".pex"))
		return read_archive(is_egg, file, sink, a, e);
	return read_fields(file, sink, a, e);
}

const struct eco_parser eco_python = {.parse = python_parse};
