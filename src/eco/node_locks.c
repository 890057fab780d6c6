/* What lock files of npm and Yarn declare. Nothing shows that it is installed.
 *
 * package-lock.json and npm-shrinkwrap.json, versions 2 and 3: "packages" maps paths
 * ("node_modules/a/node_modules/@b/c"; "" and paths without node_modules are the project's own) to
 * {"version", "name" of an alias, "link": true for those}. Version 1: "dependencies" maps names to
 * {"version", "dependencies": {…}}; of an alias the version is "npm:NAME@VERSION".
 * yarn.lock: an entry begins with a line of patterns, "NAME@RANGE, NAME@RANGE:", and has a line
 * version "1.2.3" (Yarn 1) or version: 1.2.3 (later). Spec: npm's documentation,
 * "package-lock.json"; yarnpkg.com "yarn.lock". */
#include "eco/parsers.h"
#include "eco/path.h"

#include "base/json.h"

struct locks {
	const struct eco_sink *sink;
	struct err *e;
	int r; /* of the sink */
};

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_NODE_LOCKS, path);
}

/* Versions of git, files and addresses name no release. */
static bool is_version(struct bytes version)
{
	for (size_t i = 0; i < version.len; i++)
		if (version.ptr[i] == ':' || version.ptr[i] == '/')
			return false;
	return eco_is_word(version);
}

/* "lodash@4.17.4" or "@babel/core@^7": the name; *ret_rest: what is behind it. */
static struct bytes cut_name(struct bytes text, struct bytes *ret_rest)
{
	size_t at = 1 + bytes_find(bytes_from(text, 1), '@');
	*ret_rest = bytes_from(text, at + 1);
	return bytes_part(text, 0, at);
}

static void put(struct locks *l, struct bytes name, struct bytes version)
{
	struct bytes alias = BYTES_LIT("npm:");
	if (bytes_has_prefix(version, alias))
		name = cut_name(bytes_from(version, alias.len), &version);
	if (!eco_is_word(name) || !is_version(version))
		return;
	struct pkg p = eco_language_package("npm", name, version, PKG_DECLARED);
	l->r = l->sink->package(l->sink->arg, &p, l->e);
}

/* npm */

/* The name in the path of a package: what is behind the last node_modules; empty: the project's. */
static struct bytes name_of(struct bytes path)
{
	struct bytes folder = BYTES_LIT("node_modules/"), name = BYTES_NONE;
	for (size_t at; (at = bytes_find_bytes(path, folder)) < path.len;)
		name = path = bytes_from(path, at + folder.len);
	return name;
}

static void read_package(struct locks *l, struct json *j, struct bytes path)
{
	struct bytes key, name = name_of(path), version = BYTES_NONE, alias = BYTES_NONE;
	bool link = false;
	if (json_peek(j) != JSON_OBJECT) {
		json_skip(j);
		return;
	}
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		enum json_type type = json_peek(j);
		if (type == JSON_STRING && bytes_eq_lit(key, "version"))
			version = json_string(j);
		else if (type == JSON_STRING && bytes_eq_lit(key, "name"))
			alias = json_string(j);
		else if (type == JSON_BOOL && bytes_eq_lit(key, "link"))
			link = json_bool(j);
		else
			json_skip(j);
	}
	if (json_ok(j) && name.len > 0 && !link)
		put(l, alias.len ? alias : name, version);
}

static void read_packages(struct locks *l, struct json *j)
{
	struct bytes key;
	json_enter_object(j);
	while (l->r == 0 && json_next_key(j, &key))
		read_package(l, j, key);
}

/* Of the objects that are entered, which hold dependencies and which is one. */
static void read_dependencies(struct locks *l, struct json *j)
{
	unsigned lists = 1, depth = 1; /* of objects entered; the outermost is a list */
	uint64_t is_list = 1;
	struct bytes key, names[LIMIT_JSON_DEPTH + 1] = {BYTES_NONE};
	json_enter_object(j);
	while (l->r == 0 && lists > 0 && json_ok(j)) {
		if (!json_next_key(j, &key)) {
			lists -= is_list & 1;
			is_list >>= 1;
			depth--;
			continue;
		}
		bool object = json_peek(j) == JSON_OBJECT && depth < LIMIT_JSON_DEPTH;
		bool list = !(is_list & 1) && bytes_eq_lit(key, "dependencies");
		if (object && ((is_list & 1) || list)) {
			json_enter_object(j);
			names[++depth] = key;
			is_list = is_list << 1 | list;
			lists += list;
		} else if (!(is_list & 1) && json_peek(j) == JSON_STRING &&
			   bytes_eq_lit(key, "version")) {
			put(l, names[depth], json_string(j));
		} else {
			json_skip(j);
		}
	}
}

