/* The database of dpkg and, in the same form, of opkg.
 *
 * var/lib/dpkg/status holds stanzas ("paragraphs") separated by blank lines; a line is "Field:
 * value", a line that starts with a space or tab continues the field before. Field names are
 * compared without case. Of interest: Package, Status ("want flag state"), Version, Architecture,
 * Source ("name" or "name (version)"), Maintainer, License (of opkg). A package is on disk unless
 * its state is one of not-installed, config-files and half-installed, and not without a Status;
 * what is wanted of it (install, deinstall, hold) does not matter. var/lib/dpkg/status.d/NAME
 * (images assembled without dpkg) holds one such stanza, without Status.
 * var/lib/dpkg/info/NAME[:ARCH].list names a package's files and folders, one absolute path a line;
 * NAME[:ARCH].md5sums has lines of 32 hexadecimal digits, two spaces and a path relative to the
 * root. status.d/NAME.md5sums is the same. var/lib/dpkg/updates/DIGITS are stanzas that dpkg has
 * not yet merged into status, and counts instead of those there; none is left when dpkg ends
 * normally. Spec: deb-control(5), dpkg-query(1) "Package states", Debian Policy chapter 5, dpkg's
 * lib/dpkg/dbmodify.c. */
#include "eco/parsers.h"
#include "eco/path.h"

#define MD5_HEX_LEN 32

struct stanza {
	uint64_t off; /* in the file */
	bool bare;    /* of status.d: without Status, and on disk */
	bool has_fields;
	struct bytes package, status, version, arch, source, maintainer, license;
};

/* The name of a file of dpkg's journal. */
static bool is_journal(struct bytes base)
{
	size_t i = 0;
	while (i < base.len && byte_is_digit(base.ptr[i]))
		i++;
	return i > 0 && i == base.len;
}

static struct eco_want dpkg_wants(struct bytes path)
{
	struct eco_want w = {.wanted = false};
	struct bytes dir = eco_path_dir(path);
	if (bytes_has_suffix_lit(path, ".list") || bytes_has_suffix_lit(path, ".md5sums")) {
		w.wanted = eco_path_near(dir, "var/lib/dpkg/info", 2, &w.keep) ||
			   eco_path_near(dir, "var/lib/dpkg/status.d", 2, &w.keep);
		w.merge = ECO_OWNERSHIP;
	} else if (bytes_has_suffix_lit(dir, "dpkg/status.d")) {
		w.wanted = eco_path_near(dir, "var/lib/dpkg/status.d", 2, &w.keep);
		w.merge = ECO_PART;
	} else if (bytes_has_suffix_lit(dir, "dpkg/updates") && is_journal(eco_path_base(path))) {
		w.wanted = eco_path_near(dir, "var/lib/dpkg/updates", 2, &w.keep);
		w.merge = ECO_PART;
	} else if (bytes_has_suffix_lit(path, "pkg/status")) {
		w.wanted = eco_path_near(path, "var/lib/dpkg/status", 2, &w.keep);
		if (!w.wanted) {
			w.wanted = eco_path_at(path, "usr/lib/opkg/status", &w.keep) ||
				   eco_path_at(path, "var/lib/opkg/status", &w.keep);
			w.rank = 1;
		}
	}
	return w;
}

static bool field_is(struct bytes name, const char *lower)
{
	size_t i = 0;
	for (; i < name.len && lower[i]; i++) {
		if (byte_lower(name.ptr[i]) != (uint8_t)lower[i])
			return false;
	}
	return i == name.len && !lower[i];
}

static void stanza_field(struct stanza *s, struct bytes line)
{
	struct bytes value = line;
	struct bytes name = bytes_trim(bytes_cut(&value, ':'));
	value = bytes_trim(value);
	s->has_fields = true;
	if (field_is(name, "package"))
		s->package = value;
	else if (field_is(name, "status"))
		s->status = value;
	else if (field_is(name, "version"))
		s->version = value;
	else if (field_is(name, "architecture"))
		s->arch = value;
	else if (field_is(name, "source"))
		s->source = value;
	else if (field_is(name, "maintainer"))
		s->maintainer = value;
	else if (field_is(name, "license"))
		s->license = value;
}

static bool is_on_disk(const struct stanza *s)
{
	struct bytes status = s->status;
	if (status.len == 0)
		return s->bare;
	size_t space = bytes_find_last(status, ' ');
	struct bytes state = space == status.len ? status : bytes_from(status, space + 1);
	return !bytes_eq_lit(state, "config-files") && !bytes_eq_lit(state, "not-installed") &&
	       !bytes_eq_lit(state, "half-installed");
}

