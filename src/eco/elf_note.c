/* What a distribution's linker writes into each program (eco/program_note.c finds it):
 *
 *   {"type": "rpm", "name": "coreutils", "version": "9.4-6.fc40", "architecture": "x86_64",
 *    "os": "fedora", "osVersion": "40", "osCpe": "cpe:/o:fedoraproject:fedora:40"}
 *
 * name and version are the source package's. A file that a package of the image owns is that
 * package's; any other is a package of the distribution that the note names, or the image's where
 * it names none. Spec: systemd "Package Metadata for Executable Files". */
#include "base/json.h"
#include "eco/os_release.h"
#include "eco/parsers.h"

struct note {
	struct bytes type, os, os_version, name, version, arch, cpe;
};

static void read_note(struct json *j, struct note *n)
{
	struct bytes key;
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		struct {
			const char *key;
			struct bytes *to;
		} fields[] = {
		    {"type", &n->type}, {"os", &n->os},		  {"osVersion", &n->os_version},
		    {"name", &n->name}, {"version", &n->version}, {"architecture", &n->arch},
		    {"osCpe", &n->cpe}};
		struct bytes value = BYTES_NONE;
		if (json_peek(j) == JSON_STRING)
			value = json_string(j);
		else
			json_skip(j);
		for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
			if (bytes_eq_lit(key, fields[i].key))
				*fields[i].to = value;
	}
}

static bool is_type(struct bytes type)
{
	return bytes_eq_lit(type, "rpm") || bytes_eq_lit(type, "deb") ||
	       bytes_eq_lit(type, "apk") || bytes_eq_lit(type, "alpm");
}

/* Fills in the distribution: that of the note's own words, else of its CPE. */
static int set_distro(struct pkg *p, const struct note *n, struct arena *a, struct err *e)
{
	struct pkg_distro d = {.id = n->os, .version_id = n->os_version};
	if ((d.id.len == 0 || d.version_id.len == 0) && n->cpe.len > 0) {
		struct pkg_distro named = {.id = BYTES_NONE};
		os_release_of_cpe(n->cpe, &named);
		d = d.id.len == 0 || bytes_eq(d.id, named.id) ? named : d;
	}
	if (!eco_is_word(d.id) || bytes_find(d.id, ':') < d.id.len)
		return 0;
	p->namespace = d.id;
	if (d.version_id.len == 0 || !eco_is_word(d.version_id) ||
	    bytes_find(d.version_id, ':') < d.version_id.len)
		return 0;
	char *text = arena_printf(a, "%.*s:%.*s", BYTES_ARG(d.id), BYTES_ARG(d.version_id));
	p->distro = bytes_of(text);
	return text ? 0 : err_set(e, ERR_NOMEM, "ELF note: out of memory");
}

static int elf_note_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			  struct arena *a, struct err *e)
{
	struct note n = {.type = BYTES_NONE};
	struct json j;
	(void)path;
	json_init(&j, file, a);
	read_note(&j, &n);
	int r = json_finish(&j, e);
	if (r < 0)
		return r;
	if (!eco_is_word(n.name) || !eco_is_word(n.version))
		return sink->note(sink->arg, 0, "a package without a name or version", e);
	struct pkg p = eco_language_package("generic", n.name, n.version, PKG_BINARY);
	p.arch = eco_is_word(n.arch) ? n.arch : BYTES_NONE;
	p.qualifiers = BYTES_LIT("evidence=note");
	if (!is_type(n.type))
		return sink->package(sink->arg, &p, e);
	p.type = n.type;
	p.class = PKG_OS;
	r = set_distro(&p, &n, a, e);
	return r < 0 ? r : sink->package(sink->arg, &p, e);
}

const struct eco_parser eco_elf_note = {.parse = elf_note_parse};
