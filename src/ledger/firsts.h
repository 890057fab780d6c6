/* firsts: since when a security check is a finding of a repository (docs/decisions/first-seen.md).
 * Kept by repository, in pieces that only C reads; a check stays for good, so that neither another
 * scan nor another image under the same tag makes an old finding a new one. */
#pragma once
#include "db/db.h"
#include "store/checks.h"

#define FIRSTS_DAY_MS INT64_C(86400000)

struct first {
	uint64_t check;
	int64_t at;	  /* seconds since 1970 */
	bool by_advisory; /* an advisory brought it, to an image that was there; else an image */
};

/* One date that a list shows. */
struct firsts_asked {
	int64_t repository;
	uint64_t check;
	struct first found; /* check 0: it is not a finding of the repository */
};
/* Reads as little as each needs. ERR_DAMAGED. */
int firsts_find(struct db_tx *tx, struct firsts_asked *asked, size_t count, struct err *e);

/* All of some repositories in memory, where images are counted. Zeroed at first. */
struct firsts_list;
struct firsts {
	struct firsts_list *lists; /* ascending by repository; memory is kept for the next ones */
	size_t count, cap;
	struct first *of_image, *fresh; /* of the checks of one image */
	size_t image_cap;
};
void firsts_free(struct firsts *f);
/* Of these repositories; what was read before is forgotten. ERR_DAMAGED. */
int firsts_read(struct firsts *f, struct db_tx *tx, const int64_t *repositories, size_t count,
		struct err *e);

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
/* *ret: the date of each of checks, until the next firsts_add. */
int firsts_add(struct firsts *f, const struct firsts_found *found, const struct first **ret,
	       struct err *e);
/* What was added. */
int firsts_write(const struct firsts *f, struct db_tx *tx, struct err *e);
