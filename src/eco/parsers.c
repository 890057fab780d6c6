#include "eco/parsers.h"
#include "pkg/license.h"

#define ROW(row, parser, ...) [ECO_##row] = &eco_##parser,
const struct eco_parser *const eco_parsers[] = {
#include "pkg/ecosystems.inc"
};

/* A sink that counts what passes. */
struct counted {
	const struct eco_sink *to;
	size_t said;
};

static int count_package(void *arg, const struct pkg *p, struct err *e)
{
	struct counted *c = arg;
	c->said++;
	return c->to->package(c->to->arg, p, e);
}

static int count_note(void *arg, uint64_t off, const char *text, struct err *e)
{
	struct counted *c = arg;
	c->said++;
	return c->to->note(c->to->arg, off, text, e);
}

static int pass_owns(void *arg, struct bytes name, struct bytes arch, struct bytes path,
		     struct err *e)
{
	const struct counted *c = arg;
	return c->to->owns(c->to->arg, name, arch, path, e);
}

static int pass_license(void *arg, struct bytes name, struct bytes license, struct err *e)
{
	const struct counted *c = arg;
	return c->to->license(c->to->arg, name, license, e);
}

static int pass_distro(void *arg, const struct pkg_distro *d, struct err *e)
{
	const struct counted *c = arg;
	return c->to->distro(c->to->arg, d, e);
}

int eco_parse(size_t row, struct bytes path, struct bytes file, const struct eco_sink *sink,
	      struct arena *a, struct err *e)
{
	struct counted c = {.to = sink};
	const struct eco_sink counting = {.arg = &c,
					  .package = count_package,
					  .owns = pass_owns,
					  .license = pass_license,
					  .distro = pass_distro,
					  .note = count_note};
	if (eco_table[row].class != PKG_DECLARED)
		return eco_parsers[row]->parse(path, file, sink, a, e);
	int r = eco_parsers[row]->parse(path, file, &counting, a, e);
	if (r == 0 && c.said == 0 && file.len > 0)
		return sink->note(sink->arg, 0, "declares no package", e);
	return r;
}

struct eco_want eco_wants(size_t row, struct bytes path)
{
	if (eco_parsers[row]->wants)
		return eco_parsers[row]->wants(path);
	return (struct eco_want){.wanted = eco_is_anywhere(row, path), .merge = ECO_PART};
}

bool eco_is_word(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i] <= ' ' || b.ptr[i] >= 0x7f)
			return false;
	return b.len > 0;
}

struct pkg eco_language_package(const char *purl_type, struct bytes name, struct bytes version,
				enum pkg_class class)
{
	return (struct pkg){.type = bytes_of(purl_type),
			    .name = name,
			    .version = version,
			    .source_name = name,
			    .source_version = version,
			    .class = class};
}

int eco_license(struct pkg *p, struct bytes text, struct arena *a, struct err *e)
{
	struct license l;
	bool ok;
	license_read(&l, text);
	p->license = arena_bytes(a, license_bytes(&l), &ok);
	return ok ? 0 : err_set(e, ERR_NOMEM, "licence of a package: out of memory");
}
