/* A database of a test's own records, and a package asked of it. */
#pragma once
#include "torture.h"
#include "vdb_sample.h"

#include "match/match.h"

#define RH8 "Red Hat:enterprise_linux:8::appstream"

struct bench_pkg {
	const char *type, *distro, *name, *version, *source, *source_version, *arch, *module;
	bool third_party;
};

static inline struct pkg package(const struct bench_pkg *b)
{
	return (struct pkg){
	    .type = bytes_of(b->type ? b->type : "deb"),
	    .name = bytes_of(b->name),
	    .version = bytes_of(b->version),
	    .source_name = bytes_of(b->source ? b->source : b->name),
	    .source_version = bytes_of(b->source_version ? b->source_version : b->version),
	    .arch = bytes_of(b->arch),
	    .module = bytes_of(b->module),
	    .distro = bytes_of(b->distro),
	    .class = PKG_OS,
	    .third_party = b->third_party,
	};
}

struct db {
	struct buf file;
	struct vdb *v;
	struct arena a;
};

static inline void db_open(struct db *d, const struct sample *rows, size_t n)
{
	struct err e = ERR_INIT;
	sample_file(rows, n, &d->file);
	d->v = vdb_open_bytes(buf_bytes(&d->file), &e);
	assert_non_null(d->v);
	arena_init(&d->a, 1U << 26);
}

static inline void db_close(struct db *d)
{
	vdb_close(d->v);
	arena_free(&d->a);
	buf_free(&d->file);
}

static inline int64_t matches(struct db *d, const struct bench_pkg *b, struct match **m)
{
	struct err e = ERR_INIT;
	struct pkg p = package(b);
	int64_t n = match_package(d->v, &p, &d->a, m, &e);
	assert_true(n >= 0);
	return n;
}

#define assert_text(b, want)                                                                       \
	do {                                                                                       \
		if (!bytes_eq_lit((b), (want)))                                                    \
			fail_msg("\"%.*s\", not \"%s\"", BYTES_ARG(b), (want));                    \
	} while (0)
