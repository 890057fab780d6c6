/* generations: the database files that are kept: the one in use and older ones, for "as of" and
 * "since when". A folder of files of any name that ends with ".vdb"; or a data folder, in whose
 * vdb/ they are; or one file and, beside it, the folder FILE.kept. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "vdb/vdb.h"
#include <stdint.h>

struct generation_file {
	const char *path;
	char digest[65];
	int64_t built_ms; /* vdb_built_ms: the newest time in it */
	uint64_t len;
};
/* Oldest first, each generation once; *ret from a. Files that are no databases are left out.
 * ERR_NOT_FOUND: no such file or folder, or none in it. Only headers are checked. */
int generations_list(const char *path, struct arena *a, struct generation_file **ret,
		     size_t *ret_count, struct err *e);
/* The newest that is not newer than at_ms; NULL: all are. */
const struct generation_file *generations_at(const struct generation_file *list, size_t count,
					     int64_t at_ms);
/* Remove the generations in dir but current and, of the days (UTC) before its own, the newest of
 * each day, `keep` days at most. Files named vdb-* that are or belong to no database go, too. */
void generations_prune(const char *dir, const struct vdb *current, uint64_t keep);
/* Keep file, which is about to be replaced, in FILE.kept, with its signature. Nothing to keep is no
 * error. */
int generations_keep(const char *file, struct err *e);
/* generations_prune of FILE.kept, after file was replaced. */
void generations_prune_beside(const char *file, uint64_t keep);
