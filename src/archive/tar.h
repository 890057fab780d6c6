/* tar: members of a tar archive from a stream, as Go's archive/tar returns them. Formats: ustar,
 * pax, GNU (long names, long links, base-256, sparse old and pax 0.0/0.1/1.0), star, v7. Spec:
 * POSIX.1-2017 pax "ustar Interchange Format"; GNU tar manual "Basic Tar Format", "Storing Sparse
 * Files"; docs/formats/tar.md for what differs between readers. */
#pragma once
#include "codec/stream.h"

enum tar_type {
	TAR_FILE,
	TAR_DIR,
	TAR_SYMLINK,
	TAR_HARDLINK,
	TAR_CHAR,
	TAR_BLOCK,
	TAR_FIFO,
	TAR_OTHER,
	TAR_GLOBAL /* a global pax header: no member, but engines look at its name */
};

struct tar_entry {
	enum tar_type type;
	uint8_t flag; /* the header's type; for NUL '0' or, with a slash after the name, '5' */
	/* As stored, not normalised; borrow from t until the next tar_next. A path may have a NUL
	 * in it (from GNU.sparse.name). */
	struct bytes path;
	struct bytes link; /* target of a link */
	uint64_t size; /* bytes of content as a reader of the file sees them (sparse: expanded) */
	uint32_t mode;
	int64_t uid, gid;
	uint64_t offset; /* of the content in the archive's (plain) stream */
	uint64_t stored; /* bytes of content as stored */
	bool sparse;
	/* What readers interpret differently. */
	struct bytes overlay; /* a pax record that sets an attribute overlay file systems obey */
	bool stray_sparse;    /* GNU.sparse.* records that do not make the member sparse */
	bool stray_number;    /* a global header with an invalid number */
};

struct tar;
/* Reads from s, which stays the caller's. members_max from lim. */
struct tar *tar_open(struct stream *s, const struct limits *lim, struct err *e);
void tar_close(struct tar *t);
/* Advance to the next member or global header and fill *ent, skipping the rest of the last one.
 * 1 = filled, 0 = end of archive, <0 = error (TRUNCATED, FORMAT, LIMIT; all final). A missing
 * end-of-archive marker at a block boundary is accepted as the end; so is anything after it. */
int tar_next(struct tar *t, struct tar_entry *ent, struct err *e);
/* The member's content in order, expanded when sparse: bytes put in out (<= cap), 0 at its end, <0
 * error. */
int64_t tar_read(struct tar *t, void *out, size_t cap, struct err *e);
/* The same, shown in place where it is stored as it is read, else in room[cap]: 1, 0 at its end, <0
 * error. *ret is good until the next call on t. */
int tar_show(struct tar *t, void *room, size_t cap, struct bytes *ret, struct err *e);
/* A layer member's path made canonical: no leading "/", "./", no "//", "." parts; ".." is resolved
 * inside the root (never above it). Into out[LIMIT_PATH_MAX]; returns length, 0 for the root
 * itself, or <0 ERR_LIMIT / ERR_FORMAT (NUL). */
int64_t tar_clean_path(struct bytes path, uint8_t *out, struct err *e);
