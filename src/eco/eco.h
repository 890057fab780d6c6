/* eco: the facts of the ecosystems, which both sides of the jail know: the worker that reads their
 * files in a layer, and whoever makes an image's inventory of what it says. The functions stand in
 * eco/parser.h and run in the worker only. One row in eco/table.c each; nothing else names it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a file takes part when layers are merged. */
enum eco_merge {
	ECO_REPLACE,   /* the topmost layer's file is the truth (dpkg status, apk installed, rpm
			  databases, os-release) */
	ECO_PART,      /* each file states its own package(s) (dpkg status.d/X) */
	ECO_OWNERSHIP, /* states only ownership (dpkg info/X.list, X.md5sums) */
};

struct ecosystem {
	const char *name; /* "Debian packages" */
	const char
	    *id; /* "dpkg", "apk", "rpm", "os-release": names golden folder and fuzz target */
	const char *purl_type; /* "deb" …; NULL: states no packages */
	const char *refines;   /* os-release id whose release or product streams this row's files
				  state better than os-release does; NULL: none */
	bool lacks_sources; /* its files do not say which source package a package is built from */
	uint64_t file_max;  /* bytes of one file; also bounded by limits.wanted_file_max */
	/* Canonical locations, NULL-terminated: "var/lib/dpkg/status"; a trailing "/" is a folder
	 * of files. For symlink resolution at merge. */
	const char *const *locations;
};
extern const struct ecosystem eco_table[];
extern const size_t eco_count;
