/* tar_impl: what the files of the tar reader share. */
#pragma once
#include "archive/tar.h"
#include "base/buf.h"
#include "base/limits.h"

#define TAR_BLOCK_LEN 512U
/* Bytes of a pax header, a long name, the text of a sparse map: what Go and libarchive read. */
#define TAR_SPECIAL_MAX (1U << 20)

enum tar_format { TAR_V7, TAR_USTAR, TAR_STAR, TAR_GNU };

/* A header block, read. Texts borrow from it. */
struct tar_header {
	enum tar_format format;
	uint8_t flag;
	struct bytes name, prefix, link;
	int64_t size, mode, uid, gid;
};

struct tar_extent {
	uint64_t off;
	uint64_t len;
};

/* Where the stored bytes of a sparse file go: at most TAR_SPECIAL_MAX / 4 extents, 4 MiB. */
struct tar_map {
	struct tar_extent *extents;
	size_t count;
	size_t cap;
	uint64_t stored; /* sum of all lengths */
	uint64_t end;	 /* of the last extent */
};

enum tar_key {
	TAR_KEY_PATH,
	TAR_KEY_LINKPATH,
	TAR_KEY_SIZE,
	TAR_KEY_UID,
	TAR_KEY_GID,
	TAR_KEY_MTIME,
	TAR_KEY_ATIME,
	TAR_KEY_CTIME,
	TAR_KEY_UNAME,
	TAR_KEY_GNAME,
	TAR_KEY_SPARSE_MAJOR,
	TAR_KEY_SPARSE_MINOR,
	TAR_KEY_SPARSE_NAME,
	TAR_KEY_SPARSE_SIZE,
	TAR_KEY_SPARSE_REALSIZE,
	TAR_KEY_SPARSE_MAP,
	TAR_KEY_SPARSE_NUMBLOCKS,
	TAR_KEY_COUNT
};

/* A pax header's records. */
struct tar_pax {
	struct buf text;		   /* all of them; values borrow from it */
	struct buf map;			   /* GNU.sparse.map, assembled from 0.0 records */
	struct bytes value[TAR_KEY_COUNT]; /* empty: no record, or an empty one */
	struct bytes overlay;
	bool has_sparse; /* a key that begins with GNU.sparse. */
};

struct tar {
	struct stream *s;
	uint64_t members;
	uint64_t members_max;
	bool ended;
	struct err why; /* code set: nothing more can be read */
	uint64_t left;	/* stored bytes of the member not yet taken from s */
	uint64_t pad;	/* bytes after them to the next block */
	bool is_sparse;
	uint64_t stored; /* bytes stored, when sparse */
	uint64_t size;	 /* expanded size */
	uint64_t pos;	 /* in the expanded content */
	size_t extent;	 /* the next one, when sparse */
	struct tar_map map;
	struct tar_pax pax;
	struct buf gnu_path, gnu_link; /* empty: none */
	uint8_t block[TAR_BLOCK_LEN];
	uint8_t joined[512]; /* prefix, slash, name */
};

/* Read h[TAR_BLOCK_LEN] into *ret: 1; 0: its checksum is wrong; ERR_FORMAT names the field that
 * is not a number. */
int tar_header_read(const uint8_t *h, struct tar_header *ret, struct err *e);
/* A number of a header field: octal with spaces or NULs around it, or base-256. ERR_FORMAT names
 * the field. */
int tar_number(struct bytes b, const char *name, int64_t *ret_v, struct err *e);

void tar_pax_init(struct tar_pax *p);
void tar_pax_free(struct tar_pax *p);
/* Forget all records; memory is kept. */
void tar_pax_clear(struct tar_pax *p);
/* Split p->text into records. */
int tar_pax_read(struct tar_pax *p, struct err *e);
/* Whether the records that must be numbers or times are. */
int tar_pax_check(const struct tar_pax *p, struct err *e);
/* Decimal, with an optional sign, 64 bits. */
bool tar_pax_int(struct bytes b, int64_t *ret);

void tar_map_free(struct tar_map *m);
/* Read the map that the records or the old GNU header in t->block announce, and the part of it
 * before the content: 1 = t->map is set, and *size is the expanded size, 0 = not sparse, <0. */
int tar_map_read(struct tar *t, const struct tar_header *h, int64_t *size, struct err *e);
