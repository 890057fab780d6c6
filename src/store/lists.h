/* lists: a set's packages with their paths, and the ids of sets, each as one run of bytes
 * (some 2 bytes a row instead of 50). Both ascend. */
#pragma once
#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"

struct lists_writer {
	int64_t last;
	struct bytes path; /* of the one before; borrowed */
};
/* package above the one before; zeroed writer at first. */
void lists_put(struct lists_writer *w, int64_t package, struct bytes path, struct buf *out);

struct lists_reader {
	struct cursor c;
	int64_t package;
	struct buf path;
};
/* list is borrowed. */
void lists_open(struct lists_reader *r, struct bytes list);
void lists_close(struct lists_reader *r);
/* 1 = package and path are the next one's (path until the call after it), 0 = end, ERR_DAMAGED,
 * ERR_NOMEM. */
int lists_next(struct lists_reader *r, struct err *e);

void lists_ids_put(int64_t *last, int64_t id, struct buf *out);
/* 1 = *id was moved to the next, 0 = end, ERR_DAMAGED. */
int lists_ids_next(struct cursor *c, int64_t *id, struct err *e);
