/* notify (notifier_): messages that the server sends. Facts (store/notice.h) become messages (rows
 * of delivery) in one transaction; messages are sent by threads of their own, tried again with
 * growing pauses and given up after a day. Restartable at any moment: a message may be sent twice,
 * never lost. */
#pragma once
#include "base/arena.h"
#include "connect/reach.h"
#include "db/db.h"

#include <stdatomic.h>

struct access;
struct engine;
struct notifier;

#define NOTIFY_GIVE_UP_MS (INT64_C(24) * 3600000) /* since the message was made */

struct notifier_options {
	struct db *db;
	const struct access *access; /* opens secrets */
	struct engine *engine;	     /* whose feeds are looked at; may be NULL */
	const struct reach *reach;   /* of webhooks */
	const char *public_url;	     /* "" = unknown: links have no host */
	int64_t history_ms;	     /* messages are kept so long */
	int64_t feeds_every_ms;	     /* 0: feeds are not fetched */
	const char *smtp_url, *smtp_from, *smtp_username; /* "" = none */
	const char *smtp_password_file;
	bool smtp_plain;
};
/* Copies the options, not what they point to. */
struct notifier *notifier_start(const struct notifier_options *o, struct err *e);
/* Why nothing is sent for a notification now: its author is gone, or may not read the findings of
 * its scope any more. Empty: it is sent. Of a. */
struct store_notification;
int notify_paused(struct db_tx *tx, const struct store_notification *x, struct arena *a,
		  struct bytes *ret, struct err *e);
void notifier_stop_soon(struct notifier *n); /* requests end. NULL accepted, here and below */
void notifier_stop(struct notifier *n);
