/* notification (store_notification_, store_delivery_): where messages are sent, each at a scope and
 * about what is at and below it, and the messages themselves. A message is a row until long after
 * it was delivered or given up: at least once, with the row's number as its id. */
#pragma once
#include "base/arena.h"
#include "store/scope.h"
#include "store/total.h"

#define STORE_NOTIFICATION_NAME_MAX 128U
#define STORE_NOTIFICATION_TARGET_MAX 2048U /* bytes of a URL, or of all addresses */
#define STORE_NOTIFICATIONS_MAX 200U	    /* of a server: each fact is tried against each */
#define STORE_DELIVERIES_WAITING_MAX 1000U  /* of a notification; then messages are dropped */

enum store_notification_kind { STORE_NOTIFY_WEBHOOK, STORE_NOTIFY_EMAIL };
const char *store_notification_kind_word(int kind); /* "webhook", "email"; NULL past them */

/* What it is sent for: bits 1 << this. */
enum store_notify_event {
	STORE_NOTIFY_FINDINGS,
	STORE_NOTIFY_STATE,
	STORE_NOTIFY_SCAN_FAILED,
	STORE_NOTIFY_FEEDS,
	STORE_NOTIFY_RULES,
	STORE_NOTIFY_IMPORTS,
	STORE_NOTIFY_WEEKLY,
	STORE_NOTIFY_EVENT_COUNT
};
const char *store_notify_event_word(int event); /* "findings" …; NULL past them */

struct store_notification {
	int64_t id, scope_id;
	struct bytes name, target, sealed, criteria, author;
	enum store_notification_kind kind;
	uint64_t events;
	int severity_min; /* enum adv_severity */
	bool is_on;
	int64_t created_at, changed_at;
	/* Of its messages; when read by get and list. */
	uint64_t waiting;
	int64_t delivered_at, failed_at; /* the last of each; 0 = none */
	struct bytes error;		 /* of one that waits or failed last; empty = none */
};
struct store_notifications {
	struct store_notification *items;
	size_t count;
	bool more;
};

/* Its number. ERR_LIMIT: there are STORE_NOTIFICATIONS_MAX. */
int64_t store_notification_add(struct db_tx *tx, const struct store_notification *x, struct err *e);
/* All but scope and created_at of the row id; messages that wait are tried at once. */
int store_notification_set(struct db_tx *tx, const struct store_notification *x, struct err *e);
int store_notification_delete(struct db_tx *tx, int64_t id, struct err *e); /* with its messages */
/* 1 = found at a visible scope. */
int store_notification_get(struct db_tx *tx, int64_t id, const struct visibility *v,
			   struct arena *a, struct store_notification *ret, struct err *e);
/* By number, after `after`, up to n; scope 0 = any. */
struct store_notification_query {
	int64_t scope_id, after;
	size_t n;
	struct visibility visible;
};
int store_notification_list(struct db_tx *tx, const struct store_notification_query *q,
			    struct arena *a, struct store_notifications *ret, struct err *e);
int store_notification_total(struct db_tx *tx, const struct store_notification_query *q,
			     struct total *ret, struct err *e);
/* Those that are on and are sent for one of the events (bits), at a scope that holds for `scope`
 * (0: at any); without sums of messages. */
int store_notifications_on(struct db_tx *tx, uint64_t events, int64_t scope, struct arena *a,
			   struct store_notifications *ret, struct err *e);
/* The lowest severity that one that is on and is sent for findings asks for. 1 = there is one that
 * is on and is sent for one of the events; ret may be NULL. */
int store_notification_wants(struct db_tx *tx, uint64_t events, int *ret_severity_min,
			     struct err *e);

enum store_delivery_state { STORE_DELIVERY_WAITING, STORE_DELIVERY_DONE, STORE_DELIVERY_FAILED };
const char *store_delivery_state_word(int state); /* "waiting", "delivered", "failed" */
struct store_delivery {
	int64_t id, notification_id;
	struct bytes event, subject, body;
	enum store_delivery_state state;
	int64_t attempts, created_at, next_at, ended_at;
	struct bytes error; /* of the last attempt; empty = none */
};
struct store_deliveries {
	struct store_delivery *items;
	size_t count;
	bool more;
};
/* A message that is due now: its number, which body is given with store_delivery_write. Where too
 * many wait it is one that failed. */
int64_t store_delivery_add(struct db_tx *tx, const struct store_delivery *x, struct err *e);
/* Newest first, before a number (0: from the newest); without bodies. */
int store_delivery_list(struct db_tx *tx, int64_t notification, int64_t before, size_t n,
			struct arena *a, struct store_deliveries *ret, struct err *e);
int store_delivery_total(struct db_tx *tx, int64_t notification, struct total *ret, struct err *e);
int store_delivery_get(struct db_tx *tx, int64_t id, struct arena *a, struct store_delivery *ret,
		       struct err *e);
/* The one that is due longest of a notification that is on and has none under way until lease_ms
 * from now; it counts as an attempt. 1, 0 = none. */
int store_delivery_claim(struct db_tx *tx, int64_t now_ms, int64_t lease_ms, struct arena *a,
			 struct store_delivery *ret, struct store_notification *ret_of,
			 struct err *e);
/* How an attempt ended: x's state, next_at (of one that waits), ended_at and error. */
int store_delivery_end(struct db_tx *tx, const struct store_delivery *x, struct err *e);
/* When the next one is due; 0 = none waits. */
int store_delivery_next(struct db_tx *tx, int64_t *ret_ms, struct err *e);
/* What was put off before the clock was set back is due, and no notification is busy until then. */
int store_delivery_mend_clock(struct db_tx *tx, int64_t now_ms, struct err *e);
/* Those that ended, or were made, before before_ms go, up to 1,000. Count. */
int64_t store_delivery_prune(struct db_tx *tx, int64_t before_ms, struct err *e);
