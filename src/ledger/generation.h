/* generation: which vulnerability database the matches were made with, and the switch to the
 * next one: only the packages whose advisories changed are matched again, then the sets and images
 * that have them are counted again (docs/decisions/generation-switch.md). A crash in the middle
 * repeats the switch at the next start. */
#pragma once
#include "ledger/images.h"
#include "store/lease.h"
#include "vdb/vdb.h"

#include <stdatomic.h>

struct generation_state {
	struct bytes current_digest,
	    next_digest; /* empty = none; files are found by it, so a folder may be moved */
	bool again; /* images that were not assessed, or not wholly, are still to be scanned with
		       the current one (generation_asked) */
};
int generation_get(struct db_tx *tx, struct arena *a, struct generation_state *ret, struct err *e);
/* Say that a switch begins. */
int generation_begin(struct db_tx *tx, struct bytes digest, struct err *e);
/* The generation on record cannot be loaded. From now on no generation counts as the one that
 * packages were matched with, so the next one matches all of them; the lost one is the next, unless
 * another is, for its file may come back. */
int generation_forget(struct db_tx *tx, struct err *e);
/* Those scans have been asked for. */
int generation_asked(struct db_tx *tx, struct err *e);

/* Of a switch that is under way; all may be NULL. */
struct generation_run {
	const atomic_bool *stop;	 /* set: it ends with ERR_CANCELLED, as if interrupted */
	const struct store_lease *lease; /* renewed in each of its transactions */
};
struct generation_result {
	uint64_t keys, packages, sets, images;
	int64_t took_us;
	int64_t held_us; /* longest time other writers were kept out at one stretch */
	int64_t flip_us; /* of it: the last transaction, which makes the new generation visible */
};
/* The switch itself. Checks of sets, counts of images and matches are prepared next to what readers
 * see, in short transactions; the last one writes one row and makes all of it visible: until it
 * commits all lists and counts are of the old generation, from then on of the new one. No scan may
 * scan meanwhile. What an interrupted switch prepared, for whichever generation, is prepared again.
 * old may be NULL (everything is matched again), run too. ERR_CONFLICT: the lease was lost. */
int generation_switch(struct db *db, const struct vdb *old, const struct vdb *now,
		      const struct generation_run *run, struct generation_result *ret,
		      struct err *e);
