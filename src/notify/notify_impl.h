/* notify_impl: what the parts of the notifier share. Private to notify/. */
#pragma once
#include "notify/message.h"
#include "notify/notify.h"
#include "store/notice.h"

#include <pthread.h>

#define NOTIFY_SENDERS 2
#define NOTIFY_ARENA_MAX ((size_t)256 << 20) /* bytes: what one fact comes to */

struct notifier {
	struct notifier_options o;
	atomic_bool stopping;
	pthread_t threads[NOTIFY_SENDERS + 1];
	size_t thread_count;
	int64_t looked_at; /* the last time that passed facts were looked for, wall ms */
};

/* deliver.c: sends the message that is due: 1 = one was, or was tried. */
int notify_deliver_one(struct notifier *n, struct err *e);

/* compose.c: makes messages of the oldest fact: 1 = there was one. */
int notify_compose_one(struct notifier *n, struct err *e);

/* Messages that a fact comes to. */
struct notify_out {
	struct store_delivery *items;
	size_t count, cap;
};
/* What composing one fact has at hand. */
struct notify_work {
	struct notifier *n;
	struct db_tx *tx;
	struct arena *a;
	const struct store_notice *notice;
	struct notify_out out;
};
/* Begin a message of the type for a notification; subject: in a line, in the arena. */
int notify_begin(struct notify_work *w, struct notify_message *m, const char *type,
		 const char *subject, const struct store_notification *to, struct err *e);
int notify_end(struct notify_work *w, struct notify_message *m, const struct store_notification *to,
	       struct err *e);
/* compose_scan.c, compose_switch.c, compose_rest.c: messages of a fact of that kind. */
int notify_of_scan(struct notify_work *w, struct err *e);
int notify_of_switch(struct notify_work *w, struct err *e);
int notify_of_failure(struct notify_work *w, struct err *e);
int notify_of_import(struct notify_work *w, struct err *e);
int notify_of_rule(struct notify_work *w, struct err *e);
int notify_of_feed(struct notify_work *w, struct err *e);
int notify_of_week(struct notify_work *w, struct err *e);

/* Where an image is, as members of the object that is open. */
struct ledger_image;
void notify_put_image(struct notify_message *m, const struct ledger_image *i);

/* watch.c: what becomes a fact as time passes: rules, feeds, weeks. */
int notify_watch(struct notifier *n, int64_t now_ms, struct err *e);
