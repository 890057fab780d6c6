/* transfer (db_transfer): all rows of one database into another, of either engine. */
#pragma once
#include "db/db.h"

struct db_transfer {
	/* Tables that are left as they are in `to`; ended by NULL. The table of schema versions and
	 * those of an engine alone always are. */
	const char *const *except;
	/* After each table; may be NULL. */
	void (*say)(void *arg, const char *table, uint64_t rows);
	void *arg;
	/* Last in the transaction that writes; may be NULL. */
	int (*accept)(struct db_tx *to, void *arg, struct err *e);
	uint64_t tables, rows; /* out */
};

/* `from` is read at one moment, `to` is written in one transaction, where all its rows go first:
 * afterwards it is whole, or as it was. Both were opened with the same schema. Tables have a
 * primary key, and the row that another one refers to is in a table that was made earlier. Rows are
 * counted again in `to`. texts: of statements; to be freed after both are closed. ERR_CONFLICT when
 * the schemas differ. */
int db_transfer(struct db *from, struct db *to, struct arena *texts, struct db_transfer *t,
		struct err *e);
