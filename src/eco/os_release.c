/* The distribution of an image: os-release, and the files that were there before it.
 *
 * os-release (etc/os-release, usr/lib/os-release): lines of NAME=value as a shell would read them:
 * optional single or double quotes, in double quotes a backslash in front of $ " \ `, comments
 * start with "#"; the last assignment of a name counts. etc/lsb-release has the same form with
 * DISTRIB_ID, DISTRIB_RELEASE, DISTRIB_CODENAME, DISTRIB_DESCRIPTION.
 * The etc/<vendor>-release files hold one line for people: words, often "release", a version,
 * sometimes a name in parentheses: CentOS release 6.10 (Final)        Red Hat Enterprise Linux
 * Server release 5.11 (Tikanga)        VMware Photon OS 3.0 etc/SuSE-release has such a line, then
 * "VERSION = 11" and "PATCHLEVEL = 4". etc/alpine-release is a bare version, etc/debian_version a
 * bare version or "codename/sid". etc/system-release-cpe is one CPE: "cpe:/o:centos:linux:6:GA".
 * Spec: os-release(5); lsb_release(1). */
#include "eco/os_release.h"

#include "base/num.h"
#include "eco/parsers.h"
#include "eco/path.h"

#include <string.h>

enum release_form {
	FORM_ASSIGN,
	FORM_LSB,
	FORM_LINE,
	FORM_SUSE,
	FORM_ALPINE,
	FORM_DEBIAN,
	FORM_CPE
};

/* In the order in which they are believed: what states more first; a file that derivatives inherit
 * unchanged (redhat-release, debian_version) last. */
static const struct release_file {
	const char *location;
	enum release_form form;
} release_files[] = {
    {"etc/os-release", FORM_ASSIGN},	   {"usr/lib/os-release", FORM_ASSIGN},
    {"etc/alpine-release", FORM_ALPINE},   {"etc/centos-release", FORM_LINE},
    {"etc/rocky-release", FORM_LINE},	   {"etc/almalinux-release", FORM_LINE},
    {"etc/oracle-release", FORM_LINE},	   {"etc/fedora-release", FORM_LINE},
    {"etc/photon-release", FORM_LINE},	   {"etc/mariner-release", FORM_LINE},
    {"etc/azurelinux-release", FORM_LINE}, {"etc/system-release", FORM_LINE},
    {"etc/redhat-release", FORM_LINE},	   {"etc/SuSE-release", FORM_SUSE},
    {"etc/lsb-release", FORM_LSB},	   {"etc/debian_version", FORM_DEBIAN},
    {"etc/system-release-cpe", FORM_CPE},
};
#define RELEASE_FILE_COUNT (sizeof release_files / sizeof release_files[0])

/* How a line for people starts, and the os-release ID of that distribution. Longer starts before
 * their own beginnings. */
static const struct {
	const char *start, *id;
} line_ids[] = {
    {"CentOS", "centos"},
    {"Red Hat Enterprise Linux", "rhel"},
    {"Rocky Linux", "rocky"},
    {"AlmaLinux", "almalinux"},
    {"Oracle Linux", "ol"},
    {"Enterprise Linux Enterprise Linux", "ol"},
    {"Fedora", "fedora"},
    {"Amazon Linux", "amzn"},
    {"VMware Photon", "photon"},
    {"CBL-Mariner", "mariner"},
    {"Common Base Linux Mariner", "mariner"},
    {"Microsoft Azure Linux", "azurelinux"},
    {"Scientific Linux", "scientific"},
    {"CloudLinux", "cloudlinux"},
    {"openSUSE", "opensuse"},
    {"SUSE Linux Enterprise Desktop", "sled"},
    {"SUSE Linux Enterprise", "sles"},
};

/* Fedora's editions: usr/lib/os-release is a link to one of these. */
static bool is_edition(struct bytes path, size_t *ret_keep)
{
	return bytes_has_prefix_lit(eco_path_base(path), "os-release-") &&
	       eco_path_at(eco_path_dir(path), "usr/lib/os.release.d", ret_keep);
}

static const struct release_file *release_file_of(struct bytes path, size_t *ret_keep)
{
	if (is_edition(path, ret_keep))
		return &release_files[1];
	if (!bytes_has_suffix_lit(path, "-release") &&
	    !bytes_has_suffix_lit(path, "/debian_version") &&
	    !bytes_has_suffix_lit(path, "/system-release-cpe"))
		return NULL;
	for (size_t i = 0; i < RELEASE_FILE_COUNT; i++) {
		if (eco_path_at(path, release_files[i].location, ret_keep))
			return &release_files[i];
	}
	return NULL;
}

