/* What Julia's Manifest.toml declares: a table [[deps.NAME]] for each package, in the first format
 * [[NAME]], with its "version" and "uuid"; packages of the standard library have no version of
 * their own. Spec: Pkg.jl "Project.toml and Manifest.toml"; purl's type julia. */
#include "eco/declared.h"
#include "eco/path.h"
#include "eco/toml.h"

struct entry {
	struct bytes name, version, uuid;
};

static void end(struct declared *d, struct arena *a, struct entry *in)
{
	if (d->r == 0 && eco_is_word(in->name) && eco_is_word(in->version)) {
		struct pkg p =
		    eco_language_package(d->purl_type, in->name, in->version, PKG_DECLARED);
		char *text = arena_printf(a, "uuid=%.*s", BYTES_ARG(in->uuid));
		if (eco_is_word(in->uuid) && text)
			p.qualifiers = bytes_of(text);
		d->r = text ? d->sink->package(d->sink->arg, &p, d->e)
			    : err_set(d->e, ERR_NOMEM, "Manifest.toml: out of memory");
	}
	*in = (struct entry){.name = BYTES_NONE};
}

/* "[[deps.JSON]]": JSON; of other tables nothing. */
static struct bytes name_of(struct bytes head)
{
	if (!bytes_has_prefix_lit(head, "[[") || !bytes_has_suffix_lit(head, "]]"))
		return BYTES_NONE;
	head = bytes_part(head, 2, head.len - 4);
	return bytes_has_prefix_lit(head, "deps.") ? bytes_from(head, 5) : head;
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "julia", .e = e};
	struct toml t = {.rest = file};
	struct entry in = {.name = BYTES_NONE};
	struct bytes key, value;
	bool inside = false;
	(void)path;
	while (d.r == 0 && toml_next(&t, &key, &value)) {
		if (key.len == 0) {
			/* "[deps.JSON.weakdeps]" is of the same package */
			inside = bytes_has_prefix_lit(value, "[[");
			if (inside) {
				end(&d, a, &in);
				in.name = name_of(value);
			}
		} else if (inside && bytes_eq_lit(key, "version")) {
			in.version = toml_text(value);
		} else if (inside && bytes_eq_lit(key, "uuid")) {
			in.uuid = toml_text(value);
		}
	}
	if (d.r == 0)
		end(&d, a, &in);
	return d.r;
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_JULIA_LOCKS, path);
}

const struct eco_parser eco_julia_locks = {.wants = locks_wants, .parse = locks_parse};
