/* By name alone: installed packages (eggs, jars, conda-meta) and lock files, which say what a
 * program was built from.
 * What an ecosystem reads is not here; nor are wheels, which are installed from: pip itself comes
 * with Python as one. What no name says, the content may: eco/bundle.c. */
#include "pkg/language.h"

#include <stddef.h>

/* base: all of the last component; suffix: its end; folder: the end of what is in front of it. */
static const struct {
	enum language kind;
	const char *base, *suffix, *folder;
} files[] = {
    {LANGUAGE_GO, "go.sum", NULL, NULL},
    {LANGUAGE_NUGET, NULL, ".nuspec", NULL},
};

const char *language_name(enum language language)
{
	static const char *const names[LANGUAGE_COUNT] = {
	    [LANGUAGE_NONE] = "",
	    [LANGUAGE_GO] = "Go",
	    [LANGUAGE_NUGET] = "NuGet",
	    [LANGUAGE_PYPI] = "PyPI",
	    [LANGUAGE_NPM] = "npm",
	    [LANGUAGE_MAVEN] = "Maven",
	    [LANGUAGE_PACKAGIST] = "Packagist",
	    [LANGUAGE_PACKED] = "packed programs'",
	};
	return names[language];
}

static bool ends_in(struct bytes folder, const char *end)
{
	struct bytes last = bytes_of(end);
	size_t at = folder.len - (last.len < folder.len ? last.len : folder.len);
	if (end[0] == '.') /* of a name */
		return bytes_has_suffix_lit(folder, end);
	return bytes_has_suffix_lit(folder, end) && (at == 0 || folder.ptr[at - 1] == '/');
}

enum language language_kind(struct bytes path)
{
	size_t slash = bytes_find_last(path, '/');
	struct bytes base = slash < path.len ? bytes_from(path, slash + 1) : path;
	struct bytes folder = slash < path.len ? bytes_part(path, 0, slash) : BYTES_NONE;
	/* nearly all files have none of these ends: one look at the last byte */
	static const char ends[] = "AOcdegiklmnor";
	if (base.len < 4 || bytes_find(bytes_of(ends), base.ptr[base.len - 1]) == sizeof ends - 1)
		return LANGUAGE_NONE;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		bool named = files[i].base ? bytes_eq_lit(base, files[i].base)
					   : base.len > bytes_of(files[i].suffix).len &&
						 bytes_has_suffix_lit(base, files[i].suffix);
		if (named && (!files[i].folder || ends_in(folder, files[i].folder)))
			return files[i].kind;
	}
	return LANGUAGE_NONE;
}