static struct eco_want os_release_wants(struct bytes path)
{
	struct eco_want w = {.wanted = false, .merge = ECO_REPLACE};
	const struct release_file *f = release_file_of(path, &w.keep);
	if (f) {
		w.wanted = true;
		w.rank = (int)(f - release_files);
	}
	return w;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "os-release: out of memory");
}

/* A value as a shell reads it, without its quotes. Borrows from value, or from a when a backslash
 * had to go. */
static int unquote(struct bytes value, struct arena *a, struct bytes *ret, struct err *e)
{
	value = bytes_trim(value);
	uint8_t quote = value.len > 0 ? value.ptr[0] : 0;
	if (quote != '"' && quote != '\'') {
		*ret = value;
		return 0;
	}
	value = bytes_from(value, 1);
	if (quote == '\'' || bytes_find(value, '\\') == value.len) {
		*ret = bytes_trim(bytes_part(value, 0, bytes_find(value, quote)));
		return 0;
	}
	uint8_t *out = arena_alloc(a, value.len, 1);
	if (!out)
		return no_memory(e);
	size_t n = 0;
	for (size_t i = 0; i < value.len && value.ptr[i] != quote; i++) {
		if (value.ptr[i] == '\\' && i + 1 < value.len)
			i++;
		out[n++] = value.ptr[i];
	}
	*ret = bytes_trim((struct bytes){.ptr = out, .len = n});
	return 0;
}

static int lower(struct bytes b, struct arena *a, struct bytes *ret, struct err *e)
{
	*ret = b;
	if (b.len == 0)
		return 0;
	uint8_t *out = arena_alloc(a, b.len, 1);
	if (!out)
		return no_memory(e);
	for (size_t i = 0; i < b.len; i++)
		out[i] = byte_lower(b.ptr[i]);
	*ret = (struct bytes){.ptr = out, .len = b.len};
	return 0;
}

/* VERSION="8 (jessie)", "9 (stretch)", "16.04.7 LTS (Xenial Xerus)": the first word in parentheses,
 * in lower case, is the codename that releases of Debian and Ubuntu from before VERSION_CODENAME go
 * by. */
static int codename_of_version(struct bytes version, struct arena *a, struct bytes *ret,
			       struct err *e)
{
	struct bytes rest = version;
	bytes_cut(&rest, '(');
	rest = bytes_part(rest, 0, bytes_find(rest, ')'));
	return lower(bytes_cut(&rest, ' '), a, ret, e);
}

/* openEuler: VERSION_ID="22.03" leaves out what its advisories name, "22.03-LTS-SP1" of
 * VERSION="22.03 (LTS-SP1)", "22.03 LTS" or "22.03 LTS SP1": the words after the number, as far as
 * they are LTS and SP. */
static int service_pack(struct bytes version, struct arena *a, struct pkg_distro *d, struct err *e)
{
	struct bytes rest = version;
	bytes_cut(&rest, ' ');
	while (rest.len > 0 && d->version_id.len < 64) {
		struct bytes word = bytes_trim(bytes_cut(&rest, ' '));
		if (bytes_has_prefix_lit(word, "("))
			word = bytes_from(word, 1);
		word = bytes_part(word, 0, bytes_find(word, ')'));
		if (word.len > 32 ||
		    (!bytes_has_prefix_lit(word, "LTS") && !bytes_has_prefix_lit(word, "SP")))
			continue;
		char *text =
		    arena_printf(a, "%.*s-%.*s", BYTES_ARG(d->version_id), BYTES_ARG(word));
		if (!text)
			return no_memory(e);
		d->version_id = bytes_of(text);
	}
	return 0;
}

static int assign(struct pkg_distro *d, struct bytes *version, bool lsb, struct bytes key,
		  struct bytes value)
{
	static const char *const names[][2] = {
	    {"ID", "DISTRIB_ID"},
	    {"VERSION_ID", "DISTRIB_RELEASE"},
	    {"VERSION_CODENAME", "DISTRIB_CODENAME"},
	    {"PRETTY_NAME", "DISTRIB_DESCRIPTION"},
	    {"ID_LIKE", ""},
	    {"CPE_NAME", ""},
	    {"SUPPORT_END", ""},
	    {"VERSION", ""},
	};
	struct bytes *slots[] = {&d->id,      &d->version_id, &d->codename,    &d->name,
				 &d->id_like, &d->cpe,	      &d->support_end, version};
	for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
		if (names[i][lsb][0] && bytes_eq_lit(key, names[i][lsb]))
			*slots[i] = value;
	}
	return 0;
}