/* A name of a package: what can be looked up and printed. Stricter than nothing, laxer than Policy
 * (upper case occurs in opkg). */
static bool is_name(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f || name.ptr[i] == '/')
			return false;
	}
	return name.len > 0;
}

/* "name (version)" or "name"; false: it names none. */
static bool set_source(struct pkg *p, struct bytes source)
{
	p->source_name = p->name;
	p->source_version = p->version;
	if (source.len == 0)
		return true;
	struct bytes version = source;
	struct bytes name = bytes_trim(bytes_cut(&version, '('));
	version = bytes_trim(bytes_part(version, 0, bytes_find(version, ')')));
	if (!is_name(name))
		return false;
	p->source_name = name;
	if (version.len > 0)
		p->source_version = version;
	return true;
}

/* Where stanzas lead. */
struct stanza_run {
	const char *type;
	bool bare;
	const struct eco_sink *sink;
	struct arena *arena;
};

static int stanza_end(const struct stanza *s, const struct stanza_run *run, struct err *e)
{
	const struct eco_sink *sink = run->sink;
	if (!s->has_fields || !is_on_disk(s))
		return 0;
	if (!is_name(s->package))
		return sink->note(sink->arg, s->off, "stanza without a package name", e);
	if (!is_name(s->version))
		return sink->note(sink->arg, s->off, "stanza without a version", e);
	struct pkg p = {.type = bytes_of(run->type),
			.name = s->package,
			.version = s->version,
			.arch = s->arch,
			.vendor = s->maintainer,
			.class = PKG_OS};
	int r = 0;
	if (!set_source(&p, s->source))
		r = sink->note(sink->arg, s->off, "stanza whose source package has no usable name",
			       e);
	if (r == 0)
		r = eco_license(&p, s->license, run->arena, e);
	return r < 0 ? r : sink->package(sink->arg, &p, e);
}

/* A second Package: the blank line between two stanzas was forgotten (files joined by "cat").
 * dpkg does not read such a file at all. */
static bool is_next_package(const struct stanza *s, struct bytes line)
{
	return s->package.len > 0 &&
	       field_is(bytes_trim(bytes_part(line, 0, bytes_find(line, ':'))), "package");
}

static bool is_unstated(const struct stanza *s)
{
	return !s->bare && s->has_fields && s->status.len == 0;
}

static int parse_stanzas(struct bytes file, const struct stanza_run *run, struct err *e)
{
	const struct eco_sink *sink = run->sink;
	bool bare = run->bare;
	struct stanza s = {.bare = bare};
	struct bytes rest = file;
	uint64_t bad_off = UINT64_MAX, bare_off = UINT64_MAX;
	while (rest.len > 0) {
		uint64_t off = (uint64_t)(rest.ptr - file.ptr);
		struct bytes line = bytes_cut(&rest, '\n');
		bool ends = bytes_trim(line).len == 0;
		bool next = !ends && !byte_is_space(line.ptr[0]) && is_next_package(&s, line);
		if ((ends || next) && is_unstated(&s) && bare_off == UINT64_MAX)
			bare_off = s.off;
		if (ends) {
			int r = stanza_end(&s, run, e);
			if (r < 0)
				return r;
			s = (struct stanza){.off = (uint64_t)(rest.ptr - file.ptr), .bare = bare};
		} else if (byte_is_space(line.ptr[0]) || line.ptr[0] == '#') {
			continue;
		} else if (bytes_find(line, ':') == line.len) {
			if (bad_off == UINT64_MAX)
				bad_off = off;
		} else if (next) {
			int r = stanza_end(&s, run, e);
			if (r == 0)
				r = sink->note(sink->arg, off,
					       "stanza without a blank line before it", e);
			if (r < 0)
				return r;
			s = (struct stanza){.off = off, .bare = bare};
			stanza_field(&s, line);
		} else {
			stanza_field(&s, line);
		}
	}
	if (is_unstated(&s) && bare_off == UINT64_MAX)
		bare_off = s.off;
	int r = stanza_end(&s, run, e);
	if (r == 0 && bare_off != UINT64_MAX)
		r = sink->note(sink->arg, bare_off, "stanza without Status: not installed", e);
	if (r == 0 && bad_off != UINT64_MAX)
		r = sink->note(sink->arg, bad_off, "line that is neither a field nor part of one",
			       e);
	return r;
}

