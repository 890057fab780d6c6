/* .NET: what a program was published with, and what a project was restored with.
 *
 * NAME.deps.json lies beside each program and in each shared framework's folder:
 *
 *   {"runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64"},
 *    "targets": {".NETCoreApp,Version=v8.0/linux-x64": {"Newtonsoft.Json/13.0.1": {"runtime":
 * {…}}}}, "libraries": {"Newtonsoft.Json/13.0.1": {"type": "package"},
 *                  "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.0": {"type":
 * "runtimepack"}, "App/1.0.0": {"type": "project"}}}
 *
 * A library of type package that the runtime target names without files (assets) was only needed
 * to build: it is not installed. A runtime is one package, whose files are its libraries.
 *
 * packages.lock.json, {"version": 1, "dependencies": {FRAMEWORK: {NAME: {"type": "Direct",
 * "resolved": VERSION}}}}, lies beside a project's source: its packages are declared, no more.
 * Spec: dotnet/runtime docs/design/features/host-component-dependencies-resolution.md and
 * dotnet/sdk documentation/specs/runtime-configuration-file.md; NuGet "Locking dependencies". */
#include "base/json.h"
#include "eco/parsers.h"

#include <stdlib.h>

struct nuget {
	const struct eco_sink *sink;
	struct arena *arena;
	struct bytes *empty; /* libraries that the runtime target gives no files, sorted */
	size_t empty_count;
	bool noted;
	int r; /* of the sink */
	struct err *e;
};

static void note_once(struct nuget *n, uint64_t off, const char *text)
{
	if (!n->noted)
		n->r = n->sink->note(n->sink->arg, off, text, n->e);
	n->noted = true;
}

static void put(struct nuget *n, uint64_t off, struct bytes name, struct bytes version,
		enum pkg_class class)
{
	if (!eco_is_word(name) || !eco_is_word(version)) {
		note_once(n, off, "a library without a name or version");
		return;
	}
	bool ok;
	struct pkg p = eco_language_package("nuget", name, version, class);
	p.source_name = arena_lower(n->arena, name, &ok);
	if (!ok) {
		n->r = err_set(n->e, ERR_NOMEM, ".NET packages: out of memory");
		return;
	}
	n->r = n->sink->package(n->sink->arg, &p, n->e);
}

/* a program's libraries */

/* The text of key in an object; what is no object is passed over. */
static struct bytes text_at(struct json *j, const char *name)
{
	struct bytes key, value = BYTES_NONE;
	if (json_peek(j) != JSON_OBJECT) {
		json_skip(j);
		return value;
	}
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, name))
			value = json_string_lenient(j);
		else
			json_skip(j);
	}
	return value;
}

/* Does the object at j, a library of a target, name files that are installed? */
static bool has_files(struct json *j)
{
	static const char *const keys[] = {"runtime", "native", "runtimeTargets", "resources"};
	struct bytes key;
	bool found = false;
	if (json_peek(j) != JSON_OBJECT) {
		json_skip(j);
		return false;
	}
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		bool known = false;
		for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
			known = known || bytes_eq_lit(key, keys[i]);
		if (!known || json_peek(j) != JSON_OBJECT) {
			json_skip(j);
			continue;
		}
		json_enter_object(j);
		for (struct bytes file; json_next_key(j, &file); found = true)
			json_skip(j);
	}
	return found;
}

