/* scans (store_scan_): the queue of scans, which is also their record. One open scan per image,
 * with a lease of the server that runs it (store/lease.h): a server that lost it cannot commit. */
#pragma once
#include "base/arena.h"
#include "store/lease.h"
#include "store/scope.h"

enum store_scan_status {
	STORE_SCAN_QUEUED,
	STORE_SCAN_RUNNING,
	STORE_SCAN_COMPLETED,
	STORE_SCAN_FAILED,
	STORE_SCAN_UNSUPPORTED
};
const char *store_scan_status_word(enum store_scan_status s); /* "queued" … */

struct store_scan {
	int64_t id;
	int64_t repository_id, registry_id;
	struct bytes digest, trigger, reason;
	struct bytes repository, registry, subscription; /* names */
	struct bytes lease_owner;			 /* empty: nothing runs it */
	enum store_scan_status status;
	int64_t attempts, run_at_ms, lease_epoch, queued_ms, started_ms, finished_ms;
	int64_t deaths;	 /* servers that ended while it ran */
	int64_t retries; /* how often it was asked for again after it had failed for reasons of the
			    server's */
};

/* Then the scan ends as failed: 1 s, 4 s, 16 s … apart, 6 minutes in all. */
#define STORE_SCAN_ATTEMPTS_MAX 6
/* Servers that end while a scan runs: then it is given up, whatever else is tried again. */
#define STORE_SCAN_DEATHS_MAX 5
/* No attempt is put off longer: what is due later was put off before the clock was set back. */
#define STORE_SCAN_RUN_AHEAD_MS (INT64_C(30) * 60000)
/* Longest time until a scan that failed for reasons of the server's is asked for again. */
#define STORE_SCAN_RETRY_MAX_MS (INT64_C(6) * 3600000)

/* Who takes a scan, and whose turn it is. */
struct store_scan_turn {
	const char *owner;
	bool any;      /* the one that is due longest, whatever its repository */
	int64_t after; /* the repository that was served last */
	/* Repositories that may not take more. */
	const int64_t *full;
	size_t full_count;
	/* Registries that have scans running, or had the last one: those of others go first. They
	 * are looked for among some repositories at a time, from *look_from on, which is moved.
	 * NULL: registries do not matter. */
	const int64_t *served;
	size_t served_count;
	int64_t *look_from;
};

/* Queue a scan unless one is open for this image. *ret_id: the open one's. */
int store_scan_add(struct db_tx *tx, int64_t repository, struct bytes digest, struct bytes trigger,
		   int64_t now_ms, int64_t *ret_id, struct err *e);
/* Take one that is due: 1, 0 = none (*ret_next_ms: when the next one is due, INT64_MAX = never; it
 * may be due already and of a repository that is full). Repositories take turns by number, each
 * with its own longest due. Runs from a. */
int store_scan_claim(struct db_tx *tx, int64_t now_ms, const struct store_scan_turn *turn,
		     struct arena *a, struct store_scan *ret, int64_t *ret_next_ms, struct err *e);
/* 1 = still ours, 0 = lost. */
int store_scan_renew(struct db_tx *tx, const struct store_scan *s, int64_t now_ms, struct err *e);
/* End it, or put it back (status QUEUED) to be run at run_at_ms. ERR_CONFLICT: the lease was lost,
 * or the scan was removed with its image; the transaction must not be committed. */
int store_scan_end(struct db_tx *tx, const struct store_scan *s, enum store_scan_status status,
		   struct bytes reason, int64_t run_at_ms, int64_t now_ms, struct err *e);
/* Scans whose lease ran out go back to the queue. Count. */
int64_t store_scan_reap(struct db_tx *tx, int64_t now_ms, struct err *e);
/* At a start: all running ones of other owners, whose servers ended, but for those of
 * store_scan_doomed. Count. */
int64_t store_scan_reap_ended(struct db_tx *tx, const char *owner, int64_t now_ms, struct err *e);
/* At a start, after store_scan_reap_ended: one that was running when its server ended, for the
 * STORE_SCAN_DEATHS_MAXth time: 1, 0 = there is none. The caller ends it. Runs from a. */
int store_scan_doomed(struct db_tx *tx, struct arena *a, struct store_scan *ret, struct err *e);
/* It ended as failed for reasons of the server's: it is asked for again at retry_at_ms. */
int store_scan_put_retry(struct db_tx *tx, const struct store_scan *s, int64_t retry_at_ms,
			 struct err *e);
/* Ask again for up to max of those whose time has come, unless something else was asked for since:
 * how many were looked at. */
int64_t store_scan_retry(struct db_tx *tx, int64_t now_ms, size_t max, struct err *e);
/* After the clock was set back: what has not been tried, or is put off longer than anything is,
 * becomes due. Count. */
int64_t store_scan_mend_clock(struct db_tx *tx, int64_t now_ms, struct err *e);
/* Ask for scans of images from_id … to_id that are Unverified, have a reason, or have documents
 * attached (STORE_SCAN_AGAIN_REASON), or are Unverified after a scan that failed
 * (STORE_SCAN_AGAIN_FAILED). None of an image over whose scan STORE_SCAN_DEATHS_MAX servers ended.
 * Count. */
enum store_scan_again { STORE_SCAN_AGAIN_REASON, STORE_SCAN_AGAIN_FAILED };
int64_t store_scan_again(struct db_tx *tx, enum store_scan_again which, int64_t from_id,
			 int64_t to_id, struct bytes trigger, int64_t now_ms, struct err *e);
/* A scan of every image at and below a scope that was never scanned and has none open; how many. */
int64_t store_scan_add_below(struct db_tx *tx, int64_t scope_id, struct bytes trigger,
			     int64_t now_ms, struct err *e);
/* Every image pulled after pulled_ms and scanned before scanned_ms. Count. */
int64_t store_scan_recheck(struct db_tx *tx, int64_t pulled_ms, int64_t scanned_ms, int64_t now_ms,
			   struct err *e);
/* What the last scans of an image say of the next. */
struct store_scan_outlook {
	struct bytes trigger;	   /* of the last that ended; empty = none */
	struct bytes open_trigger; /* of the one that has not; empty = none */
	bool is_running;	   /* that one */
	int64_t run_at_ms;	   /* while it is queued */
	int64_t retry_at_ms;	   /* the last one failed and is asked for again then; 0 = not */
	bool plan_off;
};
/* Of images by their numbers: ret[i] of images[i]. */
int store_scan_outlooks(struct db_tx *tx, const int64_t *images, size_t count, struct arena *a,
			struct store_scan_outlook *ret, struct err *e);
/* Newest first: the count into out[max]. */
struct store_scan_query {
	int64_t repository_id;			   /* 0 = any */
	struct bytes digest;			   /* empty = any */
	bool statuses[STORE_SCAN_UNSUPPORTED + 1]; /* none = any */
	int64_t before;				   /* ids below; 0 = from the newest */
	size_t max;
	struct visibility visible;
};
int64_t store_scan_list(struct db_tx *tx, const struct store_scan_query *q, struct arena *a,
			struct store_scan *out, struct err *e);
/* How many there are in all, whatever before and max. */
int store_scan_total(struct db_tx *tx, const struct store_scan_query *q, struct total *ret,
		     struct err *e);
int store_scan_get(struct db_tx *tx, int64_t id, struct arena *a, struct store_scan *ret,
		   struct err *e); /* 1 = found */
