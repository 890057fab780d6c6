/* What Bitnami's images state of themselves: opt/bitnami/NAME/.spdx-NAME.spdx, SPDX 2.3 in JSON:
 * {"packages": [{"externalRefs": [{"referenceLocator": "pkg:bitnami/NAME@VERSION-REVISION"}]}]}. Of
 * the references only those of type bitnami count: what a program was made of is stated for
 * information, and language packages are read from their own files. Spec: SPDX 2.3 section 7.21;
 * purl's type bitnami. */
#include "eco/parsers.h"

#include "base/json.h"

struct bitnami {
	const struct eco_sink *sink;
	struct arena *arena;
	struct err *e;
	int r;
};

static void put(struct bitnami *b, struct bytes purl)
{
	struct pkg p;
	if (!bytes_has_prefix_lit(purl, "pkg:bitnami/") || b->r < 0)
		return;
	b->r = pkg_purl_read(purl, b->arena, &p, b->e);
	if (b->r == -ERR_FORMAT)
		b->r = b->sink->note(b->sink->arg, 0, "a package URL that cannot be read", b->e);
	else if (b->r == 0 && (!eco_is_word(p.name) || !eco_is_word(p.version)))
		b->r = b->sink->note(b->sink->arg, 0, "a package without a version", b->e);
	else if (b->r == 0) {
		struct pkg q = eco_language_package("bitnami", p.name, p.version, PKG_LANGUAGE);
		q.arch = p.arch;
		b->r = b->sink->package(b->sink->arg, &q, b->e);
	}
}

static void read_references(struct bitnami *b, struct json *j)
{
	struct bytes key;
	json_enter_array(j);
	while (b->r == 0 && json_next_item(j)) {
		if (json_peek(j) != JSON_OBJECT) {
			json_skip(j);
			continue;
		}
		json_enter_object(j);
		while (json_next_key(j, &key)) {
			bool counts =
			    bytes_eq_lit(key, "referenceLocator") && json_peek(j) == JSON_STRING;
			struct bytes text = counts ? json_string(j) : BYTES_NONE;
			if (!counts)
				json_skip(j);
			else if (json_ok(j))
				put(b, text);
		}
	}
}

static void read_packages(struct bitnami *b, struct json *j)
{
	struct bytes key;
	json_enter_array(j);
	while (b->r == 0 && json_next_item(j)) {
		if (json_peek(j) != JSON_OBJECT) {
			json_skip(j);
			continue;
		}
		json_enter_object(j);
		while (b->r == 0 && json_next_key(j, &key))
			if (bytes_eq_lit(key, "externalRefs") && json_peek(j) == JSON_ARRAY)
				read_references(b, j);
			else
				json_skip(j);
	}
}

static int bitnami_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			 struct arena *a, struct err *e)
{
	struct bitnami b = {.sink = sink, .arena = a, .e = e};
	struct json j;
	struct bytes key;
	(void)path;
	json_init(&j, file, a);
	json_enter_object(&j);
	while (b.r == 0 && json_next_key(&j, &key))
		if (bytes_eq_lit(key, "packages") && json_peek(&j) == JSON_ARRAY)
			read_packages(&b, &j);
		else
			json_skip(&j);
	return b.r < 0 ? b.r : json_finish(&j, e);
}

const struct eco_parser eco_bitnami = {.parse = bitnami_parse};
