/* update_build: a database of the last good copies of feeds. One feed whose new copy cannot be read
 * does not hold up the others. */
#pragma once
#include "jail/pool.h"
#include "scan/update.h"

/* Build out of what update_fetch left, except MISSING rows. A copy that no database was built of
 * yet, and that cannot be read, is put back (update_put_back), and the rest is built without it.
 * Returns how many were; ERR_NOT_FOUND: there is no copy at all; otherwise as scan_vdb_build. */
int update_build(struct pool *pool, struct update_file *files, size_t count, const char *out,
		 struct arena *a, struct err *e);
