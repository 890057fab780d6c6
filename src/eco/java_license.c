/* Licences of Java archives.
 *
 * META-INF/maven/GROUP/ARTIFACT/pom.xml: <project><licenses><license><name>, <url>, of the project
 * itself; dependencies and plugins have none there. Bundle-License of a manifest: a list, "NAME;
 * link=URL, \"NAME, WITH A COMMA\"". Spec: maven.apache.org "POM Reference", licenses; OSGi Core 8,
 * 3.2.1.10. */
#include "base/xml.h"
#include "eco/java_name.h"

#define POM_MEMORY (1U << 20) /* bytes of texts that are in pieces; the file has 64 KiB */

/* "https://…/LICENSE-2.0.txt, \"Apache License, 2.0\";link=…": each applies. */
void java_license_of(const struct java_manifest *m, struct license *ret)
{
	struct license one;
	struct bytes list = {.ptr = m->text[JAVA_LICENSE], .len = m->len[JAVA_LICENSE]};
	*ret = (struct license){.len = 0};
	while (list.len > 0) {
		struct bytes name;
		list = bytes_trim(list);
		if (bytes_has_prefix_lit(list, "\"")) {
			list = bytes_from(list, 1);
			name = bytes_cut(&list, '"');
			(void)bytes_cut(&list, ',');
		} else {
			name = bytes_cut(&list, ',');
			name = bytes_trim(bytes_part(name, 0, bytes_find(name, ';')));
		}
		license_read(&one, name);
		license_also(ret, &one);
	}
}

/* A name that is no licence's own gives way to an address that is. */
static void read_license(struct xml *x, struct license *ret)
{
	struct license by_url = {.len = 0};
	*ret = (struct license){.len = 0};
	while (xml_child(x)) {
		bool name = xml_is(x, "name");
		if (!name && !xml_is(x, "url")) {
			xml_skip(x);
			continue;
		}
		struct bytes text = xml_content(x);
		if (bytes_find_bytes(text, BYTES_LIT("${")) < text.len)
			continue; /* never filled in */
		license_read(name ? ret : &by_url, text);
	}
	if (ret->len == 0 || (!ret->is_expression && by_url.is_expression))
		*ret = by_url;
}

static void read_licenses(struct xml *x, struct license *all)
{
	struct license one;
	while (xml_child(x)) {
		if (xml_is(x, "license")) {
			read_license(x, &one);
			license_or(all, &one);
		} else {
			xml_skip(x);
		}
	}
}

bool java_pom_license(struct bytes text, struct license *ret)
{
	struct arena a;
	struct xml x;
	struct err why = ERR_INIT;
	struct license all = {.len = 0};
	*ret = all;
	arena_init(&a, POM_MEMORY);
	xml_init(&x, text, &a);
	for (bool more = xml_root(&x) && xml_is(&x, "project"); more && xml_child(&x);) {
		if (!xml_is(&x, "licenses")) {
			xml_skip(&x);
			continue;
		}
		read_licenses(&x, &all);
		if (xml_ok(&x)) /* what follows, or is cut off, changes nothing */
			*ret = all;
	}
	bool ok = xml_ok(&x) || xml_finish(&x, &why) != -ERR_NOMEM;
	arena_free(&a);
	return ok;
}
