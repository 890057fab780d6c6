/* load: the records of an open database, back in the writer's own form: what a delta is made and
 * applied with. Private to vdb/. */
#pragma once
#include "vdb/reader.h"
#include "vdb/writer.h"

/* Each entry of each key, in the order of the file. A result <0 ends the walk. */
typedef int (*vdb_entry_fn)(void *arg, uint32_t advisory, const struct adv_affected *x,
			    struct err *e);
int vdb_each_entry(const struct vdb *v, vdb_entry_fn each, void *arg, struct err *e);
/* All advisories but those whose byte in skip (one for each advisory; NULL: none) is set. Texts are
 * not cut again. ERR_INTEGRITY, NOMEM. */
int vdb_load_advisories(struct vdb_writer *w, const struct vdb *v, const uint8_t *skip,
			struct err *e);
int vdb_load_sources(struct vdb_writer *w, const struct vdb *v, struct err *e);
