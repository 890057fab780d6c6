/* packages (pks_): unique packages and package sets. */
#pragma once
#include "inventory/image.h"
#include "match/match.h"
#include "db/db.h"

#define PKS_IDENTITY_LEN 16

/* First bytes of SHA-256 over the identity fields (distro, type, names, versions, arch, module,
 * vendor, third_party; not the path). */
int pks_identity(const struct pkg *p, uint8_t out[PKS_IDENTITY_LEN], struct err *e); /* ERR_NOMEM */
/* 1 + *ret_id, or 0 when it is not kept. */
int pks_find(struct db_tx *tx, const uint8_t identity[PKS_IDENTITY_LEN], int64_t *ret_id,
	     struct err *e);
int pks_add(struct db_tx *tx, const struct pkg *p, const uint8_t identity[PKS_IDENTITY_LEN],
	    int64_t *ret_id, struct err *e);
/* Runs from a. ERR_NOT_FOUND. */
int pks_get(struct db_tx *tx, int64_t id, struct arena *a, struct pkg *ret, struct err *e);

struct pks_member {
	int64_t package;
	struct bytes path;
};
/* The set of these packages (sorted by package id here), made when new, with its checks. */
int pks_set(struct db_tx *tx, struct pks_member *members, size_t count, int64_t *ret_set,
	    struct err *e);
/* A set's checks as they are kept: ascending, varint difference of ids and u8 severity each. epoch:
 * the one that readers see; a set that is prepared for the next one is computed again. */
int pks_set_checks(struct db_tx *tx, int64_t set, int64_t epoch, struct buf *out, struct err *e);

struct pks_check {
	uint64_t id;
	uint8_t severity;
};
int pks_checks_parse(struct bytes kept, struct arena *a, struct pks_check **ret, size_t *ret_count,
		     struct err *e);

/* Checks of several sets or packages, each once. Zeroed at first. */
struct pks_union {
	struct pks_check *items, *other; /* other: room for merging, as much as items */
	size_t count, cap;
};
void pks_union_free(struct pks_union *u);
void pks_union_clear(struct pks_union *u); /* memory is kept */
/* ERR_DAMAGED: kept is damaged. */
int pks_union_add(struct pks_union *u, struct bytes kept, struct err *e);
int pks_union_add_one(struct pks_union *u, struct pks_check c, struct err *e);
/* items are ascending, each check once, until more are added. */
void pks_union_settle(struct pks_union *u);
/* Settles; by[enum adv_severity]. */
void pks_union_count(struct pks_union *u, uint64_t *by);
/* Settles; the kept form into out, which is cleared. */
int pks_union_put(struct pks_union *u, struct buf *out, struct err *e);
