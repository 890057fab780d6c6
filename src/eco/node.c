/* Packages of Node.js that npm, Yarn and pnpm unpacked below a node_modules folder, wherever it
 * lies.
 *
 * node_modules/NAME/package.json or node_modules/@SCOPE/NAME/package.json is a package's own: JSON,
 * of which "name" and "version" count, whatever the folder is called (an alias is only a folder).
 * Deeper ones are copies that a package brings along, if they state another name and a version;
 * those of its tests are not meant to run. A package.json elsewhere is a project's source, and not
 * installed. Yarn's cache (Plug'n'Play) has a zip archive for each package, with node_modules/NAME/
 * in it, from which programs run. Spec: npm's documentation, "package.json", "folders". */
#include "eco/parsers.h"
#include "eco/path.h"
#include "eco/zipped.h"

#include "base/json.h"
#include "base/utf8.h"
#include "pkg/license.h"

#include <string.h>

#define NAME_MAX_LEN 214U   /* of npm */
#define TEXT_MAX (4U << 20) /* bytes of package.json: real ones reach 500 KiB */

/* Where a package.json lies. */
struct spot {
	bool installed;
	struct bytes folder; /* the package's: "lodash", "@babel/core" */
	bool deeper;	     /* not in it, but below */
};

static bool is_of_tests(struct bytes folder)
{
	static const char *const names[] = {"test",	"tests",	"__tests__",   "spec",
					    "fixtures", "__fixtures__", "__fixture__", "testdata"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (bytes_eq_lit(folder, names[i]))
			return true;
	return false;
}

static struct spot spot_of(struct bytes path)
{
	struct spot s = {.installed = false};
	bool tests = false;
	unsigned parts = 0; /* of the package's name still to come */
	for (struct bytes rest = eco_path_dir(path); rest.len > 0;) {
		struct bytes part = bytes_cut(&rest, '/');
		if (bytes_eq_lit(part, "node_modules")) {
			s = (struct spot){.folder = rest};
			parts = bytes_has_prefix_lit(rest, "@") ? 2 : 1;
			tests = false;
		} else if (parts > 0) {
			parts--;
			s.folder.len = (size_t)(part.ptr + part.len - s.folder.ptr);
			s.installed = parts == 0 && s.folder.ptr[0] != '.';
		} else {
			s.deeper = true;
			tests = tests || is_of_tests(part);
		}
	}
	s.installed = s.installed && !tests;
	return s;
}

static struct eco_want node_wants(struct bytes path)
{
	struct eco_want w = {.merge = ECO_PART};
	if (bytes_has_suffix_lit(path, "/package.json"))
		w.wanted = spot_of(path).installed;
	else if (bytes_has_suffix_lit(path, ".zip"))
		w.wanted = eco_is_anywhere(ECO_NODE, path);
	return w;
}

/* One name, or a scope and a name. */
static bool is_name(struct bytes name)
{
	bool scoped = bytes_has_prefix_lit(name, "@");
	unsigned slashes = 0;
	for (size_t i = scoped; i < name.len; i++) {
		uint8_t c = name.ptr[i];
		slashes += c == '/';
		if (c != '/' && !byte_is_alnum(c) && !(c && strchr("-._~!'()*", c)))
			return false;
	}
	size_t slash = bytes_find(name, '/');
	return slashes == scoped && name.len > 0 && name.len <= NAME_MAX_LEN &&
	       (!scoped || (slash > 1 && slash + 1 < name.len));
}

/* As npm cleans it: " =v1.2.3" is 1.2.3. Empty: it is none. */
static struct bytes clean_version(struct bytes version)
{
	version = bytes_trim(version);
	while (version.len > 0 && (version.ptr[0] == '=' || version.ptr[0] == 'v'))
		version = bytes_trim(bytes_from(version, 1));
	return eco_is_word(version) ? version : BYTES_NONE;
}

static size_t invalid_utf8(struct bytes b, size_t from)
{
	for (size_t n; from < b.len; from += n) {
		n = utf8_len(b.ptr + from, b.len - from);
		if (n == 0)
			return from;
	}
	return b.len;
}

/* Node reads a byte that is no UTF-8 as some letter; old packages have authors of that kind. */
static bool mend_utf8(struct bytes *file, struct arena *a)
{
	size_t at = invalid_utf8(*file, 0);
	if (at == file->len)
		return true;
	uint8_t *out = arena_alloc(a, file->len, 1);
	if (!out)
		return false;
	memcpy(out, file->ptr, file->len);
	for (; at < file->len; at = invalid_utf8(*file, at + 1))
		out[at] = '?';
	file->ptr = out;
	return true;
}

/* "MIT", {"type": "MIT"} or, of old packages, an array of either, of which one may be chosen. */
static void read_license(struct json *j, struct license *l)
{
	struct license one;
	struct bytes key;
	bool list = json_peek(j) == JSON_ARRAY && json_enter_array(j);
	while (!list || json_next_item(j)) {
		struct bytes text = BYTES_NONE;
		bool is_object = json_peek(j) == JSON_OBJECT;
		if (json_peek(j) == JSON_STRING)
			text = json_string(j);
		else if (!is_object)
			json_skip(j);
		if (is_object)
			json_enter_object(j);
		while (is_object && json_next_key(j, &key))
			if (bytes_eq_lit(key, "type") && json_peek(j) == JSON_STRING)
				text = json_string(j);
			else
				json_skip(j);
		license_read(&one, text);
		license_or(l, &one);
		if (!list || !json_ok(j))
			break;
	}
}

static int read_package(struct bytes file, struct arena *a, struct bytes *ret_name,
			struct bytes *ret_version, struct license *l, struct err *e)
{
	struct json j;
	struct bytes key;
	*ret_name = *ret_version = BYTES_NONE;
	if (bytes_has_prefix_lit(file, "\xef\xbb\xbf"))
		file = bytes_from(file, 3);
	if (!mend_utf8(&file, a))
		return err_set(e, ERR_NOMEM, "package.json: out of memory");
	json_init(&j, file, a);
	json_enter_object(&j);
	while (json_next_key(&j, &key)) {
		bool is_text = json_peek(&j) == JSON_STRING;
		if (bytes_eq_lit(key, "license") || bytes_eq_lit(key, "licenses")) {
			read_license(&j, l);
			continue;
		}
		bool is_of_name = bytes_eq_lit(key, "name");
		struct bytes *to = is_of_name			  ? ret_name
				   : bytes_eq_lit(key, "version") ? ret_version
								  : NULL;
		struct bytes value = to && is_text ? json_string(&j) : BYTES_NONE;
		if (to)
			*to = value;
		if (!to || !is_text)
			json_skip(&j);
	}
	return json_finish(&j, e);
}

static int read_file(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e)
{
	struct spot s = spot_of(path);
	struct bytes name, version;
	struct license l = {.len = 0};
	bool ok;
	int r = read_package(file, a, &name, &version, &l, e);
	if (r < 0) /* what is deeper is often something else: a template, a test */
		return s.deeper && r != -ERR_NOMEM ? 0 : r;
	bool odd = name.len > 0 && !is_name(name);
	odd = odd || (version.len > 0 && clean_version(version).len == 0);
	version = clean_version(version);
	if (name.len == 0 && !s.deeper)
		name = s.folder; /* by which it is required */
	/* What is deeper is often something else. */
	if (odd && !s.deeper)
		return sink->note(sink->arg, 0, "a package whose name or version is none", e);
	if (!is_name(name) || version.len == 0 || (s.deeper && bytes_eq(name, s.folder)))
		return 0;
	struct pkg p = eco_language_package("npm", name, version, PKG_LANGUAGE);
	p.license = arena_bytes(a, license_bytes(&l), &ok);
	if (!ok)
		return err_set(e, ERR_NOMEM, "package.json: out of memory");
	return sink->package(sink->arg, &p, e);
}

/* Yarn's archives */

struct archived {
	const struct eco_sink *sink;
	struct arena *arena;
};

static bool is_package(struct bytes path)
{
	return bytes_has_suffix_lit(path, "/package.json") && spot_of(path).installed;
}

static int read_archived(void *arg, struct bytes path, struct bytes text, struct err *e)
{
	const struct archived *d = arg;
	struct err why = ERR_INIT;
	int r = read_file(path, text, d->sink, d->arena, &why);
	if (r < 0 && r != -ERR_NOMEM)
		return d->sink->note(d->sink->arg, 0, why.msg, e);
	return r < 0 ? err_set(e, ERR_NOMEM, "%s", why.msg) : 0;
}

static int node_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	struct err own = ERR_INIT;
	struct archived d = {.sink = sink, .arena = a};
	const struct zipped z = {
	    .text_max = TEXT_MAX, .wants = is_package, .read = read_archived, .arg = &d};
	e = e ? e : &own;
	if (bytes_has_suffix_lit(path, ".zip")) {
		int r = zipped_read(file, &z, a, e);
		return r < 0 ? r : 0;
	}
	if (file.len > TEXT_MAX)
		return err_set(e, ERR_LIMIT, "package.json: more than 4 MiB");
	return read_file(path, file, sink, a, e);
}

const struct eco_parser eco_node = {.wants = node_wants, .parse = node_parse};
