/* rescore: what a new generation, or other rules, change in sets and images, computed next to what
 * readers see and written for the next epoch in short transactions. Order: rescore_clear (undo),
 * rescore_packages, rescore_sets, rescore_matches, rescore_images, which counts by what those
 * wrote; then the caller raises the epoch; then rescore_clear. Other rules: rescore_rules in place
 * of rescore_packages, and no rescore_matches. No scan runs meanwhile. */
#pragma once
#include "ledger/generation.h"
#include "vdb/vdb.h"

/* List of ids; ascending, each once, at the end of a phase. */
struct rescore_ids {
	struct buf buf;
};
size_t rescore_ids_count(const struct rescore_ids *l);
const int64_t *rescore_ids_all(const struct rescore_ids *l);

struct tally;
struct rescore {
	struct db *db;
	const struct vdb *old, *now; /* old may be NULL: everything is looked at */
	uint64_t keys;
	struct rescore_ids packages; /* those that are to be matched again */
	struct rescore_ids sets;     /* those whose checks changed */
	uint64_t images;
	int64_t held_us;  /* longest time the writer was held */
	int64_t epoch;	  /* of readers */
	bool is_of_rules; /* not of a generation */
	struct buf
	    policies; /* of a recount by rules: struct rescore_pair, image and its new policy */
	struct tally *tally; /* NULL: no image has a policy */
	struct rescore_lists *next, *cache;
	struct generation_run run;
};
void rescore_init(struct rescore *r, struct db *db, const struct vdb *old, const struct vdb *now);
void rescore_free(struct rescore *r);
/* 0, or ERR_CANCELLED when the switch is to end. */
int rescore_go_on(const struct rescore *r, struct err *e);
/* In each write transaction: 0, or ERR_CONFLICT when another server switches now. */
int rescore_hold(const struct rescore *r, struct db_tx *tx, struct err *e);
/* Which packages may have other matches, and which checks they will have. */
int rescore_packages(struct rescore *r, struct err *e);
/* These images (struct rescore_pair, ascending) have these policies from the next epoch on. */
int rescore_rules(struct rescore *r, const struct buf *policies, struct err *e);
/* The checks of the sets that hold them. A set that an interrupted switch prepared is prepared
 * again. */
int rescore_sets(struct rescore *r, struct err *e);
/* Their matches, and the checks that changed. */
int rescore_matches(struct rescore *r, struct err *e);
/* The counts of the images that have those sets, whose policy changed, or whose policy may say
 * something else of what changed. */
int rescore_images(struct rescore *r, struct err *e);
/* Remove matches and checks that no reader sees any more; undo: what an interrupted switch
 * prepared, too. */
int rescore_clear(struct rescore *r, bool undo, struct err *e);
