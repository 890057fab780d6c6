/* rescore (rsc_): what a new generation changes in sets and images, computed beside what readers
 * see and written for the next epoch in short transactions. Order: rsc_clear (undo), rsc_packages,
 * rsc_sets, rsc_images, rsc_matches; then the caller raises the epoch; then rsc_clear. Nobody scans
 * meanwhile. */
#pragma once
#include "store/images.h"
#include "vdb/vdb.h"

#include <stdatomic.h>

/* List of ids; ascending, each once, when a phase is over. */
struct rsc_ids {
	struct buf buf;
};
size_t rsc_ids_count(const struct rsc_ids *l);
const int64_t *rsc_ids_all(const struct rsc_ids *l);

struct rescore {
	struct db *db;
	const struct vdb *old, *now; /* old may be NULL: everything is looked at */
	uint64_t keys;
	struct rsc_ids packages; /* those that are to be matched again */
	struct rsc_ids sets;	 /* those whose checks changed */
	uint64_t images;
	int64_t held_us; /* longest time the writer was held */
	int64_t epoch;	 /* of readers */
	struct rsc_lists *next, *cache;
	const atomic_bool *stop; /* may be NULL; set: what runs ends with ERR_CANCELLED */
};
void rsc_init(struct rescore *r, struct db *db, const struct vdb *old, const struct vdb *now);
void rsc_free(struct rescore *r);
/* 0, or ERR_CANCELLED when the switch is to end. */
int rsc_go_on(const struct rescore *r, struct err *e);
/* Which packages may have other matches, and which checks they will have. */
int rsc_packages(struct rescore *r, struct err *e);
/* The checks of the sets that hold them. A set that an interrupted switch prepared is prepared
 * again. */
int rsc_sets(struct rescore *r, struct err *e);
/* The counts of the images that have those. */
int rsc_images(struct rescore *r, struct err *e);
/* Their matches, and the checks that are other ones. */
int rsc_matches(struct rescore *r, struct err *e);
/* Remove matches and checks that no reader sees any more; undo: what an interrupted switch
 * prepared, too. */
int rsc_clear(struct rescore *r, bool undo, struct err *e);
