/* Installed Python packages.
 *
 * NAME-VERSION.dist-info/METADATA (pip and all that installs wheels), NAME.egg-info/PKG-INFO and
 * the single file NAME-VERSION.egg-info (setuptools, distutils), EGG-INFO/PKG-INFO in an egg, a
 * folder or a zip archive that Python imports as it is: fields of an e-mail header, "Key: value",
 * names of keys without case; a line that starts with a blank goes on with the field before; a
 * blank line ends them. Name and Version count, the first of each; of the licence
 * License-Expression, License or the classifiers. Names are compared as PEP 503
 * normalises them, and stated so. RECORD beside METADATA lists the package's files: who owns a file
 * is asked of the distribution's databases alone, so it is not read. Spec: packaging.python.org
 * "Core metadata", "Recording installed projects", "Names and normalization". */
#include "archive/zip.h"
#include "eco/parsers.h"
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

/* zipped eggs */

static int read_member(struct zip *zip, const struct zip_entry *ent, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct limits lim = LIMITS_DEFAULT;
	size_t cap = ent->size < TEXT_MAX ? (size_t)ent->size : TEXT_MAX, len = 0;
	uint8_t *text = arena_alloc(a, cap ? cap : 1, 1);
	struct stream *s = text ? zip_open_member(zip, ent, &lim, e) : NULL;
	int r = 0;
	if (!s)
		return text ? -(int)e->code : err_set(e, ERR_NOMEM, "Python egg: out of memory");
	while (len < cap) {
		struct bytes have;
		r = stream_peek(s, 1, &have, e);
		if (r <= 0)
			break;
		have = bytes_part(have, 0, cap - len);
		memcpy(text + len, have.ptr, have.len);
		len += have.len;
		stream_consume(s, have.len);
	}
	stream_close(s);
	return r < 0 ? r : read_fields((struct bytes){.ptr = text, .len = len}, sink, a, e);
}

static int read_egg(struct bytes file, const struct eco_sink *sink, struct arena *a, struct err *e)
{
	struct limits lim = LIMITS_DEFAULT;
	struct zip *zip = zip_open_bytes(file, &lim, e);
	struct zip_entry ent;
	bool found = false;
	int r = zip ? 1 : -(int)e->code;
	while (r > 0 && !found) {
		r = zip_next(zip, &ent, e);
		found = r > 0 && bytes_eq_lit(ent.path, "EGG-INFO/PKG-INFO");
	}
	if (found)
		r = read_member(zip, &ent, sink, a, e);
	else if (r == 0)
		r = sink->note(sink->arg, 0, "an egg without EGG-INFO/PKG-INFO", e);
	zip_close(zip);
	return r;
}

static int python_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			struct arena *a, struct err *e)
{
	struct err own = ERR_INIT;
	e = e ? e : &own;
	return bytes_has_suffix_lit(path, ".egg") ? read_egg(file, sink, a, e)
						  : read_fields(file, sink, a, e);
}

const struct eco_parser eco_python = {.parse = python_parse};
