/* What Python's lock files and requirements declare. Nothing shows that it is installed.
 *
 * poetry.lock, uv.lock and pdm.lock: TOML with a table [[package]] for each, in pylock.toml
 * [[packages]], of which the lines name = "x" and version = "1" are read; what uv takes from a
 * folder (source = { editable = "." }) is the project's own. Pipfile.lock: JSON, {"default": {NAME:
 * {"version": "==1"}}, "develop": …}. requirements.txt: a line each, NAME[EXTRA]==VERSION ; MARKER
 * --hash=… # comment; a line that ends in a backslash goes on. Only == names a version. Spec: pip
 * "Requirements File Format"; PEP 508, PEP 751.
 */
#include "eco/parsers.h"
#include "eco/path.h"

#include "base/json.h"
#include "pkg/python_name.h"

struct locks {
	const struct eco_sink *sink;
	struct arena *arena;
	struct err *e;
	int r; /* of the sink */
};

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_PYTHON_LOCKS, path);
}

static void put(struct locks *l, struct bytes name, struct bytes version)
{
	if (!python_name_is_valid(name) || !eco_is_word(version))
		return;
	struct bytes normal = python_name(name, l->arena);
	struct pkg p = eco_language_package("pypi", normal, version, PKG_DECLARED);
	l->r = normal.len ? l->sink->package(l->sink->arg, &p, l->e)
			  : err_set(l->e, ERR_NOMEM, "Python lock file: out of memory");
}

/* TOML */

static struct bytes toml_text(struct bytes value)
{
	value = bytes_trim(value);
	if (value.len < 2 || (value.ptr[0] != '"' && value.ptr[0] != '\''))
		return BYTES_NONE;
	uint8_t quote = value.ptr[0];
	value = bytes_from(value, 1);
	size_t end = bytes_find(value, quote);
	return end < value.len ? bytes_part(value, 0, end) : BYTES_NONE;
}

/* Of uv: "{ virtual = "." }", not registries, addresses and git. */
static bool is_own_source(struct bytes value)
{
	static const char *const kinds[] = {"editable", "virtual", "directory"};
	value = bytes_trim(value);
	if (!bytes_has_prefix_lit(value, "{"))
		return false;
	value = bytes_trim(bytes_from(value, 1));
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (bytes_has_prefix_lit(value, kinds[i]))
			return true;
	return false;
}

static int read_toml(struct locks *l, struct bytes file)
{
	struct bytes name = BYTES_NONE, version = BYTES_NONE;
	bool inside = false, own = false;
	for (struct bytes rest = file; l->r == 0 && rest.len > 0;) {
		struct bytes value = bytes_trim(bytes_cut(&rest, '\n'));
		if (bytes_has_prefix_lit(value, "[")) {
			if (inside && !own)
				put(l, name, version);
			inside = bytes_eq_lit(value, "[[package]]") ||
				 bytes_eq_lit(value, "[[packages]]");
			own = false;
			name = version = BYTES_NONE;
			continue;
		}
		struct bytes key = bytes_trim(bytes_cut(&value, '='));
		if (bytes_eq_lit(key, "name") && name.len == 0)
			name = toml_text(value);
		else if (bytes_eq_lit(key, "version") && version.len == 0)
			version = toml_text(value);
		else if (bytes_eq_lit(key, "source"))
			own = own || is_own_source(value);
	}
	if (l->r == 0 && inside && !own)
		put(l, name, version);
	return l->r;
}

/* JSON */

static void read_pipfile_package(struct locks *l, struct json *j, struct bytes name)
{
	struct bytes key, version = BYTES_NONE;
	if (json_peek(j) != JSON_OBJECT) {
		json_skip(j);
		return;
	}
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		if (json_peek(j) == JSON_STRING && bytes_eq_lit(key, "version"))
			version = json_string(j);
		else
			json_skip(j);
	}
	if (json_ok(j) && bytes_has_prefix_lit(version, "=="))
		put(l, name, bytes_from(version, 2));
}

static int read_pipfile(struct locks *l, struct bytes file)
{
	struct json j;
	struct bytes key, name;
	json_init(&j, file, l->arena);
	json_enter_object(&j);
	while (l->r == 0 && json_next_key(&j, &key)) {
		bool counts = bytes_eq_lit(key, "default") || bytes_eq_lit(key, "develop");
		if (!counts || json_peek(&j) != JSON_OBJECT) {
			json_skip(&j);
			continue;
		}
		json_enter_object(&j);
		while (l->r == 0 && json_next_key(&j, &name))
			read_pipfile_package(l, &j, name);
	}
	return l->r < 0 ? l->r : json_finish(&j, l->e);
}

/* requirements */

static void read_requirement(struct locks *l, struct bytes line)
{
	struct bytes name = bytes_trim(bytes_cut(&line, '='));
	if (!bytes_has_prefix_lit(line, "=")) /* "==" */
		return;
	line = bytes_from(line, 1);
	line = bytes_trim(bytes_has_prefix_lit(line, "=") ? bytes_from(line, 1) : line);
	name = bytes_trim(bytes_part(name, 0, bytes_find(name, '[')));
	size_t end = 0;
	while (end < line.len && line.ptr[end] > ' ' &&
	       bytes_find(BYTES_LIT(";#,\\"), line.ptr[end]) == 4)
		end++;
	struct bytes version = bytes_part(line, 0, end), behind = bytes_trim(bytes_from(line, end));
	if (bytes_find(version, '*') == version.len && !bytes_has_prefix_lit(behind, ","))
		put(l, name, version);
}

static int read_requirements(struct locks *l, struct bytes file)
{
	bool goes_on = false;
	for (struct bytes rest = file; l->r == 0 && rest.len > 0;) {
		struct bytes line = bytes_trim(bytes_cut(&rest, '\n'));
		bool comment = bytes_has_prefix_lit(line, "#");
		if (!goes_on && !comment)
			read_requirement(l, line);
		goes_on = bytes_has_suffix_lit(line, "\\") && !comment;
	}
	return l->r;
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct locks l = {.sink = sink, .arena = a, .e = e};
	if (bytes_has_prefix_lit(file, "\xef\xbb\xbf")) /* of editors on Windows */
		file = bytes_from(file, 3);
	if (bytes_has_suffix_lit(path, "Pipfile.lock"))
		return read_pipfile(&l, file);
	return bytes_has_suffix_lit(path, ".txt") ? read_requirements(&l, file)
						  : read_toml(&l, file);
}

const struct eco_parser eco_python_locks = {.wants = locks_wants, .parse = locks_parse};
