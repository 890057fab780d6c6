/* db_sqlite (lite_): an SQLite connection with its prepared statements. Private to the engine: only
 * db_sqlite*.c include it. */
#pragma once
#include "db/db_engine.h"

#include <sqlite3.h>

struct lite_conn;
struct lite_conn *lite_open(const struct db_place *p, bool writer, struct err *e);
void lite_close(struct lite_conn *c);
/* The handle itself, for the engine's own interfaces. */
sqlite3 *lite_handle(struct lite_conn *c);

/* db_sqlite_copy.c: operations of struct db_engine. */
int lite_copy(struct db_conn *c, const char *to, int (*step)(void *arg, struct err *e), void *arg,
	      struct err *e);
int lite_check(const char *address, void (*say)(void *arg, const char *text), void *arg,
	       struct err *e);

/* db_sqlite_list.c: the table-valued function db_list(list), rows value; an SQLite result code. */
int lite_list_add(sqlite3 *handle);
/* Bind a copy of the list. */
int lite_list_bind(sqlite3_stmt *s, int at, const struct db_value *v);
