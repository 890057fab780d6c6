/* firsts: since when a security check is a finding of a repository (docs/decisions/first-seen.md).
 * Kept as one list for each repository, which only C reads; a check stays in it for good, so that
 * neither another scan nor another image under the same tag makes an old finding a new one. */
#pragma once
#include "db/db.h"
#include "store/checks.h"

#define FIRSTS_DAY_MS INT64_C(86400000)

struct first {
	uint64_t check;
	int64_t at;	  /* seconds since 1970 */
	bool by_advisory; /* an advisory brought it, to an image that was there; else an image */
};
struct firsts_span {
	const struct first *items; /* ascending by check */
	size_t count;
};

/* The lists of some repositories in memory. Zeroed at first. */
struct firsts_list;
struct firsts {
	struct firsts_list *lists; /* ascending by repository */
	size_t count, cap;
};
void firsts_free(struct firsts *f);
/* Of these repositories; what was read before is forgotten. ERR_DAMAGED. */
int firsts_read(struct firsts *f, struct db_tx *tx, const int64_t *repositories, size_t count,
		struct err *e);
/* Of one that was read; none is kept of others. Until firsts_add or firsts_read. */
struct firsts_span firsts_of(const struct firsts *f, int64_t repository);
/* NULL: it is not in the list. */
const struct first *firsts_find(struct firsts_span of, uint64_t check);

/* Checks were found in an image of a repository that was read. */
struct firsts_found {
	int64_t repository;
	const struct check_union *checks; /* settled */
	int64_t at_ms;
	bool by_advisory;
	/* For an image that was there before dates were kept: each check since at_ms, or since
	 * the date that is here if that is later (one for each of checks, in milliseconds), and
	 * earlier than what the list says. NULL: since at_ms, where the list has none. */
	const int64_t *known_ms;
};
int firsts_add(struct firsts *f, const struct firsts_found *found, struct err *e);
/* What was added. */
int firsts_write(struct firsts *f, struct db_tx *tx, struct err *e);
