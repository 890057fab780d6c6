/* terms: what a notification asks of findings, as a body of the API and as the store keeps it. */
#pragma once
#include "match/criteria.h"
#include "store/notification.h"

/* The rows of criteria that are of the finding; the place is the notification's scope. */
extern const struct record_object notify_criteria_object;
/* The text is what record_put of it wrote, or empty; it lasts as long as the result. */
int notify_criteria_parse(struct bytes text, struct arena *a, struct criteria *ret, struct err *e);
/* As the store keeps them. */
int notify_criteria_text(const struct criteria *c, struct arena *a, struct bytes *ret,
			 struct err *e);

/* Of a webhook an http(s) URL with a host, without user and fragment; of mail 1 to 20 addresses,
 * separated by commas. ERR_FORMAT: what is wrong with it. */
int notify_target_check(enum store_notification_kind kind, struct bytes target, struct err *e);
/* What of a URL is no secret: scheme and host. */
struct bytes notify_target_origin(struct bytes url);
