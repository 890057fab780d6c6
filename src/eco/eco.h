/* eco: an ecosystem reads the files it knows in a layer and states packages. One file and one row
 * in eco/table.c each; nothing else names it. Runs in the worker only. */
#pragma once
#include "base/arena.h"
#include "base/limits.h"
#include "pkg/package.h"

/* Where parsers put what they find. Runs given to a sink are copied by it. A sink function that
 * returns <0 (memory, limits) ends the parse: the parser returns that value. */
struct eco_sink {
	void *arg;
	/* p->path is set by the caller of parse, not by the parser. */
	int (*package)(void *arg, const struct pkg *p, struct err *e);
	/* The package named name (arch may be empty) owns path (as the database writes it; leading
	 * "/" allowed). */
	int (*owns)(void *arg, struct bytes name, struct bytes arch, struct bytes path,
		    struct err *e);
	int (*distro)(void *arg, const struct pkg_distro *d, struct err *e);
	/* Something in the file could not be read but the rest can: recorded as a coverage note.
	 * off: byte offset in the file. */
	int (*note)(void *arg, uint64_t off, const char *text, struct err *e);
};

/* How a file takes part when layers are merged. */
enum eco_merge {
	ECO_REPLACE,   /* the topmost layer's file is the truth (dpkg status, apk installed, rpm
			  databases, os-release) */
	ECO_PART,      /* each file states its own package(s) (dpkg status.d/X) */
	ECO_OWNERSHIP, /* states only ownership (dpkg info/X.list, X.md5sums) */
};

struct eco_want {
	bool wanted;
	enum eco_merge merge;
	int rank; /* among REPLACE files of one ecosystem's row that stand for the same thing (both
		     apk locations, three rpm formats, etc/os-release over usr/lib/os-release): the
		     lowest rank that exists wins */
	size_t keep; /* bytes of the path, from its start, that are in front of the canonical
			location: "rootfs/" of "rootfs/lib/apk/db/installed"; 0 = at the root */
};

struct ecosystem {
	const char *name; /* "Debian packages" */
	const char
	    *id; /* "dpkg", "apk", "rpm", "os-release": names golden folder and fuzz target */
	const char *purl_type; /* "deb" …; NULL for os-release */
	uint64_t file_max;     /* bytes of one file; also bounded by limits.wanted_file_max */
	/* Canonical locations, NULL-terminated: "var/lib/dpkg/status"; a trailing "/" is a folder
	 * of files. For symlink resolution at merge. */
	const char *const *locations;
	/* Is this (clean, root-relative) path one of ours? By suffix, so that a database behind a
	 * symlinked folder is captured as well. */
	struct eco_want (*wants)(struct bytes path);
	/* Parse one file. Temporary memory from a. 0, or <0: FORMAT/TRUNCATED/UNSUPPORTED (a bad
	 * file: the caller records it as a note and goes on), NOMEM, LIMIT. */
	int (*parse)(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e);
};
extern const struct ecosystem *const eco_table[];
extern const size_t eco_count;
