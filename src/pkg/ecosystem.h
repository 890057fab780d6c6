/* ecosystem (eco_): the facts of the ecosystems, which both sides of the jail know: the worker that
 * reads their files in a layer (eco/parsers.h), and who makes an image's inventory of what it says.
 * One row in pkg/ecosystems.inc each; nothing else names it. */
#pragma once
#include "base/bytes.h"
#include "pkg/package.h"

/* How a file takes part when layers are merged. */
enum eco_merge {
	ECO_REPLACE,   /* the topmost layer's file is the truth (dpkg status, apk installed, rpm
			  databases, os-release) */
	ECO_PART,      /* each file states its own package(s) (dpkg status.d/X, Arch local/X/desc,
			  X.dist-info/METADATA) */
	ECO_OWNERSHIP, /* states only ownership (dpkg info/X.list, X.md5sums, Arch local/X/files) */
	ECO_LICENSE,   /* states only the licence of a package (usr/share/doc/X/copyright): no entry
			  of a layer, as what takes it away later takes no licence away */
};

struct ecosystem {
	const char *name; /* "Debian packages" */
	const char
	    *id; /* "dpkg", "apk", "rpm", "os-release": names golden folder and fuzz target */
	const char *purl_type; /* "deb" …; NULL: states no packages */
	enum pkg_class class;  /* of the packages it states */
	const char *refines;   /* os-release id whose release or product streams this row's files
				  state better than os-release does; NULL: none */
	bool lacks_sources; /* its files do not say which source package a package is built from */
	bool restates;	    /* its database is one file that says which files packages own: those
			       of lower layers do not count next to it */
	bool by_content;    /* its files are known by what they begin with, wherever they lie:
			       each is a PART, and anywhere is empty */
	uint64_t file_max;  /* bytes of one file; also bounded by limits.wanted_file_max */
	/* Where its files are looked for, NULL-terminated; what links lead to counts as well.
	 * "var/lib/dpkg/status" is a file; "var/lib/dpkg/info/" the files of a folder, and a '*' in
	 * the last component some of them; a '*' before the last component matches the folders
	 * of a folder, in each of which the file is looked for, and one more the folders of those.
	 */
	const char *const *locations;
	/* Ends of paths at which its files count wherever they lie in the image, each as a PART,
	 * NULL-terminated; '*' at most once in a component. NULL: none. */
	const char *const *anywhere;
};
extern const struct ecosystem eco_table[];
extern const size_t eco_count;

enum eco_row {
#define ROW(row, parser, ...) ECO_##row,
#include "pkg/ecosystems.inc"
#undef ROW
	ECO_ROW_COUNT
};

/* The class of what states packages of this purl type; PKG_OS for one that nothing states. */
enum pkg_class eco_class_of(struct bytes purl_type);

/* A location taken apart. */
struct eco_location {
	struct bytes folder; /* the file; or, of many, the folder they lie in, with its "/" */
	struct bytes name;   /* pattern of what counts in that folder; empty: folder is a file */
	struct bytes below;  /* the file in a folder of that name; empty: name is the file's */
};
struct eco_location eco_location_of(const char *location);
/* Is name one for this component of a pattern, with at most one '*'? */
bool eco_name_fits(struct bytes name, struct bytes pattern);
/* Does path, clean and root-relative, end as one of the row's anywhere patterns says? */
bool eco_is_anywhere(size_t row, struct bytes path);
/* Does path end as the folder part of one of them says, whose last component is a name and not any
 * folder's? *ret_below: what is looked for in it, "METADATA" or, with '*', several files. */
bool eco_is_folder(size_t row, struct bytes path, struct bytes *ret_below);
