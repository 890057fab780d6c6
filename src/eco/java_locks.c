/* What Gradle's and sbt's lock files declare. gradle.lockfile and buildscript-gradle.lockfile:
 * lines GROUP:NAME:VERSION=CONFIGURATIONS. build.sbt.lock: {"dependencies": [{"org", "name",
 * "version"}]}. Spec: Gradle's manual "Locking versions"; sbt-dependency-lock. */
#include "eco/declared.h"
#include "eco/path.h"

#include "base/json.h"

static int read_gradle(struct declared *d, struct bytes file)
{
	while (d->r == 0 && file.len > 0) {
		struct bytes line = bytes_trim(bytes_cut(&file, '\n'));
		size_t end = bytes_find(line, '='), colon;
		if (end == line.len || line.ptr[0] == '#')
			continue;
		line = bytes_part(line, 0, end);
		colon = bytes_find_last(line, ':');
		struct bytes name = bytes_part(line, 0, colon);
		if (colon < line.len && bytes_find(name, ':') < name.len)
			declared_put(d, name, bytes_from(line, colon + 1));
	}
	return d->r;
}

static void read_dependency(struct json *j, struct declared *d, struct arena *a)
{
	struct bytes org = BYTES_NONE, name = BYTES_NONE, version = BYTES_NONE;
	const struct bytes_slot slots[] = {{"org", &org}, {"name", &name}, {"version", &version}};
	json_slots_lenient(j, BYTES_SLOTS(slots));
	if (!json_ok(j) || !eco_is_word(org) || !eco_is_word(name))
		return;
	char *whole = arena_printf(a, "%.*s:%.*s", BYTES_ARG(org), BYTES_ARG(name));
	if (whole)
		declared_put(d, bytes_of(whole), version);
	else
		d->r = err_set(d->e, ERR_NOMEM, "sbt lock file: out of memory");
}

static int read_sbt(struct declared *d, struct bytes file, struct arena *a)
{
	struct json j;
	struct bytes key;
	json_init(&j, file, a);
	json_enter_object(&j);
	while (d->r == 0 && json_next_key(&j, &key)) {
		if (!bytes_eq_lit(key, "dependencies") || json_peek(&j) != JSON_ARRAY) {
			json_skip(&j);
			continue;
		}
		json_enter_array(&j);
		while (d->r == 0 && json_next_item(&j))
			if (json_peek(&j) == JSON_OBJECT)
				read_dependency(&j, d, a);
			else
				json_skip(&j);
	}
	return d->r < 0 ? d->r : json_finish(&j, d->e);
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "maven", .e = e};
	return bytes_has_suffix_lit(path, ".sbt.lock") ? read_sbt(&d, file, a)
						       : read_gradle(&d, file);
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_JAVA_LOCKS, path);
}

const struct eco_parser eco_java_locks = {.wants = locks_wants, .parse = locks_parse};
