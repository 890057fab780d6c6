/* What .NET projects declare in XML.
 *
 * packages.config: <packages><package id="NAME" version="1.2.3"/></packages>.
 * Directory.Packages.props and other files of that end: <Project><ItemGroup><PackageVersion
 * Include="NAME" Version="1.2.3"/></ItemGroup></Project>; a version that names a property ("$(X)")
 * or a range is no release. Spec: learn.microsoft.com "packages.config reference", "Central Package
 * Management". */
#include "base/xml.h"
#include "eco/declared.h"
#include "eco/path.h"

static bool is_release(struct bytes version)
{
	for (size_t i = 0; i < version.len; i++)
		if (!byte_is_alnum(version.ptr[i]) &&
		    bytes_find(BYTES_LIT(".-+"), version.ptr[i]) == 3)
			return false;
	return version.len > 0;
}

static void put(struct xml *x, const char *name, const char *version, struct declared *d,
		struct arena *a)
{
	struct bytes id = xml_attribute(x, name), release = xml_attribute(x, version);
	bool ok;
	if (d->r < 0 || !xml_ok(x) || !eco_is_word(id) || !is_release(release))
		return;
	struct pkg p = eco_language_package("nuget", id, release, PKG_DECLARED);
	p.source_name = arena_lower(a, id, &ok);
	d->r = ok ? d->sink->package(d->sink->arg, &p, d->e)
		  : err_set(d->e, ERR_NOMEM, ".NET packages: out of memory");
}

static void read_group(struct xml *x, struct declared *d, struct arena *a)
{
	while (xml_child(x)) {
		if (xml_is(x, "PackageVersion") || xml_is(x, "GlobalPackageReference"))
			put(x, "Include", "Version", d, a);
		xml_skip(x);
	}
}

static int nuget_xml_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			   struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .e = e};
	struct xml x;
	bool config = bytes_has_suffix_lit(path, "packages.config");
	xml_init(&x, file, a);
	if (!xml_root(&x))
		return xml_finish(&x, e);
	while (xml_child(&x)) {
		if (config && xml_is(&x, "package")) {
			put(&x, "id", "version", &d, a);
			xml_skip(&x);
		} else if (!config && xml_is(&x, "ItemGroup")) {
			read_group(&x, &d, a);
		} else {
			xml_skip(&x);
		}
	}
	return d.r < 0 ? d.r : xml_finish(&x, e);
}

static struct eco_want nuget_xml_wants(struct bytes path)
{
	return eco_wants_lock(ECO_NUGET_XML, path);
}

const struct eco_parser eco_nuget_xml = {.wants = nuget_xml_wants, .parse = nuget_xml_parse};
