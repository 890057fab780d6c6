/* parsers (eco_): an ecosystem reads the files it knows in a layer and states packages. One file
 * each, besides the facts in pkg/ecosystems.inc. Runs in the worker only. */
#pragma once
#include "base/arena.h"
#include "base/limits.h"
#include "pkg/ecosystem.h"

/* Where parsers put what they find. Runs given to a sink are copied by it. A sink function that
 * returns <0 (memory, limits) ends the parse: the parser returns that value. */
struct eco_sink {
	void *arg;
	/* p->path: where in the file, "WEB-INF/lib/a.jar", when that is an archive; else empty. */
	int (*package)(void *arg, const struct pkg *p, struct err *e);
	/* The package named name (arch may be empty) owns path (as the database writes it; leading
	 * "/" allowed). */
	int (*owns)(void *arg, struct bytes name, struct bytes arch, struct bytes path,
		    struct err *e);
	/* The package of that name has this licence, as pkg/license.h reads it. */
	int (*license)(void *arg, struct bytes name, struct bytes license, struct err *e);
	int (*distro)(void *arg, const struct pkg_distro *d, struct err *e);
	/* Something in the file could not be read but the rest can: recorded as a coverage note.
	 * off: byte offset in the file. */
	int (*note)(void *arg, uint64_t off, const char *text, struct err *e);
};

struct eco_want {
	bool wanted;
	enum eco_merge merge;
	int rank; /* among REPLACE files of one ecosystem's row that describe the same thing (both
		     apk locations, three rpm formats, etc/os-release over usr/lib/os-release): the
		     lowest rank that exists wins */
	size_t keep; /* bytes of the path, from its start, that are in front of the canonical
			location: "rootfs/" of "rootfs/lib/apk/db/installed"; 0 = at the root */
};

struct eco_parser {
	/* Is this (clean, root-relative) path one of ours? By suffix, so that a database behind a
	 * symlinked folder is captured as well. NULL: what the facts say of anywhere. */
	struct eco_want (*wants)(struct bytes path);
	/* Parse one file. Temporary memory from a. 0, or <0: FORMAT/TRUNCATED/UNSUPPORTED (a bad
	 * file: the caller records it as a note and goes on), NOMEM, LIMIT. */
	int (*parse)(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e);
};
/* eco_count rows, in the order of eco_table. */
extern const struct eco_parser *const eco_parsers[];
/* Row's parser on one file, as its parse says. A lock file that says nothing of its form is noted.
 */
int eco_parse(size_t row, struct bytes path, struct bytes file, const struct eco_sink *sink,
	      struct arena *a, struct err *e);
/* What row wants of the file at path. */
struct eco_want eco_wants(size_t row, struct bytes path);

/* Is it one word: printable, without blanks? */
bool eco_is_word(struct bytes b);
/* A language's package, which is built from itself. */
struct pkg eco_language_package(const char *purl_type, struct bytes name, struct bytes version,
				enum pkg_class class);

/* What metadata says of p's licence, as pkg/license.h reads it, from a. */
int eco_license(struct pkg *p, struct bytes text, struct arena *a, struct err *e);

/* One for each row. */
#define ROW(row, parser, ...) extern const struct eco_parser eco_##parser;
#include "pkg/ecosystems.inc"
#undef ROW
