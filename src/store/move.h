/* move (store_move): a data folder's database to another engine: from its file to a server, and
 * back. */
#pragma once
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct store_move {
	const char *data_dir; /* locked by the caller: no server uses it */
	/* postgresql://…, new or this folder's own; NULL: a file in the folder. */
	const char *to;
	/* After each table; may be NULL. */
	void (*say)(void *arg, const char *table, uint64_t rows);
	void *arg;
	uint64_t tables, rows; /* out */
};
/* The file that was the database is renamed to this. */
#define STORE_MOVED_FILE "plimsoll.db.moved"

/* All rows are in the new database, and the folder names it, or nothing has changed. One that was
 * killed is run again. ERR_CONFLICT when the folder's database is there already, or `to` is another
 * folder's. */
int store_move(struct store_move *m, struct err *e);
