/* packages (package_): unique packages and package sets. */
#pragma once
#include "inventory/image.h"
#include "ledger/keyed.h"
#include "match/match.h"
#include "store/checks.h"

/* A condition: the row p of package is a package, and not what a content check found (PKG_CONTENT).
 */
#define PACKAGE_IS_ONE "p.class <> 4"

/* A package on its way into the store: key is its identity, over what distinguishes packages
 * (pkg_identity). */
struct package_entry {
	const struct pkg *pkg;
	struct keyed row;
};
/* Fills in e's key. ERR_NOMEM */
int package_identity(struct package_entry *p, struct err *e);
/* Whether each is kept: row.id. */
int package_find_many(struct db_tx *tx, struct package_entry *entries, size_t count, struct err *e);
/* The same, and those that are not kept are added: row.is_new, once where several are the same. */
int package_put_many(struct db_tx *tx, struct package_entry *entries, size_t count, struct err *e);
/* ret[i] is the package ids[i]; ids ascend, each once, at most DB_LIST_MAX. Texts are in a.
 * ERR_NOT_FOUND. */
int package_get_many(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
		     struct pkg *ret, struct err *e);

struct package_set_member {
	int64_t package;
	struct bytes path;
};
struct package_set_entry {
	struct package_set_member *members; /* sorted here */
	size_t member_count;
	struct keyed row; /* filled in */
};
/* The sets of these packages, made with their checks when new. */
int package_set_put_many(struct db_tx *tx, struct package_set_entry *sets, size_t count,
			 struct err *e);
/* Add the checks that readers see of these sets (at most DB_LIST_MAX, each once) to all; those of a
 * set that a switch prepared for the next epoch are computed. */
int package_set_checks(struct db_tx *tx, const int64_t *sets, size_t count, struct check_union *all,
		       struct err *e);
