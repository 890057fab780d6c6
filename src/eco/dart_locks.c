/* What pubspec.lock declares. YAML as pub writes it: below "packages:" a name in two blanks, below
 * it fields in four, of which "version" and "source" count; "sdk" and "path" name no release. Spec:
 * dart.dev "pub get", "pubspec.lock". */
#include "eco/declared.h"
#include "eco/path.h"

static size_t indent_of(struct bytes line)
{
	size_t n = 0;
	while (n < line.len && line.ptr[n] == ' ')
		n++;
	return n;
}

struct entry {
	struct bytes name, version;
	bool none; /* of no release */
};

static void end(struct declared *d, struct entry *in)
{
	if (in->name.len > 0 && !in->none)
		declared_put(d, in->name, in->version);
	*in = (struct entry){.none = false};
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "pub", .e = e};
	struct entry in = {.none = false};
	bool inside = false;
	(void)path;
	(void)a;
	while (d.r == 0 && file.len > 0) {
		struct bytes line = bytes_cut(&file, '\n');
		size_t indent = indent_of(line);
		struct bytes value = bytes_trim(line);
		if (value.len == 0 || value.ptr[0] == '#')
			continue;
		struct bytes key = bytes_trim(bytes_cut(&value, ':'));
		value = declared_unquoted(bytes_trim(value));
		if (indent < 4)
			end(&d, &in);
		if (indent == 0)
			inside = bytes_eq_lit(key, "packages");
		else if (inside && indent == 2)
			in.name = declared_unquoted(key);
		else if (inside && indent == 4 && bytes_eq_lit(key, "version"))
			in.version = value;
		else if (inside && indent == 4 && bytes_eq_lit(key, "source"))
			in.none = bytes_eq_lit(value, "sdk") || bytes_eq_lit(value, "path");
	}
	end(&d, &in);
	return d.r;
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_DART_LOCKS, path);
}

const struct eco_parser eco_dart_locks = {.wants = locks_wants, .parse = locks_parse};
