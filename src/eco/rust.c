/* Rust programs that cargo-auditable built: a section ".dep-v0" holds, as zlib data, what the
 * program was built from:
 *
 *   {"packages": [{"name": "adler", "version": "1.0.2", "source": "crates.io", "kind": "build",
 *                  "dependencies": [1, 4], "root": true}]}
 *
 * kind is "runtime" where it is missing; what has the kind "build" ran while the program was built
 * and is not in it. Other Rust programs say nothing. Spec: rust-secure-code/cargo-auditable
 * PARSING.md and cargo-auditable.schema.json. */
#include "base/json.h"
#include "codec/deflate.h"
#include "eco/parsers.h"
#include "eco/program.h"

#define JSON_MAX (8U << 20) /* bytes: 1,000 crates take 150 KiB */

struct crate {
	struct bytes name, version;
	bool is_build;
};

static bool read_crate(struct json *j, struct crate *ret)
{
	struct bytes key;
	*ret = (struct crate){.is_build = false};
	if (json_peek(j) != JSON_OBJECT) {
		json_skip(j);
		return json_ok(j);
	}
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "name"))
			ret->name = json_string_lenient(j);
		else if (bytes_eq_lit(key, "version"))
			ret->version = json_string_lenient(j);
		else if (bytes_eq_lit(key, "kind"))
			ret->is_build = bytes_eq_lit(json_string_lenient(j), "build");
		else
			json_skip(j);
	}
	return json_ok(j);
}

static int read_crates(struct json *j, const struct eco_sink *sink, struct err *e)
{
	bool noted = false;
	int r = 0;
	json_enter_array(j);
	while (r == 0 && json_next_item(j)) {
		struct crate crate;
		uint64_t off = j->off;
		if (!read_crate(j, &crate) || crate.is_build)
			continue;
		if (eco_is_word(crate.name) && eco_is_word(crate.version)) {
			struct pkg p =
			    eco_language_package("cargo", crate.name, crate.version, PKG_BINARY);
			r = sink->package(sink->arg, &p, e);
		} else if (!noted) {
			noted = true;
			r = sink->note(sink->arg, off, "a crate without a name or version", e);
		}
	}
	return r;
}

static int read_json(struct bytes text, const struct eco_sink *sink, struct arena *a, struct err *e)
{
	struct json j;
	struct bytes key;
	int r = 0;
	json_init(&j, text, a);
	json_enter_object(&j);
	while (r == 0 && json_next_key(&j, &key)) {
		if (bytes_eq_lit(key, "packages") && json_peek(&j) == JSON_ARRAY)
			r = read_crates(&j, sink, e);
		else
			json_skip(&j);
	}
	return r < 0 ? r : json_finish(&j, e);
}

static int rust_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	struct buf text;
	(void)path;
	struct program *p = arena_alloc(a, 1, sizeof *p);
	if (!p)
		return err_set(e, ERR_NOMEM, "Rust program: out of memory");
	struct bytes section = program_open(file, p) ? program_section(p, ".dep-v0") : BYTES_NONE;
	if (section.len == 0) /* the name was met where names lie, and is none of a section's */
		return 0;
	buf_init(&text, JSON_MAX);
	int r = deflate_unpack(section, &text, e);
	if (r == 0)
		r = read_json(buf_bytes(&text), sink, a, e);
	buf_free(&text);
	return r;
}

const struct eco_parser eco_rust = {.parse = rust_parse};
