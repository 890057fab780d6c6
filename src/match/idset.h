/* idset: ids with what lists them, sorted. A kernel has thousands of records on both sides: sets,
 * not loops in loops. Inside match only. */
#pragma once
#include "match/candidate.h"

struct listed_id {
	struct bytes id;
	const struct candidate *by; /* the record that lists it; NULL: one that is installed */
};

struct id_set {
	struct listed_id *v;
	size_t count;
};

/* Room for most ids, from a. 0, ERR_NOMEM. */
int idset_make(struct id_set *s, size_t most, struct arena *a, struct err *e);
void idset_add(struct id_set *s, struct bytes id, const struct candidate *by);
void idset_sort(struct id_set *s);
/* The first row of id, or count. */
size_t idset_first(const struct id_set *s, struct bytes id);
bool idset_has(const struct id_set *s, struct bytes id);
/* Does c name CVEs, and is each of them in s? */
bool idset_has_all(const struct id_set *s, const struct candidate *c);
/* The ids and aliases of the records whose verdicts are meant. 0, <0. */
typedef bool (*idset_fn)(const struct gather *g, const struct verdict *v);
int idset_of(const struct gather *g, const struct verdicts *all, idset_fn is_meant,
	     struct id_set *ret);
