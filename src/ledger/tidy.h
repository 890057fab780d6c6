/* tidy (ledger_tidy_): removes what nothing needs any more: inventories of blobs that no longer
 * exist, sets that no image has, packages that no set has with their matches, and what only those
 * needed (layers of images, security checks). In short transactions, each of which looks again
 * before it removes, between which other writers go first. So a registry whose content stays the
 * same has a store whose size stays the same, whatever was pushed and deleted. */
#pragma once
#include "base/err.h"

#include <stdatomic.h>
#include <stdint.h>

struct db;
struct ledger_tidy_rules {
	int64_t analyzer; /* inventories of others are not read */
	int64_t
	    layers_before_ms; /* of an inventory that is younger the blob may still be on its way */
	int64_t now_ms;
	const atomic_bool *stop; /* may be NULL; set: it ends, with 0 */
};
struct ledger_tidy_result {
	int64_t layers, sets, packages, rest; /* removed */
};
/* May run during scans, not during a generation switch. ret has what was removed, even after a
 * failure.
 */
int ledger_tidy_rows(struct db *db, const struct ledger_tidy_rules *rules,
		     struct ledger_tidy_result *ret, struct err *e);
