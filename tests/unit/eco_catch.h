/* eco_catch: what a parser states, kept as lines of text that tests compare. */
#pragma once
#include "base/buf.h"
#include "eco/parsers.h"
#include <string.h>

struct eco_catch {
	struct buf packages; /* "type name version arch source source_version module vendor
				[qualifiers]", tabs between, a line each */
	struct buf owned;    /* "name[:arch] path" */
	struct buf licenses; /* "name<TAB>licence", of packages and of files that state no more */
	struct buf notes;    /* "offset text" */
	struct buf distro;   /* "id id_like version_id codename name cpe [streams]", tabs between */
	size_t package_count, owned_count, note_count, distro_count;
	size_t fail_after; /* refuse this package and all later ones: 0 = never */
	uint64_t touched;  /* sum of all bytes delivered: reads each */
};

static inline void eco_catch_touch(struct eco_catch *c, struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		c->touched += b.ptr[i];
}

static inline void eco_catch_field(struct eco_catch *c, struct buf *out, struct bytes b, char end)
{
	eco_catch_touch(c, b);
	buf_put(out, b);
	buf_put_u8(out, (uint8_t)end);
}

static inline int eco_catch_package(void *arg, const struct pkg *p, struct err *e)
{
	struct eco_catch *c = arg;
	const struct bytes f[] = {p->type,	  p->name,	     p->version, p->arch,
				  p->source_name, p->source_version, p->module,	 p->vendor};
	for (size_t i = 0; i < 8; i++)
		eco_catch_field(c, &c->packages, f[i],
				i == 7 && p->qualifiers.len == 0 ? '\n' : '\t');
	if (p->qualifiers.len > 0)
		eco_catch_field(c, &c->packages, p->qualifiers, '\n');
	if (p->license.len > 0) {
		eco_catch_field(c, &c->licenses, p->name, '\t');
		eco_catch_field(c, &c->licenses, p->license, '\n');
	}
	c->package_count++;
	if (c->fail_after && c->package_count >= c->fail_after)
		return err_set(e, ERR_LIMIT, "enough");
	return 0;
}

static inline int eco_catch_owns(void *arg, struct bytes name, struct bytes arch, struct bytes path,
				 struct err *e)
{
	struct eco_catch *c = arg;
	(void)e;
	eco_catch_field(c, &c->owned, name, arch.len ? ':' : ' ');
	if (arch.len)
		eco_catch_field(c, &c->owned, arch, ' ');
	eco_catch_field(c, &c->owned, path, '\n');
	c->owned_count++;
	return 0;
}

static inline int eco_catch_license(void *arg, struct bytes name, struct bytes license,
				    struct err *e)
{
	struct eco_catch *c = arg;
	(void)e;
	eco_catch_field(c, &c->licenses, name, '\t');
	eco_catch_field(c, &c->licenses, license, '\n');
	return 0;
}

static inline int eco_catch_distro(void *arg, const struct pkg_distro *d, struct err *e)
{
	struct eco_catch *c = arg;
	const struct bytes f[] = {d->id, d->id_like, d->version_id, d->codename, d->name, d->cpe};
	(void)e;
	for (size_t i = 0; i < 6; i++)
		eco_catch_field(c, &c->distro, f[i], i == 5 && !d->streams.len ? '\n' : '\t');
	if (d->streams.len)
		eco_catch_field(c, &c->distro, d->streams, '\n');
	c->distro_count++;
	return 0;
}

static inline int eco_catch_note(void *arg, uint64_t off, const char *text, struct err *e)
{
	struct eco_catch *c = arg;
	(void)e;
	buf_printf(&c->notes, "%llu %s\n", (unsigned long long)off, text);
	c->note_count++;
	return 0;
}

static inline void eco_catch_init(struct eco_catch *c)
{
	*c = (struct eco_catch){.touched = 0};
	buf_init(&c->packages, (size_t)256 << 20);
	buf_init(&c->owned, (size_t)256 << 20);
	buf_init(&c->licenses, (size_t)64 << 20);
	buf_init(&c->notes, (size_t)256 << 20);
	buf_init(&c->distro, (size_t)1 << 20);
}

static inline void eco_catch_free(struct eco_catch *c)
{
	buf_free(&c->packages);
	buf_free(&c->owned);
	buf_free(&c->licenses);
	buf_free(&c->notes);
	buf_free(&c->distro);
}

static inline struct eco_sink eco_catch_sink(struct eco_catch *c)
{
	return (struct eco_sink){.arg = c,
				 .package = eco_catch_package,
				 .owns = eco_catch_owns,
				 .license = eco_catch_license,
				 .distro = eco_catch_distro,
				 .note = eco_catch_note};
}

/* Parse file as path with that row. */
static inline int eco_catch_parse_row(struct eco_catch *c, size_t row, const char *path,
				      struct bytes file, struct err *e)
{
	const struct eco_sink sink = eco_catch_sink(c);
	struct arena a;
	arena_init(&a, (size_t)32 << 20);
	int r = eco_parse(row, bytes_of(path), file, &sink, &a, e);
	arena_free(&a);
	return r;
}

/* The row that wants path; eco_count: none does. */
static inline size_t eco_catch_row(const char *path)
{
	size_t i = 0;
	while (i < eco_count && !eco_wants(i, bytes_of(path)).wanted)
		i++;
	return i;
}

/* Parse file as path with the row that wants it; -ERR_NOT_FOUND when none does. */
static inline int eco_catch_parse(struct eco_catch *c, const char *path, struct bytes file,
				  struct err *e)
{
	size_t row = eco_catch_row(path);
	return row < eco_count ? eco_catch_parse_row(c, row, path, file, e) : -ERR_NOT_FOUND;
}
