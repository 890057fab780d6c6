/* backup: a copy of a data folder whose server runs, and a data folder made of such a copy.
 *
 * The copy is a folder: SHA256SUMS (sha256sum -c reads it), plimsoll-TIME.db, keys, the
 * vulnerability database, and blobs/ as in the data folder. SHA256SUMS says which database counts;
 * it is replaced last, so a backup that is interrupted leaves the one before it whole. Files that
 * are there already are kept: a blob's file never changes. What the last backup no longer needs is
 * removed after that. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct backup_options {
	const char *data_dir;
	const char *dir; /* of the backup; made when it is not there */
	bool copy;	 /* never link blobs to the same file */
};
struct backup_counts {
	uint64_t blobs, bytes;	/* in the backup */
	uint64_t added, linked; /* of them new in this run; and of those, by a link */
	uint64_t removed;	/* that only an earlier backup needed */
	uint64_t damaged; /* blobs whose file was not there or has another length: noted so in the
			     copy */
};
/* Collection removes no file meanwhile (store_hold). ERR_CONFLICT: dir holds something else, or is
 * being written to; ERR_UNSUPPORTED: the database is of another version of this program. */
int backup_make(const struct backup_options *o, struct backup_counts *ret, struct err *e);
/* data_dir must be empty or not there. Every byte is compared with its digest: ERR_DAMAGED says
 * what is wrong with the backup, and nothing is left behind. */
int backup_restore(const struct backup_options *o, struct backup_counts *ret, struct err *e);
