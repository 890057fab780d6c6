/* path (eco_path_): is a clean, root-relative path one of an ecosystem's locations? Cheap: one look
 * at the end of the path per question. */
#pragma once
#include "eco/parsers.h"

/* path is location, or ends with "/" and location: *ret_keep gets the bytes in front of it. */
bool eco_path_at(struct bytes path, const char *location, size_t *ret_keep);
/* The same; or path ends with the last tail_parts components of location below a folder of another
 * name (a database that a symbolic link points to): *ret_keep then counts everything in front of
 * that tail and is never 0. */
bool eco_path_near(struct bytes path, const char *location, unsigned tail_parts, size_t *ret_keep);
/* A lock file of the row, where it may be a project's own: not in a folder of packages that
 * others made. */
struct eco_want eco_wants_lock(size_t row, struct bytes path);
/* The last component, and what is in front of it without the "/". */
struct bytes eco_path_base(struct bytes path);
struct bytes eco_path_dir(struct bytes path);
