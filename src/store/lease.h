/* lease (store_lease_): who does a piece of work that only one may do at a time. A lease has an
 * owner, an epoch and an end. The owner is one run of a server; the epoch rises each time that the
 * lease is taken. Work writes only in transactions that renew the lease, which compare owner and
 * epoch: what a holder began and another took over is refused, whatever the clocks say
 * (docs/decisions/leases.md). Rows that are work themselves have the columns lease_owner,
 * lease_epoch and lease_until (store/scans.h); other work has a name, and a row of `lease`. */
#pragma once
#include "db/db.h"

#define STORE_LEASE_OWNER_CAP 33 /* 32 hexadecimal digits and NUL */
#define STORE_LEASE_MS 60000	 /* without a renewal it may be taken over after this */

struct store_lease {
	const char *name;  /* of the work: a literal */
	const char *owner; /* of store_lease_owner; borrowed */
	int64_t epoch;	   /* set when it is taken */
};

/* A new owner, random: one for each start of a server. */
int store_lease_owner(char out[STORE_LEASE_OWNER_CAP], struct err *e);
/* 1 = l->epoch is ours, until now_ms + STORE_LEASE_MS; 0 = another owner has it. An owner that
 * takes it again gets a new epoch. */
int store_lease_take(struct db_tx *tx, struct store_lease *l, int64_t now_ms, struct err *e);
/* In each transaction of the work: still ours, until now_ms + STORE_LEASE_MS. ERR_CONFLICT: it was
 * taken over; the transaction must not be committed. */
int store_lease_renew(struct db_tx *tx, const struct store_lease *l, int64_t now_ms, struct err *e);
/* The work is done, or given up. Nothing happens when it is not ours. */
int store_lease_end(struct db_tx *tx, const struct store_lease *l, struct err *e);
/* Leases of all other owners end, with a new epoch: the caller knows that none of them runs, as
 * the holder of the data folder's lock does. */
int store_lease_break(struct db_tx *tx, const char *owner, struct err *e);
