/* db_engine: what an engine does for db.c. Private to db/. */
#pragma once
#include "db/db.h"

struct db_conn;
/* db_limit; stop: read as long as the limit holds. */
struct db_limits {
	int64_t until_ms; /* of the monotonic clock */
	bool (*gone)(void *arg);
	void *arg;
	const _Atomic bool *stop;
};
bool db_limit_reached(const struct db_limits *l);

struct db_place {
	const char *address;
	int (*functions)(void *handle, bool writer); /* struct db_schema; may be NULL */
	bool keep_log;				     /* nothing on disk is to be changed */
};

/* Of a transaction that failed: through its own doing; it may succeed if it runs again; it is
 * unknown whether it was committed. */
enum db_verdict { DB_FAILED, DB_AGAIN, DB_UNSURE };

/* Connections are used by one thread at a time. Statements of db_query are of the connection's
 * open transaction. */
struct db_engine {
	bool is_server; /* of many programs at once */
	/* How long a write that failed by a conflict or lost connection is retried; 0: a few times.
	 */
	unsigned patience_ms;

	/* A reader refuses to change anything. */
	struct db_conn *(*open)(const struct db_place *p, bool writer, struct err *e);
	void (*close)(struct db_conn *c); /* NULL accepted */

	/* begin ends what an earlier rollback left behind. verdict is asked after a failure, before
	 * the rollback. lost: the transaction is gone, or a rollback to a savepoint does not mend
	 * it. */
	int (*begin)(struct db_conn *c, enum db_mode mode, struct err *e);
	int (*commit)(struct db_conn *c, struct err *e);
	void (*rollback)(struct db_conn *c); /* also where there is nothing to roll back */
	bool (*is_lost)(struct db_conn *c);
	enum db_verdict (*verdict)(struct db_conn *c, const struct err *e);
	int (*savepoint)(struct db_conn *c, struct err *e);
	/* The savepoint's changes become the transaction's, or go. */
	int (*savepoint_end)(struct db_conn *c, bool keep, struct err *e);
	/* Many statements in one text, tokens expanded, nothing cached. */
	int (*script)(struct db_conn *c, const char *text, struct err *e);

	struct db_stmt *(*query)(struct db_conn *c, const char *text, const struct db_value *args,
				 size_t count, struct err *e);
	int (*step)(struct db_stmt *s, struct err *e);
	int64_t (*get_int)(struct db_stmt *s, int column);
	double (*get_real)(struct db_stmt *s, int column);
	struct bytes (*get_bytes)(struct db_stmt *s, int column);
	bool (*get_is_null)(struct db_stmt *s, int column);
	void (*done)(struct db_stmt *s);
	int64_t (*exec)(struct db_conn *c, const char *text, const struct db_value *args,
			size_t count, struct err *e);
	int64_t (*exec_many)(struct db_conn *c, const char *text, const struct db_value *args,
			     size_t columns, size_t rows, struct err *e);
	void (*limit)(struct db_conn *c, const struct db_limits *l); /* NULL: none any more */

	/* A text for query: table, column, type and place in the primary key (from 1; 0: none) of
	 * all tables of the schema, in the order they were made. */
	const char *dictionary;

	/* Of a whole database. NULL: not for this engine. */
	int (*check)(const char *address, void (*say)(void *arg, const char *text), void *arg,
		     struct err *e);
	int (*copy)(struct db_conn *c, const char *to, int (*step)(void *arg, struct err *e),
		    void *arg, struct err *e);
	int (*checkpoint)(struct db_conn *c, struct err *e);
	/* A table; outside a transaction. */
	int (*settle)(struct db_conn *c, const char *table, struct err *e);
	int (*ballast_keep)(const char *address, uint64_t size, struct err *e);
	void (*make_space)(struct db_conn *c, const char *address); /* the disk is full */
};
extern const struct db_engine db_sqlite, db_pgsql;
const struct db_engine *db_engine_of(const char *address);

/* Each engine's connection and statement begin with these. */
struct db_conn {
	const struct db_engine *engine;
	unsigned open; /* statements that db_done has not ended */
};
struct db_stmt {
	struct db_conn *conn;
};

struct db_tx {
	struct db *db;
	struct db_conn *conn;
	enum db_mode mode;
	bool signal;		 /* db_signal was called */
	_Atomic uint64_t *asked; /* db_asked */
};

/* A token of the portable texts and what an engine reads instead. {IN $n} is "{IN " in such a
 * table, and its end is "in_end". */
struct db_token {
	const char *token, *sql;
};
/* The text with its tokens replaced, for free(); NULL when memory is exhausted or a token is
 * unknown. tokens: ended by a zeroed row. */
char *db_expand(const char *text, const struct db_token *tokens, const char *in_end, struct err *e);

/* Every module is at its last step: 0, ERR_UNSUPPORTED. Nothing is changed. */
int db_schema_check(struct db *d, const struct db_schema *s, struct err *e);
int db_migrate(struct db *d, const struct db_schema *s, struct err *e);
