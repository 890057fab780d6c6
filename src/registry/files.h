/* files (files_): copies of a data folder's files, linked or copied, hashed as they are copied.
 * Private to registry/. */
#pragma once
#include "base/content.h"
#include "oci/digest.h"

#include <stdint.h>

/* Called after each piece; <0 ends the copy. */
typedef int (*files_step_fn)(void *arg, struct err *e);
struct files_watch {
	files_step_fn step; /* may be NULL */
	void *arg;
};

/* A file's name, relative to a folder. */
struct files_name {
	int dir_fd;
	const char *name;
};
/* What was read: give algo, get the rest. */
struct files_sum {
	enum digest_algo algo;
	struct digest digest;
	uint64_t size;
};
/* Copy from to to, mode 0600. The file appears under its name once it is complete and synced.
 * w and sum may be NULL. */
int files_copy(struct files_name from, struct files_name to, const struct files_watch *w,
	       struct files_sum *sum, struct err *e);
int files_hash(struct files_name from, const struct files_watch *w, struct files_sum *sum,
	       struct err *e);
/* The same of a content. */
int files_put(const struct content *from, struct files_name to, const struct files_watch *w,
	      struct files_sum *sum, struct err *e);
int files_sum_up(const struct content *from, const struct files_watch *w, struct files_sum *sum,
		 struct err *e);
/* A name below a folder: no "..", no empty part, not absolute, at most 255 bytes. */
bool files_is_name(struct bytes name);
/* 1 = the folder is empty, 0 = it is not; ERR_NOT_FOUND. */
int files_is_empty(const char *dir, struct err *e);