static int parse_assign(struct bytes file, bool lsb, struct arena *a, struct pkg_distro *d,
			struct err *e)
{
	struct bytes version = BYTES_NONE;
	for (struct bytes rest = file; rest.len > 0;) {
		struct bytes value = bytes_trim(bytes_cut(&rest, '\n'));
		if (value.len == 0 || value.ptr[0] == '#' || bytes_find(value, '=') == value.len)
			continue;
		struct bytes key = bytes_trim(bytes_cut(&value, '='));
		int r = unquote(value, a, &value, e);
		if (r == 0)
			r = assign(d, &version, lsb, key, value);
		if (r < 0)
			return r;
	}
	int r = lower(d->id, a, &d->id, e);
	if (r == 0 && bytes_eq_lit(d->id, "openeuler"))
		return service_pack(version, a, d, e);
	if (r == 0 && d->codename.len == 0 &&
	    (bytes_eq_lit(d->id, "debian") || bytes_eq_lit(d->id, "ubuntu")))
		r = codename_of_version(version, a, &d->codename, e);
	return r;
}

/* The first word that starts with a digit, up to what cannot be in a version. */
static struct bytes version_in(struct bytes line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (!byte_is_digit(line.ptr[i]) || (i > 0 && !byte_is_space(line.ptr[i - 1])))
			continue;
		size_t end = i;
		while (end < line.len && (byte_is_digit(line.ptr[end]) || line.ptr[end] == '.'))
			end++;
		return bytes_part(line, i, end - i);
	}
	return BYTES_NONE;
}

static int parse_line(struct bytes file, struct arena *a, struct pkg_distro *d, struct err *e)
{
	struct bytes rest = file;
	struct bytes line = bytes_trim(bytes_cut(&rest, '\n'));
	for (size_t i = 0; i < sizeof line_ids / sizeof line_ids[0]; i++) {
		if (!bytes_has_prefix_lit(line, line_ids[i].start))
			continue;
		d->id = bytes_of(line_ids[i].id);
		d->name = line;
		d->version_id = version_in(line);
		struct bytes paren = line;
		bytes_cut(&paren, '(');
		paren = bytes_part(paren, 0, bytes_find(paren, ')'));
		return lower(bytes_cut(&paren, ' '), a, &d->codename, e);
	}
	return 0;
}

static int parse_suse(struct bytes file, struct arena *a, struct pkg_distro *d, struct err *e)
{
	int r = parse_line(file, a, d, e);
	d->codename = BYTES_NONE;
	struct bytes version = BYTES_NONE, level = BYTES_NONE;
	for (struct bytes rest = file; rest.len > 0;) {
		struct bytes value = bytes_cut(&rest, '\n');
		struct bytes key = bytes_trim(bytes_cut(&value, '='));
		if (bytes_eq_lit(key, "VERSION"))
			version = bytes_trim(value);
		else if (bytes_eq_lit(key, "PATCHLEVEL"))
			level = bytes_trim(value);
	}
	if (r < 0 || version.len == 0)
		return r;
	d->version_id = version;
	if (level.len == 0 || bytes_eq_lit(level, "0"))
		return 0;
	char *text = arena_printf(a, "%.*s.%.*s", BYTES_ARG(version), BYTES_ARG(level));
	if (!text)
		return no_memory(e);
	d->version_id = bytes_of(text);
	return 0;
}

/* "12.5", or "trixie/sid". */
static int parse_debian(struct bytes file, struct arena *a, struct pkg_distro *d, struct err *e)
{
	struct bytes rest = file;
	struct bytes word = bytes_trim(bytes_cut(&rest, '\n'));
	if (word.len == 0)
		return 0;
	d->id = BYTES_LIT("debian");
	if (!byte_is_digit(word.ptr[0]))
		return lower(bytes_part(word, 0, bytes_find(word, '/')), a, &d->codename, e);
	/* os-release(5) of Debian states the major alone; before 7 two numbers name a release
	 * ("3.1") */
	struct bytes major = bytes_part(word, 0, bytes_find(word, '.'));
	uint64_t n;
	d->version_id = num_u64(major, 1000, &n) && n >= 4 ? major : word;
	return 0;
}

