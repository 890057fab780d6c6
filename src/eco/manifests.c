/* Files of "KEY: VALUE" lines that each state one installed package; only keys at the beginning of
 * a line count.
 *
 * snap: meta/snap.yaml, YAML: name, version. Haskell: package.conf.d/NAME-VERSION-HASH.conf of
 * GHC's package databases: name, version, license. Dart: hosted/HOST/NAME-VERSION/pubspec.yaml in
 * pub's cache: name, version. Spec: snapcraft.io "The snap format"; Cabal "Installed package
 * info"; dart.dev "The pubspec file". */
#include "eco/declared.h"
#include "eco/parsers.h"

struct fields {
	struct bytes name, version, license;
};

/* The value of a line, or of the next one when it goes on there, as ghc-pkg writes it. */
static struct bytes value_of(struct bytes line, struct bytes rest)
{
	struct bytes value = bytes_trim(line);
	if (value.len == 0 && rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t'))
		value = bytes_trim(bytes_part(rest, 0, bytes_find(rest, '\n')));
	return value;
}

static struct fields read_fields(struct bytes file)
{
	struct fields f = {.name = BYTES_NONE};
	const struct bytes_slot slots[] = {
	    {"name", &f.name}, {"version", &f.version}, {"license", &f.license}};
	while (file.len > 0) {
		struct bytes line = bytes_cut(&file, '\n'), key = bytes_cut(&line, ':');
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (to && to->len == 0)
			*to = declared_unquoted(value_of(line, file));
	}
	return f;
}

static int put(const char *type, struct bytes file, const struct eco_sink *sink, struct arena *a,
	       struct err *e)
{
	struct fields f = read_fields(file);
	if (!eco_is_word(f.name) || !eco_is_word(f.version))
		return sink->note(sink->arg, 0, "a package without a name or version", e);
	struct pkg p = eco_language_package(type, f.name, f.version, PKG_LANGUAGE);
	int r = eco_license(&p, f.license, a, e);
	return r < 0 ? r : sink->package(sink->arg, &p, e);
}

static int snap_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	(void)path;
	return put("snap", file, sink, a, e);
}

static int haskell_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			 struct arena *a, struct err *e)
{
	(void)path;
	return put("hackage", file, sink, a, e);
}

static int dart_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	(void)path;
	return put("pub", file, sink, a, e);
}

const struct eco_parser eco_snap = {.parse = snap_parse};
const struct eco_parser eco_haskell = {.parse = haskell_parse};
const struct eco_parser eco_dart = {.parse = dart_parse};
