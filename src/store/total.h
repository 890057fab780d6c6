/* total: how many rows a list has, counted to TOTAL_MAX and no further. */
#pragma once
#include "db/db.h"

#define TOTAL_MAX 10000
struct total {
	uint64_t count;
	bool exact; /* false: there are more, or counting on would cost too much */
};
/* In SQL: rows of "FROM from", as total_read counts them. */
#define TOTAL_OF(from) "SELECT count(*) FROM (SELECT 1 AS one FROM " from " LIMIT 10001) counted"
/* text: of TOTAL_OF. 0 or <0. */
int total_read(struct db_tx *tx, const char *text, const struct db_value *args, size_t count,
	       struct total *ret, struct err *e);
/* count is what was counted, whole or in part. */
struct total total_of(uint64_t count, bool whole);
