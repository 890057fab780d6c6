/* matches: the matches of packages and the security checks they are about, for two epochs at
 * once: a row holds from epoch since on, until (0 = for good) the epoch until. The views
 * package_match, security_check and check_cve are what readers see. A switch of generations writes
 * versions for the next epoch, which nobody sees before the epoch is raised, and clears what is
 * over after it. */
#pragma once
#include "match/match.h"
#include "db/db.h"

/* What a scan found for a package that was not kept before: seen at once. The
 * checks are put, or brought up to date where they differ. */
int matches_put(struct db_tx *tx, int64_t package, const struct match *matches, size_t count,
		struct err *e);

enum matches_change_kind { MATCHES_END, MATCHES_ADD, MATCHES_CHECK };
struct matches_change {
	enum matches_change_kind kind;
	int64_t package;
	uint64_t check;		   /* END */
	const struct match *match; /* ADD, CHECK; borrowed */
};
/* What a package's matches as readers see them differ in from these (sorted by check): changes are
 * added to out, struct matches_change each. */
int matches_compare(struct db_tx *tx, int64_t package, const struct match *matches, size_t count,
		    struct buf *out, struct err *e);
int matches_change(struct db_tx *tx, const struct matches_change *c, int64_t next, struct err *e);
/* One step of clearing what is over and taking back what an interrupted switch prepared (undo), at
 * most max rows of each: rows touched, 0 = all done. */
int64_t matches_clear(struct db_tx *tx, int64_t epoch, bool undo, size_t max, struct err *e);
