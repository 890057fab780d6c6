/* NAME.nuspec, what a NuGet package says of itself, beside its files in a cache of packages:
 *
 *   <package xmlns="…"><metadata><id>Serilog</id><version>3.1.1</version>
 *     <license type="expression">Apache-2.0</license>
 *     <licenseUrl>https://licenses.nuget.org/Apache-2.0</licenseUrl></metadata></package>
 *
 * A licence of type file names a file of the package, whose licenseUrl then leads nowhere. Only the
 * licence is taken: a cache is not installed; what a program has, its deps.json says. Spec:
 * learn.microsoft.com ".nuspec File Reference". */
#include "base/xml.h"
#include "eco/parsers.h"
#include "pkg/license.h"

#define NO_URL "https://aka.ms/deprecateLicenseUrl" /* in place of a licence of type file */

struct nuspec {
	struct bytes id, version, expression, url;
	bool has_file;
};

static struct eco_want nuspec_wants(struct bytes path)
{
	struct bytes end = BYTES_LIT(".nuspec");
	struct eco_want w = {.merge = ECO_LICENSE};
	size_t slash = bytes_find_last(path, '/');
	struct bytes base = slash < path.len ? bytes_from(path, slash + 1) : path;
	w.wanted = base.len > end.len && bytes_has_suffix(base, end);
	return w;
}

static void read_metadata(struct xml *x, struct nuspec *n)
{
	while (xml_child(x)) {
		if (xml_is(x, "license")) {
			bool file = bytes_eq_lit(xml_attribute(x, "type"), "file");
			struct bytes text = xml_content(x);
			n->has_file = n->has_file || file;
			n->expression = file ? n->expression : text;
			continue;
		}
		struct bytes *to = xml_is(x, "id")	     ? &n->id
				   : xml_is(x, "version")    ? &n->version
				   : xml_is(x, "licenseUrl") ? &n->url
							     : NULL;
		if (to)
			*to = xml_content(x);
		else
			xml_skip(x);
	}
}

static int put(const struct nuspec *n, const struct eco_sink *sink, struct arena *a, struct err *e)
{
	struct license l = {.len = 0};
	bool has_url = !n->has_file && !bytes_eq_lit(n->url, NO_URL);
	if (n->expression.len > 0)
		license_read(&l, n->expression);
	else if (has_url)
		license_read(&l, n->url);
	if (l.len == 0 || !eco_is_word(n->id) || !eco_is_word(n->version))
		return 0;
	bool ok;
	struct bytes id = arena_lower(a, n->id, &ok);
	char *name = ok ? arena_printf(a, "%.*s/%.*s", BYTES_ARG(id), BYTES_ARG(n->version)) : NULL;
	if (!name)
		return err_set(e, ERR_NOMEM, ".nuspec: out of memory");
	return sink->license(sink->arg, bytes_of(name), license_bytes(&l), e);
}

static int nuspec_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			struct arena *a, struct err *e)
{
	struct nuspec n = {.has_file = false};
	struct xml x;
	(void)path;
	xml_init(&x, file, a);
	if (!xml_root(&x))
		return xml_finish(&x, e);
	while (xml_child(&x)) {
		if (xml_is(&x, "metadata"))
			read_metadata(&x, &n);
		else
			xml_skip(&x);
	}
	int r = xml_finish(&x, e);
	return r < 0 ? r : put(&n, sink, a, e);
}

const struct eco_parser eco_nuspec = {.wants = nuspec_wants, .parse = nuspec_parse};
