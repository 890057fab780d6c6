/* lists (lst_): a set's packages with their paths, and the ids of sets, each as one run of bytes
 * (some 2 bytes a row instead of 50). Both ascend. */
#pragma once
#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"

struct lst_writer {
	int64_t last;
	struct bytes path; /* of the one before; borrowed */
};
/* package above the one before; zeroed writer at first. */
void lst_put(struct lst_writer *w, int64_t package, struct bytes path, struct buf *out);

struct lst_reader {
	struct cursor c;
	int64_t package;
	struct buf path;
};
/* list is borrowed. */
void lst_open(struct lst_reader *r, struct bytes list);
void lst_close(struct lst_reader *r);
/* 1 = package and path are the next one's (path until the call after it), 0 = end, ERR_DAMAGED,
 * ERR_NOMEM. */
int lst_next(struct lst_reader *r, struct err *e);

void lst_ids_put(int64_t *last, int64_t id, struct buf *out);
/* 1 = *id was moved to the next, 0 = end, ERR_DAMAGED. */
int lst_ids_next(struct cursor *c, int64_t *id, struct err *e);
