/* What tests of the ledger put into a store one at a time. */
#pragma once
#include "ledger/matches.h"
#include "ledger/packages.h"

/* A package and, when it is new, its matches. */
static inline int ledger_case_package(struct db_tx *tx, const struct pkg *pkg,
				      const struct match *matches, size_t count, int64_t *ret_id,
				      struct err *e)
{
	struct package_entry entry = {.pkg = pkg};
	if (package_identity(&entry, e) < 0 || package_put_many(tx, &entry, 1, e) < 0)
		return -(int)e->code;
	*ret_id = entry.row.id;
	const struct package_matches found = {
	    .package = entry.row.id, .matches = matches, .count = count};
	return entry.row.is_new ? matches_put_many(tx, &found, 1, e) : 0;
}
