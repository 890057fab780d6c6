/* packages (pks_): unique packages, package sets, and the matches of packages. */
#pragma once
#include "inventory/image.h"
#include "match/match.h"
#include "store/db.h"

#define PKS_IDENTITY_LEN 16

/* First bytes of SHA-256 over the identity fields (distro, type, names, versions, arch, module, vendor, third_party; not the path). */
void pks_identity(const struct pkg *p, uint8_t out[PKS_IDENTITY_LEN]);
/* 1 + *ret_id, or 0 when it is not kept. */
int pks_find(struct db_tx *tx, const uint8_t identity[PKS_IDENTITY_LEN], int64_t *ret_id, struct err *e);
int pks_add(struct db_tx *tx, const struct pkg *p, const uint8_t identity[PKS_IDENTITY_LEN], int64_t *ret_id, struct err *e);
/* Runs from a. ERR_NOT_FOUND. */
int pks_get(struct db_tx *tx, int64_t id, struct arena *a, struct pkg *ret, struct err *e);
/* Replace the matches of a package; the checks are put or brought up to date. */
int pks_put_matches(struct db_tx *tx, int64_t package, const struct match *matches, size_t count, struct err *e);

struct pks_member {
	int64_t package;
	struct bytes path;
};
/* The set of these packages (sorted by package id here), made when new, with its checks. */
int pks_set(struct db_tx *tx, struct pks_member *members, size_t count, int64_t *ret_set, struct err *e);
/* Recompute what a set's checks are; *ret_changed tells whether they differ. */
int pks_set_refresh(struct db_tx *tx, int64_t set, bool *ret_changed, struct err *e);

/* The checks of a set, as kept. */
struct pks_check {
	uint64_t id;
	uint8_t severity;
};
int pks_checks_parse(struct bytes kept, struct arena *a, struct pks_check **ret, size_t *ret_count, struct err *e);
