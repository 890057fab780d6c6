/* findings_from (fnf_): where a list of findings over many images begins: the security checks, or
 * the packages, that it goes through in the order of its sort. They are listed where a filter names
 * few of them, else everything there is is gone through by an index. Private to the room. */
#pragma once
#include "base/buf.h"
#include "store/findings.h"

/* An image of the repository has this set; ascending by set, image, position. */
struct fnf_place {
	int64_t set, image, position, layer;
};

struct fnf_candidate {
	double key;	   /* highest first; 0 of packages */
	struct bytes name; /* of packages: ascending; until the next one */
	int64_t id;	   /* of the check or package; ascending */
	bool passes;	   /* a check that is none of the wanted is told, too: it took a step */
};

struct fnf {
	struct db_tx *tx;
	const struct fnd_filter *f;
	enum fnd_sort sort;
	struct fnd_cursor after;
	struct arena *a;
	unsigned severities;
	bool
	    placed; /* places holds all of the repository; else it is too large, or any is wanted */
	bool known; /* members holds all that the walk can be of */
	struct buf places, cves, members;
	unsigned skipped;
	bool listed; /* heap holds what has not been told */
	struct buf heap;
	int64_t last; /* told before */
	struct db_stmt *rows;
	double key; /* of the rows */
};

/* Zeroed at first; close it whatever open says. f and a are borrowed. after: begin with what its
 * row is of. */
int fnf_open(struct fnf *w, struct db_tx *tx, const struct fnd_filter *f, enum fnd_sort sort,
	     const struct fnd_cursor *after, struct arena *a, struct err *e);
void fnf_close(struct fnf *w);
/* 1 = *ret is the next, 0 = end. */
int fnf_next(struct fnf *w, struct fnf_candidate *ret, struct err *e);
/* What the filter says of the check alone: 1, 0. */
int fnf_check_passes(struct fnf *w, int64_t check, struct err *e);
/* The places of a set from this image on: borrowed. */
size_t fnf_places(const struct fnf *w, int64_t set, int64_t image, const struct fnf_place **ret);
