/* packages (package_): unique packages and package sets. */
#pragma once
#include "inventory/image.h"
#include "match/match.h"
#include "db/db.h"
#include "store/checks.h"

#define PACKAGE_IDENTITY_LEN 16

/* First bytes of SHA-256 over what tells packages apart (pkg_identity). ERR_NOMEM */
int package_identity(const struct pkg *p, uint8_t out[PACKAGE_IDENTITY_LEN], struct err *e);
/* 1 + *ret_id, or 0 when it is not kept. */
int package_find(struct db_tx *tx, const uint8_t identity[PACKAGE_IDENTITY_LEN], int64_t *ret_id,
		 struct err *e);
int package_add(struct db_tx *tx, const struct pkg *p, const uint8_t identity[PACKAGE_IDENTITY_LEN],
		int64_t *ret_id, struct err *e);
/* Runs from a. ERR_NOT_FOUND. */
int package_get(struct db_tx *tx, int64_t id, struct arena *a, struct pkg *ret, struct err *e);

struct package_set_member {
	int64_t package;
	struct bytes path;
};
/* The set of these packages (sorted by package id here), made when new, with its checks. */
int package_set_put(struct db_tx *tx, struct package_set_member *members, size_t count,
		    int64_t *ret_set, struct err *e);
/* A set's checks as they are kept (store/checks.h). epoch:
 * the one that readers see; a set that is prepared for the next one is computed again. */
int package_set_checks(struct db_tx *tx, int64_t set, int64_t epoch, struct buf *out,
		       struct err *e);
