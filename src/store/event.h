/* event: facts that other modules react to, kept in order, appended in the transaction of the
 * fact itself: an event is there exactly when its fact is. */
#pragma once
#include "base/arena.h"
#include "store/scope.h"

/* Types; other modules may add theirs. */
#define EVENT_PUSHED "pushed"	  /* a manifest was put (or a tag moved to it) */
#define EVENT_PULLED "pulled"	  /* a manifest was fetched by GET */
#define EVENT_IMPORTED "imported" /* a manifest came in by import */
/* A tag (digest and tag set) or a manifest (tag empty) went away. */
#define EVENT_DELETED "deleted"
/* A blob that the manifest needs was found damaged on disk; detail says which and why. */
#define EVENT_DAMAGED "damaged"
/* reason: ASCII without quotes. */
#define EVENT_DAMAGED_DETAIL(reason) "{\"reason\":\"" reason "\"}"
/* A blob that the manifest needs was damaged, and was pushed again. */
#define EVENT_MENDED "mended"

struct event {
	int64_t id; /* rises in commit order; gaps are possible; 0 when appending */
	int64_t registry_id, repository_id;
	struct bytes type;
	struct bytes registry, repository, digest, tag;
	struct bytes subscription; /* the registry's, when it is read; empty: it is gone */
	struct bytes media_type;
	uint64_t size;	     /* bytes of the manifest */
	struct bytes actor;  /* who did it; empty = unknown */
	struct bytes detail; /* JSON object or empty */
	int64_t at;	     /* wall ms */
};

/* Inside a DB_WRITE transaction. Waiters wake when it commits. */
int event_append(struct db_tx *tx, const struct event *ev, struct err *e);
/* The first event with id > after_id that is visible: 1 = found (runs live in the arena), 0 = none
 * yet, <0. */
int event_next(struct db_tx *tx, int64_t after_id, const struct visibility *v, struct arena *a,
	       struct event *ret, struct err *e);
/* Highest id so far, 0 without events. */
int event_last(struct db_tx *tx, int64_t *ret_id, struct err *e);
/* Remove events with id <= upto_id and at < before_ms, at most 1,000 per call: how many. */
int64_t event_prune(struct db_tx *tx, int64_t upto_id, int64_t before_ms, struct err *e);

/* Wake-up without polling: take the sequence, look for events, then wait for the sequence to move.
 * The sequence counts commits (of this process) that appended events. */
uint64_t event_seq(struct db *d);
/* Waits until the sequence differs from seen or the time has passed; returns the sequence. */
uint64_t event_wait(struct db *d, uint64_t seen, unsigned timeout_ms);
/* Wakes all waiters without an event (at shutdown). */
void event_wake(struct db *d);
