/* Go programs: the build information that the linker puts into each (eco/go_info.c finds it), as
 * lines with tabs:
 *
 *   path  NAME                    mod  MODULE  VERSION  SUM       the program's own module
 *   dep   MODULE  VERSION  SUM    =>   MODULE  VERSION  SUM       replaces the dep in front of it
 *   build KEY=VALUE
 *
 * A module that was built from a folder has the version "(devel)" or none: it is stated without
 * one, but the program's own, whose version the linker's flags (eco/go_main.h) or a text in the
 * program (eco/known.h) may say; the qualifier evidence says which of them did. The standard
 * library is the module "stdlib" of the version that the toolchain has; what a vendor or an
 * experiment adds behind it ("go1.20.1 X:boringcrypto", "go1.21.5-fips") does not change what it
 * is. The packages of a module that the program has functions of (go_names.h) are its qualifier
 * linked_packages, where they are known: not of the program's own module, whose main package has no
 * path there, nor of one that replaces another, under whose path its packages are. The file is a
 * whole program, or what go_info found of it and, behind that, the names of packages and an excerpt
 * around a text. Spec: Go's runtime/debug.BuildInfo, go.dev/ref/mod "Versions". */
#include "eco/go_info.h"
#include "eco/go_main.h"
#include "eco/go_names.h"
#include "eco/known.h"
#include "pkg/linked.h"

#define ALIGN 16U
#define NAMES_MINOR_MIN 18U /* of Go's releases whose table of names is read */
#define NAMES_MINOR_MAX 26U /* the newest that was looked at */

struct go {
	const struct eco_sink *sink;
	struct arena *a;
	struct err *e;
	struct known text;     /* what a text says of the program */
	struct bytes flags;    /* the linker's */
	struct bytes packages; /* that it has functions of, a line each; empty: not known */
	bool noted, has_own;   /* has_own: its own module was stated */
};

static int note_once(struct go *g, const char *text)
{
	bool again = g->noted;
	g->noted = true;
	return again ? 0 : g->sink->note(g->sink->arg, 0, text, g->e);
}

static int put_shown(struct go *g, struct bytes name, struct bytes version, struct bytes qualifiers)
{
	if (!eco_is_word(name) || (version.len > 0 && !eco_is_word(version)))
		return note_once(g, "a module without a name or version");
	struct pkg p = eco_language_package("golang", name, version, PKG_BINARY);
	p.qualifiers = qualifiers;
	return g->sink->package(g->sink->arg, &p, g->e);
}

static int put(struct go *g, struct bytes name, struct bytes version)
{
	return put_shown(g, name, version, BYTES_NONE);
}

/* "1.21.3" of "go1.21.3-fips X:boringcrypto"; empty: a build of no release. */
static struct bytes release_of(struct bytes version)
{
	if (!bytes_has_prefix_lit(version, "go"))
		return BYTES_NONE;
	version = bytes_from(version, 2);
	size_t n = 0;
	while (n < version.len && (byte_is_alnum(version.ptr[n]) || version.ptr[n] == '.'))
		n++;
	version = bytes_part(version, 0, n);
	return version.len > 0 && byte_is_digit(version.ptr[0]) ? version : BYTES_NONE;
}

/* Is path a package of module? Those of the standard library have no host: no dot in the first
 * part. */
static bool is_of(struct bytes path, struct bytes module)
{
	struct bytes host = bytes_part(path, 0, bytes_find(path, '/'));
	if (bytes_eq_lit(module, "stdlib"))
		return bytes_find(host, '.') == host.len;
	return bytes_has_prefix(path, module) &&
	       (path.len == module.len || path.ptr[module.len] == '/');
}

/* With the packages of it that are linked. */
static int put_linked(struct go *g, struct bytes name, struct bytes version)
{
	struct linked l = {.count = 0};
	char text[LINKED_CAP];
	for (struct bytes rest = g->packages; rest.len > 0;) {
		struct bytes path = bytes_cut(&rest, '\n');
		if (is_of(path, name))
			linked_add(&l, path);
	}
	linked_put(&l, text);
	return put_shown(g, name, version, bytes_of(text));
}

/* Has that toolchain's linker a table that go_names knows? Of a newer one nothing is believed: what
 * is found may be the table of a program that this one carries. */
static bool has_known_names(struct bytes version)
{
	struct bytes rest = release_of(version), major = bytes_cut(&rest, '.');
	struct bytes minor = bytes_cut(&rest, '.');
	unsigned n = 0;
	for (size_t i = 0; i < minor.len && i < 4 && byte_is_digit(minor.ptr[i]); i++)
		n = 10 * n + minor.ptr[i] - '0';
	return bytes_eq_lit(major, "1") && n >= NAMES_MINOR_MIN && n <= NAMES_MINOR_MAX;
}

static int put_stdlib(struct go *g, struct bytes version)
{
	return put_linked(g, BYTES_LIT("stdlib"), release_of(version));
}

/* MODULE VERSION SUM; put_it: put or put_linked. */
static int put_module(struct go *g, struct bytes rest,
		      int (*put_it)(struct go *, struct bytes, struct bytes))
{
	struct bytes name = bytes_cut(&rest, '\t'), version = bytes_cut(&rest, '\t');
	if (bytes_eq_lit(name, "command-line-arguments"))
		return 0;
	return put_it(g, name, bytes_eq_lit(version, "(devel)") ? BYTES_NONE : version);
}

