/* tar: members of a tar archive from a stream. Formats: ustar, pax (local and global), GNU (long
 * names, long links, base-256, sparse old and pax 0.0/0.1/1.0), v7. Spec: POSIX.1-2017 pax "ustar
 * Interchange Format"; GNU tar manual "Basic Tar Format", "Storing Sparse Files". */
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
	TAR_OTHER
};

struct tar_entry {
	enum tar_type type;
	struct bytes
	    path; /* as stored, not normalised, no NUL; borrows from t until the next tar_next */
	struct bytes link; /* target of a link, as stored */
	uint64_t size; /* bytes of content as a reader of the file sees them (sparse: expanded) */
	uint32_t mode;
	uint64_t uid, gid;
	int64_t mtime_sec;
	uint64_t offset; /* of the content in the archive's (plain) stream */
	uint64_t stored; /* bytes of content as stored */
	bool sparse;
};

struct tar;
/* Reads from s, which stays the caller's. members_max from lim. */
struct tar *tar_open(struct stream *s, const struct limits *lim, struct err *e);
void tar_close(struct tar *t);
/* Advance to the next member and fill *ent, skipping what is left of the last one. 1 = member, 0 =
 * end of archive, <0 = error (TRUNCATED, FORMAT, LIMIT). A missing end-of-archive marker at a block
 * boundary is accepted as the end; so is anything after the marker. */
int tar_next(struct tar *t, struct tar_entry *ent, struct err *e);
/* The member's content in order, expanded when sparse: bytes put in out (<= cap), 0 at its end, <0
 * error. */
int64_t tar_read(struct tar *t, void *out, size_t cap, struct err *e);
/* A layer member's path made canonical: no leading "/", "./", no "//", "." parts; ".." is resolved
 * inside the root (never above it). Into out[LIMIT_PATH_MAX]; returns length, 0 for the root
 * itself, or <0 ERR_LIMIT / ERR_FORMAT (NUL). */
int64_t tar_clean_path(struct bytes path, uint8_t *out, struct err *e);
