/* image_packages: the packages of one image, with what brought each in. */
#pragma once
#include "base/arena.h"
#include "db/db.h"
#include "pkg/package.h"

#define IMAGE_PACKAGES_MAX 65536U /* of one image: more are not listed */

struct image_package {
	struct pkg pkg;			/* with its path */
	struct bytes layer, created_by; /* digest and history line */
	uint32_t position;		/* of the layer, from 0 */
};
/* By name, at most IMAGE_PACKAGES_MAX: their number. name: its own or its source package's; empty:
 * all. Runs are in a. */
int64_t image_packages_read(struct db_tx *tx, int64_t image, struct bytes name, struct arena *a,
			    struct image_package **ret, struct err *e);