/* The program's own module, of a version that the toolchain may not have known. */
static int put_own(struct go *g, struct bytes rest)
{
	struct bytes whole = rest, name = bytes_cut(&rest, '\t'), version = bytes_cut(&rest, '\t');
	struct bytes found = go_main_version(g->flags, name), by = BYTES_LIT("evidence=flags");
	g->has_own = !bytes_eq_lit(name, "command-line-arguments");
	if (!g->has_own || (version.len > 0 && !bytes_eq_lit(version, "(devel)")))
		return put_module(g, whole, put);
	if (found.len == 0 && g->text.name) {
		found = g->text.version;
		by = g->text.qualifiers;
	}
	if (found.len == 0)
		return put(g, name, BYTES_NONE);
	char *v = arena_printf(g->a, "v%.*s", BYTES_ARG(found));
	if (!v)
		return err_set(g->e, ERR_NOMEM, "Go program: out of memory");
	return put_shown(g, name, bytes_of(v), by);
}

/* A folder takes the place of a module: the module is what it was, of no version that is known. */
static int put_replaced(struct go *g, struct bytes dep, struct bytes by)
{
	struct bytes path = bytes_part(by, 0, bytes_find(by, '\t'));
	if (path.len > 0 && path.ptr[0] != '.' && path.ptr[0] != '/')
		return put_module(g, by, put);
	return put(g, bytes_part(dep, 0, bytes_find(dep, '\t')), BYTES_NONE);
}

static struct bytes find_flags(struct bytes text)
{
	while (text.len > 0) {
		struct bytes line = bytes_cut(&text, '\n');
		if (bytes_has_prefix_lit(line, "build\t-ldflags="))
			return bytes_from(line, sizeof "build\t-ldflags=" - 1);
	}
	return BYTES_NONE;
}

static int put_line(struct go *g, struct bytes dep, bool is_own)
{
	if (dep.len == 0)
		return 0;
	return is_own ? put_own(g, dep) : put_module(g, dep, put_linked);
}

static int read_modules(struct go *g, struct bytes text)
{
	struct bytes dep = BYTES_NONE;
	bool is_own = false;
	int r = 0;
	g->flags = find_flags(text);
	while (r == 0 && text.len > 0) {
		struct bytes rest = bytes_cut(&text, '\n');
		struct bytes word = bytes_cut(&rest, '\t');
		if (bytes_eq_lit(word, "=>")) {
			r = dep.len > 0 ? put_replaced(g, dep, rest) : 0;
			dep = BYTES_NONE;
			continue;
		}
		r = put_line(g, dep, is_own);
		is_own = bytes_eq_lit(word, "mod");
		dep = is_own || bytes_eq_lit(word, "dep") ? rest : BYTES_NONE;
	}
	return r == 0 ? put_line(g, dep, is_own) : r;
}

/* The first that is one, in data; empty: there is none. */
static struct bytes find_info(const struct program *p)
{
	for (size_t i = 0; i < p->part_count; i++) {
		const struct program_part *part = &p->parts[i];
		if (part->is_section || part->is_executable || part->off >= p->file.len)
			continue;
		uint64_t off = (part->off + ALIGN - 1) / ALIGN * ALIGN;
		uint64_t end =
		    part->len < p->file.len - part->off ? part->off + part->len : p->file.len;
		for (; off < end; off += ALIGN) {
			struct bytes b = bytes_from(p->file, (size_t)off);
			uint64_t need;
			if (b.ptr[0] == 0xff && go_info_is_magic(b) &&
			    go_info_look(b, &need) != GO_INFO_NONE)
				return b;
		}
	}
	return BYTES_NONE;
}

/* names: of the whole program's functions. */
static int read_program(struct go *g, struct bytes path, struct bytes file, struct go_names *names)
{
	struct program *p = NULL;
	struct go_info info;
	struct arena *a = g->a;
	struct err *e = g->e;
	struct bytes found = file;
	if (!go_info_is_magic(file)) {
		p = arena_alloc(a, 1, sizeof *p);
		if (!p)
			return err_set(e, ERR_NOMEM, "Go program: out of memory");
		found = program_open(file, p) ? find_info(p) : BYTES_NONE;
	}
	if (found.len == 0 || !go_info_read(found, p, &info))
		return note_once(g, "Go's build information is not all there");
	if (p) {
		go_names_feed(names, file, 0);
		g->packages = go_names_list(names);
	} else {
		g->packages = go_names_cut(&info.behind);
	}
	if (!has_known_names(info.version))
		g->packages = BYTES_NONE;
	if (names->no_memory)
		return err_set(e, ERR_NOMEM, "Go program: out of memory");
	int r = known_find(path, p ? file : info.behind, &g->text, a, e);
	if (r == 0)
		r = put_stdlib(g, info.version);
	if (r == 0)
		r = read_modules(g, info.modules);
	return r == 0 && g->text.name && !g->has_own ? known_put(&g->text, g->sink, e) : r;
}

static int go_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		    struct arena *a, struct err *e)
{
	struct go g = {.sink = sink, .a = a, .e = e};
	struct go_names names;
	go_names_init(&names);
	int r = read_program(&g, path, file, &names);
	go_names_free(&names);
	return r;
}

const struct eco_parser eco_go = {.parse = go_parse};
