/* notice (store_notice_): facts that messages may have to be made of, written in the transaction of
 * the fact where a notification asks for it (store_notification_wants), and removed in that of its
 * messages: none is lost, none is made of what was rolled back. */
#pragma once
#include "base/arena.h"
#include "db/db.h"

enum store_notice_kind {
	STORE_NOTICE_SCAN,	  /* subject: the image's digest; checks: what is new in it;
				     detail: the states before and after */
	STORE_NOTICE_ADVISORIES,  /* checks: what a switch brought (ledger/announce.h) */
	STORE_NOTICE_SCAN_FAILED, /* subject: the digest; detail: why */
	STORE_NOTICE_IMPORT,	  /* subject: the number */
	STORE_NOTICE_RULE,	  /* subject: the number; detail: what happened */
	STORE_NOTICE_FEEDS,	  /* subject: the feed; detail */
	STORE_NOTICE_WEEKLY,
};
struct store_notice {
	int64_t id;
	enum store_notice_kind kind;
	int64_t scope_id; /* where; 0 = everywhere */
	struct bytes subject, detail, checks;
	int64_t at;
};
/* Waiters of events wake when it commits. */
int store_notice_add(struct db_tx *tx, const struct store_notice *x, struct err *e);
/* The oldest: 1, 0 = none. */
int store_notice_first(struct db_tx *tx, struct arena *a, struct store_notice *ret, struct err *e);
/* 1, 0 = another server did. */
int store_notice_done(struct db_tx *tx, int64_t id, struct err *e);

/* What was said once is not said again: 2 = the mark is new, 1 = it has another value now, 0 = as
 * it is. */
enum store_mark_kind {
	STORE_MARK_RULE_SOON,
	STORE_MARK_RULE_EXPIRED,
	STORE_MARK_RULE_ENDED,
	STORE_MARK_FEED,
	STORE_MARK_WEEK,
};
int store_mark_set(struct db_tx *tx, enum store_mark_kind kind, struct bytes subject, int64_t value,
		   struct err *e);
