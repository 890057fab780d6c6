/* findings_walk (fnw_): findings over many images, a page at a time. Nothing is sorted that is not
 * listed: the checks (or packages) in the order of the sort, of each its matches, of each the sets
 * that have the package, of each its images. Private to the room. */
#pragma once
#include "store/findings.h"

/* As fnd_list, of a repository or everything. */
int64_t fnw_list(struct db_tx *tx, const struct fnd_filter *f, enum fnd_sort sort,
		 struct fnd_cursor *cursor, size_t max, struct arena *a, struct fnd_finding *out,
		 bool *ret_more, struct err *e);
