/* What a Maven project declares: pom.xml, <project><dependencies><dependency> with groupId,
 * artifactId and version. A version may name a property of the same file ("${x.version}",
 * "${project.version}"); one that its parent or a bill of materials holds is not known, and names
 * no release. Dependencies of scope test, and optional ones of others, are not told apart: a
 * declaration is no more than that. Spec: maven.apache.org "POM Reference". */
#include "base/xml.h"
#include "eco/declared.h"
#include "eco/path.h"

#define PROPERTIES_MAX 1024U /* real ones have under 200 */

struct property {
	struct bytes name, value;
};

struct pom {
	struct property *properties;
	size_t count;
	struct bytes version; /* of the project */
};

static void add_property(struct pom *p, struct bytes name, struct bytes value)
{
	size_t colon = bytes_find(name, ':');
	if (p->count < PROPERTIES_MAX)
		p->properties[p->count++] = (struct property){
		    .name = colon < name.len ? bytes_from(name, colon + 1) : name, .value = value};
}

/* The properties and the version of the project, which may come behind its dependencies. */
static void read_project(struct xml *x, struct pom *p)
{
	while (xml_child(x)) {
		if (xml_is(x, "version")) {
			p->version = xml_content(x);
		} else if (xml_is(x, "parent")) {
			while (xml_child(x)) {
				bool version = xml_is(x, "version") && p->version.len == 0;
				struct bytes text = xml_content(x);
				p->version = version ? text : p->version;
			}
		} else if (xml_is(x, "properties")) {
			while (xml_child(x)) {
				struct bytes name = x->element;
				add_property(p, name, xml_content(x));
			}
		} else {
			xml_skip(x);
		}
	}
}

/* "${NAME}" as the project says it; what it does not say stays, and is no release. */
static struct bytes resolve(const struct pom *p, struct bytes text)
{
	if (!bytes_has_prefix_lit(text, "${") || !bytes_has_suffix_lit(text, "}"))
		return text;
	struct bytes name = bytes_part(text, 2, text.len - 3);
	if (bytes_eq_lit(name, "project.version") || bytes_eq_lit(name, "version"))
		return p->version;
	for (size_t i = 0; i < p->count; i++)
		if (bytes_eq(p->properties[i].name, name))
			return p->properties[i].value;
	return text;
}

static bool is_release(struct bytes version)
{
	for (size_t i = 0; i < version.len; i++)
		if (bytes_find(BYTES_LIT("$[]{}(),"), version.ptr[i]) < 8)
			return false;
	return version.len > 0;
}

static void read_dependency(struct xml *x, const struct pom *p, struct declared *d, struct arena *a)
{
	struct bytes group = BYTES_NONE, artifact = BYTES_NONE, version = BYTES_NONE;
	while (xml_child(x)) {
		struct bytes *to = xml_is(x, "groupId")	     ? &group
				   : xml_is(x, "artifactId") ? &artifact
				   : xml_is(x, "version")    ? &version
							     : NULL;
		if (to)
			*to = xml_content(x);
		else
			xml_skip(x);
	}
	group = resolve(p, group);
	version = resolve(p, version);
	if (!xml_ok(x) || !group.len || !artifact.len || !is_release(version))
		return;
	char *name = arena_printf(a, "%.*s:%.*s", BYTES_ARG(group), BYTES_ARG(artifact));
	if (!name)
		d->r = err_set(d->e, ERR_NOMEM, "pom.xml: out of memory");
	else
		declared_put(d, bytes_of(name), version);
}

static int pom_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "maven", .e = e};
	struct pom p = {.properties = arena_alloc(a, PROPERTIES_MAX, sizeof *p.properties)};
	struct xml x;
	(void)path;
	if (!p.properties)
		return err_set(e, ERR_NOMEM, "pom.xml: out of memory");
	xml_init(&x, file, a);
	if (!xml_root(&x))
		return xml_finish(&x, e);
	struct xml again = x;
	read_project(&x, &p);
	int r = xml_finish(&x, e);
	if (r < 0)
		return r;
	x = again;
	while (d.r == 0 && xml_child(&x)) {
		if (!xml_is(&x, "dependencies")) {
			xml_skip(&x);
			continue;
		}
		while (xml_child(&x))
			if (d.r == 0 && xml_is(&x, "dependency"))
				read_dependency(&x, &p, &d, a);
			else
				xml_skip(&x);
	}
	return d.r < 0 ? d.r : xml_finish(&x, e);
}

static struct eco_want pom_wants(struct bytes path)
{
	return eco_wants_lock(ECO_POM, path);
}

const struct eco_parser eco_pom = {.wants = pom_wants, .parse = pom_parse};