/* info/NAME.list: a folder is followed by what is in it, so a line that the next one continues with
 * "/" is a folder and not owned content. */
static int parse_list(struct bytes file, struct bytes name, struct bytes arch,
		      const struct eco_sink *sink, struct err *e)
{
	struct bytes rest = file;
	struct bytes line = bytes_cut(&rest, '\n');
	while (line.len > 0 || rest.len > 0) {
		struct bytes next = bytes_cut(&rest, '\n');
		bool is_folder = next.len > line.len && next.ptr[line.len] == '/' &&
				 bytes_has_prefix(next, line);
		if (line.len > 1 && !is_folder && !bytes_eq_lit(line, "/.")) {
			int r = sink->owns(sink->arg, name, arch, line, e);
			if (r < 0)
				return r;
		}
		line = next;
	}
	return 0;
}

static int parse_md5sums(struct bytes file, struct bytes name, struct bytes arch,
			 const struct eco_sink *sink, struct err *e)
{
	for (struct bytes rest = file; rest.len > 0;) {
		struct bytes line = bytes_cut(&rest, '\n');
		if (line.len <= MD5_HEX_LEN + 2 || !byte_is_space(line.ptr[MD5_HEX_LEN]))
			continue;
		int r = sink->owns(sink->arg, name, arch, bytes_from(line, MD5_HEX_LEN + 2), e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (byte_is_digit(c))
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* Some builders name the files of status.d by the base64 of the package name. The decoded name, if
 * it is one that Policy allows; else name. */
static struct bytes plain_name(struct bytes name, struct arena *a, bool *ret_ok)
{
	uint32_t acc = 0;
	unsigned bits = 0;
	size_t n = 0, in_len = name.len;
	while (in_len > 0 && name.ptr[in_len - 1] == '=')
		in_len--;
	uint8_t *out = in_len >= 4 ? arena_alloc(a, in_len, 1) : NULL;
	*ret_ok = in_len < 4 || out;
	if (!out)
		return name;
	for (size_t i = 0; i < in_len; i++) {
		int v = base64_value(name.ptr[i]);
		if (v < 0)
			return name;
		acc = (acc << 6 | (uint32_t)v) & 0xffff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		uint8_t c = (uint8_t)(acc >> bits);
		bool lower_alnum = byte_is_digit(c) || (c >= 'a' && c <= 'z');
		if (!lower_alnum && (n == 0 || (c != '+' && c != '-' && c != '.')))
			return name;
		out[n++] = c;
	}
	return n < 2 ? name : (struct bytes){.ptr = out, .len = n};
}

static int parse_ownership(struct bytes path, struct bytes file, const struct eco_sink *sink,
			   struct arena *a, struct err *e)
{
	struct bytes base = eco_path_base(path);
	bool is_list = bytes_has_suffix_lit(base, ".list");
	base = bytes_part(base, 0, base.len - (is_list ? sizeof ".list" : sizeof ".md5sums") + 1);
	struct bytes arch = base;
	struct bytes name = bytes_cut(&arch, ':');
	bool ok = true;
	if (!is_name(name))
		return 0;
	if (is_list)
		return parse_list(file, name, arch, sink, e);
	if (bytes_has_suffix_lit(eco_path_dir(path), "/status.d"))
		name = plain_name(name, a, &ok);
	if (!ok)
		return err_set(e, ERR_NOMEM, "dpkg database: out of memory");
	return parse_md5sums(file, name, arch, sink, e);
}

static int dpkg_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	if (bytes_has_suffix_lit(path, ".list") || bytes_has_suffix_lit(path, ".md5sums"))
		return parse_ownership(path, file, sink, a, e);
	if (file.len > 0 && bytes_has_suffix_lit(eco_path_dir(path), "dpkg/updates"))
		return err_set(e, ERR_UNSUPPORTED,
			       "changes that dpkg had not yet put into its database: not read");
	bool is_opkg = bytes_has_suffix_lit(path, "opkg/status");
	const struct stanza_run run = {.type = is_opkg ? "opkg" : "deb",
				       .bare =
					   bytes_has_suffix_lit(eco_path_dir(path), "/status.d"),
				       .sink = sink,
				       .arena = a};
	return parse_stanzas(file, &run, e);
}

const struct eco_parser eco_dpkg = {.wants = dpkg_wants, .parse = dpkg_parse};
