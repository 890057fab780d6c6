/* layers: the inventories of an image's layers, several workers at once, from a cache where they
 * are known. A layer is what it claims to be when its uncompressed stream is the one that the
 * image's config names, or its bytes have their digest; nothing is kept of another. */
#pragma once
#include "inventory/layer.h"
#include "scan/input.h"

struct layers_result {
	struct buf *texts;  /* layer_count serialised inventories */
	struct lay *parsed; /* borrow from texts and arena */
	bool *cached;
	size_t count;
	struct arena arena;
};

/* cache_dir: folder of kept inventories ("sha256-<hex>-<analyzer>.lay"), or NULL for none. progress
 * (may be NULL) is called after each layer. pool may be NULL: then a layer that is not in the cache
 * is ERR_CONFLICT. ERR_INTEGRITY when a layer is neither; ERR_CHILD / ERR_TIMEOUT when a worker
 * failed. A damaged or absent layer is not an error: its inventory reports it. */
struct layers_progress {
	void *arg;
	void (*done)(void *arg, size_t index, bool cached);
};
int layers_index(const struct scan_input *input, struct pool *pool, const char *cache_dir,
		 const struct layers_progress *progress, struct layers_result *ret, struct err *e);
void layers_result_free(struct layers_result *r);

/* One layer by one worker into out (LIMIT_INVENTORY_MAX), checked by layer_parse's caller. Of the
 * task: fd, off, len, owner. */
int layers_index_one(struct pool *pool, const struct pool_task *where, struct buf *out,
		     struct err *e);
/* A pool_reader that gathers a single inventory record into the struct buf at arg. */
struct pool_reader layers_reader(struct buf *out);
