/* What conan.lock declares. Conan 2: arrays "requires", "build_requires" and "python_requires" of
 * "NAME/VERSION@USER/CHANNEL#REVISION%TIME"; Conan 1: {"graph_lock": {"nodes": {ID: {"ref" or
 * "pref": "…"}}}}, where the project's own has a "path". Spec: docs.conan.io "Lockfiles". */
#include "eco/declared.h"
#include "eco/path.h"

#include "base/json.h"

static void put(struct declared *d, struct bytes reference)
{
	struct bytes name = bytes_cut(&reference, '/');
	size_t end = 0;
	while (end < reference.len && reference.ptr[end] != '@' && reference.ptr[end] != '#' &&
	       reference.ptr[end] != ':' && reference.ptr[end] != '%')
		end++;
	declared_put(d, name, bytes_part(reference, 0, end));
}

static void read_requires(struct json *j, struct declared *d)
{
	json_enter_array(j);
	while (d->r == 0 && json_next_item(j)) {
		if (json_peek(j) != JSON_STRING) {
			json_skip(j);
			continue;
		}
		struct bytes reference = json_string(j);
		if (json_ok(j))
			put(d, reference);
	}
}

static void read_node(struct json *j, struct declared *d)
{
	struct bytes key, reference = BYTES_NONE;
	bool own = false;
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		own = own || bytes_eq_lit(key, "path");
		bool counts = bytes_eq_lit(key, "ref") || bytes_eq_lit(key, "pref");
		if (counts && json_peek(j) == JSON_STRING)
			reference = json_string(j);
		else
			json_skip(j);
	}
	if (json_ok(j) && !own)
		put(d, reference);
}

static void read_nodes(struct json *j, struct declared *d)
{
	struct bytes key;
	json_enter_object(j);
	while (d->r == 0 && json_next_key(j, &key))
		if (json_peek(j) == JSON_OBJECT)
			read_node(j, d);
		else
			json_skip(j);
}

static void read_graph(struct json *j, struct declared *d)
{
	struct bytes key;
	json_enter_object(j);
	while (d->r == 0 && json_next_key(j, &key))
		if (bytes_eq_lit(key, "nodes") && json_peek(j) == JSON_OBJECT)
			read_nodes(j, d);
		else
			json_skip(j);
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	static const char *const lists[] = {"requires", "build_requires", "python_requires"};
	struct declared d = {.sink = sink, .purl_type = "conan", .e = e};
	struct json j;
	struct bytes key;
	(void)path;
	json_init(&j, file, a);
	json_enter_object(&j);
	while (d.r == 0 && json_next_key(&j, &key)) {
		bool list = false;
		for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
			list = list || bytes_eq_lit(key, lists[i]);
		if (list && json_peek(&j) == JSON_ARRAY)
			read_requires(&j, &d);
		else if (bytes_eq_lit(key, "graph_lock") && json_peek(&j) == JSON_OBJECT)
			read_graph(&j, &d);
		else
			json_skip(&j);
	}
	return d.r < 0 ? d.r : json_finish(&j, e);
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_CONAN_LOCKS, path);
}

const struct eco_parser eco_conan_locks = {.wants = locks_wants, .parse = locks_parse};
