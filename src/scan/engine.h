/* engine: scanning as the daemon does it. Manifests of the registry become scans; a scan takes its
 * layers' inventories (made while they were uploaded, or now), merges them, matches what was never
 * matched, and makes the findings visible in one transaction. Threads of its own; restartable at
 * any moment. */
#pragma once
#include "jail/pool.h"
#include "registry/registry.h"
#include "scan/attached.h"
#include "db/db.h"
#include "vdb/sign.h"

struct engine;
struct engine_options {
	struct db *db;
	struct registry *registry;
	struct pool *pool;
	const char
	    *vdb_dir; /* generations are kept here: vdb-<digest>.vdb; may be empty at first */
	struct vdb_keys vdb_keys; /* of a file given at the start */
	uint64_t vdb_keep;     /* older generations that are kept there: the newest of each day */
	unsigned scan_threads; /* 0 = one per processor, and one more, since a repository may have
				  all but one */
	int64_t
	    recheck_ms; /* images pulled in the last 30 days are scanned again after this; 7 days */
	int64_t history_ms; /* events and scans that are over are kept so long; 90 days */
	/* Done once an hour in a write transaction, beside the engine's own housekeeping. NULL: no
	 * one asks. */
	int (*hourly)(struct db_tx *tx, int64_t now_ms, struct err *e);
	unsigned content_checks; /* groups that are on (inspect/inspect.h) */
	bool assume_linked;	 /* inv_assume_linked */
	enum attached_use attached_use;
	struct bytes attached_keys; /* PEM; borrowed */
	int64_t layers_ms; /* inventories of layers that are not here any more are kept so long */
};
/* Tap and watch must be given to registry_open before the engine can exist, so it is made first and
 * bound later. */
struct engine *engine_new(const struct engine_options *o, struct err *e);
const struct tap *engine_tap(struct engine *g);
const struct registry_watch *engine_watch(struct engine *g);
void engine_set_registry(struct engine *g, struct registry *registry);
/* Load the generation on record and start the threads; vdb (may be NULL): a complete vdb to make
 * current, ERR_* when it is none. Returns before long work: what a crash left is taken over and a
 * switch is made in the background, and scans wait for it (engine_is_settled). */
int engine_start(struct engine *g, const char *vdb, struct err *e);
/* False: a switch of generations that belongs to the start is still under way. */
bool engine_is_settled(const struct engine *g);
/* Long work of the background ends early from now on (what it did not finish is done at the next
 * start); scans that run go on, no other begins. */
void engine_stop_soon(struct engine *g);
/* Stops the threads and what the pool runs; running scans go back to the queue. */
void engine_stop(struct engine *g);
/* Instead of engine_stop, before _exit: running scans go back to the queue, and their images are
 * not blamed for the end. Waits ms at most. After engine_stop_soon. */
void engine_leave(struct engine *g, unsigned ms);
void engine_free(struct engine *g);

/* Make file (a complete vdb) the current generation: kept under vdb_dir, matched by
 * generation_switch. ERR_CANCELLED when the engine stops. */
int engine_switch(struct engine *g, const char *file, struct err *e);
/* Rules that were changed come into effect: at once where nothing else is counted again. 1 = they
 * are in effect; 0 = not yet, and they will be without another call. */
int engine_rules_apply(struct engine *g, struct err *e);
/* The current generation; NULL when there is none. Give it back. */
const struct vdb *engine_vdb_take(struct engine *g);
void engine_vdb_give(struct engine *g, const struct vdb *v);
/* When each image is scanned next, and why then or why not; trigger: of its last scan, empty =
 * none. In the caller's transaction. */
struct ledger_image;
struct engine_outlook {
	int64_t at_ms; /* 0 = nothing is planned, or it runs */
	struct bytes reason, trigger;
};
int engine_outlooks(const struct engine *g, struct db_tx *tx, const struct ledger_image *images,
		    size_t count, struct arena *a, struct engine_outlook *ret, struct err *e);
/* Ask for a scan now. ERR_NOT_FOUND. */
int engine_scan_now(struct engine *g, const struct registry *registry, struct bytes repository,
		    struct bytes digest, int64_t *ret_scan, struct err *e);
/* For /metrics. */
struct engine_counts {
	uint64_t completed, failed, unsupported, layers_live, layers_late;
};
struct engine_counts engine_counts_get(const struct engine *g);
