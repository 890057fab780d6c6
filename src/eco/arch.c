/* The local database of pacman: a folder var/lib/pacman/local/NAME-VERSION for each package.
 *
 * desc and files hold sections: a line "%KEY%", the values a line each, a blank line. Of desc:
 * NAME, VERSION ("1:2.3-4"), ARCH, BASE (what the package is built from; packages split from one
 * build have its version), PACKAGER, LICENSE (a line each: all of them). Of files: FILES, paths
 * without a leading slash, of folders with one at the end. The package of files is said by its
 * folder's name alone, which ends in -VERSION-RELEASE. Spec: pacman(8), lib/libalpm/be_local.c
 * "local_db_read". */
#include "eco/parsers.h"
#include "eco/path.h"
#include "pkg/license.h"

#define FOLDER "var/lib/pacman/local"
#define FOLDER_TAIL 2 /* components of it that identify it behind a link: "pacman/local" */

static struct eco_want arch_wants(struct bytes path)
{
	struct eco_want w = {.merge = ECO_PART};
	struct bytes base = eco_path_base(path);
	bool is_files = bytes_eq_lit(base, "files");
	if (!is_files && !bytes_eq_lit(base, "desc"))
		return w;
	w.merge = is_files ? ECO_OWNERSHIP : ECO_PART;
	w.wanted = eco_path_near(eco_path_dir(eco_path_dir(path)), FOLDER, FOLDER_TAIL, &w.keep);
	return w;
}

static bool is_word(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i] <= ' ' || b.ptr[i] >= 0x7f || b.ptr[i] == '/')
			return false;
	return b.len > 0;
}

static struct bytes line_of(struct bytes *rest)
{
	struct bytes line = bytes_cut(rest, '\n');
	return bytes_has_suffix_lit(line, "\r") ? bytes_part(line, 0, line.len - 1) : line;
}

static bool is_key(struct bytes line)
{
	return line.len > 2 && line.ptr[0] == '%' && line.ptr[line.len - 1] == '%';
}

static int parse_desc(struct bytes file, const struct eco_sink *sink, struct arena *a,
		      struct err *e)
{
	struct bytes name = BYTES_NONE, version = BYTES_NONE, arch = BYTES_NONE, base = BYTES_NONE,
		     packager = BYTES_NONE;
	struct license all = {.len = 0}, one;
	bool is_license = false;
	bool ok;
	const struct bytes_slot slots[] = {
	    {"%NAME%", &name}, {"%VERSION%", &version},	  {"%ARCH%", &arch},
	    {"%BASE%", &base}, {"%PACKAGER%", &packager},
	};
	for (struct bytes rest = file; rest.len > 0;) {
		struct bytes key = line_of(&rest), ahead = rest;
		struct bytes value = bytes_trim(line_of(&ahead));
		if (is_license && !is_key(key)) {
			license_read(&one, key);
			license_also(&all, &one);
		}
		is_license = is_key(key) ? bytes_eq_lit(key, "%LICENSE%") : is_license;
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (to && !is_key(value))
			*to = value;
	}
	if (!is_word(name))
		return sink->note(sink->arg, 0, "no package name", e);
	if (!is_word(version))
		return sink->note(sink->arg, 0, "no package version", e);
	struct pkg p = {.type = BYTES_LIT("alpm"),
			.name = name,
			.version = version,
			.arch = is_word(arch) ? arch : BYTES_NONE,
			.source_name = is_word(base) ? base : name,
			.source_version = version,
			.vendor = packager,
			.license = arena_bytes(a, license_bytes(&all), &ok),
			.class = PKG_OS};
	if (!ok)
		return err_set(e, ERR_NOMEM, "Arch package: out of memory");
	return sink->package(sink->arg, &p, e);
}

/* "bash" of "bash-5.2.037-1". */
static struct bytes name_in_folder(struct bytes path)
{
	struct bytes name = eco_path_base(eco_path_dir(path));
	for (int i = 0; i < 2; i++) {
		size_t dash = bytes_find_last(name, '-');
		name = bytes_part(name, 0, dash < name.len ? dash : 0);
	}
	return name;
}

static int parse_files(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct err *e)
{
	struct bytes name = name_in_folder(path);
	bool in_files = false;
	for (struct bytes rest = file; rest.len > 0 && is_word(name);) {
		struct bytes line = line_of(&rest);
		if (is_key(line)) {
			in_files = bytes_eq_lit(line, "%FILES%");
			continue;
		}
		if (!in_files || line.len == 0 || line.ptr[line.len - 1] == '/')
			continue;
		int r = sink->owns(sink->arg, name, BYTES_NONE, line, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int arch_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	return bytes_eq_lit(eco_path_base(path), "files") ? parse_files(path, file, sink, e)
							  : parse_desc(file, sink, a, e);
}

const struct eco_parser eco_arch = {.wants = arch_wants, .parse = arch_parse};
