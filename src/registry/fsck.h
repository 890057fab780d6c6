/* fsck: is a data folder whole, whose server does not run? The database by the engine's own check,
 * rows against files, bytes against digests, files without rows. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct fsck_options {
	const char *data_dir;
	bool repair;	 /* take the rows of damaged blobs away, set their files aside, remove files
			    without rows. Else nothing is changed */
	bool no_digests; /* lengths only: blobs are not read */
	void (*say)(void *arg, const char *text); /* a line for each thing found */
	void *arg;
};
struct fsck_counts {
	uint64_t blobs, bytes, manifests;
	uint64_t found;	   /* things that are not as they should be */
	uint64_t repaired; /* of them */
};
/* ERR_CONFLICT: a server runs; ERR_UNSUPPORTED: the schema is not this program's. */
int fsck_run(const struct fsck_options *o, struct fsck_counts *ret, struct err *e);
