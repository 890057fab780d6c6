/* contents: what content checks make of an image as a whole: those of its layers that are switched
 * on, and those of its config. */
#pragma once
#include "inventory/image.h"
#include "oci/config.h"

/* Leave in image->contents what is of the groups (bits, inspect/inspect.h), and add what config
 * holds of them. now_ms: for releases that get no more fixes; 0: nothing is said of
 * that. From a; ERR_NOMEM. */
int contents_settle(struct inv_image *image, const struct oci_config *config, unsigned groups,
		    int64_t now_ms, struct arena *a, struct err *e);
