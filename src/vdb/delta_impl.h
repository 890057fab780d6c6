/* What making and applying a delta share. Private to vdb/delta*.c. */
#pragma once
#include "vdb/delta.h"
#include "vdb/load.h"

#define DELTA_MAGIC "PLIMVDD\n"
#define DELTA_VERSION 1U
#define DELTA_HEADER_LEN 136U	    /* bytes before the parts */
#define VDB_DELTA_UNIT_MAX 1000000U /* of 10^-9: coarser scores are not published */

enum delta_part { DELTA_DROPPED, DELTA_EXPLOITS, DELTA_RECORDS, DELTA_PARTS };

struct delta_view {
	struct vdb_delta is;
	struct bytes part[DELTA_PARTS];
};
int delta_view(struct bytes delta, struct delta_view *ret, struct err *e);
int delta_apply(const struct vdb *old, const struct delta_view *d, struct buf *out, struct err *e);
