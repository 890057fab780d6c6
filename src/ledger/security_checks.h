/* security_checks (security_): the versions of security checks and of their CVEs
 * (ledger/matches.h). */
#pragma once
#include "db/db.h"
#include "match/match.h"

/* A check on its way into the store. Of several with one id the first counts. */
struct security_check_entry {
	const struct match_check *check;
	/* Private. */
	struct bytes cves, references; /* as columns hold them */
	int64_t since;		       /* of the version that readers see; -1 = none */
	bool cves_differ, is_ended;
};
/* Readers see these from now on. Entries are sorted here, their number may shrink. */
int security_check_put_many(struct db_tx *tx, struct security_check_entry *entries, size_t count,
			    struct err *e);
/* Readers see these from epoch next on, where they are not what they see already. */
int security_check_change_many(struct db_tx *tx, struct security_check_entry *entries, size_t count,
			       int64_t next, struct err *e);