static int name_cmp(const void *a, const void *b)
{
	return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* The libraries of one target, an object that was checked. */
static void read_target(struct nuget *n, struct bytes target)
{
	struct json j;
	struct bytes key;
	size_t count = 0;
	json_init(&j, target, n->arena);
	for (json_enter_object(&j); json_next_key(&j, &key); count++)
		json_skip(&j);
	n->empty = arena_alloc(n->arena, count ? count : 1, sizeof *n->empty);
	if (!n->empty) {
		n->r = err_set(n->e, ERR_NOMEM, ".NET packages: out of memory");
		return;
	}
	json_init(&j, target, n->arena);
	json_enter_object(&j);
	while (n->empty_count < count && json_next_key(&j, &key))
		if (!has_files(&j))
			n->empty[n->empty_count++] = key;
	qsort(n->empty, n->empty_count, sizeof *n->empty, name_cmp);
}

static void read_targets(struct nuget *n, struct bytes targets, struct bytes runtime_target)
{
	struct json j;
	struct bytes key, target = BYTES_NONE;
	json_init(&j, targets, n->arena);
	if (targets.len == 0 || json_peek(&j) != JSON_OBJECT)
		return;
	json_enter_object(&j);
	while (json_next_key(&j, &key)) {
		bool is_it = bytes_eq(key, runtime_target) && json_peek(&j) == JSON_OBJECT;
		struct bytes raw = json_raw(&j);
		target = is_it ? raw : target;
	}
	if (json_ok(&j) && target.len > 0)
		read_target(n, target);
}

static bool is_installed(const struct nuget *n, struct bytes library)
{
	return n->empty_count == 0 ||
	       !bsearch(&library, n->empty, n->empty_count, sizeof *n->empty, name_cmp);
}

static void read_library(struct nuget *n, uint64_t off, struct bytes library, struct bytes type)
{
	size_t slash = bytes_find_last(library, '/');
	struct bytes name = bytes_part(library, 0, slash);
	struct bytes version = bytes_from(library, slash + 1), pack = BYTES_LIT("runtimepack.");
	bool is_pack = bytes_eq_nocase(type, BYTES_LIT("runtimepack"));
	if (!is_pack && !bytes_eq_nocase(type, BYTES_LIT("package")))
		return;
	if (is_pack && bytes_has_prefix(name, pack))
		name = bytes_from(name, pack.len);
	if (is_pack || is_installed(n, library))
		put(n, off, name, version, PKG_LANGUAGE);
}

/* at: where they begin in the file. */
static int read_libraries(struct nuget *n, struct bytes libraries, uint64_t at)
{
	struct json j;
	struct bytes key;
	json_init(&j, libraries, n->arena);
	if (libraries.len == 0 || json_peek(&j) != JSON_OBJECT)
		return n->sink->note(n->sink->arg, 0, "no libraries", n->e);
	json_enter_object(&j);
	while (n->r == 0 && json_next_key(&j, &key)) {
		uint64_t off = at + j.off;
		struct bytes type = text_at(&j, "type");
		if (json_ok(&j))
			read_library(n, off, key, type);
	}
	return n->r < 0 ? n->r : json_finish(&j, n->e);
}

static int read_deps(struct nuget *n, struct bytes file)
{
	struct json j;
	struct bytes key, runtime_target = BYTES_NONE, targets = BYTES_NONE, libraries = BYTES_NONE;
	json_init(&j, file, n->arena);
	json_enter_object(&j);
	while (json_next_key(&j, &key)) {
		if (bytes_eq_lit(key, "runtimeTarget"))
			runtime_target =
			    json_peek(&j) == JSON_STRING ? json_string(&j) : text_at(&j, "name");
		else if (bytes_eq_lit(key, "targets"))
			targets = json_raw(&j);
		else if (bytes_eq_lit(key, "libraries"))
			libraries = json_raw(&j);
		else
			json_skip(&j);
	}
	int r = json_finish(&j, n->e);
	if (r == 0)
		read_targets(n, targets, runtime_target);
	if (r < 0 || n->r < 0)
		return r < 0 ? r : n->r;
	return read_libraries(n, libraries,
			      libraries.len ? (uint64_t)(libraries.ptr - file.ptr) : 0);
}

/* a project's lock file */

static void read_locked(struct nuget *n, struct json *j, struct bytes name)
{
	struct bytes key, type = BYTES_NONE, version = BYTES_NONE;
	uint64_t off = j->off;
	if (json_peek(j) != JSON_OBJECT) {
		json_skip(j);
		return;
	}
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "type"))
			type = json_string_lenient(j);
		else if (bytes_eq_lit(key, "resolved"))
			version = json_string_lenient(j);
		else
			json_skip(j);
	}
	if (json_ok(j) && !bytes_eq_nocase(type, BYTES_LIT("project")))
		put(n, off, name, version, PKG_DECLARED);
}

static int read_lock(struct nuget *n, struct bytes file)
{
	struct json j;
	struct bytes key, framework, name;
	json_init(&j, file, n->arena);
	json_enter_object(&j);
	while (n->r == 0 && json_next_key(&j, &key)) {
		if (!bytes_eq_lit(key, "dependencies") || json_peek(&j) != JSON_OBJECT) {
			json_skip(&j);
			continue;
		}
		json_enter_object(&j);
		while (n->r == 0 && json_next_key(&j, &framework)) {
			if (json_peek(&j) != JSON_OBJECT) {
				json_skip(&j);
				continue;
			}
			json_enter_object(&j);
			while (n->r == 0 && json_next_key(&j, &name))
				read_locked(n, &j, name);
		}
	}
	return n->r < 0 ? n->r : json_finish(&j, n->e);
}

static int nuget_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct err own = ERR_INIT;
	struct nuget n = {.sink = sink, .arena = a, .e = e ? e : &own};
	if (bytes_has_prefix_lit(file, "\xef\xbb\xbf")) /* of editors on Windows */
		file = bytes_from(file, 3);
	return bytes_has_suffix_lit(path, ".deps.json") ? read_deps(&n, file) : read_lock(&n, file);
}

const struct eco_parser eco_nuget = {.parse = nuget_parse};
