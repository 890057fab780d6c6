/* scans (scs_): the queue of scans, which is also their record. One open scan per image; a lease with an epoch fences workers that were thought dead. */
#pragma once
#include "base/arena.h"
#include "store/db.h"

enum scs_status { SCS_QUEUED, SCS_RUNNING, SCS_COMPLETED, SCS_FAILED, SCS_UNSUPPORTED };
const char *scs_status_word(enum scs_status s); /* "queued" … */

struct scs_scan {
	int64_t id;
	struct bytes repository, digest, trigger, reason;
	enum scs_status status;
	int64_t attempts, run_at_ms, lease_epoch, queued_ms, started_ms, finished_ms;
};

#define SCS_LEASE_MS 60000   /* renewed by a third of it; a dead owner's scan is taken over after this */
#define SCS_ATTEMPTS_MAX 6   /* then the scan ends as failed: 1 s, 4 s, 16 s … apart, 23 minutes in all */

/* Queue a scan unless one is open for this image. *ret_id: the open one's. */
int scs_add(struct db_tx *tx, struct bytes repository, struct bytes digest, struct bytes trigger, int64_t now_ms, int64_t *ret_id, struct err *e);
/* Take the next that is due: 1, 0 = none (*ret_next_ms: when the next one is due, INT64_MAX = never). Runs from a. */
int scs_claim(struct db_tx *tx, int64_t now_ms, struct arena *a, struct scs_scan *ret, int64_t *ret_next_ms, struct err *e);
/* 1 = still ours, 0 = lost. */
int scs_renew(struct db_tx *tx, const struct scs_scan *s, int64_t now_ms, struct err *e);
/* End it, or put it back (status QUEUED) to be run at run_at_ms. 0 also when the lease was lost: the result of a scan is the same whoever ran it. */
int scs_end(struct db_tx *tx, const struct scs_scan *s, enum scs_status status, struct bytes reason, int64_t run_at_ms, int64_t now_ms, struct err *e);
/* Scans whose lease ran out go back to the queue (after a crash: all running ones, with all = true). Count. */
int64_t scs_reap(struct db_tx *tx, int64_t now_ms, bool all, struct err *e);
/* Newest first, ids below before (0 = from the newest); repository and digest may be empty. Count into out[max]. */
int64_t scs_list(struct db_tx *tx, struct bytes repository, struct bytes digest, int64_t before, size_t max, struct arena *a, struct scs_scan *out, struct err *e);
int scs_get(struct db_tx *tx, int64_t id, struct arena *a, struct scs_scan *ret, struct err *e); /* 1 = found */
int64_t scs_count(struct db_tx *tx, enum scs_status status, struct err *e);
