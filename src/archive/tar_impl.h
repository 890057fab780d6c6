/* tar_impl: what the files of the tar reader share. */
#pragma once
#include "archive/tar.h"
#include "base/limits.h"

#define TAR_BLOCK_LEN 512U
#define TAR_NAME_MAX LIMIT_PATH_MAX /* bytes of any path or link target */

struct tar_name {
	bool set;
	size_t len;
	uint8_t ptr[TAR_NAME_MAX];
};

struct tar_extent {
	uint64_t off;
	uint64_t len;
};

/* Extents of a sparse file: GNU tar writes one per hole. 1,048,576 of them are 16 MiB of memory; a
 * longer map makes the file unreadable (tar_read: ERR_LIMIT) and the archive not. */
#define TAR_EXTENTS_MAX (1U << 20)

struct tar_map {
	struct tar_extent *extents;
	size_t count;
	size_t cap;
	uint64_t stored; /* sum of all lengths */
	uint64_t end;	 /* of the last extent */
	bool too_long;
	bool half; /* an offset was seen, its length not yet */
	uint64_t half_off;
};

/* What pax records said for the next member. */
struct tar_pax {
	struct tar_name path;
	struct tar_name link;
	struct tar_name sparse_name;
	bool has_size, has_uid, has_gid, has_mtime, has_sparse_size;
	bool has_sparse_map;   /* 0.0 or 0.1 */
	bool has_sparse_major; /* or minor */
	uint64_t sparse_major, sparse_minor;
	uint64_t size, uid, gid, sparse_size;
	int64_t mtime_sec;
	struct tar_map map; /* 0.0 and 0.1 */
};

struct tar {
	struct stream *s;
	uint64_t members;
	uint64_t members_max;
	bool ended;
	struct err why; /* code set: the archive cannot be read on */
	uint64_t left;	/* stored bytes of the member not yet taken from s */
	uint64_t pad;	/* bytes after them to the next block */
	bool is_sparse;
	uint64_t size; /* expanded size */
	uint64_t pos;  /* in the expanded content */
	size_t extent; /* the next one, when sparse */
	struct tar_map map;
	struct tar_pax pax;    /* local: for the next member */
	struct tar_pax global; /* only uid, gid and mtime are kept */
	struct tar_name gnu_path;
	struct tar_name gnu_link;
	struct tar_name path;
	struct tar_name link;
};

/* A number of a header field: octal with spaces or NULs around it, or base-256. ERR_FORMAT names
 * the field. */
int tar_number(struct bytes b, const char *name, int64_t *ret_v, struct err *e);

/* Read the records of a pax header of size bytes from s into *p; all of them are taken. */
int tar_pax_read(struct stream *s, uint64_t size, struct tar_pax *p, struct err *e);
/* Forget all records; memory is kept. */
void tar_pax_clear(struct tar_pax *p);

void tar_map_clear(struct tar_map *m);
void tar_map_free(struct tar_map *m);
/* The next number of an alternating list offset, length, offset... ERR_FORMAT: not ascending.
 * ERR_NOMEM. */
int tar_map_put(struct tar_map *m, uint64_t v, struct err *e);
int tar_map_put_pair(struct tar_map *m, uint64_t off, uint64_t len, struct err *e);
/* Does the map fit a file of size bytes stored in stored bytes? */
int tar_map_check(const struct tar_map *m, uint64_t size, uint64_t stored, struct err *e);
/* Old GNU format: the header's own extents and the extension blocks behind it. */
int tar_map_read_old(struct stream *s, struct bytes header, struct tar_map *m, struct err *e);
/* pax format 1.0: the map stands before the content. *left: stored bytes, less what was taken. */
int tar_map_read_v1(struct stream *s, uint64_t *left, struct tar_map *m, struct err *e);
