/* db: one SQL text subset over two engines ("$1" parameters; spec of the subset in docs/decisions).
 * SQLite in WAL mode with synchronous=FULL here. A struct db is a set of connections: one writer
 * (transactions are serialised) and readers. Thread-safe; a struct db_tx belongs to one thread. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct db;
struct db_tx;

/* path: the database file (made with mode 0600), migrations applied. */
struct db *db_open(const char *path, struct err *e);
/* The database of a server that may run: no step of a schema is applied, ERR_UNSUPPORTED when one
 * is missing. */
struct db *db_attach(const char *path, struct err *e);
/* The same, and nothing on disk changes: writes are ERR_UNSUPPORTED. */
struct db *db_attach_only(const char *path, struct err *e);
/* All of it as it is at one moment, into a new file of mode 0600, while others write. step (may be
 * NULL) is called now and then, <0 ends it. */
int db_copy(struct db *d, const char *to, int (*step)(void *arg, struct err *e), void *arg,
	    struct err *e);
/* Ask the engine whether the file is whole; a line for each thing that is not. Nothing is changed.
 * <0 = it cannot be asked. */
int db_check(const char *path, void (*say)(void *arg, const char *text), void *arg, struct err *e);
void db_close(struct db *d);

/* DB_WRITE_SOON: a write that survives the death of this process at once, and a power cut only
 * after the next DB_WRITE or checkpoint: for what nobody was promised. */
enum db_mode { DB_READ, DB_WRITE, DB_WRITE_SOON };
/* Run fn inside a transaction; commits when it returns >= 0, rolls back otherwise; returns fn's
 * value or the commit's error. Write transactions retry on a busy engine, so fn may run more than
 * once and must be idempotent. When it returns >= 0 for DB_WRITE the change is on disk. */
typedef int (*db_fn)(struct db_tx *tx, void *arg, struct err *e);
int db_run(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e);

/* What a read may take: longer than ms, or when gone(arg) says that nobody waits for it any more
 * (asked now and then, from this thread; NULL = somebody always does), its statements fail with
 * ERR_TIMEOUT. Until the transaction ends. Writes have no limit. */
void db_limit(struct db_tx *tx, unsigned ms, bool (*gone)(void *arg), void *arg);
/* Reads that have a limit are over, now and from now on: the program is about to end. */
void db_stop(struct db *d);

/* A read or write met something that is not as it was written; the first such message into out. It
 * stays so until the database is opened again. */
bool db_is_damaged(struct db *d, char *out, size_t cap);
/* Keep size bytes of the disk for the day it is full: then they are given up, and the write that
 * failed is tried again. To be called now and then while there is space; cheap when the file is
 * there. */
int db_ballast_keep(struct db *d, uint64_t size, struct err *e);

/* Between the transactions of a long row of them: let the writers go first that wait now. */
void db_yield(struct db *d);

/* Parameters. */
enum db_type { DB_NULL, DB_INT, DB_REAL, DB_TEXT, DB_BLOB };
struct db_value {
	enum db_type type;
	int64_t i;
	double r;
	struct bytes b; /* TEXT and BLOB; of results: borrows from the statement until the next
			   db_step / db_done */
};
#define DB_I(v) ((struct db_value){.type = DB_INT, .i = (int64_t)(v)})
#define DB_R(v) ((struct db_value){.type = DB_REAL, .r = (v)})
#define DB_T(v) ((struct db_value){.type = DB_TEXT, .b = (v)})
#define DB_B(v) ((struct db_value){.type = DB_BLOB, .b = (v)})
#define DB_N ((struct db_value){.type = DB_NULL})

/* A statement: text is a string literal (prepared once per connection, kept by its address). args:
 * count values for $1…, copied. NULL + e on failure. A thread inside db_run must not call db_run
 * again. */
struct db_stmt;
struct db_stmt *db_query(struct db_tx *tx, const char *text, const struct db_value *args,
			 size_t count, struct err *e);
/* 1 = row, 0 = end, <0 = error. */
int db_step(struct db_stmt *s, struct err *e);
int64_t db_int(struct db_stmt *s, int column); /* NULL gives 0 */
double db_real(struct db_stmt *s, int column);
struct bytes db_bytes(struct db_stmt *s,
		      int column); /* TEXT or BLOB, borrowed until the next step */
bool db_is_null(struct db_stmt *s, int column);
void db_done(struct db_stmt *s); /* NULL accepted; always call it, before the transaction ends */
/* Statements without rows: rows changed, or <0 (ERR_CONFLICT when a UNIQUE constraint forbids). */
int64_t db_exec(struct db_tx *tx, const char *text, const struct db_value *args, size_t count,
		struct err *e);
#define DB_ARGS(...)                                                                               \
	(const struct db_value[]){__VA_ARGS__},                                                    \
	    sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

/* The next number of a named counter, from 1, inside a DB_WRITE transaction; <0 on error. Numbers
 * of a transaction that failed are given out again. */
int64_t db_id_next(struct db_tx *tx, const char *counter, struct err *e);

/* Wake-ups inside this process: db_signal marks a write transaction, and its commit moves the
 * sequence. event.h builds on it. */
void db_signal(struct db_tx *tx);
uint64_t db_signal_seq(struct db *d);
uint64_t db_signal_wait(struct db *d, uint64_t seen, unsigned timeout_ms);
void db_signal_all(struct db *d);

/* Move the write-ahead log into the main file as far as readers allow (housekeeping, before a
 * copy). */
int db_checkpoint(struct db *d, struct err *e);

/* Schema: numbered steps, each SQL text, applied once in order; one row per room in store/schema.c.
 */
struct db_migration {
	int number;
	const char *what;
	const char *sql;
};
