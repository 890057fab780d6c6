/* engine_impl: what the parts of the engine share. Private to scan/engine*.c. */
#pragma once
#include "inventory/image.h"
#include "oci/config.h"
#include "scan/engine.h"
#include "store/history.h"
#include "ledger/generation.h"
#include "ledger/images.h"
#include "store/checks.h"
#include "store/lease.h"
#include "store/scans.h"

#include <pthread.h>
#include <stdatomic.h>

#define ENGINE_THREADS_MAX 64
#define ENGINE_LAYER_THREADS_MAX 16
/* Bytes for one image: its inventories, what is taken out of them, packages, matches. */
#define ENGINE_SCAN_BUDGET (1U << 30)
#define ENGINE_PULL_WINDOW_MS (INT64_C(30) * 86400000) /* "pulled in the last 30 days" */
/* A pull of an image checked longer ago than this scans it. */
#define ENGINE_STALE_MS (INT64_C(7) * 86400000)

/* An upload whose layer is being indexed, or waits for it. */
struct layer_upload {
	struct layer_upload *next;
	struct digest digest;
	int fd; /* ours */
	uint64_t len;
	struct pool_live *live; /* NULL: index from the file */
	bool decided, skip;
	uint64_t owner;
};

/* A layer that some thread is indexing now: others wait for it. */
struct indexing {
	struct indexing *next;
	struct digest digest;
};

struct engine {
	struct engine_options o;
	char owner[STORE_LEASE_OWNER_CAP]; /* of leases that this engine holds */
	struct tap tap;
	struct registry_watch watch;
	atomic_bool stopping;
	pthread_t threads[ENGINE_THREADS_MAX];
	size_t thread_count;

	pthread_mutex_t layer_lock; /* uploads, indexing */
	pthread_cond_t layer_moved;
	struct layer_upload *uploads, **uploads_end;
	struct indexing *indexing;
	size_t layer_threads;
	uint64_t layer_owners[ENGINE_LAYER_THREADS_MAX]; /* of the uploads they finish; 0 = idle */

	pthread_mutex_t scan_lock; /* wakes scan threads */
	pthread_cond_t scan_moved;
	uint64_t scan_seq;
	struct store_scan running[ENGINE_THREADS_MAX]; /* id 0 = idle, and then its runs are gone */

	pthread_mutex_t
	    claim_lock; /* one thread at a time takes a scan: shares are counted right */
	int64_t last_repository, last_registry; /* those that were served last */
	int64_t look_from;			/* struct store_scan_turn */

	pthread_rwlock_t
	    vdb_lock; /* read: using the current one; write: putting another in its place */
	struct vdb *vdb;
	pthread_rwlock_t rows_lock; /* read: a scan from matching to its commit; write: a switch, or
				       clearing remedies. Before vdb_lock */
	pthread_mutex_t switch_lock;	/* one switch at a time, and no cleanup of rows during it */
	atomic_bool settled, cut_short; /* cut_short: switches end early */
	struct store_history_clock clock; /* the keeper's */
	atomic_bool again_due;		  /* engine_ask_again failed */

	atomic_uint_fast64_t completed, failed, unsupported, layers_live, layers_late;
};

/* engine_layers.c */
void engine_layers_init(struct engine *g);
void *engine_layers_main(void *arg);
/* The inventory of a layer, from the store, from an upload under way, or made now. *ret_absent,
 * with ERR_NOT_FOUND: the registry does not hold it in this repository, and need not (a blob whose
 * file cannot be read is another error). ERR_DAMAGED: it was lost just now. */
int engine_layer_get(struct engine *g, const struct store_scan *s, const struct digest *d,
		     struct buf *out, bool *ret_absent, struct err *e);
void engine_layers_stop(struct engine *g);

/* The image cannot be assessed: its state and the scan's end. */
int engine_give_up(struct db_tx *tx, const struct store_scan *s, struct bytes reason,
		   struct err *e);

/* engine_scan.c: one scan from manifest to counts. ret_reason: of STORE_SCAN_UNSUPPORTED. 1 = it is
 * an image and the plan of its subscription is off: nothing was done. */
int engine_scan_image(struct engine *g, const struct store_scan *s,
		      enum store_scan_status *ret_status, struct bytes *ret_reason, struct arena *a,
		      struct err *e);

/* engine_notice.c: what notifications are sent for. Around ledger_image_put, in its transaction. */
struct engine_notice {
	bool wanted;
	enum image_state state;
	struct check_union checks;
};
int engine_notice_before(struct db_tx *tx, const struct store_scan *scan, struct engine_notice *n,
			 struct err *e);
int engine_notice_after(struct db_tx *tx, const struct store_scan *scan,
			const struct ledger_image *image, struct engine_notice *n, struct err *e);
/* A scan failed and is not tried again by itself. */
int engine_notice_failed(struct db_tx *tx, const struct store_scan *scan, struct bytes reason,
			 struct err *e);

/* engine_watch.c */
void engine_watch_init(struct engine *g);

/* engine_events.c */
void *engine_events_main(void *arg);
void *engine_keeper_main(void *arg);
void engine_wake_scans(struct engine *g);
void engine_sleep(struct engine *g, unsigned ms); /* until woken by engine_wake_scans or stopping */

/* engine_generation.c */
int engine_generation_open(struct engine *g, const char *vdb, struct err *e);
void *engine_settle_main(void *arg);
void engine_ask_again(struct engine *g);

/* With the lease of switches, which one server has at a time: fn, or ERR_CONFLICT. */
int engine_leased(struct engine *g,
		  int (*fn)(struct engine *g, const struct generation_run *run, void *arg,
			    struct err *e),
		  void *arg, struct err *e);

/* engine_rules.c */
void *engine_rules_main(void *arg);

/* engine_sweep.c: at a start, before anything
 * is written: what a crash left of temporary files. */
void engine_sweep_temporary(struct engine *g);

/* engine_house.c: remove expired rows, and rows that nothing needs. */
void engine_house(struct engine *g);

/* engine_source.c: what scanning reads of the registry. */
/* The registry of a scan; NULL: it was deleted. */
struct registry *engine_registry(const struct engine *g, const struct store_scan *s, struct err *e);
int engine_read_manifest(struct engine *g, const struct store_scan *s, struct arena *a,
			 struct bytes *ret_text, struct bytes *ret_type, struct err *e);
int engine_open_blob(struct engine *g, const struct store_scan *s, const struct digest *d,
		     struct content *ret, struct err *e);
/* The same as a file, for a worker. */
int engine_open_layer(struct engine *g, const struct store_scan *s, const struct digest *d,
		      int *ret_fd, uint64_t *ret_len, struct err *e);
