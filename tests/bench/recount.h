/* recount: all counts of a store counted again from the advisories and from what the images consist
 * of, without the store's own matches, checks and counts. */
#pragma once
#include "db/db.h"
#include "vdb/vdb.h"

/* Says on stdout what was compared and what differs. 0 = all is right. */
int recount(struct db *db, const struct vdb *v);
