/* writer: what vdb_writer holds between add and finish. Private to vdb/. */
#pragma once
#include "vdb/records.h"
#include "vdb/vdb.h"

struct vdb_writer {
	struct intern strings; /* number 0 is the empty string */
	struct arena arena;
	struct rec *recs;
	size_t rec_count, rec_cap;
	struct rec_exploit *exploits;
	size_t exploit_count, exploit_cap;
	struct rec_source *sources;
	size_t source_count, source_cap;
	int64_t newest_ms;
};

/* The whole file into *out (initialised). Also sorts the records. */
int vdb_layout(struct vdb_writer *w, struct buf *out, struct err *e);
/* Space for one record, which counts once rec_count is raised; NULL: no memory. It moves when the
 * next one is asked for. */
struct rec *vdb_writer_record(struct vdb_writer *w, struct err *e);
