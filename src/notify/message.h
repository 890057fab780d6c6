/* message: the text of a message, a CloudEvent (CloudEvents 1.0, structured JSON) whose `data` also
 * says in words what happened. */
#pragma once
#include "base/json.h"
#include "store/notification.h"

#define NOTIFY_MESSAGE_MAX (1U << 20)	      /* bytes */
#define NOTIFY_SEALED_FOR "notification"      /* secrets are bound to this (access_seal) */
#define NOTIFY_TYPE(name) "io.plimsoll." name /* types of messages */

struct notify_message {
	const char *type;     /* NOTIFY_TYPE */
	struct bytes subject; /* what it is about, in a line */
	int64_t at;
	const char *url; /* of the server; "" or NULL = unknown */
	struct buf text;
	struct json_out w; /* inside the object data */
};
/* Begin; the caller writes members of data, then ends it. */
void notify_message_begin(struct notify_message *m, const struct store_notification *to);
/* The text into x, in a. ERR_LIMIT: it is too long; ERR_NOMEM. */
int notify_message_end(struct notify_message *m, struct arena *a, struct store_delivery *x,
		       struct err *e);
/* The id of a message is its number, which it gets when it is written: what is sent has it. */
int notify_message_with_id(struct bytes text, int64_t id, struct buf *out, struct err *e);
/* A link into the portal, as a member of data. */
void notify_put_link(struct notify_message *m, const char *key, const char *path);

int notify_test_message(const struct store_notification *to, struct arena *a,
			struct store_delivery *ret, struct err *e);
