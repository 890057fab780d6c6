/* db_pgsql (pg_): libpq, a connection's parameters and its results. Private to the engine: only
 * db_pgsql*.c include it. */
#pragma once
#include "base/buf.h"
#include "db/db_engine.h"

#include <libpq-fe.h>

/* The library's functions that are called here. With it come some twenty libraries, which only
 * stores on a server need: it is loaded with the first connection. */
#define PG_SYMBOLS(X)                                                                              \
	X(PQcancel)                                                                                \
	X(PQclear)                                                                                 \
	X(PQcmdStatus)                                                                             \
	X(PQcmdTuples)                                                                             \
	X(PQconnectdbParams)                                                                       \
	X(PQconsumeInput)                                                                          \
	X(PQenterPipelineMode)                                                                     \
	X(PQerrorMessage)                                                                          \
	X(PQexec)                                                                                  \
	X(PQexecParams)                                                                            \
	X(PQexitPipelineMode)                                                                      \
	X(PQfinish)                                                                                \
	X(PQflush)                                                                                 \
	X(PQfreeCancel)                                                                            \
	X(PQftype)                                                                                 \
	X(PQgetCancel)                                                                             \
	X(PQgetResult)                                                                             \
	X(PQgetisnull)                                                                             \
	X(PQgetlength)                                                                             \
	X(PQgetvalue)                                                                              \
	X(PQisBusy)                                                                                \
	X(PQntuples)                                                                               \
	X(PQparameterStatus)                                                                       \
	X(PQpipelineSync)                                                                          \
	X(PQprepare)                                                                               \
	X(PQresultErrorField)                                                                      \
	X(PQresultStatus)                                                                          \
	X(PQsendQueryPrepared)                                                                     \
	X(PQserverVersion)                                                                         \
	X(PQsetNoticeProcessor)                                                                    \
	X(PQsocket)                                                                                \
	X(PQstatus)                                                                                \
	X(PQtransactionStatus)
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name takes none */
#define PG_FIELD(name) __typeof__(&(name)) name;
struct pg_library {
	PG_SYMBOLS(PG_FIELD)
};
#undef PG_FIELD
/* NULL: ERR_UNSUPPORTED, not available. */
const struct pg_library *pg_load(struct err *e);

struct pg_params {
	const char *values[DB_PARAMS_MAX];
	int lengths[DB_PARAMS_MAX], formats[DB_PARAMS_MAX];
	Oid types[DB_PARAMS_MAX];
	int count;
	/* Of pg_params_set's own. */
	struct buf encoded;
	size_t at[DB_PARAMS_MAX], len[DB_PARAMS_MAX];
};
void pg_params_init(struct pg_params *p);
void pg_params_free(struct pg_params *p);
/* Values in the binary format, borrowed from args where they can be. A text that is not UTF-8, or
 * has a NUL, which the server cannot keep, has U+FFFD for each wrong byte. */
int pg_params_set(struct pg_params *p, const struct db_value *args, size_t count, struct err *e);
/* The type of a value; 0: the server infers it. */
Oid pg_type_of(const struct db_value *v);

/* Columns of a binary result. Booleans are 0 and 1, NULL is 0. */
int64_t pg_int(const struct pg_library *pq, const PGresult *r, int row, int column);
double pg_real(const struct pg_library *pq, const PGresult *r, int row, int column);
struct bytes pg_bytes(const struct pg_library *pq, const PGresult *r, int row, int column);

#define PG_SLOTS 1024U /* statements kept per connection */

/* A prepared statement. */
struct pg_text {
	const char *text;
	Oid types[DB_PARAMS_MAX];
	int count;
	char name[12];
};
struct pg_conn {
	struct db_conn base;
	const struct pg_library *pq;
	const char *address;
	bool writer;
	PGconn *pg;	      /* NULL: not connected */
	bool is_doomed;	      /* the transaction may succeed when it is run again, and not go on */
	bool is_unsure;	      /* whether it was committed is unknown */
	bool is_listed;	      /* the writer's row is there */
	char id[17];	      /* of the writer */
	int64_t mark;	      /* of its last transaction */
	unsigned planned_for; /* how many rows, as a power of two */
	const char *running;  /* the text that runs, of a caller's */
	bool limited;
	struct db_limits limits;
	unsigned prepared;
	struct pg_text *slots[PG_SLOTS];
	struct pg_params params;
};

/* db_pgsql_conn.c. -code of an error that was set. */
int pg_failed(const struct err *e);
/* Connect (again): prepared statements are lost. */
int pg_connect(struct pg_conn *c, struct err *e);
void pg_drop(struct pg_conn *c);
/* The writer's row in db_writer, where the schema was made already. */
int pg_writer_begin(struct pg_conn *c, struct err *e);
bool pg_is_idle(const struct pg_conn *c); /* connected, outside a transaction */
bool pg_is_good(const struct pg_conn *c, const PGresult *r);
/* The error of a result that is not good, or NULL; r is freed. Marks the connection's transaction
 * as doomed where another run may succeed. */
int pg_fail(struct pg_conn *c, PGresult *r, const char *what, struct err *e);
/* ERR_IO of what err_is_no_database knows. */
__attribute__((format(printf, 2, 3))) int pg_set_lost(struct err *e, const char *fmt, ...);
/* The connection was lost. */
int pg_fail_lost(struct pg_conn *c, const char *what, struct err *e);
/* A text of our own without parameters: its last result, for PQclear, or NULL. */
PGresult *pg_say(struct pg_conn *c, const char *sql, struct err *e);
int pg_say_only(struct pg_conn *c, const char *sql, struct err *e);