/* Vendor and product of a CPE name of an operating system, and the os-release ID. */
static const struct {
	const char *vendor, *product, *id;
} cpe_ids[] = {
    {"centos", "linux", "centos"},
    {"centos", "centos", "centos"},
    {"redhat", "enterprise_linux", "rhel"},
    {"oracle", "linux", "ol"},
    {"amazon", "linux", "amzn"},
    {"amazon", "amazon_linux", "amzn"},
    {"fedoraproject", "fedora", "fedora"},
    {"rocky", "rocky", "rocky"},
    {"almalinux", "almalinux", "almalinux"},
    {"scientificlinux", "scientificlinux", "scientific"},
    {"debian", "debian_linux", "debian"},
    {"canonical", "ubuntu_linux", "ubuntu"},
    {"microsoft", "azurelinux", "azurelinux"},
    {"opensuse", "leap", "opensuse-leap"},
    {"opensuse", "tumbleweed", "opensuse-tumbleweed"},
    {"suse", "sles", "sles"},
};

/* "cpe:/o:centos:linux:6:GA", "cpe:2.3:o:amazon:amazon_linux:2". */
void os_release_of_cpe(struct bytes cpe, struct pkg_distro *d)
{
	struct bytes rest = cpe;
	struct bytes line = bytes_trim(bytes_cut(&rest, '\n'));
	rest = line;
	struct bytes scheme = bytes_cut(&rest, ':'), part = bytes_cut(&rest, ':');
	if (bytes_eq_lit(part, "2.3"))
		part = bytes_cut(&rest, ':');
	struct bytes vendor = bytes_cut(&rest, ':'), product = bytes_cut(&rest, ':'),
		     version = bytes_cut(&rest, ':');
	if (!bytes_eq_lit(scheme, "cpe") || (!bytes_eq_lit(part, "/o") && !bytes_eq_lit(part, "o")))
		return;
	for (size_t i = 0; i < sizeof cpe_ids / sizeof cpe_ids[0]; i++) {
		if (!bytes_eq_lit(vendor, cpe_ids[i].vendor) ||
		    !bytes_eq_lit(product, cpe_ids[i].product))
			continue;
		d->id = bytes_of(cpe_ids[i].id);
		d->cpe = line;
		d->version_id = version.len && byte_is_digit(version.ptr[0]) ? version : BYTES_NONE;
	}
}

static bool is_id(struct bytes id)
{
	for (size_t i = 0; i < id.len; i++) {
		uint8_t c = id.ptr[i];
		if (!byte_is_alnum(c) && c != '.' && c != '_' && c != '-')
			return false;
	}
	return id.len > 0;
}

static int os_release_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			    struct arena *a, struct err *e)
{
	size_t keep;
	const struct release_file *f = release_file_of(path, &keep);
	enum release_form form = f ? f->form : FORM_ASSIGN;
	struct pkg_distro d = {.id = BYTES_NONE};
	struct bytes rest = file;
	int r = 0;
	switch (form) {
	case FORM_ASSIGN:
	case FORM_LSB:
		r = parse_assign(file, form == FORM_LSB, a, &d, e);
		break;
	case FORM_LINE:
		r = parse_line(file, a, &d, e);
		break;
	case FORM_SUSE:
		r = parse_suse(file, a, &d, e);
		break;
	case FORM_ALPINE:
		d.version_id = bytes_trim(bytes_cut(&rest, '\n'));
		d.id = d.version_id.len ? BYTES_LIT("alpine") : BYTES_NONE;
		break;
	case FORM_DEBIAN:
		r = parse_debian(file, a, &d, e);
		break;
	case FORM_CPE:
		os_release_of_cpe(file, &d);
		break;
	}
	if (r < 0)
		return r;
	if (d.id.len == 0)
		return sink->note(sink->arg, 0, "names no distribution", e);
	if (!is_id(d.id))
		return err_set(e, ERR_FORMAT, "os-release: ID is not of [a-z0-9._-]");
	return sink->distro(sink->arg, &d, e);
}

const struct eco_parser eco_os_release = {.wants = os_release_wants, .parse = os_release_parse};
