/* What the registry reports becomes images and scans, in the registry's own transaction. */
#include "scan/engine_impl.h"

#include "base/clock.h"
#include "oci/manifest.h"
#include "store/rule.h"

/* Images are what has findings. An index is known by its type and never listed; an artifact's
 * config must be read first, so its scan takes it from the list. */
static int on_put(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e)
{
	int64_t id;
	(void)arg;
	if (!oci_is_index_type(i->media_type)) {
		int r = ledger_image_add(tx, i->repository_id, i->digest, i->at, e);
		if (r < 0)
			return r;
	}
	return store_scan_add(tx, i->repository_id, i->digest,
			      i->is_import ? BYTES_LIT("import") : BYTES_LIT("push"),
			      clock_wall_ms(), &id, e);
}

static int on_gone(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e)
{
	(void)arg;
	return ledger_image_delete(tx, i->repository_id, i->digest, e);
}

static int on_pulled(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e)
{
	int64_t scanned, id;
	(void)arg;
	const struct ledger_pulls pulls = {.at_ms = i->at, .count = i->count};
	int r = ledger_image_pulled(tx, i->repository_id, i->digest, &pulls, &scanned, e);
	if (r <= 0 || i->at - scanned < ENGINE_STALE_MS)
		return r;
	return store_scan_add(tx, i->repository_id, i->digest, BYTES_LIT("pull"), clock_wall_ms(),
			      &id, e);
}

/* Rules may look at tags. */
static int on_tagged(struct db_tx *tx, void *arg, int64_t repository, struct err *e)
{
	(void)arg;
	return store_rule_due_tag(tx, repository, e);
}

const struct registry_watch *engine_watch(struct engine *g)
{
	return &g->watch;
}

void engine_watch_init(struct engine *g)
{
	g->watch = (struct registry_watch){
	    .arg = g, .put = on_put, .gone = on_gone, .tagged = on_tagged, .pulled = on_pulled};
}
