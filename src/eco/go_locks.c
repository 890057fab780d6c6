/* What go.mod declares: lines "require MODULE VERSION" or such lines within "require ( … )", each
 * replaced as "replace MODULE [VERSION] => MODULE VERSION" says; a module replaced by a folder is
 * the project's own. The standard library is of the version that "toolchain goVERSION" names, or
 * else "go VERSION". Comments begin with "//". Spec: go.dev/ref/mod "go.mod files". */
#include "eco/declared.h"
#include "eco/path.h"

#include <stdlib.h>

struct go_replace {
	struct bytes from, from_version, to, to_version; /* from_version empty: any */
};

struct go_mod {
	struct declared d;
	struct arena *arena;
	struct go_replace *replaces;
	size_t count, cap;
	struct bytes go, toolchain;
	struct bytes block; /* the word in front of '(' */
	bool emits;	    /* the second time: requirements are stated */
};

static struct bytes word(struct bytes *rest)
{
	*rest = bytes_trim(*rest);
	size_t n = 0;
	while (n < rest->len && rest->ptr[n] > ' ')
		n++;
	struct bytes w = bytes_part(*rest, 0, n);
	*rest = bytes_from(*rest, n);
	if (w.len > 1 && (w.ptr[0] == '"' || w.ptr[0] == '`'))
		w = bytes_part(w, 1, w.len - 2);
	return w;
}

static void put_module(struct go_mod *m, struct bytes name, struct bytes version)
{
	declared_put(&m->d, name, version);
}

static int by_from(const void *a, const void *b)
{
	const struct go_replace *x = a, *y = b;
	int d = bytes_cmp(x->from, y->from);
	return d ? d : bytes_cmp(x->from_version, y->from_version);
}

/* The replacement of this version, or else of any; two of the same are an error of go's. */
static const struct go_replace *replaced(const struct go_mod *m, struct bytes name,
					 struct bytes version)
{
	struct go_replace key = {.from = name, .from_version = version};
	const struct go_replace *r = NULL;
	if (m->count)
		r = bsearch(&key, m->replaces, m->count, sizeof key, by_from);
	key.from_version = BYTES_NONE;
	if (!r && m->count)
		r = bsearch(&key, m->replaces, m->count, sizeof key, by_from);
	return r;
}

static void require(struct go_mod *m, struct bytes line)
{
	struct bytes name = word(&line), version = word(&line);
	if (!m->emits)
		return;
	const struct go_replace *by = replaced(m, name, version);
	if (!by)
		put_module(m, name, version);
	else
		put_module(m, by->to, by->to_version); /* a folder has no version */
}

static void replace(struct go_mod *m, struct bytes line)
{
	struct go_replace r = {.from = word(&line)};
	struct bytes next = word(&line);
	if (m->emits)
		return;
	if (!bytes_eq_lit(next, "=>")) {
		r.from_version = next;
		next = word(&line);
	}
	r.to = word(&line);
	r.to_version = word(&line);
	if (!bytes_eq_lit(next, "=>"))
		return;
	struct go_replace *grown =
	    arena_grow(m->arena, m->replaces, m->count, &m->cap, sizeof *m->replaces);
	if (!grown) {
		m->d.r = err_set(m->d.e, ERR_NOMEM, "go.mod: out of memory");
		return;
	}
	m->replaces = grown;
	m->replaces[m->count++] = r;
}

static void statement(struct go_mod *m, struct bytes verb, struct bytes line)
{
	if (bytes_eq_lit(verb, "require"))
		require(m, line);
	else if (bytes_eq_lit(verb, "replace"))
		replace(m, line);
	else if (bytes_eq_lit(verb, "go"))
		m->go = word(&line);
	else if (bytes_eq_lit(verb, "toolchain"))
		m->toolchain = word(&line);
}

static void read_lines(struct go_mod *m, struct bytes file)
{
	m->block = BYTES_NONE;
	while (m->d.r == 0 && file.len > 0) {
		struct bytes line = bytes_cut(&file, '\n');
		line = bytes_trim(bytes_part(line, 0, bytes_find_bytes(line, BYTES_LIT("//"))));
		if (bytes_eq_lit(line, ")")) {
			m->block = BYTES_NONE;
		} else if (m->block.len > 0) {
			statement(m, m->block, line);
		} else {
			struct bytes rest = line, verb = word(&rest);
			if (bytes_eq_lit(bytes_trim(rest), "("))
				m->block = verb;
			else
				statement(m, verb, rest);
		}
	}
}

static void put_library(struct go_mod *m)
{
	struct bytes version =
	    bytes_has_prefix_lit(m->toolchain, "go") ? bytes_from(m->toolchain, 2) : m->go;
	version = bytes_part(version, 0, bytes_find(version, '-')); /* "go1.21.3-vendor" */
	if (version.len > 0 && byte_is_digit(version.ptr[0]))
		put_module(m, BYTES_LIT("stdlib"), version);
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct go_mod m = {.d = {.sink = sink, .purl_type = "golang", .e = e}, .arena = a};
	(void)path;
	read_lines(&m, file);
	if (m.count)
		qsort(m.replaces, m.count, sizeof *m.replaces, by_from);
	m.emits = true;
	if (m.d.r == 0)
		read_lines(&m, file);
	if (m.d.r == 0)
		put_library(&m);
	return m.d.r;
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_GO_LOCKS, path);
}

const struct eco_parser eco_go_locks = {.wants = locks_wants, .parse = locks_parse};
