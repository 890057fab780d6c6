/* db_sqlite: one SQLite connection with its prepared statements. Private to the engine: only db_*.c
 * include it. */
#pragma once
#include "store/db.h"

#include <sqlite3.h>

#define DB_PARAMS_MAX 32U

struct db_conn;
struct db_tx {
	struct db *db;
	struct db_conn *conn;
	enum db_mode mode;
	bool signal; /* db_signal was called */
};

/* writer: creates the file (mode 0600) and sets the journal; a reader refuses to change anything.
 */
struct db_conn *db_conn_open(const char *path, bool writer, struct err *e);
void db_conn_close(struct db_conn *c);
/* One of our own literal texts without parameters or rows, from the cache. */
int db_conn_do(struct db_conn *c, const char *text, struct err *e);
/* Prepare these texts now. */
int db_conn_warm(struct db_conn *c, const char *const *texts, size_t count, struct err *e);
/* Many statements in one text, tokens expanded, nothing cached. */
int db_conn_script(struct db_conn *c, const char *text, struct err *e);
/* db_limit; stop: read as long as the limit holds. */
struct db_limits {
	int64_t until_ms; /* of the monotonic clock */
	bool (*gone)(void *arg);
	void *arg;
	const _Atomic bool *stop;
};
void db_conn_limit(struct db_conn *c, const struct db_limits *l);
void db_conn_unlimit(struct db_conn *c);
bool db_conn_in_transaction(struct db_conn *c);
int db_conn_checkpoint(struct db_conn *c, struct err *e);
/* The whole log into the main file, then cut to nothing: ERR_TIMEOUT when a reader holds it. */
int db_conn_empty_log(struct db_conn *c, struct err *e);
/* A sync failed since this was asked last: what was written before it may never reach the disk. */
bool db_conn_sync_failed(struct db_conn *c);

/* All of it as it is now, into a new file: inside a transaction of c. */
int db_conn_copy(struct db_conn *c, const char *to, int (*step)(void *arg, struct err *e),
		 void *arg, struct err *e);
/* The handle itself, for the engine's own interfaces. */
sqlite3 *db_conn_handle(struct db_conn *c);
/* Closing the last connection leaves the log as it is. */
void db_conn_keep_log(struct db_conn *c);

struct schema_module;
/* Every module is at its last step: 0, ERR_UNSUPPORTED. Nothing is changed. */
int db_schema_check(struct db *d, const struct schema_module *modules, size_t count, struct err *e);
int db_migrate(struct db *d, const struct schema_module *modules, size_t count, struct err *e);
