/* matches: the matches of packages and the security checks they are about, for two epochs at
 * once: a row holds from epoch since on, until (0 = for good) the epoch until. The views
 * package_match, security_check and check_cve are what readers see. A switch of generations writes
 * versions for the next epoch, which are not visible before the epoch is raised, and clears what is
 * over after it. */
#pragma once
#include "base/buf.h"
#include "match/match.h"
#include "db/db.h"

/* The matches of a package, sorted by check, each check once. */
struct package_matches {
	int64_t package;
	const struct match *matches;
	size_t count;
};
/* What a scan found for packages that were not kept before: seen at once. The checks are put, or
 * brought up to date where they differ. */
int matches_put_many(struct db_tx *tx, const struct package_matches *packages, size_t count,
		     struct err *e);

enum matches_change_kind { MATCHES_END, MATCHES_ADD, MATCHES_CHECK };
struct matches_change {
	enum matches_change_kind kind;
	int64_t package;
	uint64_t check;		   /* END */
	const struct match *match; /* ADD, CHECK; borrowed */
};
/* What the packages' matches as readers see them differ in from these: changes are added to out,
 * struct matches_change each. At most DB_LIST_MAX packages, which ascend. */
int matches_compare_many(struct db_tx *tx, const struct package_matches *packages, size_t count,
			 struct buf *out, struct err *e);
/* Write changes for the epoch next; a check is named once. */
int matches_change_many(struct db_tx *tx, const struct matches_change *changes, size_t count,
			int64_t next, struct err *e);
/* One step of removing expired versions and taking back what an interrupted switch prepared (undo),
 * at most max rows of each: rows touched, 0 = all done. */
int64_t matches_clear(struct db_tx *tx, int64_t epoch, bool undo, size_t max, struct err *e);
