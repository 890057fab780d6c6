/* files: named read-only files of an image on disk: a folder, or the members of a tar (listed by a
 * worker, since a tar is a stranger's bytes). */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "jail/pool.h"

struct files;

/* path: a folder or a tar, plain or compressed (a compressed tar is written plain into an unlinked
 * temporary file first). */
struct files *files_open(const char *path, struct pool *pool, struct err *e);
void files_close(struct files *f);

/* A part of an open file. The descriptor stays the files' own, until files_close. */
struct files_part {
	int fd;
	uint64_t off, len;
};
/* name: "blobs/sha256/…", relative, links resolved inside only. 1 = found, 0 = there is none, <0 =
 * error. */
int files_find(struct files *f, struct bytes name, struct files_part *ret, struct err *e);
/* The content of a small file; out->max is the limit. ERR_NOT_FOUND. */
int files_read(struct files *f, struct bytes name, struct buf *out, struct err *e);
