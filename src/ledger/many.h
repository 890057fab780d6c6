/* many: rows for one statement, gathered and executed together: a round trip for some thousands.
 * Zeroed at first but for tx, text and columns. */
#pragma once
#include "db/db.h"

#define MANY_ROWS 8192U /* executed together */

struct many {
	struct db_tx *tx;
	const char *text;
	size_t columns;
	struct db_value *values;
	size_t rows, cap;
};
/* row: columns values; what they borrow lasts until many_end. */
int many_add(struct many *m, const struct db_value *row, struct err *e);
/* Executes what is left and frees; r: 0, or the error of who added: passed on. */
int many_end(struct many *m, int r, struct err *e);
