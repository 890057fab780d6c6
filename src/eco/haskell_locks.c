/* What cabal.project.freeze and stack.yaml.lock declare. The first: "constraints: any.NAME
 * ==VERSION, …", over several lines; the second: lines "hackage: NAME-VERSION@sha256:…", of the
 * package as it was asked for and as it was found. Spec: Cabal's user guide "cabal freeze"; Stack's
 * documentation "Lock files". */
#include "eco/declared.h"
#include "eco/path.h"

static int read_freeze(struct declared *d, struct bytes file)
{
	bool inside = false;
	while (d->r == 0 && file.len > 0) {
		struct bytes line = bytes_cut(&file, '\n');
		if (line.len > 0 && line.ptr[0] > ' ' && line.ptr[0] != '-')
			inside = bytes_has_prefix_lit(line, "constraints:");
		if (bytes_has_prefix_lit(line, "constraints:"))
			line = bytes_from(line, sizeof "constraints:" - 1);
		line = bytes_trim(line);
		while (inside && line.len > 0 && !bytes_has_prefix_lit(line, "--")) {
			struct bytes version = bytes_trim(bytes_cut(&line, ','));
			size_t at = bytes_find_bytes(version, BYTES_LIT("=="));
			struct bytes name = bytes_trim(bytes_part(version, 0, at));
			if (bytes_has_prefix_lit(name, "any."))
				name = bytes_from(name, 4);
			if (at < version.len)
				declared_put(d, name, bytes_trim(bytes_from(version, at + 2)));
			line = bytes_trim(line);
		}
	}
	return d->r;
}

static int read_stack(struct declared *d, struct bytes file)
{
	struct bytes before = BYTES_NONE;
	while (d->r == 0 && file.len > 0) {
		struct bytes line = bytes_trim(bytes_cut(&file, '\n'));
		if (bytes_has_prefix_lit(line, "- "))
			line = bytes_trim(bytes_from(line, 2));
		if (!bytes_has_prefix_lit(line, "hackage:"))
			continue;
		line = bytes_trim(bytes_from(line, sizeof "hackage:" - 1));
		line = bytes_part(line, 0, bytes_find(line, '@'));
		size_t dash = bytes_find_last(line, '-');
		if (dash < line.len && !bytes_eq(line, before))
			declared_put(d, bytes_part(line, 0, dash), bytes_from(line, dash + 1));
		before = line;
	}
	return d->r;
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "hackage", .e = e};
	(void)a;
	return bytes_has_suffix_lit(path, ".freeze") ? read_freeze(&d, file) : read_stack(&d, file);
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_HASKELL_LOCKS, path);
}

const struct eco_parser eco_haskell_locks = {.wants = locks_wants, .parse = locks_parse};
