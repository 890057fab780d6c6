/* denial: the log of changes that were denied: who, from where, what, and the action that lacks. A
 * caller at one address (an IPv6 /64) has DENIAL_ROWS_MAX rows a minute in it, all together
 * DENIAL_ALL_MAX; what is denied besides is counted, and a row "denied.more" per caller states how
 * many at the end of the minute: with the next denial, when the log is read, and at the end.
 * Thread- safe, of constant size. */
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

struct denial {
	struct bytes actor, peer;
	const char *method, *route, *needs; /* "PUT", "/api/v1/users/{user}", the action */
	struct bytes scope;
	unsigned status; /* of the reply */
};
/* A row that cannot be written is counted. */
void denial_note(struct denials *d, const struct denial *what);
/* Write what was counted in minutes that are over. */
void denial_flush(struct denials *d);