static int read_npm(struct locks *l, struct bytes file, struct arena *a)
{
	struct json j;
	struct bytes key, packages = BYTES_NONE, dependencies = BYTES_NONE;
	json_init(&j, file, a);
	json_enter_object(&j);
	while (json_next_key(&j, &key)) {
		bool object = json_peek(&j) == JSON_OBJECT;
		if (object && bytes_eq_lit(key, "packages"))
			packages = json_raw(&j);
		else if (object && bytes_eq_lit(key, "dependencies"))
			dependencies = json_raw(&j);
		else
			json_skip(&j);
	}
	int r = json_finish(&j, l->e);
	if (r < 0 || packages.len + dependencies.len == 0)
		return r;
	json_init(&j, packages.len ? packages : dependencies, a);
	if (packages.len)
		read_packages(l, &j);
	else
		read_dependencies(l, &j);
	return l->r < 0 ? l->r : json_finish(&j, l->e);
}

/* Yarn */

static struct bytes unquote(struct bytes text)
{
	text = bytes_trim(text);
	if (bytes_has_prefix_lit(text, "\""))
		text = bytes_from(text, 1);
	return bytes_part(text, 0, bytes_find(text, '"'));
}

/* The name of the first pattern; of an alias ("a@npm:b@^1") that of what it means. Before Yarn 2
 * "npm:" is of aliases alone ("a@npm:b"); since then of every range ("a@npm:^1", "a@npm:latest").
 * Empty: it is none, or one of the project's own folders. */
static struct bytes pattern_name(struct bytes line, bool since_2)
{
	static const char *const own[] = {"workspace:", "file:", "link:", "portal:"};
	struct bytes range, alias = BYTES_LIT("npm:");
	struct bytes name = cut_name(unquote(bytes_cut(&line, ',')), &range);
	bool counts = range.len > 0;
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		counts = counts && !bytes_has_prefix_lit(range, own[i]);
	range = bytes_has_prefix(range, alias) ? bytes_from(range, alias.len) : BYTES_NONE;
	bool other = bytes_find(bytes_from(range, 1), '@') + 1 < range.len;
	if (counts && !other && !since_2 && range.len > 0)
		return range;
	return !counts ? BYTES_NONE : other ? cut_name(range, &range) : name;
}

/* What a line "  version X", "  version: X" or "  \"version\" X" sets; empty: it is none. */
static struct bytes version_line(struct bytes line)
{
	struct bytes word = BYTES_LIT("version");
	bool indented = bytes_has_prefix_lit(line, "  ");
	line = bytes_from(line, 2);
	line = bytes_has_prefix_lit(line, "\"") ? bytes_from(line, 1) : line;
	if (!indented || !bytes_has_prefix(line, word))
		return BYTES_NONE;
	line = bytes_from(line, word.len);
	line = bytes_has_prefix_lit(line, "\"") ? bytes_from(line, 1) : line;
	bool is_it = bytes_has_prefix_lit(line, " ") || bytes_has_prefix_lit(line, ":");
	return is_it ? unquote(bytes_from(line, 1)) : BYTES_NONE;
}

static int read_yarn(struct locks *l, struct bytes file)
{
	struct bytes name = BYTES_NONE;
	bool since_2 = false;
	for (struct bytes rest = file; l->r == 0 && rest.len > 0;) {
		struct bytes line = bytes_cut(&rest, '\n'), value = bytes_trim(line);
		if (value.len == 0 || value.ptr[0] == '#')
			continue;
		bool is_head = line.ptr[0] != ' ' && bytes_has_suffix_lit(value, ":");
		since_2 |= bytes_eq_lit(value, "__metadata:");
		if (line.ptr[0] != ' ')
			name = is_head ? pattern_name(value, since_2) : BYTES_NONE;
		value = is_head || name.len == 0 ? BYTES_NONE : version_line(line);
		if (value.len == 0)
			continue;
		put(l, name, value);
		name = BYTES_NONE;
	}
	return l->r;
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct locks l = {.sink = sink, .e = e};
	return bytes_has_suffix_lit(path, ".json") ? read_npm(&l, file, a) : read_yarn(&l, file);
}

const struct eco_parser eco_node_locks = {.wants = locks_wants, .parse = locks_parse};
