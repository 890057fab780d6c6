/* Bills of materials that lie in an image: *.cdx.json, *.spdx.json and what the like is called, of
 * which each package URL counts: "purl" of a component (CycloneDX, nested ones too),
 * "referenceLocator" of a package (SPDX). They are of class declared: somebody wrote once that the
 * package is there. Packages of distributions are left out, since their databases say what is
 * installed; so are images, files and what has no version. metadata says what the bill is about.
 * Spec: CycloneDX 1.2 to 1.7; SPDX 2.2, 2.3; purl. */
#include "eco/bills.h"

#include "base/json.h"
#include "eco/path.h"

#include <string.h>

#define DEPTH_MAX 40U /* containers in one another; the reader has a limit of its own */

struct bills {
	const struct eco_sink *sink;
	struct arena *arena;
	struct err *e;
	enum pkg_class class;
	int r;
};

static bool is_left_out(struct bytes type)
{
	static const char *const types[] = {"deb", "apk",    "rpm",  "alpm",   "opkg",
					    "oci", "docker", "file", "generic"};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (bytes_eq_lit(type, types[i]))
			return true;
	return false;
}

static void put(struct bills *b, struct bytes purl)
{
	struct pkg p;
	struct err why = ERR_INIT;
	if (b->r < 0 || !bytes_has_prefix_lit(purl, "pkg:"))
		return;
	int r = pkg_purl_read(purl, b->arena, &p, &why);
	if (r == -ERR_NOMEM)
		b->r = err_set(b->e, ERR_NOMEM, "bill of materials: out of memory");
	if (r < 0 || is_left_out(p.type) || !eco_is_word(p.name) || !eco_is_word(p.version))
		return;
	p.class = b->class;
	b->r = b->sink->package(b->sink->arg, &p, b->e);
}

/* One member of an object: entered when it is a container of what may be packages. */
static bool read_member(struct bills *b, struct json *j, struct bytes key)
{
	enum json_type type = json_peek(j);
	bool is_purl = bytes_eq_lit(key, "purl") || bytes_eq_lit(key, "referenceLocator");
	if (is_purl && type == JSON_STRING) {
		struct bytes purl = json_string(j);
		if (json_ok(j))
			put(b, purl);
		return false;
	}
	if (type == JSON_ARRAY &&
	    (bytes_eq_lit(key, "components") || bytes_eq_lit(key, "packages") ||
	     bytes_eq_lit(key, "externalRefs")))
		return json_enter_array(j);
	json_skip(j);
	return false;
}

int bills_read(struct bytes file, enum pkg_class class, const struct eco_sink *sink,
	       struct arena *a, struct err *e)
{
	struct bills b = {.sink = sink, .arena = a, .e = e, .class = class};
	bool is_array[DEPTH_MAX] = {false};
	unsigned depth = 0;
	struct json j;
	if (bytes_has_prefix_lit(file, "\xef\xbb\xbf"))
		file = bytes_from(file, 3);
	json_init(&j, file, a);
	if (json_enter_object(&j))
		depth = 1;
	while (depth > 0 && b.r == 0) {
		struct bytes key;
		bool more = is_array[depth - 1] ? json_next_item(&j) : json_next_key(&j, &key);
		if (!more) {
			depth--;
			continue;
		}
		bool inner = is_array[depth - 1] && json_peek(&j) == JSON_OBJECT;
		bool entered = inner ? json_enter_object(&j)
				     : !is_array[depth - 1] && read_member(&b, &j, key);
		if (!entered && is_array[depth - 1])
			json_skip(&j);
		if (entered && depth == DEPTH_MAX)
			return err_set(e, ERR_LIMIT, "bill of materials: too deep");
		if (entered)
			is_array[depth++] = !inner;
	}
	return b.r < 0 ? b.r : json_finish(&j, e);
}

static int bills_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	(void)path;
	return bills_read(file, PKG_DECLARED, sink, a, e);
}

static struct eco_want bills_wants(struct bytes path)
{
	return eco_wants_lock(ECO_BILLS, path);
}

const struct eco_parser eco_bills = {.wants = bills_wants, .parse = bills_parse};
