/* What Cargo.lock declares: a table [[package]] for each crate, with "name" and "version". Spec:
 * The Cargo Book "Cargo.toml vs Cargo.lock". */
#include "eco/declared.h"
#include "eco/path.h"
#include "eco/toml.h"

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "cargo", .e = e};
	struct toml t = {.rest = file};
	struct bytes key, value, name = BYTES_NONE, version = BYTES_NONE;
	bool inside = false;
	(void)path;
	(void)a;
	while (d.r == 0 && toml_next(&t, &key, &value)) {
		if (key.len == 0) {
			declared_put(&d, name, version);
			inside = bytes_eq_lit(value, "[[package]]");
			name = version = BYTES_NONE;
		} else if (inside && bytes_eq_lit(key, "name")) {
			name = toml_text(value);
		} else if (inside && bytes_eq_lit(key, "version")) {
			version = toml_text(value);
		}
	}
	declared_put(&d, name, version);
	return d.r;
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_RUST_LOCKS, path);
}

const struct eco_parser eco_rust_locks = {.wants = locks_wants, .parse = locks_parse};
