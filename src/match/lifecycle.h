/* lifecycle: the ends of support that a database holds (feed end-of-life). */
#pragma once
#include "vdb/vdb.h"

/* From now on the dates of v, where it has any, precede the program's own (pkg/support.h). 0,
 * ERR_INTEGRITY, ERR_NOMEM. */
int lifecycle_use(const struct vdb *v, struct err *e);
