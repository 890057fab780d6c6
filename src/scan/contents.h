/* contents: what content checks make of an image as a whole: those of its layers that are switched
 * on, and those of its config. */
#pragma once
#include "inventory/image.h"
#include "oci/config.h"

/* Leave in image->contents what is of the groups (bits, inspect/inspect.h), and add what config
 * holds of them. From a; ERR_NOMEM. */
int contents_settle(struct inv_image *image, const struct oci_config *config, unsigned groups,
		    struct arena *a, struct err *e);
