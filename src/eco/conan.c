/* conaninfo.txt, which Conan writes into the folder of each binary package: sections in brackets
 * with a line each. [full_requires] (Conan 1) has what the package was built with,
 * "zlib/1.2.13:ID", "fmt/9.1.0@user/channel:ID"; in Conan 2 it is [requires], where "1.2.Z" names
 * no release. In the cache of Conan 1 the folders say which package it is itself:
 * data/NAME/VERSION/USER/CHANNEL/package/ID/conaninfo.txt. Spec: docs.conan.io "Package ID", "The
 * local cache". */
#include "eco/parsers.h"
#include "eco/path.h"

static bool is_release(struct bytes version)
{
	for (size_t i = 0; i < version.len; i++)
		if (!byte_is_alnum(version.ptr[i]) &&
		    bytes_find(BYTES_LIT(".-+_"), version.ptr[i]) == 4)
			return false;
	return version.len > 0 && !bytes_has_suffix_lit(version, ".Z");
}

static int put(struct bytes name, struct bytes version, const struct eco_sink *sink, struct err *e)
{
	const struct pkg p = eco_language_package("conan", name, version, PKG_LANGUAGE);
	return sink->package(sink->arg, &p, e);
}

/* What the folders of a cache say; none elsewhere. */
static int put_own(struct bytes path, const struct eco_sink *sink, struct err *e)
{
	struct bytes part[6], folder = eco_path_dir(path);
	for (size_t i = 0; i < 6; i++) {
		part[i] = eco_path_base(folder);
		folder = eco_path_dir(folder);
	}
	if (!bytes_eq_lit(part[1], "package") || !eco_is_word(part[5]) || !is_release(part[4]) ||
	    !bytes_eq_lit(eco_path_base(folder), "data"))
		return 0;
	return put(part[5], part[4], sink, e);
}

static int put_required(struct bytes line, const struct eco_sink *sink, struct err *e)
{
	struct bytes rest = line, name = bytes_cut(&rest, '/');
	size_t n = 0;
	while (n < rest.len && bytes_find(BYTES_LIT("@#:"), rest.ptr[n]) == 3)
		n++;
	struct bytes version = bytes_part(rest, 0, n);
	return eco_is_word(name) && is_release(version) ? put(name, version, sink, e) : 0;
}

static bool has_section(struct bytes file, const char *section)
{
	while (file.len > 0)
		if (bytes_eq_lit(bytes_trim(bytes_cut(&file, '\n')), section))
			return true;
	return false;
}

static int conan_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	const char *section =
	    has_section(file, "[full_requires]") ? "[full_requires]" : "[requires]";
	bool inside = false;
	int r = put_own(path, sink, e);
	(void)a;
	while (r == 0 && file.len > 0) {
		struct bytes line = bytes_trim(bytes_cut(&file, '\n'));
		if (line.len > 0 && line.ptr[0] == '[')
			inside = bytes_eq_lit(line, section);
		else if (inside)
			r = put_required(line, sink, e);
	}
	return r;
}

const struct eco_parser eco_conan = {.parse = conan_parse};
