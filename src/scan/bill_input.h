/* bill_input (bill_input_): a bill of materials in place of an image: read by a worker, and from
 * there on an inventory like any other. */
#pragma once
#include "inventory/bill.h"
#include "scan/assess.h"

struct bill_input {
	struct buf text; /* what the worker sent: all else borrows from it */
	struct bytes format;
	struct inv_image image;
	struct assess_layer *layers; /* that the packages name */
	size_t layer_count;
};
/* Does the file begin like one? */
bool bill_input_is(const char *path);
/* Names and digest go to in. ERR_IO, ERR_CHILD, and what sbom_read says. */
int bill_input_open(struct bill_input *b, struct scan_input *in, const char *path,
		    struct pool *pool, struct arena *a, struct err *e);
void bill_input_free(struct bill_input *b); /* accepts a zeroed struct */
