/* The database of Portage, Gentoo's package manager: a folder var/db/pkg/CATEGORY/NAME-VERSION for
 * each package, with a file for each fact.
 *
 * CONTENTS lists what it owns, a line each: "dir PATH", "obj PATH MD5 MTIME", "sym PATH -> TARGET
 * MTIME"; it is there even when the package owns nothing. The folder's name says which package it
 * is: the version begins behind the last '-' that a digit follows, "-r1" is a part of it. LICENSE
 * holds an expression of Portage's own. Spec: PMS 3 "Names and versions"; portage(5)
 * "/var/db/pkg". */
#include "eco/parsers.h"
#include "eco/path.h"
#include "pkg/license.h"

#define FOLDER "var/db/pkg"

static struct eco_want portage_wants(struct bytes path)
{
	struct eco_want w = {.merge = ECO_PART};
	struct bytes base = eco_path_base(path);
	bool license = bytes_eq_lit(base, "LICENSE");
	if (!license && !bytes_eq_lit(base, "CONTENTS"))
		return w;
	w.wanted =
	    eco_path_near(eco_path_dir(eco_path_dir(eco_path_dir(path))), FOLDER, 2, &w.keep);
	w.merge = license ? ECO_LICENSE : ECO_PART;
	return w;
}

/* Where the version of "bash-completion-2.11-r1" begins; the name's length when it has none. */
static size_t version_at(struct bytes name)
{
	size_t at = name.len;
	for (size_t i = 1; i + 1 < name.len; i++)
		if (name.ptr[i] == '-' && byte_is_digit(name.ptr[i + 1]))
			at = i + 1;
	return at;
}

/* "CATEGORY/NAME" of a path, and the version. False: it is of no package. */
static bool package_of(struct bytes path, struct arena *a, struct bytes *ret_name,
		       struct bytes *ret_version, bool *ret_ok)
{
	struct bytes folder = eco_path_dir(path);
	struct bytes base = eco_path_base(folder), category = eco_path_base(eco_path_dir(folder));
	size_t at = version_at(base);
	*ret_ok = true;
	*ret_version = bytes_from(base, at);
	if (!eco_is_word(base) || !eco_is_word(category) || at == base.len)
		return false;
	char *name = arena_printf(a, "%.*s/%.*s", BYTES_ARG(category),
				  BYTES_ARG(bytes_part(base, 0, at - 1)));
	*ret_ok = name != NULL;
	*ret_name = bytes_of(name);
	return name != NULL;
}

static int read_contents(struct bytes file, struct bytes name, const struct eco_sink *sink,
			 struct err *e)
{
	while (file.len > 0) {
		struct bytes line = bytes_cut(&file, '\n'), kind = bytes_cut(&line, ' ');
		bool obj = bytes_eq_lit(kind, "obj");
		if (!obj && !bytes_eq_lit(kind, "sym"))
			continue;
		size_t end = bytes_find_bytes(line, BYTES_LIT(" -> "));
		if (obj) {
			end = bytes_find_last(line, ' ');
			end = bytes_find_last(bytes_part(line, 0, end), ' ');
		}
		int r = sink->owns(sink->arg, name, BYTES_NONE, bytes_part(line, 0, end), e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int portage_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			 struct arena *a, struct err *e)
{
	struct bytes name, version;
	bool ok;
	if (!package_of(path, a, &name, &version, &ok)) {
		if (!ok)
			return err_set(e, ERR_NOMEM, "Portage: out of memory");
		/* of a merge that did not end: "-MERGING-bash-5.1" */
		return 0;
	}
	if (bytes_eq_lit(eco_path_base(path), "LICENSE")) {
		struct license l;
		license_read(&l, file);
		return l.len ? sink->license(sink->arg, name, license_bytes(&l), e) : 0;
	}
	struct pkg p = {.type = BYTES_LIT("ebuild"),
			.name = name,
			.version = version,
			.source_name = name,
			.source_version = version,
			.class = PKG_OS};
	int r = sink->package(sink->arg, &p, e);
	return r < 0 ? r : read_contents(file, name, sink, e);
}

const struct eco_parser eco_portage = {.wants = portage_wants, .parse = portage_parse};
