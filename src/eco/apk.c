/* The database of apk-tools: lib/apk/db/installed, or usr/lib/apk/db/installed where /lib is merged
 * into /usr.
 *
 * Stanzas separated by blank lines, each line one letter, ":" and a value: P name, V version, A
 * architecture, L licence, o origin (the source package), m maintainer; then the files: F folder
 * (relative to the root, empty for the root), R file in the folder last named. The other letters
 * are not needed. Packages that apk makes up to hold a set of dependencies (apk add --virtual) have
 * names that start with ".". Spec: apk-tools doc/apk-package.5 "installed database"; the letters of
 * V2 index files. */
#include "eco/parsers.h"
#include "eco/path.h"

#include <string.h>

struct apk_run {
	const struct eco_sink *sink;
	uint64_t off; /* of the stanza */
	bool has_lines;
	struct arena *arena;
	struct bytes name, version, arch, origin, maintainer, license;
	struct bytes folder;
	uint8_t path[LIMIT_PATH_MAX];
};

static struct eco_want apk_wants(struct bytes path)
{
	struct eco_want w = {.wanted = false, .merge = ECO_REPLACE};
	if (!bytes_has_suffix_lit(path, "apk/db/installed"))
		return w;
	if (eco_path_at(path, "usr/lib/apk/db/installed", &w.keep)) {
		w.wanted = true;
		w.rank = 1;
		return w;
	}
	w.wanted = eco_path_near(path, "lib/apk/db/installed", 3, &w.keep);
	return w;
}

static bool is_word(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] <= ' ' || b.ptr[i] >= 0x7f)
			return false;
	}
	return b.len > 0;
}

static int stanza_end(const struct apk_run *s, struct err *e)
{
	const struct eco_sink *sink = s->sink;
	if (!s->has_lines || (s->name.len > 0 && s->name.ptr[0] == '.'))
		return 0;
	if (!is_word(s->name))
		return sink->note(sink->arg, s->off, "stanza without a package name", e);
	if (!is_word(s->version))
		return sink->note(sink->arg, s->off, "stanza without a version", e);
	struct pkg p = {.type = BYTES_LIT("apk"),
			.name = s->name,
			.version = s->version,
			.arch = s->arch,
			.source_name = is_word(s->origin) ? s->origin : s->name,
			.source_version = s->version,
			.vendor = s->maintainer,
			.class = PKG_OS};
	int r = 0;
	if (s->origin.len > 0 && !is_word(s->origin))
		r = sink->note(sink->arg, s->off, "stanza whose origin has no usable name", e);
	if (r == 0)
		r = eco_license(&p, s->license, s->arena, e);
	return r < 0 ? r : sink->package(sink->arg, &p, e);
}

static int own_file(struct apk_run *s, struct bytes file, struct err *e)
{
	size_t dir_len = s->folder.len;
	bool is_virtual = s->name.len == 0 || s->name.ptr[0] == '.';
	if (file.len == 0 || is_virtual || dir_len >= sizeof s->path ||
	    file.len > sizeof s->path - dir_len - 1)
		return 0;
	size_t n = 0;
	if (dir_len > 0) {
		memcpy(s->path, s->folder.ptr, dir_len);
		s->path[dir_len] = '/';
		n = dir_len + 1;
	}
	memcpy(s->path + n, file.ptr, file.len);
	struct bytes path = {.ptr = s->path, .len = n + file.len};
	return s->sink->owns(s->sink->arg, s->name, BYTES_NONE, path, e);
}

static int stanza_line(struct apk_run *s, struct bytes line, struct err *e)
{
	struct bytes value = bytes_trim(bytes_from(line, 2));
	s->has_lines = true;
	switch (line.ptr[0]) {
	case 'P':
		s->name = value;
		break;
	case 'V':
		s->version = value;
		break;
	case 'A':
		s->arch = value;
		break;
	case 'o':
		s->origin = value;
		break;
	case 'L':
		s->license = value;
		break;
	case 'm':
		s->maintainer = value;
		break;
	case 'F':
		s->folder = value;
		break;
	case 'R':
		return own_file(s, value, e);
	default:
		break;
	}
	return 0;
}

static int apk_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e)
{
	(void)path;
	struct apk_run *s = arena_alloc(a, 1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "apk database: out of memory");
	s->sink = sink;
	s->arena = a;
	uint64_t bad_off = UINT64_MAX;
	int r = 0;
	for (struct bytes rest = file; r == 0 && rest.len > 0;) {
		uint64_t off = (uint64_t)(rest.ptr - file.ptr);
		struct bytes line = bytes_cut(&rest, '\n');
		if (bytes_trim(line).len == 0) {
			r = stanza_end(s, e);
			s->has_lines = false;
			s->off = (uint64_t)(rest.ptr - file.ptr);
			s->name = s->version = s->arch = BYTES_NONE;
			s->origin = s->maintainer = s->folder = s->license = BYTES_NONE;
		} else if (line.len >= 2 && line.ptr[1] == ':') {
			r = stanza_line(s, line, e);
		} else if (bad_off == UINT64_MAX) {
			bad_off = off;
		}
	}
	if (r == 0)
		r = stanza_end(s, e);
	if (r == 0 && bad_off != UINT64_MAX)
		r = sink->note(sink->arg, bad_off, "line that is not a letter, a colon and a value",
			       e);
	return r;
}

const struct eco_parser eco_apk = {.wants = apk_wants, .parse = apk_parse};
