/* audit: the rows of the audit logs are chained, so that a changed, removed or inserted row is
 * detected: a row's chain is the SHA-256 of the chain before it and the row. The first rows of
 * a log are removed as it grows, so a chain is checked from the oldest row that is left; a
 * chain value noted earlier is found again unless what came before was changed. */
#pragma once
#include "base/err.h"
#include "base/record.h"
#include "store/access.h"

#define AUDIT_CHAIN_CAP 65 /* hex and a NUL */

/* The chain of the row that follows previous (empty for the first row ever). Over, each as
 * "LENGTH:BYTES,": previous, at in ms, actor, peer, action, subject, before, after. */
int audit_chain(struct bytes previous, const struct access_audit *row, char out[AUDIT_CHAIN_CAP],
		struct err *e);

/* Write the row, whose chain is made here, in the caller's transaction. What of its texts is not
 * UTF-8, and U+0000, becomes U+FFFD first: every engine keeps, and every reader gets, the bytes
 * that the chain is over. */
int audit_add(struct db_tx *tx, enum access_log log, const struct access_audit *row, struct err *e);
/* An entry's columns in CSV. */
extern const struct record_object audit_columns;

/* Rows are checked newest first, as they are listed. */
struct audit_check {
	struct access_audit newer; /* not checked yet; the caller's runs */
	bool any, whole;
	uint64_t count;
	int64_t
	    broken; /* the newest row whose chain does not follow from the one before; 0 = none */
};
/* Hand over the next older row. ERR_NOMEM or what hashing fails with. */
int audit_check_next(struct audit_check *c, const struct access_audit *row, struct err *e);
/* After the oldest one: the first row of the log (number 1) is checked, too. */
int audit_check_end(struct audit_check *c, struct err *e);
