/* files (files_): copies of a data folder's files: linked or copied, hashed as they are copied.
 * Private to registry/. */
#pragma once
#include "oci/digest.h"

#include <stdint.h>

/* Bytes went by: <0 ends the copy. */
typedef int (*files_step_fn)(void *arg, struct err *e);
struct files_watch {
	files_step_fn step; /* NULL = nobody watches */
	void *arg;
};

/* from's bytes into to, which must not be there, with this mode; *ret (may be NULL) of what was
 * copied. The file appears under its name when it is whole, and is synced. Names are relative to
 * the folders. */
struct files_name {
	int dir_fd;
	const char *name;
};
int files_copy(struct files_name from, struct files_name to, unsigned mode,
	       const struct files_watch *w, enum digest_algo algo, struct digest *ret,
	       uint64_t *ret_size, struct err *e);
/* One file, two names, or a copy where that cannot be. 1 = linked, 0 = copied. */
int files_link(struct files_name from, struct files_name to, const struct files_watch *w,
	       struct err *e);
int files_hash(struct files_name from, const struct files_watch *w, enum digest_algo algo,
	       struct digest *ret, uint64_t *ret_size, struct err *e);
/* A name below a folder: no "..", nothing empty, not absolute, at most 255 bytes. */
bool files_is_name(struct bytes name);
/* Nothing is in it. 1/0, ERR_NOT_FOUND. */
int files_is_empty(const char *dir, struct err *e);
