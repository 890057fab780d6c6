/* layer inventory (layer_): what a worker says of one layer: the files its ecosystems read with
 * their packages, whiteouts, links and notes, and of every other path a mark that something lies
 * there. Immutable, keyed by (layer digest, LAYER_ANALYZER_VERSION). Serialised form is what a
 * worker sends and the store keeps; parsing it trusts nothing. */
#pragma once
#include "base/arena.h"
#include "base/limits.h"
#include "codec/stream.h"
#include "inspect/inspect.h"
#include "pkg/ecosystem.h"
#include "pkg/language.h"
#include "pkg/package.h"

#define LAYER_ANALYZER_VERSION 12 /* raised when the same layer would give another inventory */

enum layer_kind {
	/* A file an ecosystem parsed (or failed to: note set). */
	LAYER_FILE,
	/* A wanted path that is a hard link; target. */
	LAYER_HARDLINK,
	/* A link at or above a canonical location, or near the root; target as stored. */
	LAYER_SYMLINK,
	/* A file of no ecosystem, fifo, device … at or above a canonical location: it hides lower
	 * files. */
	LAYER_OTHER,
	/* path is removed (without the ".wh." prefix); like the rest, where it matters. */
	LAYER_WHITEOUT,
	/* What lower layers have below this folder is removed. */
	LAYER_OPAQUE,
	/* A folder at or above a canonical location: it takes the place of a lower link or file. */
	LAYER_DIR,
};

struct layer_entry {
	enum layer_kind kind;
	struct bytes path; /* clean, root-relative; links that the layer made before are followed */
	struct bytes target; /* of links */
	uint8_t eco;	     /* index in eco_table, LAYER_FILE and LAYER_HARDLINK */
	enum eco_merge merge;
	uint8_t rank;
	uint32_t keep; /* see struct eco_want */
	uint64_t size;
	struct bytes note;	       /* why the file could not be read; empty = read */
	uint32_t pkg_first, pkg_count; /* in lay.pkgs */
	bool has_distro;
	struct pkg_distro distro;
};

/* A coverage note: something of the layer that was not assessed, or that readers of layers take
 * differently. */
enum layer_doubt {
	LAYER_DOUBT_NONE,
	LAYER_DOUBT,	     /* what runs may not be what was read: makes the image partial */
	LAYER_DOUBT_OF_FILE, /* the same, as long as the image shows the file at path */
};

struct layer_note {
	struct bytes path;
	struct bytes text;
	enum layer_doubt doubt;
};

#define LAYER_PARTS_MAX 256U /* components of a path: real ones have under 40 */
/* Paths of one layer: some say what is there, all are not needed. */
#define LAYER_LANGUAGES_MAX 256U
#define LAYER_DIFF_ID_LEN 32U

struct layer_owned {
	uint64_t path_hash; /* bytes_hash(clean path, 0) */
	uint32_t pkg;	    /* index in lay.owners */
};

struct layer_owner {
	struct bytes name; /* "name" or "name:arch" */
	struct bytes list; /* path of the file that says what it owns, when that is all the file
			      says; empty: a whole database does */
};

/* What a content check found; at most LIMIT_CONTENT_FOUND_MAX. */
struct layer_content {
	enum inspect_kind kind;
	uint32_t line; /* from 1; 0: of the file as a whole */
	struct bytes path;
	struct bytes detail; /* for people, never the secret itself */
};

/* What a file of a layer says of the licence of a package that another file states. */
struct layer_license {
	struct bytes name, license;
};

/* A file of a language's packages. */
struct layer_language {
	enum language language;
	struct bytes path;
};

struct lay {
	struct bytes codec; /* "gzip", "zstd", "none" */
	uint64_t in_len, out_len, member_count;
	/* SHA-256 of the uncompressed stream, all of it: what rootfs.diff_ids of a config names */
	bool has_diff_id; /* false: it was not read to its end */
	uint8_t diff_id[LAYER_DIFF_ID_LEN];
	const struct layer_entry *entries;
	size_t entry_count;
	const struct pkg *pkgs;
	size_t pkg_count;
	const struct layer_owner *owners;
	size_t owner_count;
	const struct layer_owned *owned; /* sorted by path_hash */
	size_t owned_count;
	bool restates; /* it has a whole database that states files itself (apk, rpm) */
	const struct layer_note *notes;
	size_t note_count;
	const struct layer_language *languages; /* files of language packages that are not read */
	size_t language_count;
	const struct layer_license *licenses; /* in the order of the layer: the last of a name
						 counts */
	size_t license_count;
	uint64_t languages_seen; /* all of them, past LAYER_LANGUAGES_MAX too */
	const struct layer_content *contents;
	size_t content_count;
	struct bytes marks; /* marks.h: of all members, in order */
	bool marks_full;    /* there are more than are marked */
	bool complete; /* false: the layer ended early (a note says why); what was read until then
			  counts */
	struct bytes absent; /* no inventory says so, but who has no layer to read: why; all else
				is empty then */
};

/* Read a layer (compressed as it may be) and serialise its inventory into out. scratch_fd: a file
 * for large captured files (>= 1 MiB), or -1 to keep all in memory. reopen gives a fresh stream of
 * the layer: called once, and again for a second pass (a hard link to a file already passed),
 * which may be refused with ERR_NOT_FOUND: which is then noted.
 * 0 also for a damaged layer: the inventory then says complete = false with a note. <0 only for
 * NOMEM, CANCELLED, IO, INTERNAL. */
struct layer_source {
	struct stream *(*reopen)(void *arg, struct err *e);
	void *arg;
	int scratch_fd;
	struct ahead *ahead; /* inflates and hashes on threads of its own; NULL: in passing */
};
int layer_index(const struct layer_source *src, const struct limits *lim, struct buf *out,
		struct err *e);

/* Parse what layer_index wrote; everything borrows from in and a. ERR_FORMAT on any inconsistency.
 */
int layer_parse(struct bytes in, struct arena *a, struct lay *ret, struct err *e);
