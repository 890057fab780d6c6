/* What the registry reports becomes images and scans, in the registry's own transaction. */
#include "scan/engine_impl.h"

#include "base/clock.h"
#include "oci/manifest.h"
#include "scan/attached.h"
#include "store/attached.h"
#include "store/rule.h"

/* What is attached to a manifest, or no more: its image is looked at again. */
static int attached_moved(struct db_tx *tx, int64_t repository, struct bytes subject, struct err *e)
{
	int64_t n =
	    subject.len ? store_attached_moved(tx, repository, subject, clock_wall_ms(), e) : 0;
	return n < 0 ? (int)n : 0;
}

/* What is attached to an index is attached to its images. */
static int as_subject_moved(struct db_tx *tx, const struct registry_image *i, struct err *e)
{
	int is = store_attached_is_subject(tx, i->repository_id, i->digest, e);
	return is <= 0 ? is : attached_moved(tx, i->repository_id, i->digest, e);
}

/* Images are what has findings. An index is known by its type and never listed; an artifact's
 * config must be read first, so its scan takes it from the list. */
static int on_put(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e)
{
	int64_t id;
	(void)arg;
	if (!oci_is_index_type(i->media_type)) {
		int r = ledger_image_add(tx, i->repository_id, i->digest, i->at, i->actor, e);
		if (r < 0)
			return r;
	} else if (as_subject_moved(tx, i, e) < 0) {
		return -(int)e->code;
	}
	if (attached_moved(tx, i->repository_id, i->subject, e) < 0)
		return -(int)e->code;
	return store_scan_add(tx, i->repository_id, i->digest,
			      i->is_import ? BYTES_LIT("import") : BYTES_LIT("push"),
			      clock_wall_ms(), &id, e);
}

static int on_gone(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e)
{
	(void)arg;
	if (attached_moved(tx, i->repository_id, i->subject, e) < 0 ||
	    as_subject_moved(tx, i, e) < 0)
		return -(int)e->code;
	return ledger_image_delete(tx, i->repository_id, i->digest, e);
}

static int on_pulled(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e)
{
	int64_t scanned, id;
	(void)arg;
	const struct ledger_pulls pulls = {.at_ms = i->at, .by = i->actor, .count = i->count};
	int r = ledger_image_pulled(tx, i->repository_id, i->digest, &pulls, &scanned, e);
	if (r <= 0 || i->at - scanned < ENGINE_STALE_MS)
		return r;
	return store_scan_add(tx, i->repository_id, i->digest, BYTES_LIT("pull"), clock_wall_ms(),
			      &id, e);
}

/* Rules may look at tags, and cosign attaches by them. */
static int on_tagged(struct db_tx *tx, void *arg, int64_t repository, struct bytes tag,
		     struct err *e)
{
	char subject[DIGEST_TEXT_CAP];
	(void)arg;
	if (attached_tag_digest(tag, subject) &&
	    attached_moved(tx, repository, bytes_of(subject), e) < 0)
		return -(int)e->code;
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
