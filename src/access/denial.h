/* denial: the log of changes that did not happen: denied ones (who, from where, what, and the
 * action that lacks), and failed ones of callers who may make them. Of either, a caller at one
 * address (an IPv6 /64) has DENIAL_ROWS_MAX rows a minute in it, all together DENIAL_ALL_MAX; what
 * comes besides is counted, and a row "denied.more" or "failed.more" per caller states how many at
 * the end of the minute: with the next one, when the log is read, and at the end. Neither kind
 * takes rows from the other: who may fail at will cannot hide what he was denied. Thread-safe, of
 * constant size. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"

#define DENIAL_ROWS_MAX 20U /* of one caller in DENIAL_WINDOW_MS */
#define DENIAL_ALL_MAX 600U
#define DENIAL_WINDOW_MS 60000

struct db;
struct denials;
/* rows: of the log that are kept. */
struct denials *denial_open(struct db *db, uint64_t rows, struct err *e);
/* Writes what was counted. NULL accepted. */
void denial_close(struct denials *d);

enum denial_kind { DENIAL_DENIED, DENIAL_FAILED, DENIAL_KINDS };
struct denial {
	enum denial_kind kind;
	struct bytes actor, peer;
	const char *method, *route, *needs; /* "PUT", "/api/v1/users/{user}", the action */
	struct bytes scope;
	struct bytes path; /* of a failed one: what was asked for, "/api/v1/users/ann" */
	unsigned status;   /* of the reply */
};
/* The action that was lacked, of the note of a row (its `after`); empty: it says none. */
struct bytes denial_needs(struct bytes note);
/* A row that cannot be written is counted. */
void denial_note(struct denials *d, const struct denial *what);
/* Write what was counted in minutes that are over. */
void denial_flush(struct denials *d);
